package sweep_test

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// versionPoints are the points about versioned buckets, and about those that
// become so.
func versionPoints() []point {
	return []point{
		{"versioning-state", "a bucket's versioning state is read: never, enabled or suspended", testState},
		{"case-07-page-edge-in-a-key", "case 07: a key with more versions than a page, and the key after it, are listed once and go", testPageEdge},
		{"case-08-pages-of-markers", "case 08: a page of nothing but delete markers hides no version after it", testMarkerPages},
		{"case-15-versions-by-id", "case 15: old versions go by version id, `null` included, and neither version nor marker of their key is left", testByID},
		{"versioning-on-after-plan", "versioning that is switched on between plan and sweep hides nothing that is called deleted", testVersioningAfterPlan},
		{"versioning-on-between-batches", "versioning that is switched on between two batches hides nothing that is called deleted", testVersioningBetweenBatches},
		{"rewritten-null-version", "a `null` version and an object without versioning survive if they are replaced between plan and delete", testRewritten},
	}
}

func testState(t *testing.T, b *bench) {
	for state, want := range map[types.BucketVersioningStatus]string{
		"": bucket.StateNever, enabled: bucket.StateEnabled, suspended: bucket.StateSuspended,
	} {
		t.Run(want, func(t *testing.T) {
			r := newReal(t, b.Server, state)
			r.make("acme/old")
			r.split()
			s := r.run()
			r.wantThings()
			if got := s.Predicate.Stores[0].Versioning; got != want {
				t.Errorf("the state is said to be %s, want %s", got, want)
			}
		})
	}
}

func testPageEdge(t *testing.T, b *bench) {
	const versions = 1005
	r := newReal(t, b.Server, enabled)
	for range versions {
		r.make("acme/a")
	}
	r.make("acme/b")
	r.split()
	repeats := r.repeats(b)
	s := r.run()
	r.wantThings()
	r.wantPopulation(s, evidence.PopulationCounts{Objects: 2, NoncurrentVersions: versions - 1, Expired: versions + 1, Anomalies: repeats})
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: versions + 1, Deleted: versions + 1})
	r.wantResult(s, evidence.ResultKept, 0)
}

func testMarkerPages(t *testing.T, b *bench) {
	const markers = 1001
	r := newReal(t, b.Server, enabled)
	r.loneMarkers(markers)
	r.make("acme/z")
	r.split()
	repeats := r.repeats(b)
	s := r.run()
	r.wantThings()
	r.wantPopulation(s, evidence.PopulationCounts{Objects: 1, DeleteMarkers: markers, Expired: markers + 1, Anomalies: repeats})
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: markers + 1, Deleted: markers + 1})
	r.wantResult(s, evidence.ResultKept, 0)
}

// loneMarkers leaves n delete markers with nothing under them.
func (r *real) loneMarkers(n int) {
	r.t.Helper()
	under := make([]types.ObjectIdentifier, n)
	var group errgroup.Group
	group.SetLimit(8)
	for i := range n {
		group.Go(func() error {
			key := fmt.Sprintf("acme/m%05d", i)
			id, err := r.tryMake(key)
			if err != nil {
				return err
			}
			under[i] = types.ObjectIdentifier{Key: &key, VersionId: &id}
			_, err = r.client.DeleteObject(r.t.Context(), &s3.DeleteObjectInput{Bucket: &r.bucket, Key: &key})
			return err
		})
	}
	if err := group.Wait(); err != nil {
		r.t.Fatalf("make delete markers: %v", err)
	}
	for len(under) > 0 {
		some := under[:min(len(under), 1000)]
		under = under[len(some):]
		out, err := r.client.DeleteObjects(r.t.Context(), &s3.DeleteObjectsInput{Bucket: &r.bucket, Delete: &types.Delete{Objects: some, Quiet: aws.Bool(true)}})
		if err != nil || len(out.Errors) > 0 {
			r.t.Fatalf("delete the versions under the markers: %v", err)
		}
	}
}

func testByID(t *testing.T, b *bench) {
	for _, last := range []types.BucketVersioningStatus{enabled, suspended} {
		t.Run(string(last), func(t *testing.T) {
			r := newReal(t, b.Server, enabled)
			r.make("acme/a")
			r.make("acme/a")
			r.version(last)
			r.make("acme/a")
			r.split()
			held := r.things()
			s := r.run()
			r.wantThings()
			r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 3, Deleted: 3})
			r.wantPopulation(s, evidence.PopulationCounts{Objects: 1, NoncurrentVersions: 2, Expired: 3})
			sent := r.sent()
			for _, x := range held {
				if n := sent[object{x.key, x.id}]; n != 1 {
					t.Errorf("version %s was sent %d times, want once", x.id, n)
				}
			}
			if len(sent) != len(held) {
				t.Errorf("deletes of %d entries were sent, want %d: %v", len(sent), len(held), sent)
			}
		})
	}
}

// sent counts the deletes that were sent for each key and version id.
func (r *real) sent() map[object]int {
	n := map[object]int{}
	for _, c := range r.deleteCalls() {
		if c.Op == "DeleteObject" {
			n[object{strings.TrimPrefix(c.Path, "/"+r.bucket+"/"), c.Query.Get("versionId")}]++
			continue
		}
		for _, o := range objectsOf(r.t, c) {
			n[o]++
		}
	}
	return n
}

func testVersioningAfterPlan(t *testing.T, b *bench) {
	r, keys := sixOld(t, b)
	r.planned(func() { r.version(enabled) })
	s := r.run()
	r.wantNothingHidden(s, keys)
	r.wantResult(s, evidence.ResultInconclusive, 3, bucket.CodeVersioningChanged)
}

func testVersioningBetweenBatches(t *testing.T, b *bench) {
	r, keys := sixOld(t, b)
	var batches atomic.Int32 // they may go side by side
	r.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if isDelete(c) {
			if batches.Add(1) == 2 {
				r.version(enabled)
			}
		}
		return buckettest.Verdict{}
	})
	s := r.run()
	if n := batches.Load(); n < 2 {
		t.Fatalf("%d batches were sent, want more", n)
	}
	r.wantNothingHidden(s, keys)
	r.wantResult(s, evidence.ResultInconclusive, 3, bucket.CodeVersioningChanged)
}

// sixOld is a bucket that never had versioning, with six old objects, to be
// swept in three batches.
func sixOld(t *testing.T, b *bench) (r *real, keys []string) {
	r = newReal(t, b.Server, "")
	r.spec.Stores[0].Batch = 2
	for i := range 6 {
		keys = append(keys, fmt.Sprintf("acme/%d", i))
		r.make(keys[i])
	}
	r.split()
	return r, keys
}

// wantNothingHidden checks that no delete marker was made, and that nothing is
// left of what the report calls gone.
func (r *real) wantNothingHidden(s *sweep.Sealed, keys []string) {
	r.t.Helper()
	left := map[string]bool{}
	for _, x := range r.things() {
		left[x.key] = true
		if x.kind == "marker" {
			r.t.Errorf("a delete marker was made on %s", x.key)
		}
	}
	for _, key := range keys {
		fate := r.fateOf(s.Number, "object", key, "")
		if gone := fate == "deleted" || fate == "absent"; gone == left[key] {
			r.t.Errorf("the report says %q of %s, and that it is listed is %v", fate, key, left[key])
		}
	}
}

func testRewritten(t *testing.T, b *bench) {
	for _, state := range []types.BucketVersioningStatus{"", suspended} {
		t.Run("versioning "+string(state), func(t *testing.T) {
			r := newReal(t, b.Server, state)
			id, want := "", []string{"object acme/a"}
			if state != "" {
				id = "null"
			}
			r.make("acme/a")
			r.make("acme/b")
			r.make("acme/hidden")
			r.split()
			r.planned(func() {
				r.advance(2 * time.Minute)
				r.make("acme/a")
				if state != "" {
					r.hide("acme/hidden") // its marker takes the name "null"
				}
			})
			s := r.run()
			fates := map[string]string{"acme/a": "changed " + sweep.CodeChanged, "acme/b": "deleted", "acme/hidden": "deleted"}
			if state != "" {
				fates["acme/hidden"] = "changed " + sweep.CodeChanged
				want = append(want, "marker acme/hidden")
			}
			r.wantThings(want...)
			for key, fate := range fates {
				if got := r.fateOf(s.Number, "object", key, id); got != fate {
					t.Errorf("the report says %q of %s, want %q", got, key, fate)
				}
			}
			if !r.readable("acme/a") {
				t.Error("what was written after the plan can't be read")
			}
		})
	}
}
