package sweep_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"

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
		{"any-stack-suspended", "the same with `null` versions and markers, where versioning was suspended", testAnySuspendedStack},
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

// What is done to a key, and when.
const (
	put        = "put"
	putHold    = "put under legal hold"
	putRetain  = "put with a retention"
	hideIt     = "hide"
	beforeEdge = 0 // before the edge, while versioning is on
	lateBefore = 1 // before the edge, after versioning may have been suspended
	afterEdge  = 2
)

// history is what was done to one key, in each of the three times.
type history struct {
	key   string
	steps [3][]string
	held  bool // by a hold of ours
}

// histories draws many, for one bucket.
func histories(t *testing.T, steps []string) (all []history) {
	some := rapid.SliceOfN(rapid.SampledFrom(steps), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		h := history{key: fmt.Sprintf("acme/%03d", len(all)), held: rapid.IntRange(0, 5).Draw(t, "held") == 0}
		for i := range h.steps {
			h.steps[i] = some.Draw(t, fmt.Sprintf("steps in time %d", i))
		}
		all = append(all, h)
	})
	return all[:min(len(all), 40)]
}

func testAnyStack(t *testing.T, b *bench) {
	r := newReal(t, b.Server, "", locked)
	r.anyStack(b, histories(t, []string{put, put, hideIt, hideIt, putHold, putRetain}), func() {})
}

func testAnySuspendedStack(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.anyStack(b, histories(t, []string{put, hideIt}), func() { r.version(suspended) })
}

// anyStack makes each key's history, runs twice, and checks each promise for
// each key against what a plain client saw before and after.
func (r *real) anyStack(b *bench, all []history, between func()) {
	r.t.Helper()
	var held []string
	locks := map[object]bool{}
	do := func(time int) {
		for _, h := range all {
			for _, step := range h.steps[time] {
				switch step {
				case put:
					r.make(h.key)
				case putHold:
					locks[object{h.key, r.make(h.key, underLegalHold)}] = true
				case putRetain:
					locks[object{h.key, r.make(h.key, retained(types.ObjectLockModeGovernance, inDays(90)))}] = true
				case hideIt:
					r.hide(h.key)
				}
			}
		}
	}
	for _, h := range all {
		if h.held {
			held = append(held, h.key)
		}
	}
	do(beforeEdge)
	between()
	do(lateBefore)
	r.split()
	do(afterEdge)
	r.spec.Holds = []retention.Hold{r.hold("h", retention.HoldMatch{Keys: held})}
	before, readable, edge := r.rows(), r.readableKeys(all), r.edge()
	s := r.run()
	after := r.rows()
	lines := r.lines(s.Number)
	old, stuck := 0, int64(0)
	for _, h := range all {
		told := fmt.Sprintf("key %s, done %q, held %v", h.key, h.steps, h.held)
		if !readable[h.key] && r.readable(h.key) {
			r.t.Errorf("%s: it was not found before the run and can be read now", told)
		}
		for _, x := range before {
			if x.key != h.key {
				continue
			}
			there := slices.ContainsFunc(after, func(y row) bool { return y.key == x.key && y.id == x.id })
			line := lines[r.ids.Team("acme").KeyHMAC(x.kind, r.bucket, x.key, x.id)]
			if !x.modified.Before(edge) {
				if !there || line.Outcome != "" {
					r.t.Errorf("%s: young %s %s: there %v, outcome %q", told, x.kind, x.id, there, line.Outcome)
				}
				continue
			}
			old++
			if there && x.kind == "marker" && line.Outcome == evidence.OutcomeDeleted && r.sticks(x) {
				b.once("acknowledges the delete of a `null` delete marker and keeps it: it is counted as remaining")
				stuck++
				continue
			}
			r.wantTrue(told, x, line, there, after, h.held, locks[object{x.key, x.id}])
		}
	}
	if stuck > 0 {
		r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeExpiredRemain)
	}
	if len(lines) != old {
		r.t.Errorf("the report has %d lines, want one for each of %d old entries", len(lines), old)
	}
	if old == 0 || old == len(before) {
		r.t.Errorf("%d of %d entries are old: the point needs both kinds", old, len(before))
	}
	r.run()
	if again := r.rows(); !sameThings(again, after) {
		r.t.Errorf("a second run changed what the first one left: %d entries, now %d", len(after), len(again))
	}
}

// wantTrue checks the outcome of an old entry.
func (r *real) wantTrue(told string, x row, line evidence.Line, there bool, after []row, held, locked bool) {
	r.t.Helper()
	wrong := func(why string) {
		r.t.Helper()
		r.t.Errorf("%s: old %s %s: %s (outcome %q %s, there %v)", told, x.kind, x.id, why, line.Outcome, line.Code, there)
	}
	under := slices.ContainsFunc(after, func(y row) bool { return y.key == x.key && y.kind != "marker" })
	switch {
	case held:
		if line.Outcome != evidence.OutcomeHeld || !there {
			wrong("want it held")
		}
	case locked:
		if line.Outcome != evidence.OutcomeLocked || !there {
			wrong("want it locked")
		}
	case x.kind == "marker" && under && line.Outcome == evidence.OutcomePending:
		if !there {
			wrong("want it to stay")
		}
	default:
		if !slices.Contains([]string{evidence.OutcomeDeleted, evidence.OutcomeAbsent}, line.Outcome) || there {
			wrong("want it gone")
		}
	}
}

// sticks reports whether a plain client can't delete a marker either, though
// the server says that it did.
func (r *real) sticks(x row) bool {
	r.t.Helper()
	_, err := r.client.DeleteObject(r.t.Context(), &s3.DeleteObjectInput{Bucket: &r.bucket, Key: &x.key, VersionId: &x.id})
	return err == nil && slices.ContainsFunc(r.rows(), func(y row) bool { return y.thing == x.thing })
}

func (r *real) readableKeys(all []history) map[string]bool {
	r.t.Helper()
	found := map[string]bool{}
	for _, h := range all {
		found[h.key] = r.readable(h.key)
	}
	return found
}

// sameThings compares by key and id: a server may tell the kinds and dates of
// what is left anew.
func sameThings(a, b []row) bool {
	names := func(rows []row) (names []string) {
		for _, x := range rows {
			names = append(names, x.key+" "+x.id)
		}
		slices.Sort(names)
		return names
	}
	return slices.Equal(names(a), names(b))
}
