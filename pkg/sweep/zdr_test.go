package sweep_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

func TestTheStateOfAZDRTeam(t *testing.T) {
	// The team "zdr" may have nothing from 90 days ago on.
	residual, violation := dated("zdr", 100*day, "r"), dated("zdr", 5*day, "r")
	for _, c := range []struct {
		name   string
		set    func(*world)
		state  string
		result string
		exit   int
		code   string
	}{
		{"nothing", func(*world) {}, "zero", "kept", 0, ""},
		{"another team's data", func(w *world) { w.seed("zdr-2", 5*day, "r") }, "zero", "kept", 0, ""},
		{"old by both dates", func(w *world) { w.put(residual, 100*day) }, "residual", "kept-with-exceptions", 0, sweep.CodeZDRResidual},
		{"young by both dates", func(w *world) { w.put(violation, 5*day) }, "violation", "broken", 3, sweep.CodeZDRViolation},
		{"expired in this very run", func(w *world) { w.put(dated("zdr", 40*day, "r"), 40*day) }, "violation", "broken", 3, sweep.CodeZDRViolation},
		{"held, and still a violation", func(w *world) {
			w.put(dated("zdr", 40*day, "r"), 40*day)
			w.spec.Holds = []retention.Hold{{ID: "h", Owner: "o", Until: noon.Add(day), Match: retention.HoldMatch{Team: "zdr"}}}
		}, "violation", "broken", 3, sweep.CodeZDRViolation},
		{"written during the run", func(w *world) {
			w.seed("acme", 40*day, "a")
			w.deletes(func(string) string { w.put(violation, 0); return "" })
		}, "violation", "broken", 3, sweep.CodeZDRViolation},
		{"dates that disagree", func(w *world) { w.put(dated("zdr", 100*day, "r"), 5*day) }, "inconclusive", "inconclusive", 3, sweep.CodeDatesDisagree},
		{"another spelling", func(w *world) { w.put("Z-dr/x", 5*day) }, "inconclusive", "inconclusive", 3, sweep.CodeNearMatch},
		{"a key that names no team", func(w *world) { w.put("stray", 5*day) }, "inconclusive", "inconclusive", 3, sweep.CodeUnattributed},
		{"a roster too old", func(w *world) { w.spec.Roster.Roster.AsOf = noon.Add(-day - time.Second) }, "inconclusive", "inconclusive", 3, sweep.CodeRosterStale},
		{"a roster of exactly its greatest age", func(w *world) { w.spec.Roster.Roster.AsOf = noon.Add(-day) }, "zero", "kept", 0, ""},
		{"a roster from the future", func(w *world) { w.spec.Roster.Roster.AsOf = noon.Add(2 * time.Minute) }, "inconclusive", "inconclusive", 3, sweep.CodeRosterStale},
		{"a store that was not seen", func(w *world) {
			w.spec.Stores = append(w.spec.Stores, w.store("no-such-bucket"))
		}, "inconclusive", "inconclusive", 3, sweep.CodeUnreachable},
	} {
		for _, kind := range []string{evidence.TypeSweep, evidence.TypeAttestation} {
			t.Run(c.name+"/"+kind, func(t *testing.T) {
				w := newWorld(t)
				w.spec.Stores[0].Layouts = []string{layout, "{team}/{request}"}
				w.req.Type = kind
				c.set(w)
				s := w.run()
				if kind == evidence.TypeAttestation && c.name == "written during the run" {
					return // it deletes nothing, so nothing was written
				}
				codes := []string{c.code}
				if c.code == "" {
					codes = nil
				}
				w.wantResult(s, c.result, c.exit, codes...)
				var rows []evidence.TeamRow
				order := []string{"", evidence.StateZero, evidence.StateResidual, evidence.StateInconclusive, evidence.StateViolation}
				worst := 0
				for _, row := range s.Teams {
					if row.Team == "zdr" && row.ZDR {
						rows = append(rows, row)
						worst = max(worst, slices.Index(order, row.State))
					}
				}
				if len(rows) != len(w.spec.Stores) || order[worst] != c.state {
					t.Errorf("teams.csv says %+v, want a row a store and the worst of them %s", rows, c.state)
				}
				if kind == evidence.TypeAttestation && len(w.deleteCalls())+len(w.Calls("DeleteObjects")) > 0 {
					t.Error("an attestation sent deletes")
				}
			})
		}
	}
}

func TestAnEmptyRosterIsInconclusiveUnlessTheConfigSaysThatItIsRight(t *testing.T) {
	for _, allow := range []bool{false, true} {
		w := newWorld(t)
		w.spec.Roster.Roster.Teams, w.spec.Roster.AllowEmpty = nil, allow
		w.seed("acme", 40*day, "a")
		s := w.run()
		if allow {
			w.wantResult(s, evidence.ResultKept, 0)
		} else {
			w.wantResult(s, evidence.ResultInconclusive, 3, sweep.CodeRosterEmpty)
		}
		w.wantKeys() // doubt about the roster keeps nothing
	}
}

func TestTeamsRowsCountWhatWasFoundPlannedGoneAndRemains(t *testing.T) {
	w := newWorld(t)
	w.spec.AllTeams = true
	for _, age := range []time.Duration{100 * day, 101 * day, 102 * day} {
		w.seed("zdr", age, "r")
	}
	held := w.seed("zdr", 103*day, "held")
	w.spec.Holds = []retention.Hold{{ID: "h", Owner: "o", Until: noon.Add(day), Match: retention.HoldMatch{Keys: []string{held}}}}
	w.seed("acme", 40*day, "a")
	w.seed("acme", day, "b")
	s := w.run()
	want := []evidence.TeamRow{
		{Team: "zdr", ZDR: true, ZDRSince: evidence.FormatTime(noon.Add(-90 * day)), Store: store1, Objects: 4, Planned: 4, Gone: 3,
			Remaining: 1, State: "residual", TeamKeyCommit: w.ids.Team("zdr").Commit()},
		{Team: "acme", Store: store1, Objects: 2, Planned: 2 - 1, Gone: 1, Remaining: 1, TeamKeyCommit: w.ids.Team("acme").Commit()},
	}
	if len(s.Teams) != 2 || s.Teams[0] != want[0] || s.Teams[1] != want[1] {
		t.Errorf("teams are %+v, want %+v", s.Teams, want)
	}
}

func TestAnAttestationPlansNothing(t *testing.T) {
	w := newWorld(t)
	w.req.Type = evidence.TypeAttestation
	key := w.seed("zdr", 100*day, "r")
	s := w.run()
	w.wantKeys(key)
	w.wantOutcomes(s, evidence.OutcomeCounts{})
	if row := s.Teams[0]; row.Objects != 1 || row.Planned != 0 || row.Remaining != 1 {
		t.Errorf("the row is %+v, want one object, none planned, one remaining", row)
	}
}

func TestADryRunExitsAsTheRunWould(t *testing.T) {
	for name, c := range map[string]struct {
		set  func(*world)
		exit int
	}{
		"all well":             {func(w *world) { w.seed("acme", 40*day, "a") }, 0},
		"a violation":          {func(w *world) { w.seed("zdr", day, "a") }, 3},
		"a stale roster":       {func(w *world) { w.spec.Roster.Roster.AsOf = noon.Add(-3 * day) }, 3},
		"an empty roster":      {func(w *world) { w.spec.Roster.Roster.Teams = nil }, 3},
		"a near match":         {func(w *world) { w.seed("ZDR", day, "a") }, 3},
		"an unattributed key":  {func(w *world) { w.put("stray", day) }, 3},
		"a store that is gone": {func(w *world) { w.spec.Stores = append(w.spec.Stores, w.store("none")) }, 3},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.req.Type = evidence.TypeDryRun
			c.set(w)
			w.wantResult(w.run(), evidence.ResultNone, c.exit)
		})
	}
}
