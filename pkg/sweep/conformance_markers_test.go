package sweep_test

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// markerPoints are the points about delete markers and what they hide.
func markerPoints() []point {
	return []point{
		{"marker-over-a-hold", "a delete marker over a held version is held with it, and nothing hidden can be read", testMarkerOverHold},
		{"marker-over-a-lock", "a delete marker over a locked version is `pending` until that goes; others go in the same run", testMarkerOverLock},
		{"promoted", "an old current version goes though a locked older one can then be read: PROMOTED, and counted", testPromoted},
		{"any-stack", "any mix of versions, markers, ages, holds and locks: nothing hidden can be read, nothing young goes, each line is true", testAnyStack},
		{"any-stack-suspended", "the same mix, with `null` versions and markers, where versioning was suspended on the way", testAnySuspendedStack},
	}
}

func testMarkerOverHold(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	for _, key := range []string{"acme/held", "acme/gone", "held-team/a"} {
		r.make(key)
		r.hide(key)
	}
	r.lone("acme/lone")
	r.split()
	r.spec.Holds = []retention.Hold{r.hold("h1", retention.HoldMatch{Keys: []string{"acme/held"}}), r.hold("h2", retention.HoldMatch{Team: "held-team"})}
	s := r.run()
	r.wantThings("version acme/held", "marker acme/held", "version held-team/a", "marker held-team/a")
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 7, Deleted: 3, Held: 4})
	r.wantResult(s, evidence.ResultKeptWithExceptions, 0, sweep.CodeHeld)
	for _, key := range []string{"acme/held", "acme/gone", "held-team/a", "acme/lone"} {
		if r.readable(key) {
			t.Errorf("%s was hidden and can be read", key)
		}
	}
}

// hold is a hold that is in force in the runs of the test.
func (r *real) hold(id string, match retention.HoldMatch) retention.Hold {
	return retention.Hold{ID: id, Reason: "abuse case", Owner: "trust@example.com", Until: r.clock().Add(60 * day), Match: match}
}

func testMarkerOverLock(t *testing.T, b *bench) {
	r := newReal(t, b.Server, "", locked)
	id := r.make("acme/kept", underLegalHold)
	marker := r.hide("acme/kept")
	r.make("acme/gone")
	r.hide("acme/gone")
	r.lone("acme/lone")
	r.split()
	for range 2 {
		s := r.run()
		r.wantThings("version acme/kept", "marker acme/kept")
		r.wantResult(s, evidence.ResultKeptWithExceptions, 0, sweep.CodeLocked, sweep.CodePending)
		if got, want := r.fateOf(s.Number, "version", "acme/kept", id), "locked "+evidence.CodeLegalHold; got != want {
			t.Errorf("the report says %q of the version, want %q", got, want)
		}
		if got, want := r.fateOf(s.Number, "marker", "acme/kept", marker), "pending "+sweep.CodeMarkerHides; got != want {
			t.Errorf("the report says %q of the marker, want %q", got, want)
		}
		if r.readable("acme/kept") {
			t.Error("what was hidden can be read")
		}
	}
	r.release("acme/kept", id)
	s := r.run()
	r.wantThings()
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 2, Deleted: 2})
	r.wantResult(s, evidence.ResultKept, 0)
}

// release ends the legal hold of a version.
func (r *real) release(key, id string) {
	r.t.Helper()
	_, err := r.client.PutObjectLegalHold(r.t.Context(), &s3.PutObjectLegalHoldInput{Bucket: &r.bucket, Key: &key, VersionId: &id,
		LegalHold: &types.ObjectLockLegalHold{Status: types.ObjectLockLegalHoldStatusOff}})
	if err != nil {
		r.t.Fatalf("end the legal hold of %s: %v", key, err)
	}
}

func testPromoted(t *testing.T, b *bench) {
	r := newReal(t, b.Server, "", locked)
	r.make("acme/a", underLegalHold)
	current := r.make("acme/a")
	r.split()
	s := r.run()
	r.wantThings("object acme/a")
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 2, Deleted: 1, Locked: 1})
	if got, want := r.fateOf(s.Number, "object", "acme/a", current), "deleted "+evidence.CodePromoted; got != want {
		t.Errorf("the report says %q of the current version, want %q", got, want)
	}
	if n := exception(s, evidence.CodePromoted).Count; n != 1 {
		t.Errorf("the exceptions are %+v, want one promotion", s.Predicate.Exceptions)
	}
}
