package sweep_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// zdrPoints are the points about holds, layouts and Zero Data Retention.
func zdrPoints() []point {
	return []point{
		{"holds", "holds by team, prefix, request and key keep all four kinds, and nothing beside them", testHolds},
		{"hold-ends", "a hold ends on its date, and what it kept goes in the next run with its true age", testHoldEnds},
		{"held-violation", "a held entry of a ZDR team stays, and is a violation", testHeldViolation},
		{"layouts", "several layouts, by day, by hour and Hive style: the first that matches counts", testLayouts},
		{"odd-dates", "dates in keys that can't be are counted, and LastModified alone says the age", testAnomalies},
		{"zdr-whole-id", "a ZDR team is matched by its whole id: acme is not acme-2", testWholeID},
		{"zdr-counts", "for each ZDR team and store all four kinds are counted, before and after", testZDRCounts},
		{"zdr-states", "a ZDR team is zero, residual, in violation or inconclusive, each for its own cause", testZDRStates},
		{"zdr-doubt", "no ZDR team is zero while a listing, a key or the roster is in doubt", testZDRDoubt},
		{"zdr-second-listing", "what comes between the two listings of a run counts", testSecondListing},
		{"purge", "violations are purged once the roster's row is known, and the report says what was found and what is left", testPurge},
		{"purge-guard", "more violations than max_purge: nothing is deleted", testPurgeGuard},
		{"purge-moved", "a team whose zdr_since moved is not purged in that run", testPurgeMoved},
		{"purge-doubt", "a roster in doubt purges nothing", testPurgeDoubt},
		{"purge-held", "a held violation is not purged", testPurgeHeld},
		{"purge-marker", "a delete marker that hides what stays is not purged", testPurgeMarker},
		{"purge-locked", "a locked violation stays, and so does the delete marker that hides it", testPurgeLocked},
		{"attest", "an attestation counts all four kinds of all that is there, and changes nothing", testAttest},
		{"attest-prefix-only", "an attestation of prefixes looks at nothing but these and the uploads, and claims no more", testAttestPrefixes},
		{"canaries", "no key of a ZDR team, and none that tells no team, shows in a log, a report or the work area", testCanaries},
		{"witness", "stored metadata that speaks of ZDR is a violation, whatever the roster says", testWitness},
		{"witness-sample", "no more entries are asked for metadata than the sample says, the newest first", testWitnessSample},
		{"witness-refused", "metadata that can't be read makes the result inconclusive", testWitnessRefused},
	}
}

func testWholeID(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.spec.Stores[0].Layouts = []string{byHive, noDate}
	r.roster(since("acme", time.Hour), since("beta-2", time.Hour))
	r.today()
	for _, key := range []string{"acme-2/a", "xacme/a", "beta/a", "beta-22/a", hive("acme-2", r.clock()), hive("beta", r.clock())} {
		r.four(key)
	}
	s := r.run()
	r.wantResult(s, evidence.ResultKept, 0)
	r.wantRow(s, evidence.TeamRow{Team: "acme", Store: "store", State: evidence.StateZero})
	r.wantRow(s, evidence.TeamRow{Team: "beta-2", Store: "store", State: evidence.StateZero})
	r.begin("acme-/a") // another spelling of acme
	r.begin(hive("beta-2", r.clock()))
	s = r.run()
	r.wantRow(s, evidence.TeamRow{Team: "acme", Store: "store", State: evidence.StateInconclusive})
	r.wantRow(s, evidence.TeamRow{Team: "beta-2", Store: "store", Uploads: 1, Remaining: 1, State: evidence.StateViolation})
}

func testZDRCounts(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.roster(since("zdr", -time.Hour), since("nothing", -time.Hour))
	one, two := r.spec.Stores[0], r.spec.Stores[0]
	one.Name, one.Prefix = "one", "one/"
	two.Name, two.Prefix = "two", "two/"
	r.spec.Stores = []sweep.StoreSpec{one, two}
	r.four("one/zdr/old")
	r.split()
	r.four("two/zdr/a")
	r.four("two/zdr/b")
	r.begin("two/zdr/c")
	s := r.run()
	r.wantThings(append(fourOf("two/zdr/a", "two/zdr/b"), "upload two/zdr/c")...)
	r.wantResult(s, evidence.ResultKeptWithExceptions, 0, sweep.CodeZDRResidual)
	r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "one", Objects: 1, NoncurrentVersions: 1, DeleteMarkers: 1, Uploads: 1,
		Planned: 4, Gone: 4, State: evidence.StateResidual})
	r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "two", Objects: 2, NoncurrentVersions: 2, DeleteMarkers: 2, Uploads: 3,
		Remaining: 9, State: evidence.StateResidual})
	for _, store := range []string{"one", "two"} {
		r.wantRow(s, evidence.TeamRow{Team: "nothing", Store: store, State: evidence.StateZero})
	}
}

func testZDRStates(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.spec.Stores[0].Layouts = []string{byDay, noDate}
	r.roster(since("zero", time.Hour), since("residual", -time.Hour), since("violation", time.Hour), since("expired", time.Hour),
		since("disagree", time.Hour), since("near", time.Hour))
	r.four("expired/a")
	r.split()
	r.four("residual/a")
	r.four("violation/a")
	r.four(daily("disagree", time.Now().UTC().Add(-50*day)))
	r.four("Ne.ar/a")
	s := r.run()
	row := func(team, state string, n, gone int64) {
		t.Helper()
		r.wantRow(s, evidence.TeamRow{Team: team, Store: "store", Objects: n, NoncurrentVersions: n, DeleteMarkers: n, Uploads: n,
			Planned: gone, Gone: gone, Remaining: 4*n - gone, State: state})
	}
	row("zero", evidence.StateZero, 0, 0)
	row("residual", evidence.StateResidual, 1, 0)
	row("violation", evidence.StateViolation, 1, 0)
	row("expired", evidence.StateViolation, 1, 4) // gone, and found all the same
	row("disagree", evidence.StateInconclusive, 1, 4)
	row("near", evidence.StateInconclusive, 0, 0)
	r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeZDRViolation, sweep.CodeDatesDisagree, sweep.CodeNearMatch, sweep.CodeZDRResidual)
	if z := s.Predicate.ZDR; z.TeamCount != 6 || z.Zero != 1 || z.Residual != 1 || z.Violation != 2 || z.Inconclusive != 2 || z.Mode != evidence.ModeFull {
		t.Errorf("the report sums up %+v", z)
	}
	for code, want := range map[string]int64{sweep.CodeZDRViolation: 2, sweep.CodeDatesDisagree: 4, sweep.CodeNearMatch: 1, sweep.CodeZDRResidual: 1} {
		if n := reason(s, code); n != want {
			t.Errorf("the reasons count %d for %s, want %d", n, code, want)
		}
	}
}

func testZDRDoubt(t *testing.T, b *bench) {
	for _, c := range []struct {
		name, code string
		set        func(*real)
	}{
		{"an object of nobody", sweep.CodeUnattributed, func(r *real) { r.make("stray") }},
		{"a marker of nobody", sweep.CodeUnattributed, func(r *real) { r.lone("stray") }},
		{"an upload of nobody", sweep.CodeUnattributed, func(r *real) { r.begin("stray") }},
		{"a listing that breaks off", sweep.CodeListing, func(r *real) { r.refuse("ListObjectVersions", http.StatusForbidden, "AccessDenied") }},
		{"a listing of uploads that breaks off", sweep.CodeUploadsUnseen, func(r *real) { r.refuse("ListMultipartUploads", http.StatusForbidden, "AccessDenied") }},
		{"a roster too old", sweep.CodeRosterStale, func(r *real) { r.spec.Roster.Roster.AsOf = r.clock().Add(-day - time.Second) }},
		{"a roster from the future", sweep.CodeRosterStale, func(r *real) { r.spec.Roster.Roster.AsOf = r.clock().Add(2 * time.Minute) }},
		{"an empty roster", sweep.CodeRosterEmpty, func(r *real) { r.roster() }},
		{"no doubt", "", func(*real) {}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReal(t, b.Server, enabled)
			r.roster(since("zdr", time.Hour))
			r.today()
			r.req.Type = evidence.TypeAttestation
			c.set(r)
			s := r.run()
			if c.code == "" {
				r.wantResult(s, evidence.ResultKept, 0)
				r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", State: evidence.StateZero})
				return
			}
			r.wantResult(s, evidence.ResultInconclusive, 3, c.code)
			if c.code == sweep.CodeRosterEmpty {
				if z := s.Predicate.ZDR; z.TeamCount != 0 || len(s.Teams) != 0 {
					t.Errorf("of no team the report says %+v, %+v", z, s.Teams)
				}
				return
			}
			r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", State: evidence.StateInconclusive})
		})
	}
}

func testSecondListing(t *testing.T, b *bench) {
	for _, c := range []struct {
		name, state, result, code string
		key                       string
		remaining                 int64
	}{
		{"a ZDR team's", evidence.StateViolation, evidence.ResultBroken, sweep.CodeZDRViolation, "zdr/a", 4},
		{"nobody's", evidence.StateInconclusive, evidence.ResultInconclusive, sweep.CodeUnattributed, "stray", 0},
		{"a near match's", evidence.StateInconclusive, evidence.ResultInconclusive, sweep.CodeNearMatch, "ZDR/a", 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReal(t, b.Server, enabled)
			r.roster(since("zdr", time.Hour))
			r.make("acme/old")
			r.split()
			written := false
			r.OnRequest(func(call buckettest.Call) buckettest.Verdict {
				if call.Op == "DeleteObjects" && !written {
					written = true
					r.four(c.key)
				}
				return buckettest.Verdict{}
			})
			s := r.run()
			r.wantThings(fourOf(c.key)...)
			r.wantResult(s, c.result, 3, c.code)
			r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", Remaining: c.remaining, State: c.state})
		})
	}
}

// purging is a bucket with young violations of the team "zdr", which are to be
// purged.
func purging(t *testing.T, b *bench) *real {
	r := newReal(t, b.Server, enabled)
	r.spec.Purge = true
	r.roster(since("zdr", time.Hour))
	r.today()
	r.four("acme/young")
	r.four("zdr/a")
	return r
}

// wantFound checks the row of the team "zdr", which had one entry of each kind.
func (r *real) wantFound(s *sweep.Sealed, planned, gone int64) {
	r.t.Helper()
	r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", Objects: 1, NoncurrentVersions: 1, DeleteMarkers: 1, Uploads: 1,
		Planned: planned, Gone: gone, Remaining: 4 - gone, State: evidence.StateViolation})
}

func testPurge(t *testing.T, b *bench) {
	r := purging(t, b)
	for _, kind := range []string{evidence.TypeAttestation, evidence.TypeDryRun, evidence.TypeSweep} {
		r.req.Type = kind
		s := r.run() // no sweep knows the team yet
		r.wantThings(fourOf("acme/young", "zdr/a")...)
		r.wantOutcomes(s, evidence.OutcomeCounts{})
		r.wantFound(s, 0, 0)
		if sweep.ExitCode(s.Predicate) != 3 || reason(s, sweep.CodeZDRViolation) != 1 {
			t.Errorf("report %d exits %d, for %v", s.Number, sweep.ExitCode(s.Predicate), s.Predicate.Reasons)
		}
	}

	zdr := r.of("zdr/a")
	s := r.run()
	r.wantThings(fourOf("acme/young")...)
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 4, Purged: 4, Deleted: 3, Aborted: 1})
	r.wantPopulation(s, evidence.PopulationCounts{Objects: 2, NoncurrentVersions: 2, DeleteMarkers: 2, Uploads: 2, Kept: 8})
	r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeZDRViolation)
	r.wantFound(s, 4, 4)
	lines := r.lines(s.Number)
	for _, e := range zdr {
		l := lines[r.ids.Team("zdr").KeyHMAC(e.kind, r.bucket, e.key, e.id)]
		if l.Why != evidence.WhyZDR || !l.Private() {
			t.Errorf("the line of the %s is %+v, want one that says why: zdr, and no team or time", e.kind, l)
		}
	}
	if c := s.Predicate.Confirmation; !c.Complete || c.ExpiredRemaining != 0 {
		t.Errorf("the confirmation is %+v", c)
	}

	s = r.run()
	r.wantResult(s, evidence.ResultKept, 0)
	r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", State: evidence.StateZero})
}

func testPurgeGuard(t *testing.T, b *bench) {
	r := purging(t, b)
	r.spec.Limits.MaxPurge = 3
	r.run()
	s := r.run()
	r.wantThings(fourOf("acme/young", "zdr/a")...)
	r.wantResult(s, evidence.ResultStopped, 4, sweep.CodeGuard)
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 4, Purged: 4, Left: 4})
	r.wantFound(s, 4, 0)
	if g := s.Predicate.Policy.Guard; g == nil || g.Name != "max_purge" || g.Value != "4" || g.Limit != "3" {
		t.Errorf("the guard that tripped is %+v, want max_purge, 4 of 3", g)
	}
	if ops := r.changing(); len(ops) > 0 {
		t.Errorf("the stopped run sent %v", ops)
	}
	r.spec.Limits.MaxPurge = 4
	r.run()
	r.wantThings(fourOf("acme/young")...)
}

func testPurgeMoved(t *testing.T, b *bench) {
	r := purging(t, b)
	known := r.spec.Roster.Roster.Teams[0]
	r.four("new/a")
	r.run()
	r.roster(known, since("new", time.Hour))
	s := r.run() // only one of the two rows is known
	r.wantThings(fourOf("acme/young", "new/a")...)
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 4, Purged: 4, Deleted: 3, Aborted: 1})
	r.wantFound(s, 4, 4)

	r.four("zdr/b")
	r.roster(since("zdr", 2*time.Hour), r.spec.Roster.Roster.Teams[1])
	s = r.run()
	r.wantThings(fourOf("acme/young", "new/a", "zdr/b")...)
	r.wantResult(s, evidence.ResultStopped, 4, sweep.CodeGuard, "ZDR_SINCE_MOVED")
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 4, Purged: 4, Left: 4}) // the other team's alone
	r.wantFound(s, 0, 0)
}

func testPurgeDoubt(t *testing.T, b *bench) {
	r := purging(t, b)
	r.run()
	r.spec.Roster.Roster.AsOf = r.clock().Add(-2 * day)
	s := r.run()
	r.wantThings(fourOf("acme/young", "zdr/a")...)
	r.wantOutcomes(s, evidence.OutcomeCounts{})
	r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeZDRViolation, sweep.CodeRosterStale)
	r.wantFound(s, 0, 0)
}

func testPurgeHeld(t *testing.T, b *bench) {
	r := purging(t, b)
	r.four("zdr/held")
	r.spec.Holds = []retention.Hold{hold("case", r.clock().Add(day), retention.HoldMatch{Request: "held"})}
	r.run()
	s := r.run()
	r.wantThings(fourOf("acme/young", "zdr/held")...)
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 8, Purged: 8, Deleted: 3, Aborted: 1, Held: 4})
	r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeZDRViolation, sweep.CodeHeld)
	r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", Objects: 2, NoncurrentVersions: 2, DeleteMarkers: 2, Uploads: 2,
		Planned: 8, Gone: 4, Remaining: 4, State: evidence.StateViolation})
}

func testPurgeMarker(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.spec.Purge = true
	r.roster(since("zdr", time.Hour))
	r.today()
	now := r.clock()
	r.server.PutAt(t, now.Add(-2*time.Hour), r.object("zdr/before"))
	hides := r.server.HideAt(t, now.Add(-time.Minute), r.bucket, "zdr/before")
	r.server.PutAt(t, now.Add(-2*time.Minute), r.object("zdr/since"))
	bare := r.server.HideAt(t, now.Add(-time.Minute), r.bucket, "zdr/since")
	r.run()
	s := r.run()
	r.wantThings("version zdr/before", "marker zdr/before")
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 3, Purged: 3, Deleted: 2, Pending: 1})
	r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeZDRViolation, sweep.CodePending)
	if got := r.fateOf(s.Number, "marker", "zdr/before", hides); got != "pending "+sweep.CodeMarkerHides {
		t.Errorf("the marker over what stays is %q", got)
	}
	if got := r.fateOf(s.Number, "marker", "zdr/since", bare); got != "deleted" {
		t.Errorf("the marker over what went is %q", got)
	}
	if r.readable("zdr/before") {
		t.Error("what was hidden can be read")
	}
}

func testPurgeLocked(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled, locked)
	r.spec.Purge = true
	r.roster(since("zdr", time.Hour))
	r.today()
	id := r.make("zdr/locked", func(in *s3.PutObjectInput) { in.ObjectLockLegalHoldStatus = types.ObjectLockLegalHoldStatusOn })
	hides := r.hide("zdr/locked")
	r.make("zdr/free")
	r.run()
	s := r.run()
	r.wantThings("version zdr/locked", "marker zdr/locked")
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 3, Purged: 3, Deleted: 1, Locked: 1, Pending: 1})
	r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeZDRViolation, sweep.CodeLocked, sweep.CodePending)
	if got := r.fateOf(s.Number, "version", "zdr/locked", id); got != "locked "+evidence.CodeLegalHold {
		t.Errorf("the locked version is %q", got)
	}
	if got := r.fateOf(s.Number, "marker", "zdr/locked", hides); got != "pending "+sweep.CodeMarkerHides {
		t.Errorf("the marker over it is %q", got)
	}
	if r.readable("zdr/locked") {
		t.Error("what was hidden can be read")
	}
	r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", Objects: 1, NoncurrentVersions: 1, DeleteMarkers: 1,
		Planned: 3, Gone: 1, Remaining: 2, State: evidence.StateViolation})
}
