package sweep_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

func TestAGuardStopsTheRunBeforeAnyDelete(t *testing.T) {
	for _, c := range []struct {
		name string
		set  func(*world)
	}{
		{"max_deletions", func(w *world) { w.spec.Limits.MaxDeletions = 2 }},
		{"max_share", func(w *world) { w.spec.Limits.MaxShare = 0.5 }},
		{"max_key_date_only", func(w *world) { w.spec.Limits.MaxKeyDateOnlyShare, w.spec.Limits.MaxKeyDateOnlyFloor = 0.1, 0 }},
		{"max_clock_skew", func(w *world) { w.skew = 5 * time.Minute }},
		{"max_clock_skew", func(w *world) { w.skew = -5 * time.Minute }},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			keys := []string{w.seed("acme", 40*day, "a"), w.seed("acme", 41*day, "b"), dated("acme", 42*day, "c"), w.seed("acme", day, "d")}
			w.put(keys[2], day) // old by its key alone
			c.set(w)
			s := w.run()
			w.wantKeys(keys...)
			w.wantResult(s, evidence.ResultStopped, 4, "GUARD")
			if s.Predicate.ReportType != evidence.TypeStopped || s.Predicate.Policy.Guard == nil || s.Predicate.Policy.Guard.Name != c.name {
				t.Errorf("type %s, guard %+v, want a stopped report and %s", s.Predicate.ReportType, s.Predicate.Policy.Guard, c.name)
			}
			if calls := w.deleteCalls(); len(calls) > 0 {
				t.Errorf("%d deletes went out", len(calls))
			}
			for _, key := range keys[:3] {
				w.wantFates(s.Number, map[string]string{key: "left GUARD"})
			}
		})
	}
}

func TestAnyRunCanBeSealedWhateverTheClocks(t *testing.T) {
	for _, kind := range []string{evidence.TypeDryRun, evidence.TypeAttestation, evidence.TypeSweep} {
		for _, skew := range []time.Duration{-26 * time.Hour, 26 * time.Hour} {
			t.Run(fmt.Sprintf("%s/%s", kind, skew), func(t *testing.T) {
				w := newWorld(t)
				key := w.seed("acme", 30*day+13*time.Hour, "a")
				w.skew, w.req.Type = skew, kind
				w.run()
				w.wantKeys(key)
			})
		}
	}
}

func TestADeadRunWithClocksApartCanBeSealed(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	w.skew = -26 * time.Hour
	repair := w.sabotage(false, func(name string) bool { return name == "0000000000/guard.json" })
	if _, err := w.try(t.Context()); err == nil {
		t.Fatal("the run went on without its guard")
	}
	repair()
	w.skew = 0
	if s := w.run(); !slices.Equal(s.Recovered, []int64{0}) {
		t.Errorf("recovered %v, want 0", s.Recovered)
	}
	w.wantKeys()
}

func TestWhatIsHeldDoesNotTripAGuard(t *testing.T) {
	w := newWorld(t)
	w.spec.Limits.MaxDeletions, w.spec.Limits.MaxShare = 1, 0.3
	w.spec.Limits.MaxKeyDateOnlyShare, w.spec.Limits.MaxKeyDateOnlyFloor = 0, 0
	w.spec.Holds = []retention.Hold{{ID: "case-17", Owner: "legal", Until: noon.Add(day), Match: retention.HoldMatch{Team: "acme"}}}
	held := []string{w.seed("acme", 40*day, "a"), w.seed("acme", 41*day, "b"), dated("acme", 42*day, "c")}
	w.put(held[2], day)
	w.seed("basalt", 40*day, "a")
	s := w.run()
	w.wantKeys(held...)
	w.wantResult(s, evidence.ResultKeptWithExceptions, 0, sweep.CodeHeld)
}

func TestADryRunDeletesNothingAndSaysWhatWouldGo(t *testing.T) {
	w := newWorld(t)
	w.req.Type = evidence.TypeDryRun
	keys := []string{w.seed("acme", 40*day, "a"), w.seed("acme", 41*day, "b"), w.seed("acme", day, "c")}
	w.spec.Holds = []retention.Hold{{ID: "h", Owner: "legal", Until: noon.Add(day), Match: retention.HoldMatch{Keys: []string{keys[1]}}}}
	s := w.run()
	w.wantKeys(keys...)
	w.wantResult(s, evidence.ResultNone, 0)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 2, Left: 2})
	w.wantFates(0, map[string]string{keys[0]: "left DRY_RUN", keys[1]: "left DRY_RUN", keys[2]: ""})
	for _, op := range []string{"DeleteObjects", "DeleteObject", "PUT", "POST"} {
		if n := len(w.Calls(op)); n > 0 {
			t.Errorf("a dry run sent %d %s", n, op)
		}
	}
	t.Run("and a guard that would stop the run shows in its exit status", func(t *testing.T) {
		w.t = t
		w.spec.Limits.MaxDeletions = 0
		w.wantResult(w.run(), evidence.ResultNone, 4, "GUARD")
	})
	t.Run("and the run after it deletes", func(t *testing.T) {
		w.t, w.req.Type, w.spec.Limits.MaxDeletions = t, evidence.TypeSweep, 10
		if s := w.run(); s.Number != 2 {
			t.Errorf("the run has number %d, want 2", s.Number)
		}
		w.wantKeys(keys[1], keys[2])
	})
}

func TestTheWorkOfADryRunIsKeptForADay(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	w.req.Type = evidence.TypeDryRun
	w.run()
	for _, c := range []struct {
		later time.Duration
		kept  bool
	}{{23 * time.Hour, true}, {2 * time.Hour, false}} {
		w.advance(c.later)
		w.spec.Roster.Roster.AsOf = w.clock()
		w.req.Type = evidence.TypeAttestation
		w.run()
		names, err := w.work.List(t.Context(), "0000000000/")
		if err != nil || (len(names) > 0) != c.kept {
			t.Errorf("%s later the work area holds %q (%v) of the dry run", c.later, names, err)
		}
	}
}

func TestHeldEntriesStay(t *testing.T) {
	w := newWorld(t)
	a, b, c := w.seed("acme", 40*day, "a"), w.seed("acme", 40*day, "b"), w.seed("basalt", 40*day, "c")
	w.spec.Holds = []retention.Hold{
		{ID: "now", Owner: "legal", Until: noon.Add(day), Match: retention.HoldMatch{Keys: []string{a}}},
		{ID: "over", Owner: "legal", Until: noon, Match: retention.HoldMatch{Team: "basalt"}},
	}
	s := w.run()
	w.wantKeys(a)
	w.wantResult(s, evidence.ResultKeptWithExceptions, 0, sweep.CodeHeld)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 3, Deleted: 2, Held: 1})
	w.wantFates(0, map[string]string{a: "held", b: "deleted", c: "deleted"})
	if h := s.Predicate.Holds; len(h) != 1 || h[0].ID != "now" || h[0].Entries != 1 {
		t.Errorf("holds are %+v, want the one in force with one entry", h)
	}
	if e := s.Predicate.Confirmation; e.ExpiredRemaining != 1 || e.Excused.Held != 1 || !e.Complete {
		t.Errorf("confirmation is %+v, want one remaining and held", e)
	}
}

func TestAHoldIsInForceUntilBothClocksSayThatItIsOver(t *testing.T) {
	for _, skew := range []time.Duration{0, -20 * time.Second} {
		w := newWorld(t)
		w.skew = skew
		key := w.seed("acme", 40*day, "a")
		w.spec.Holds = []retention.Hold{{ID: "h", Owner: "legal", Until: noon.Add(-5 * time.Second), Match: retention.HoldMatch{Team: "acme"}}}
		if s := w.run(); skew == 0 {
			w.wantKeys()
		} else {
			w.wantKeys(key)
			w.wantResult(s, evidence.ResultKeptWithExceptions, 0, sweep.CodeHeld)
		}
	}
}

func TestWhatCameUnderAHoldDuringTheRunIsNoFailure(t *testing.T) {
	w := newWorld(t)
	w.spec.Holds = []retention.Hold{{ID: "h", Owner: "legal", Until: noon.Add(day), Match: retention.HoldMatch{Team: "acme"}}}
	gone := w.seed("basalt", 40*day, "a")
	late := dated("acme", 40*day, "late")
	w.deletes(func(string) string {
		w.put(late, 0) // with an old date in its key
		return ""
	})
	s := w.run()
	w.wantKeys(late)
	w.wantFates(0, map[string]string{gone: "deleted"})
	w.wantResult(s, evidence.ResultKeptWithExceptions, 0, sweep.CodeHeld)
}

// A run that is told to stop before its guard must not teach the next one what
// to compare with.
func TestARunInterruptedBeforeItsGuardIsNoBaseline(t *testing.T) {
	for name, slip := range map[string]func(*world){
		"a hold is gone":     func(w *world) { w.spec.Holds = nil },
		"max_age is lowered": func(w *world) { w.spec.MaxAge, w.spec.MaxAgeText = 10*day, "10d" },
		"zdr_since moved": func(w *world) {
			w.spec.Roster.Roster.Teams = []retention.RosterTeam{{ID: "zdr", Since: noon.Add(-89 * day)}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.spec.Holds = []retention.Hold{{ID: "h", Reason: "r", Owner: "o", Until: noon.Add(9 * day), Match: retention.HoldMatch{Team: "held"}}}
			held, young := w.seed("held", 40*day, "a"), w.seed("acme", 20*day, "b")
			w.run()
			slip(w)
			ctx, stop := context.WithCancel(t.Context())
			w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
				if c.Op == "ListObjectsV2" {
					stop()
				}
				return buckettest.Verdict{}
			})
			if _, err := w.try(ctx); err != nil {
				t.Fatal(err)
			}
			w.OnRequest(nil)
			w.wantResult(w.run(), evidence.ResultStopped, 4)
			w.wantKeys(held, young)
		})
	}
}

func TestAHoldThatKeepsLessThanItDidStopsTheRun(t *testing.T) {
	w := newWorld(t)
	w.spec.Holds = []retention.Hold{{ID: "h", Reason: "r", Owner: "o", Until: noon.Add(9 * day), Match: retention.HoldMatch{Team: "held"}}}
	held := w.seed("held", 40*day, "a")
	w.run()
	w.spec.Holds[0].Match = retention.HoldMatch{Team: "held-2"}
	w.wantResult(w.run(), evidence.ResultStopped, 4, "HOLD_NARROWED", sweep.CodeHoldIdle)
	w.wantKeys(held)
}
