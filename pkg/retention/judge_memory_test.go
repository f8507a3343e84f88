package retention_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// What a Judge remembers of the entries before must not show in its verdicts,
// whatever their order.
func TestAVerdictDoesNotDependOnTheEntriesBefore(t *testing.T) {
	losAngeles, err := time.LoadLocation("America/Los_Angeles")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(r *rapid.T) {
		p := policy(t)
		p.Zone = rapid.SampledFrom([]*time.Location{nil, time.UTC, losAngeles}).Draw(r, "zone")
		p.NoTeam = append(p.NoTeam, "zed/2026/11/")
		p.Purge = map[string]bool{"zed": true}
		p.Layouts = layouts(t, rapid.SliceOfN(rapid.SampledFrom([]string{"{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json", "{team}/{yyyy}/{mm}/{dd}/{rest}",
			"{request}/{team}", "logs/team={team}/{yyyy}{mm}{dd}{hh}-{request}", "{team}/{_}/{rest}", "{team}/{request}"}), 0, 3).Draw(r, "layouts")...)
		for _, m := range []retention.HoldMatch{{Team: "acme"}, {Request: "r1"}, {Prefix: "acme-2/"}, {Keys: []string{"zed/r1"}}, {Team: "\xff"}} {
			p.Holds = append(p.Holds, retention.Hold{ID: "hold on " + m.Scope() + m.Team, Until: start.Add(retention.Day), Match: m})
		}
		name := rapid.SampledFrom([]string{"acme", "acme-2", "zed", "other", "\xff", "_meta", "2026", "11", "24", "31", "r1", "r1.request.json", "team=zed",
			"logs", "2026112407-r1", ""})
		judge := retention.NewJudge(p)
		folder := ""
		for range rapid.IntRange(1, 30).Draw(r, "entries") {
			e := genEntry(r)
			switch rapid.IntRange(0, 3).Draw(r, "where") {
			case 0:
				folder = ""
				for range rapid.IntRange(0, 4).Draw(r, "depth") {
					folder += name.Draw(r, "name") + "/"
				}
				e.Key = folder + name.Draw(r, "last")
			case 1, 2: // the folder of the one before
				e.Key = folder + name.Draw(r, "last")
			}
			e.Opaque = rapid.IntRange(0, 9).Draw(r, "opaque") == 0
			if got, want := judge.Judge(e), p.Judge(e); got != want {
				r.Fatalf("%q: %+v\nalone: %+v", e.Key, got, want)
			}
		}
	})
}

func TestJudgeAllocatesNothingPerEntry(t *testing.T) {
	for name, keys := range map[string][]string{
		"one folder":  {keyOf("acme", 20), keyOf("acme", 20) + "x"},
		"two folders": {keyOf("acme", 20), keyOf("zed", 20)},
		"no layout":   {"a", "b/c"},
	} {
		judge := retention.NewJudge(policy(t))
		for _, key := range keys {
			judge.Judge(entry(key, retention.Day))
		}
		if n := testing.AllocsPerRun(100, func() {
			for _, key := range keys {
				judge.Judge(entry(key, retention.Day))
			}
		}); n > 0 {
			t.Errorf("%s: %v allocations for %d entries", name, n, len(keys))
		}
	}
}
