package sweep_test

import (
	"cmp"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

const (
	enabled   = types.BucketVersioningStatusEnabled
	suspended = types.BucketVersioningStatusSuspended
)

// entryPoints are the points about what a bucket holds and how it goes.
func entryPoints() []point {
	return []point{
		{"current-objects", "a bucket that never had versioning: what is old goes, what is young stays", testCurrent},
		{"all-four-kinds", "current objects, noncurrent versions, delete markers and uploads go by one rule, and no marker is made", testAllFour},
	}
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
			young := r.make("acme/mixed")
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
