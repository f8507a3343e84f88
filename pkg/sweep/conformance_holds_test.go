package sweep_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

func hold(id string, until time.Time, match retention.HoldMatch) retention.Hold {
	return retention.Hold{ID: id, Reason: "abuse case", Owner: "trust-and-safety", Until: until, Match: match}
}

func testHolds(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	held := []string{"held/a", "acme/case-1", "beta/req-7", "gamma/req-7", "acme/exact"}
	goes := []string{"held-2/a", "acme/cas", "beta/req-70", "acme/exact-2"}
	for _, key := range slices.Concat(held, goes) {
		r.four(key)
	}
	r.split()
	until := r.clock().Add(10 * day)
	r.spec.Holds = []retention.Hold{
		hold("team", until, retention.HoldMatch{Team: "held"}),
		hold("prefix", until, retention.HoldMatch{Prefix: "acme/case"}),
		hold("request", until, retention.HoldMatch{Request: "req-7"}),
		hold("keys", until, retention.HoldMatch{Store: "store", Keys: []string{"acme/exact"}}),
		hold("elsewhere", until, retention.HoldMatch{Store: "another", Team: "acme"}),
	}
	s := r.run()
	r.wantThings(fourOf(held...)...)
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 36, Deleted: 12, Aborted: 4, Held: 20})
	r.wantResult(s, evidence.ResultKeptWithExceptions, 0, sweep.CodeHeld)
	if c := s.Predicate.Confirmation; c.ExpiredRemaining != 20 || c.Excused.Held != 20 || c.Excused.Pending != 0 {
		t.Errorf("the confirmation is %+v, want 20 expired that remain, all of them held", c)
	}
	want := map[string]int64{"team": 4, "prefix": 4, "request": 8, "keys": 4, "elsewhere": 0}
	for _, h := range s.Predicate.Holds {
		if h.Entries != want[h.ID] || h.Owner != "trust-and-safety" || h.Until != evidence.FormatTime(until) {
			t.Errorf("the report says of hold %s %+v, want %d entries", h.ID, h, want[h.ID])
		}
	}
	if len(s.Predicate.Holds) != len(want) {
		t.Errorf("the report names %d holds, want %d", len(s.Predicate.Holds), len(want))
	}
}

func testHoldEnds(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.four("acme/case")
	r.split()
	until := r.clock().Add(3 * day)
	r.spec.Holds = []retention.Hold{hold("case", until, retention.HoldMatch{Keys: []string{"acme/case"}})}
	for range 2 { // on the first day, and in the last second
		s := r.run()
		r.wantThings(fourOf("acme/case")...)
		r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 4, Held: 4})
		r.later(until.Add(-time.Second).Sub(r.clock()))
	}
	r.later(time.Second)
	s := r.run()
	r.wantThings()
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 4, Deleted: 3, Aborted: 1})
	r.wantResult(s, evidence.ResultKept, 0, sweep.CodeLate)
	l := s.Predicate.Lateness
	if age := time.Duration(l.OldestDeletedSeconds) * time.Second; age < 33*day || age > 33*day+time.Hour {
		t.Errorf("the oldest that went was %s old, want its true age, 33 days", age)
	}
	if l.Late != 4 || len(s.Predicate.Holds) != 0 {
		t.Errorf("%d are late, want 4; holds in force are %+v, want none", l.Late, s.Predicate.Holds)
	}
}

func testHeldViolation(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.roster(since("zdr", time.Hour))
	r.four("zdr/held")
	r.split()
	r.spec.Holds = []retention.Hold{hold("case", r.clock().Add(day), retention.HoldMatch{Team: "zdr"})}
	s := r.run()
	r.wantThings(fourOf("zdr/held")...)
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 4, Held: 4})
	r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeZDRViolation, sweep.CodeHeld)
	r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", Objects: 1, NoncurrentVersions: 1, DeleteMarkers: 1, Uploads: 1,
		Planned: 4, Remaining: 4, State: evidence.StateViolation})
}
