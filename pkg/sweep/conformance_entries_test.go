package sweep_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

const (
	enabled   = types.BucketVersioningStatusEnabled
	suspended = types.BucketVersioningStatusSuspended
)

// entryPoints are the points about what a bucket holds and how it goes.
func entryPoints() []point {
	all := []point{
		{"current-objects", "a bucket that never had versioning: what is old goes, what is young stays", testCurrent},
		{"all-four-kinds", "current objects, noncurrent versions, delete markers and uploads go by one rule, and no marker is made", testAllFour},
	}
	return slices.Concat(all, versionPoints(), markerPoints(), uploadPoints(), lockPoints(), keyPoints())
}

func testCurrent(t *testing.T, b *bench) {
	r := newReal(t, b.Server, "")
	r.make("acme/old")
	r.make("zdr/old")
	r.split()
	r.make("acme/young")
	s := r.run()
	r.wantThings("object acme/young")
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 2, Deleted: 2})
	r.wantPopulation(s, evidence.PopulationCounts{Objects: 3, Expired: 2, Kept: 1})
}

func testAllFour(t *testing.T, b *bench) {
	for _, state := range []types.BucketVersioningStatus{enabled, suspended} {
		t.Run(string(state), func(t *testing.T) {
			r := newReal(t, b.Server, enabled)
			r.make("acme/gone")
			r.make("acme/gone")
			r.hide("acme/gone")
			r.make("acme/mixed")
			r.make("acme/old")
			r.lone("acme/lone")
			r.begin("acme/upload")
			r.version(state)
			r.split()
			young := r.cover(b, "acme/mixed")
			r.begin("acme/young-upload")
			s := r.run()
			r.wantThings("object acme/mixed", "upload acme/young-upload")
			r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 7, Deleted: 6, Aborted: 1})
			r.wantPopulation(s, evidence.PopulationCounts{Objects: 2, NoncurrentVersions: 3, DeleteMarkers: 2, Uploads: 2, Expired: 7, Kept: 2})
			r.wantResult(s, evidence.ResultKept, 0)
			if got := r.things()[0]; got.id != cmp.Or(young, "null") {
				t.Errorf("version %q is left, want the young one, %q", got.id, young)
			}
		})
	}
}

// row is a version or a marker as the server lists it.
type row struct {
	thing
	modified time.Time
}

// rows lists versions and markers with their dates, each once.
func (r *real) rows() (all []row) {
	r.t.Helper()
	for _, x := range r.rawRows() {
		if !slices.Contains(all, x) {
			all = append(all, x)
		}
	}
	return all
}

// rawRows lists versions and markers as often as the server does.
func (r *real) rawRows() (all []row) {
	r.t.Helper()
	for p := s3.NewListObjectVersionsPaginator(r.client, &s3.ListObjectVersionsInput{Bucket: &r.bucket}); p.HasMorePages(); {
		out, err := p.NextPage(r.t.Context())
		if err != nil {
			r.t.Fatalf("list the versions of %s: %v", r.bucket, err)
		}
		for _, v := range out.Versions {
			kind := "version"
			if aws.ToBool(v.IsLatest) {
				kind = "object"
			}
			all = append(all, row{thing{kind, aws.ToString(v.Key), aws.ToString(v.VersionId)}, aws.ToTime(v.LastModified)})
		}
		for _, m := range out.DeleteMarkers {
			all = append(all, row{thing{"marker", aws.ToString(m.Key), aws.ToString(m.VersionId)}, aws.ToTime(m.LastModified)})
		}
	}
	return all
}

// repeats is how many rows the server lists more than once, at the edges of
// pages: each is an anomaly, and one entry.
func (r *real) repeats(b *bench) int64 {
	r.t.Helper()
	n := int64(len(r.rawRows()) - len(r.things()))
	if n > 0 {
		b.once("lists a row at the edge of a page twice: it is counted once, and reported")
	}
	return n
}

// edge is the instant before which an entry is old. Only until the clock is
// advanced.
func (r *real) edge() time.Time { return r.clock().Add(-r.spec.MaxAge) }

// rowOf is the one version or marker of a key that has the id.
func (r *real) rowOf(key, id string) row {
	r.t.Helper()
	for _, x := range r.rows() {
		if x.key == key && x.id == id {
			return x
		}
	}
	r.t.Fatalf("%s has no version %s of %q", r.bucket, id, key)
	return row{}
}

// cover puts a young version over an old one and returns its id. A server that
// dates what is covered anew is told the date that it had.
func (r *real) cover(b *bench, key string) string {
	r.t.Helper()
	all := r.rows()
	old := all[slices.IndexFunc(all, func(x row) bool { return x.kind == "object" && x.key == key })]
	young := r.make(key)
	if !r.rowOf(key, old.id).modified.Before(r.edge()) {
		b.once("a version gets a new date when it is covered by another one, and ages from then on")
		r.server.SetVersionModified(r.t, r.bucket, key, old.id, old.modified)
	}
	return young
}

// once notes a gap that several parts of a point may come upon.
func (b *bench) once(reason string) {
	if !slices.Contains(b.gaps, reason) {
		b.gap("%s", reason)
	}
}
