package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// plans makes a dry run, whose plan can then be applied.
func (w *world) plans() *sweep.Sealed {
	w.t.Helper()
	w.req = sweep.Request{Type: evidence.TypeDryRun, Trigger: "manual"}
	return w.run()
}

// apply carries out a plan.
func (w *world) apply(number int64) (*sweep.Sealed, error) {
	w.t.Helper()
	w.req = sweep.Request{Type: evidence.TypeSweep, Trigger: "apply", Apply: &sweep.Apply{Report: number, Reason: "REVIEWED", Ticket: "T-1"}}
	s, err := w.try(w.t.Context())
	if err == nil {
		w.verify()
	}
	return s, err
}

func (w *world) applied(number int64) *sweep.Sealed {
	w.t.Helper()
	s, err := w.apply(number)
	if err != nil {
		w.t.Fatalf("apply %d: %v", number, err)
	}
	return s
}

func TestAPlanIsAppliedOnce(t *testing.T) {
	w := newWorld(t)
	old, young := w.seed("acme", 40*day, "a"), w.seed("acme", day, "b")
	dry := w.plans()
	w.wantKeys(old, young)
	s := w.applied(dry.Number)
	w.wantKeys(young)
	w.wantResult(s, evidence.ResultKept, 0)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 1, Deleted: 1})
	if r := s.Predicate.Run; r.Trigger != "apply" || r.Apply == nil || *r.Apply != (evidence.Apply{Report: 0, Reason: "REVIEWED", Ticket: "T-1"}) {
		t.Errorf("the report says of its run %+v, %+v", r, r.Apply)
	}
	if _, err := w.apply(dry.Number); !errors.Is(err, sweep.ErrNotAppliable) || !strings.Contains(err.Error(), "was taken up by run 1") {
		t.Errorf("applied again: %v", err)
	}
	if names, err := w.work.List(t.Context(), "0000000000/"); err != nil || len(names) > 0 {
		t.Errorf("the applied plan is still there: %v, %v", names, err)
	}
}

func TestWhatCanNotBeAppliedIsRefusedAndNothingIsTouched(t *testing.T) {
	for name, c := range map[string]struct {
		spoil func(w *world) int64
		says  string
	}{
		"no such report": {func(w *world) int64 { return 7 }, "is not in the vault"},
		"a sweep's report": {func(w *world) int64 {
			w.req.Type = evidence.TypeSweep
			w.Remove(store1, dated("acme", 40*day, "a"))
			return w.run().Number
		}, "of type sweep"},
		"a day old":        {func(w *world) int64 { w.advance(24*time.Hour + time.Second); return 0 }, "make a new dry run"},
		"another config":   {func(w *world) int64 { w.spec.Stores[0].NoTeam = []string{"_meta/"}; return 0 }, "another config"},
		"its plan is gone": {func(w *world) int64 { w.removeWork("0000000000/"); return 0 }, "no plan in the work area"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seed("acme", 40*day, "a")
			w.plans()
			number := c.spoil(w)
			keys := w.Keys(store1)
			_, err := w.apply(number)
			if !errors.Is(err, sweep.ErrNotAppliable) || !strings.Contains(err.Error(), c.says) {
				t.Errorf("error %v, want one that says %q", err, c.says)
			}
			w.wantKeys(keys...)
		})
	}
}

func (w *world) removeWork(prefix string) {
	w.t.Helper()
	names, err := w.work.List(w.t.Context(), prefix)
	if err != nil {
		w.t.Fatal(err)
	}
	for _, name := range names {
		if err := w.work.Remove(w.t.Context(), name); err != nil {
			w.t.Fatal(err)
		}
	}
}

func TestEachEntryOfAPlanIsJudgedAgain(t *testing.T) {
	w := newWorld(t)
	w.cut = 2
	same, gone := w.seed("acme", 40*day, "same"), w.seed("acme", 40*day, "gone")
	w.put("acme/plain/younger", 40*day)
	rewritten := w.seed("acme", 40*day, "rewritten") // its key date still says old
	held := w.seed("held", 40*day, "a")
	w.spec.Stores[0].Layouts = []string{layout, "{team}/{rest}"}
	dry := w.plans()
	w.Remove(store1, gone)
	w.Put(store1, "acme/plain/younger", []byte("new"), noon)
	w.Put(store1, rewritten, []byte("new"), noon)
	later := w.seed("acme", 50*day, "later") // restored since
	w.spec.Holds = []retention.Hold{{ID: "h", Reason: "r", Owner: "o", Until: noon.Add(day), Match: retention.HoldMatch{Team: "held"}}}
	s := w.applied(dry.Number)
	w.wantKeys("acme/plain/younger", rewritten, held, later)
	w.wantFates(s.Number, map[string]string{same: "deleted", gone: "", "acme/plain/younger": "", rewritten: "changed CHANGED_SINCE_LISTED",
		held: "held", later: "left NOT_PLANNED"})
	if reason(s, sweep.CodePlanGone) != 1 || reason(s, sweep.CodePlanChanged) != 1 {
		t.Errorf("reasons are %v, want one gone and one changed", s.Predicate.Reasons)
	}
	if n := sweep.ExitCode(s.Predicate); n != 3 {
		t.Errorf("exit %d, though expired entries remain", n)
	}
}

func TestAGuardIsOverriddenByApplyingTheStoppedPlanAndByNothingElse(t *testing.T) {
	w := newWorld(t)
	w.spec.Limits.MaxDeletions = 1
	old := []string{w.seed("acme", 40*day, "a"), w.seed("acme", 40*day, "b")}
	stopped := w.run()
	w.wantResult(stopped, evidence.ResultStopped, 4)
	w.wantKeys(old...)
	s := w.applied(stopped.Number)
	w.wantKeys()
	w.wantResult(s, evidence.ResultKept, 0, sweep.CodeGuardOverridden)
	w.req = sweep.Request{Type: evidence.TypeSweep, Trigger: "manual"}
	w.seed("acme", 40*day, "c")
	w.seed("acme", 40*day, "d")
	w.wantResult(w.run(), evidence.ResultStopped, 4)
}

func TestNoPlanIsAppliedWhileClocksDiffer(t *testing.T) {
	w := newWorld(t)
	old := w.seed("acme", 40*day, "a")
	dry := w.plans()
	w.mu.Lock()
	w.skew = time.Hour
	w.mu.Unlock()
	s := w.applied(dry.Number)
	w.wantKeys(old)
	w.wantResult(s, evidence.ResultStopped, 4)
	w.mu.Lock()
	w.skew = 0
	w.mu.Unlock()
	if _, err := w.apply(s.Number); !errors.Is(err, sweep.ErrNotAppliable) {
		t.Errorf("an apply that was stopped was applied: %v", err)
	}
}

func TestAnApplyThatDiedIsSealedAndItsPlanIsUsedUp(t *testing.T) {
	w := newWorld(t)
	old := w.seed("acme", 40*day, "a")
	dry := w.plans()
	w.req = sweep.Request{Type: evidence.TypeSweep, Trigger: "apply", Apply: &sweep.Apply{Report: dry.Number, Reason: "REVIEWED"}}
	w.dies("guard.json")
	if _, err := w.apply(dry.Number); !errors.Is(err, sweep.ErrNotAppliable) {
		t.Errorf("the plan of an apply that died was applied again: %v", err)
	}
	w.wantKeys(old)
	w.req = sweep.Request{Type: evidence.TypeSweep, Trigger: "manual"}
	w.run()
	w.wantKeys()
}

func TestAPlanThatIsNotTheSignedOneIsNotApplied(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	young := w.seed("acme", day, "b")
	dry := w.plans()
	const segment, plan = "0000000000/plan-0000-00000.jsonl.zst", "0000000000/plan-0000.json"
	data, err := w.work.Get(t.Context(), segment)
	if err != nil {
		t.Fatal(err)
	}
	forged, err := sweep.Forge(data, key, young)
	if err != nil {
		t.Fatal(err)
	}
	w.replace(segment, forged)
	shard, err := w.work.Get(t.Context(), plan)
	if err != nil {
		t.Fatal(err)
	}
	w.replace(plan, []byte(strings.Replace(string(shard), evidence.SHA256Hex(data), evidence.SHA256Hex(forged), 1)))
	if _, err := w.apply(dry.Number); !errors.Is(err, sweep.ErrNotAppliable) {
		t.Errorf("a forged plan was applied: %v", err)
	}
	w.wantKeys(key, young)
}

func (w *world) replace(name string, data []byte) {
	w.t.Helper()
	if err := errors.Join(w.work.Remove(w.t.Context(), name), w.work.Put(w.t.Context(), name, data)); err != nil {
		w.t.Fatal(err)
	}
}

func TestABucketThatGotVersioningSinceThePlanIsNotSwept(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	dry := w.plans()
	w.OnAnswer("GetBucketVersioning", func(string) string {
		return `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`
	})
	if _, err := w.apply(dry.Number); !errors.Is(err, sweep.ErrNotAppliable) {
		t.Errorf("error %v, want that the plan can't be applied", err)
	}
	w.OnAnswer("", nil)
	w.wantKeys(key)
}

func TestAPlanOfManySegmentsIsAppliedWhole(t *testing.T) {
	w := newWorld(t)
	w.cut = 7
	var removed int64
	for i := range 100 {
		w.seed(fmt.Sprintf("team-%d", i%3), 40*day, fmt.Sprintf("r%03d", i))
	}
	dry := w.plans()
	for i := range 100 {
		if i%4 == 0 {
			w.Remove(store1, dated(fmt.Sprintf("team-%d", i%3), 40*day, fmt.Sprintf("r%03d", i)))
			removed++
		}
	}
	s := w.applied(dry.Number)
	w.wantKeys()
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 100 - removed, Deleted: 100 - removed})
	if n := reason(s, sweep.CodePlanGone); n != removed {
		t.Errorf("%d are said to be gone, want %d", n, removed)
	}
}

func TestThePlanOfADryRunCanBeRead(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	dry := w.plans()
	var keys []string
	read := func(_ string, p sweep.Planned) error { keys = append(keys, string(p.Key)); return nil }
	if err := sweep.ReadPlan(t.Context(), w.work, dry.Number, read); err != nil || len(keys) != 1 || keys[0] != key {
		t.Errorf("read %q, %v, want %q", keys, err, key)
	}
	if err := sweep.ReadPlan(context.Background(), w.work, 5, read); !errors.Is(err, sweep.ErrNoPlan) {
		t.Errorf("error %v, want that there is none", err)
	}
}

func TestAStoreThatThePlanLeftAloneStaysAloneWhenThePlanIsApplied(t *testing.T) {
	w := newWorld(t)
	w.CreateBucket("other")
	w.spec.Stores = append(w.spec.Stores, w.store("other"))
	w.spec.Limits.MaxDeletions = 1
	w.seed("acme", 40*day, "a")
	w.seed("acme", 40*day, "b")
	w.Put("other", dated("acme", 40*day, "c"), nil, noon.Add(-40*day))
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "DeleteObjects" && strings.HasPrefix(c.Path, "/other") {
			return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
		}
		return buckettest.Verdict{}
	})
	stopped := w.run()
	w.wantResult(stopped, evidence.ResultStopped, 4)
	w.OnRequest(nil) // the right is given
	s := w.applied(stopped.Number)
	w.wantKeys()
	w.wantResult(s, evidence.ResultInconclusive, 3, sweep.CodeDeleteDenied, sweep.CodeGuardOverridden, "MAX_DELETIONS")
	if n := len(w.Keys("other")); n != 1 {
		t.Errorf("the store that no plan names holds %d objects, want 1", n)
	}
}

func TestAPlanThatCouldNotBeReadToItsEndIsNotSaidToBeGone(t *testing.T) {
	w := newWorld(t)
	old := w.seed("acme", 40*day, "a")
	dry := w.plans()
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "ListObjectsV2" {
			return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
		}
		return buckettest.Verdict{}
	})
	s := w.applied(dry.Number)
	w.OnRequest(nil)
	w.wantKeys(old)
	w.wantResult(s, evidence.ResultInconclusive, 3, sweep.CodeListing)
	if n := reason(s, sweep.CodePlanGone); n != 0 {
		t.Errorf("%d entries are said to be gone, and nobody looked", n)
	}
}

func TestWhatThePlanShowsAsHeldStaysWhateverBecameOfTheHold(t *testing.T) {
	w := newWorld(t)
	w.spec.Holds = []retention.Hold{{ID: "h", Reason: "r", Owner: "o", Until: noon.Add(9 * day), Match: retention.HoldMatch{Team: "held"}}}
	held, old := w.seed("held", 40*day, "a"), w.seed("acme", 40*day, "b")
	dry := w.plans()
	w.spec.Holds = nil
	s := w.applied(dry.Number)
	w.wantKeys(held)
	w.wantFates(s.Number, map[string]string{held: "left HELD_IN_PLAN", old: "deleted"})
	if n := sweep.ExitCode(s.Predicate); n != 3 {
		t.Errorf("exit %d, though an expired entry is left", n)
	}
}

func TestAGuardThatThePlansReportDidNotNameIsNotOverridden(t *testing.T) {
	w := newWorld(t)
	w.spec.Holds = []retention.Hold{{ID: "h", Reason: "r", Owner: "o", Until: noon.Add(9 * day), Match: retention.HoldMatch{Team: "held"}}}
	w.run()
	w.spec.Limits.MaxDeletions = 1
	old := []string{w.seed("acme", 40*day, "a"), w.seed("acme", 40*day, "b")}
	stopped := w.run()
	w.wantResult(stopped, evidence.ResultStopped, 4, "MAX_DELETIONS")
	w.spec.Holds = nil // behind the back of whoever looked at the plan
	w.wantResult(w.applied(stopped.Number), evidence.ResultStopped, 4, "HOLD_REMOVED", "MAX_DELETIONS")
	w.wantKeys(old...)
	// A plan made since names both.
	dry := w.plans()
	if reason(dry, "HOLD_REMOVED") != 1 || reason(dry, "MAX_DELETIONS") != 1 {
		t.Errorf("the dry run's reasons are %v, want both guards", dry.Predicate.Reasons)
	}
	w.wantResult(w.applied(dry.Number), evidence.ResultKept, 0, sweep.CodeGuardOverridden)
	w.wantKeys()
}
