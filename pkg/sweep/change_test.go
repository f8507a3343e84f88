package sweep_test

import (
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

func TestNextDueIsTheNextSlot(t *testing.T) {
	w := newWorld(t)
	w.spec.Schedule = &evidence.Schedule{Cron: "15 2 * * *", Timezone: "UTC"}
	w.req.Trigger, w.req.Slot = "schedule", time.Date(2026, 11, 25, 2, 15, 0, 0, time.UTC)
	p := w.run().Predicate
	if p.Chain.NextDue == nil || *p.Chain.NextDue != "2026-11-26T02:15:00Z" {
		t.Errorf("nextDue is %v", p.Chain.NextDue)
	}
	if p.Run.ScheduledFor == nil || *p.Run.ScheduledFor != "2026-11-25T02:15:00Z" {
		t.Errorf("scheduledFor is %v", p.Run.ScheduledFor)
	}
}

func TestMissedSlotsAreDeclaredByTheNextSweepAlone(t *testing.T) {
	w := newWorld(t)
	w.spec.Schedule = &evidence.Schedule{Cron: "15 2 * * *", Timezone: "UTC"}
	w.run()
	w.advance(4 * day)
	w.spec.Roster.Roster.AsOf = w.clock()
	w.req.Type = evidence.TypeAttestation
	if s := w.run(); len(s.Predicate.Run.Missed) != 0 {
		t.Errorf("an attestation declares %v", s.Predicate.Run.Missed)
	}
	w.req.Type, w.req.Trigger = evidence.TypeSweep, "schedule"
	w.req.Slot = time.Date(2026, 11, 29, 2, 15, 0, 0, time.UTC) // caught up
	s := w.run()
	var slots []string
	for _, m := range s.Predicate.Run.Missed {
		slots = append(slots, m.Slot[:10])
	}
	if strings.Join(slots, " ") != "2026-11-26 2026-11-27 2026-11-28" || reason(s, sweep.CodeMissedSlot) != 3 {
		t.Errorf("missed: %v, reasons %v", slots, s.Predicate.Reasons)
	}
	w.req.Slot = time.Time{}
	if s := w.run(); len(s.Predicate.Run.Missed) != 0 {
		t.Errorf("the sweep after it declares %v again", s.Predicate.Run.Missed)
	}
}

func TestASlotThatADeadRunServedIsNotMissed(t *testing.T) {
	w := newWorld(t)
	w.spec.Schedule = &evidence.Schedule{Cron: "15 2 * * *", Timezone: "UTC"}
	w.run()
	w.advance(14*time.Hour + 30*time.Minute) // 02:30
	w.req.Trigger, w.req.Slot = "schedule", time.Date(2026, 11, 26, 2, 15, 0, 0, time.UTC)
	w.spec.Roster.Roster.AsOf = w.clock()
	w.seed("acme", 40*day, "a")
	w.dies("manifest-0000-00000.jsonl.gz")
	w.advance(4 * time.Hour)
	w.req.Trigger, w.req.Slot = "manual", time.Time{}
	if s := w.run(); len(s.Predicate.Run.Missed) != 0 || len(s.Recovered) != 1 {
		t.Errorf("missed %v, recovered %v", s.Predicate.Run.Missed, s.Recovered)
	}
}

func TestChangesSinceTheLastReportAreDeclared(t *testing.T) {
	for code, change := range map[string]func(*world){
		evidence.CodeScopeChanged:     func(w *world) { w.CreateBucket("more"); w.spec.Stores = append(w.spec.Stores, w.store("more")) },
		evidence.CodeScheduleChanged:  func(w *world) { w.spec.Schedule = &evidence.Schedule{Cron: "0 3 * * *", Timezone: "UTC"} },
		evidence.CodeRetentionChanged: func(w *world) { w.spec.MaxAge, w.spec.MaxAgeText = 29*day, "29d" },
		evidence.CodeRosterRemoved:    func(w *world) { w.spec.Roster.Roster.Teams[0].ID = "another" },
		evidence.CodeZDRSinceMoved:    func(w *world) { w.spec.Roster.Roster.Teams[0].Since = noon.Add(-89 * day) },
	} {
		t.Run(code, func(t *testing.T) {
			w := newWorld(t)
			w.run()
			w.spec.Roster.Roster.Teams = append([]retention.RosterTeam(nil), w.spec.Roster.Roster.Teams...)
			change(w)
			w.req.Type = evidence.TypeAttestation // a sweep is stopped by a guard for some of them
			s := w.run()
			w.wantResult(s, evidence.ResultKept, 0, code)
			if len(s.Predicate.Reasons) != 1 {
				t.Errorf("reasons are %v, want %s alone", s.Predicate.Reasons, code)
			}
			if again := w.run(); len(again.Predicate.Reasons) != 0 {
				t.Errorf("and once more: %v", again.Predicate.Reasons)
			}
		})
	}
}

func TestAStoreThatIsAddedLaterCanNotHideInADryRun(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.CreateBucket("more")
	w.spec.Stores = append(w.spec.Stores, w.store("more"))
	w.req.Type = evidence.TypeDryRun
	w.wantResult(w.run(), evidence.ResultNone, 0, evidence.CodeScopeChanged)
}

func TestATakenOverLeaseIsReported(t *testing.T) {
	w := newWorld(t)
	elsewhere := openDir(t, t.TempDir())
	dead, err := vault.Acquire(t.Context(), elsewhere, vault.LeaseOptions{TTL: 100 * time.Millisecond, Host: "elsewhere"})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := dead.Release(t.Context()); err != nil {
			t.Error(err)
		}
	}()
	record, err := elsewhere.Get(t.Context(), vault.LeaseFile)
	if err != nil {
		t.Fatal(err)
	}
	// Nobody renews it here, as if its host had lost its power.
	if err := w.lease.Put(t.Context(), vault.LeaseFile, record); err != nil {
		t.Fatal(err)
	}
	time.Sleep(150 * time.Millisecond)
	stores := w.spec.Stores
	w.spec.Stores = []sweep.StoreSpec{w.store("no-such-bucket")}
	if _, err := w.try(t.Context()); err == nil {
		t.Fatal("a run without any store sealed a report")
	}
	w.spec.Stores = stores // the takeover is not forgotten
	w.wantResult(w.run(), evidence.ResultKept, 0, sweep.CodeLeaseTakenOver)
	if s := w.run(); len(s.Predicate.Reasons) > 0 {
		t.Errorf("the run after it has the reasons %v", s.Predicate.Reasons)
	}
}
