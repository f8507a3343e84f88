package sweep_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

func testAttest(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.spec.Purge, r.spec.AllTeams, r.req.Type = true, true, evidence.TypeAttestation
	r.roster(since("zdr", time.Hour), since("zero", time.Hour))
	r.four("zdr/old")
	r.four("acme/old")
	r.split()
	r.four("zdr/young")
	before := r.things()
	for range 2 { // a purge isn't its business either, once the team is known
		s := r.run()
		if after := r.things(); !slices.Equal(after, before) {
			t.Errorf("the bucket holds %.1000q, and held %.1000q", after, before)
		}
		if ops := r.changing(); len(ops) > 0 {
			t.Errorf("the attestation sent %v", ops)
		}
		r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeZDRViolation)
		r.wantOutcomes(s, evidence.OutcomeCounts{})
		r.wantPopulation(s, evidence.PopulationCounts{Objects: 3, NoncurrentVersions: 3, DeleteMarkers: 3, Uploads: 3, Expired: 8, Kept: 4})
		r.wantRow(s, evidence.TeamRow{Team: "zdr", Store: "store", Objects: 2, NoncurrentVersions: 2, DeleteMarkers: 2, Uploads: 2,
			Remaining: 8, State: evidence.StateViolation})
		r.wantRow(s, evidence.TeamRow{Team: "zero", Store: "store", State: evidence.StateZero})
		if p := s.Predicate; p.ReportType != evidence.TypeAttestation || p.ZDR.Mode != evidence.ModeFull || p.Manifest.RecordCount != 0 {
			t.Errorf("the report is of type %s, mode %s, with %d lines", p.ReportType, p.ZDR.Mode, p.Manifest.RecordCount)
		}
	}
}

func testAttestPrefixes(t *testing.T, b *bench) {
	for _, c := range []struct {
		name, state, result, code string
		ago                       time.Duration
		set                       func(*real)
		row                       evidence.TeamRow
	}{
		{"nothing", evidence.StateZeroInPrefix, evidence.ResultInconclusive, evidence.CodePrefixOnly, time.Hour, func(*real) {}, evidence.TeamRow{}},
		{"residual", evidence.StateResidual, evidence.ResultInconclusive, sweep.CodeZDRResidual, -time.Hour, func(r *real) { r.four("zdr/a") },
			evidence.TeamRow{Objects: 1, NoncurrentVersions: 1, DeleteMarkers: 1, Uploads: 1, Remaining: 4}},
		{"violation", evidence.StateViolation, evidence.ResultBroken, sweep.CodeZDRViolation, time.Hour, func(r *real) { r.four("team=zdr/a") },
			evidence.TeamRow{Objects: 1, NoncurrentVersions: 1, DeleteMarkers: 1, Uploads: 1, Remaining: 4}},
		{"an upload alone", evidence.StateViolation, evidence.ResultBroken, sweep.CodeZDRViolation, time.Hour, func(r *real) { r.begin("zdr/a") },
			evidence.TeamRow{Uploads: 1, Remaining: 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := newReal(t, b.Server, enabled)
			r.spec.Stores[0].Layouts = []string{"team={team}/{rest}", noDate}
			r.req.Type, r.req.PrefixOnly = evidence.TypeAttestation, true
			r.roster(since("zdr", c.ago))
			r.today()
			r.make("acme/a")
			r.make("zdr-2/a")
			r.make("stray")
			c.set(r)
			before := r.things()
			s := r.run()
			r.wantResult(s, c.result, 3, c.code, evidence.CodePrefixOnly)
			c.row.Team, c.row.Store, c.row.State = "zdr", "store", c.state
			r.wantRow(s, c.row)
			if mode := s.Predicate.ZDR.Mode; mode != evidence.ModePrefixes {
				t.Errorf("the mode is %s, want %s", mode, evidence.ModePrefixes)
			}
			var prefixes []string
			for _, call := range r.Calls("ListObjectVersions") {
				prefixes = append(prefixes, call.Query.Get("prefix"))
			}
			slices.Sort(prefixes)
			if want := []string{"team=zdr/", "zdr/"}; !slices.Equal(slices.Compact(prefixes), want) {
				t.Errorf("the prefixes that were listed are %q, want %q", prefixes, want)
			}
			if uploads := r.Calls("ListMultipartUploads"); len(uploads) == 0 || uploads[0].Query.Get("prefix") != "" || len(r.Calls("ListObjectsV2")) > 0 {
				t.Errorf("uploads must be listed for the whole bucket, and nothing else: %d requests", len(uploads))
			}
			if ops := r.changing(); len(ops) > 0 || !slices.Equal(r.things(), before) {
				t.Errorf("the attestation sent %v, or changed the bucket", ops)
			}
		})
	}
}
