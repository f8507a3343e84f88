package sweep_test

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// cellsAtATime is more than there are processors: most of a cell's time goes by
// in the pauses between attempts.
const cellsAtATime = 24

// aftermath is what one fault at one step led to.
type aftermath struct {
	step, fault string
	once        bool
	happens     string // to the old entries, in the run
	result      string
	exit        string
	reasons     string
	next        string // what the next run, without faults, says
}

// TestReliability makes one thing go wrong at one step of a run, for each step and
// each thing, and holds what the evidence says against what the stores hold.
// docs/reliability.md has what came out; -update writes it.
func TestReliability(t *testing.T) {
	buckettest.Credentials(t)
	var f faultTable
	t.Run("cells", func(t *testing.T) {
		var group errgroup.Group
		group.SetLimit(cellsAtATime)
		f.run = func(step, name string, once bool, do func(*testing.T) aftermath) {
			place := f.place()
			group.Go(func() error {
				t.Run(fmt.Sprintf("%s/%s/%s", step, name, often(once)), func(t *testing.T) { f.set(place, do(t)) })
				return nil
			})
		}
		f.stores()
		f.areas()
		_ = group.Wait() // a cell that fails says so itself
	})
	if t.Failed() || testing.Short() || !f.full() {
		return // a run of some of the cells alone says nothing about the table
	}
	compareFaults(t, f.String())
}

func often(once bool) string {
	if once {
		return "once"
	}
	return "for ever"
}

// faultTable is what came out, in the order in which the cells were begun.
type faultTable struct {
	run  func(step, name string, once bool, do func(*testing.T) aftermath)
	mu   sync.Mutex
	rows []aftermath
}

func (f *faultTable) place() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows = append(f.rows, aftermath{})
	return len(f.rows) - 1
}

func (f *faultTable) set(place int, r aftermath) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows[place] = r
}

func (f *faultTable) full() bool {
	return !slices.Contains(f.rows, aftermath{})
}

// some are all of the faults, or with -short one that breaks a connection, one
// that hides what was done, and one that is a lie.
func some(faults []fault) []fault {
	return slices.DeleteFunc(faults, func(f fault) bool {
		return testing.Short() && f.name != "reset" && f.name != "answer lost" && f.name != "HTML page"
	})
}

// stores begins the cells in which a store has the trouble.
func (f *faultTable) stores() {
	for _, step := range storeSteps() {
		for _, fault := range some(storeFaults()) {
			for _, once := range []bool{true, false} {
				if once && fault.lasting || fault.dates && !step.dates || step.empty && fault.after != nil {
					continue
				}
				f.run(step.name, fault.name, once, func(t *testing.T) aftermath { return storeRow(t, step, fault, once) })
			}
		}
	}
}

// areas begins the cells in which the vault or the work area has it.
func (f *faultTable) areas() {
	for _, at := range files() {
		if at.lease && testing.Short() {
			continue // its cells wait for the lease to end
		}
		for _, fault := range some(areaFaults()) {
			for _, once := range []bool{true, false} {
				if once && fault.lasting {
					continue
				}
				f.run(at.name, fault.name, once, func(t *testing.T) aftermath { return bucketRow(t, at, fault, once) })
			}
		}
		if at.lease {
			continue // a directory's lease is taken and kept by other means
		}
		for _, after := range []bool{false, true} {
			for _, once := range []bool{true, false} {
				f.run(at.name, fmt.Sprintf("directory, after %v", after), once, func(t *testing.T) aftermath { return directoryRow(t, at, after, once) })
			}
		}
	}
}

// settle checks what must hold whatever went wrong, makes the run that follows,
// and returns what both said.
func (c *cell) settle(step, fault string, once bool, sealed *sweep.Sealed, err error) aftermath {
	c.t.Helper()
	r := aftermath{step: step, fault: fault, once: once, result: "no report", exit: "1"}
	c.stays("after the run")
	if err != nil {
		r.happens = c.whatWent()
		r.reasons = why(err)
	} else {
		c.truthful(sealed.Number)
		c.stopped = sealed.Predicate.Result == evidence.ResultStopped
		r.happens, r.result, r.exit = outcomes(c.manifest(sealed.Number)), sealed.Predicate.Result, fmt.Sprint(sweep.ExitCode(sealed.Predicate))
		r.reasons = codes(sealed.Predicate)
	}
	next := c.afterwards()
	c.stays("after the next run")
	c.accounted(next)
	for _, n := range next.Recovered {
		r.next += fmt.Sprintf("seals the dead run: %s; then ", cmp.Or(outcomes(c.manifest(n)), "nothing planned"))
	}
	r.next += next.Predicate.Result
	if reason(next, sweep.CodeLeaseTakenOver) > 0 {
		r.next += ", lease taken over"
	}
	return r
}

// whatWent says what a run without report did.
func (c *cell) whatWent() string {
	there, gone := c.things(), 0
	for _, old := range append([]string{"upload"}, c.old...) {
		if !slices.Contains(there, old) {
			gone++
		}
	}
	if gone == 0 {
		return "none is gone"
	}
	return fmt.Sprintf("%d are gone", gone)
}

// why is what the error of a run without report says.
func why(err error) string {
	if errors.Is(err, vault.ErrLost) {
		return "the lease is lost"
	}
	return "an error"
}

// outcomes counts the lines of a report: "5 deleted, 1 left".
func outcomes(lines map[string]string) string {
	n := map[string]int{}
	for _, outcome := range lines {
		n[outcome]++
	}
	var out []string
	for _, name := range evidence.OutcomeNames() {
		if n[name] > 0 {
			out = append(out, fmt.Sprintf("%d %s", n[name], name))
		}
	}
	return strings.Join(out, ", ")
}

// codes are the reasons of a report.
func codes(p evidence.Predicate) string {
	var out []string
	for _, r := range p.Reasons {
		if r.Code != sweep.CodeLate { // the seeded objects are older than a day over 30
			out = append(out, r.Code)
		}
	}
	return strings.Join(out, ", ")
}

// String is the table. Faults of a step with one outcome share a line.
func (f *faultTable) String() string {
	var out strings.Builder
	out.WriteString("| step | fault | old entries | result | exit | reasons | the next run |\n| --- | --- | --- | --- | --- | --- | --- |\n")
	rows := slices.Clone(f.rows)
	for i, r := range rows {
		if r.step == "" {
			continue
		}
		alike := []aftermath{r}
		for j := i + 1; j < len(rows); j++ {
			other := rows[j]
			other.fault, other.once = r.fault, r.once
			if other == r {
				alike, rows[j].step = append(alike, rows[j]), ""
			}
		}
		fmt.Fprintf(&out, "| %s | %s | %s | %s | %s | %s | %s |\n", r.step, grouped(alike), r.happens, r.result, r.exit, r.reasons, r.next)
	}
	return out.String()
}

// grouped says which faults led to an outcome: those that did either way, and
// those that did when they happened once, or for ever.
func grouped(rows []aftermath) string {
	var names []string
	seen := map[string][]bool{}
	for _, r := range rows {
		if seen[r.fault] == nil {
			names = append(names, r.fault)
		}
		seen[r.fault] = append(seen[r.fault], r.once)
	}
	var out []string
	for _, g := range []struct {
		title string
		in    func([]bool) bool
	}{
		{"once or for ever", func(b []bool) bool { return len(b) == 2 }},
		{"once", func(b []bool) bool { return len(b) == 1 && b[0] }},
		{"for ever", func(b []bool) bool { return len(b) == 1 && !b[0] }},
	} {
		var in []string
		for _, name := range names {
			if g.in(seen[name]) {
				in = append(in, name)
			}
		}
		if len(in) > 0 {
			out = append(out, "*"+g.title+"*: "+strings.Join(in, ", "))
		}
	}
	return strings.Join(out, "; ")
}

const faultsBegin, faultsEnd = "<!-- faults from here -->\n", "<!-- to here -->\n"

// compareFaults holds the table against the one in docs/reliability.md, or
// writes it there.
func compareFaults(t *testing.T, table string) {
	t.Helper()
	file := filepath.Join("..", "..", "docs", "reliability.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(data), faultsBegin)
	have, tail, ok2 := strings.Cut(rest, faultsEnd)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the marks between which the table stands", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+faultsBegin+table+faultsEnd+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have != table {
		t.Errorf("%s is not what the faults led to; run the test with -update and look at the difference. It found:\n%s", file, table)
	}
}
