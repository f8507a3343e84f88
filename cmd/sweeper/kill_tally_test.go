package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// remains is what the next run finds of those that were killed.
type remains string

const (
	nothing   remains = "nothing: no run had begun, or its report was sealed and its work removed"
	planned   remains = "a run that had not been let through by the guard"
	underway  remains = "a run that might have deleted"
	prepared  remains = "a report that was prepared and not published"
	published remains = "a sealed report, and working files"
)

// allRemains are in the order of a run.
var allRemains = []remains{nothing, planned, underway, prepared, published}

// remains looks at vault and work area.
func (w *killWorld) remains(t *testing.T) remains {
	t.Helper()
	s := w.areas(t)
	names, err := s.work.List(t.Context(), "0")
	if err != nil {
		t.Fatal(err)
	}
	found := nothing
	for _, name := range names {
		number, file, _ := strings.Cut(name, "/")
		if file != "run.json" {
			continue
		}
		has := func(file string) bool { return slices.Contains(names, number+"/"+file) }
		_, err := s.vault.Get(t.Context(), "reports/"+number+"/"+evidence.FileBundle)
		switch {
		case err == nil:
			found = published
		case !errors.Is(err, vault.ErrNotFound):
			t.Fatal(err)
		case has("seal/payload.json"):
			return prepared
		case has("guard.json"):
			return underway
		default:
			return planned
		}
	}
	return found
}

// abandoned reports whether the lease is as somebody left it who did not release it.
func (w *killWorld) abandoned(t *testing.T) bool {
	t.Helper()
	data, err := w.areas(t).work.Get(t.Context(), vault.LeaseFile)
	if errors.Is(err, vault.ErrNotFound) {
		return false
	}
	var lease struct{ Released bool }
	if err == nil {
		err = json.Unmarshal(data, &lease)
	}
	if err != nil {
		t.Fatal(err)
	}
	return !lease.Released
}

// tally counts what a test did and what came of it.
type tally struct {
	mu                     sync.Mutex
	kills, runs, takeovers int
	seeded, twice          int
	recovered              int // entries whose end a recovery report tells
	byPlace                map[string]map[when]int
	byRemains              map[remains]int
	reports                map[string]int // by type
	ends                   map[string]int // lines by outcome
}

func newTally() *tally {
	return &tally{byPlace: map[string]map[when]int{}, byRemains: map[remains]int{}, reports: map[string]int{}, ends: map[string]int{}}
}

func (y *tally) kill(h hit, r remains) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.byPlace[h.at] == nil {
		y.byPlace[h.at] = map[when]int{}
	}
	y.kills, y.runs = y.kills+1, y.runs+1
	y.byPlace[h.at][h.when]++
	y.byRemains[r]++
}

func (y *tally) settled(w *killWorld, a account, kills int, takenOver bool) {
	y.mu.Lock()
	defer y.mu.Unlock()
	y.runs, y.seeded = y.runs+1, y.seeded+len(w.entries)
	if kills > 1 {
		y.twice++
	}
	if takenOver {
		y.takeovers++
	}
	for _, r := range a.reports {
		y.reports[r.Type]++
	}
	for _, lines := range a.lines {
		for _, l := range lines {
			y.ends[l.outcome]++
		}
		if end := lines[len(lines)-1]; a.reports[end.report].Type == evidence.TypeRecovery {
			y.recovered++
		}
	}
}

// killed is the number of kills so far.
func (y *tally) killed() int {
	y.mu.Lock()
	defer y.mu.Unlock()
	return y.kills
}

// merge adds another tally's figures.
func (y *tally) merge(o *tally) {
	y.kills, y.runs, y.takeovers = y.kills+o.kills, y.runs+o.runs, y.takeovers+o.takeovers
	y.seeded, y.twice, y.recovered = y.seeded+o.seeded, y.twice+o.twice, y.recovered+o.recovered
	for at, moments := range o.byPlace {
		if y.byPlace[at] == nil {
			y.byPlace[at] = map[when]int{}
		}
		add(y.byPlace[at], moments)
	}
	add(y.byRemains, o.byRemains)
	add(y.reports, o.reports)
	add(y.ends, o.ends)
}

func add[K comparable](to, from map[K]int) {
	for k, n := range from {
		to[k] += n
	}
}

// campaign is the figures of one part of the test, under its name.
type campaign struct {
	name string
	*tally
}

// markdown is the figures of all parts, part by part and together.
func markdown(parts []campaign) string {
	var b strings.Builder
	b.WriteString("| what was killed | kills | runs | stories with several kills | entries seeded | of them settled by recovery | takeovers reported |\n" +
		"| --- | ---: | ---: | ---: | ---: | ---: | ---: |\n")
	all := newTally()
	for _, p := range parts {
		p.row(&b, p.name)
		all.merge(p.tally)
	}
	all.row(&b, "together")
	fmt.Fprintf(&b, "\nReports: %s. Manifest lines: %s.\n", figures(all.reports), figures(all.ends))
	b.WriteString("\n| killed at | before the server heard of it | after its work, before its answer | later, between requests |\n| --- | ---: | ---: | ---: |\n")
	for _, at := range slices.Sorted(maps.Keys(all.byPlace)) {
		n := all.byPlace[at]
		fmt.Fprintf(&b, "| %s | %d | %d | %d |\n", at, n[before], n[after], n[later])
	}
	b.WriteString("\n| the next run found | kills | and |\n| --- | ---: | --- |\n")
	for _, r := range allRemains {
		fmt.Fprintf(&b, "| %s | %d | %s |\n", r, all.byRemains[r], r.then())
	}
	return b.String()
}

func (y *tally) row(b *strings.Builder, name string) {
	fmt.Fprintf(b, "| %s | %d | %d | %d | %d | %d | %d |\n", name, y.kills, y.runs, y.twice, y.seeded, y.recovered, y.takeovers)
}

// then is what the next run does with it.
func (r remains) then() string {
	switch r {
	case planned:
		return "sealed it: every planned entry `left`"
	case underway:
		return "sealed it: each entry as the store shows it, `absent` or `left`, unless its manifest part was written"
	case prepared:
		return "published exactly the bytes that were prepared"
	case published:
		return "removed the working files"
	default:
		return "began"
	}
}

func figures(n map[string]int) string {
	var all []string
	for _, name := range slices.Sorted(maps.Keys(n)) {
		all = append(all, fmt.Sprintf("%d %s", n[name], name))
	}
	return strings.Join(all, ", ")
}

const (
	killsFrom = "<!-- kills from here -->\n"
	killsTo   = "<!-- to here -->"
)

// writeBetween puts text between the marks of a page.
func writeBetween(t *testing.T, page, from, to, text string) {
	t.Helper()
	old, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(old), from)
	_, tail, closed := strings.Cut(rest, to)
	if !ok || !closed {
		t.Fatalf("%s lacks the marks %q and %q", page, from, to)
	}
	if err := os.WriteFile(page, []byte(head+from+"\n"+text+"\n"+to+tail), 0o644); err != nil {
		t.Fatal(err)
	}
}
