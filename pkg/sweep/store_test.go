package sweep_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

func TestIncompleteUploadsGoLikeEverythingElse(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	answer, err := http.Post(w.Server.URL+"/"+store1+"/"+dated("acme", 40*day, "u")+"?uploads", "", nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("an upload can't be begun: %v, %v", answer, err)
	}
	answer.Body.Close()
	w.OnResponse(func(op string, r *http.Response) { // the server dates it by its own clock
		w.date(r)
		if op == "ListMultipartUploads" {
			buckettest.EditBody(r, func(body string) string {
				return initiated.ReplaceAllString(body, "<Initiated>"+noon.Add(-40*day).Format(time.RFC3339)+"</Initiated>")
			})
		}
	})
	s := w.run()
	w.wantKeys()
	w.wantResult(s, evidence.ResultKept, 0)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 2, Deleted: 1, Aborted: 1})
	if p := s.Predicate.Totals; p.Uploads != 1 || p.Objects != 1 || p.Listed != 2 {
		t.Errorf("population is %+v, want one object and one upload", p.PopulationCounts)
	}
	if s := w.run(); s.Predicate.Totals.Listed != 0 {
		t.Errorf("the next run lists %+v, want nothing", s.Predicate.Totals.PopulationCounts)
	}
}

func TestUploadsThatCanNotBeListedMakeAStoreInconclusive(t *testing.T) {
	for name, listed := range map[string]int{"before the sweep": 0, "after the sweep": 1} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seed("acme", 40*day, "a")
			w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
				if c.Op == "ListMultipartUploads" && len(w.Calls("ListMultipartUploads")) > listed {
					return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
				}
				return buckettest.Verdict{}
			})
			s := w.run()
			w.wantKeys()
			w.wantResult(s, evidence.ResultInconclusive, 3, sweep.CodeUploadsUnseen)
		})
	}
}

func TestAStoreThatCanNotBeReachedHoldsNoOtherUp(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	for _, lost := range []string{"closed-port", "no-such-bucket"} {
		spec := w.store(lost)
		if lost == "closed-port" {
			spec.Endpoint = "http://user:hush@127.0.0.1:1/path"
		}
		w.spec.Stores = append(w.spec.Stores, spec)
	}
	s := w.run()
	w.wantKeys()
	w.wantResult(s, evidence.ResultInconclusive, 3, sweep.CodeUnreachable)
	if n := reason(s, sweep.CodeUnreachable); n != 2 {
		t.Errorf("%d stores are said to be unreachable, want 2", n)
	}
	for i, want := range []string{"", sweep.CodeUnreachable, sweep.CodeUnreachable} {
		if got := s.Predicate.Stores[i]; got.Note != want || s.Predicate.Population[i].Complete != (want == "") {
			t.Errorf("store %s has the note %q and complete %v", got.Name, got.Note, s.Predicate.Population[i].Complete)
		}
	}
	if host := s.Predicate.Stores[1].EndpointHost; host != "127.0.0.1:1" {
		t.Errorf("the endpoint's host is %q", host)
	}
}

func TestWithoutAnyStoreNothingIsReportedAndNoNumberTaken(t *testing.T) {
	w := newWorld(t)
	spec := w.spec.Stores
	w.spec.Stores = []sweep.StoreSpec{w.store("no-such-bucket")}
	if _, err := w.try(t.Context()); err == nil || !strings.Contains(err.Error(), "no-such-bucket") {
		t.Fatalf("error %v, want one that names the bucket", err)
	}
	w.spec.Stores = spec
	if s := w.run(); s.Number != 0 || len(s.Recovered) > 0 {
		t.Errorf("the next run has number %d and recovered %v, want 0 and none", s.Number, s.Recovered)
	}
}

func TestAStoreThatMayNotBeSweptIsNamed(t *testing.T) {
	w := newWorld(t)
	w.CreateBucket("denied")
	w.spec.Stores = append(w.spec.Stores, w.store("denied"))
	w.Put("denied", dated("acme", 40*day, "a"), nil, noon.Add(-40*day))
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "DeleteObjects" && strings.HasPrefix(c.Path, "/denied") {
			return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
		}
		return buckettest.Verdict{}
	})
	w.seed("acme", 40*day, "a")
	s := w.run()
	w.wantKeys()
	w.wantResult(s, evidence.ResultInconclusive, 3, sweep.CodeDeleteDenied)
	if n := len(w.Keys("denied")); n != 1 {
		t.Errorf("the store that may not be swept holds %d objects, want 1", n)
	}
}

func TestWhereAListingFailsNothingIsDeleted(t *testing.T) {
	for _, after := range []bool{true, false} { // the listing after the sweep fails too
		t.Run(fmt.Sprintf("the second listing fails: %v", after), func(t *testing.T) {
			w := newWorld(t)
			w.CreateBucket("other")
			w.spec.Stores = append(w.spec.Stores, w.store("other"))
			w.Put("other", dated("acme", 40*day, "a"), nil, noon.Add(-40*day))
			var keys []string
			for i := range 1100 {
				keys = append(keys, w.seed("acme", 40*day, fmt.Sprintf("r%04d", i)))
			}
			healed := false
			w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
				if c.Op == "ListObjectsV2" && strings.HasPrefix(c.Path, "/"+store1) && c.Query.Has("continuation-token") && !healed {
					healed = !after
					return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no more")
				}
				return buckettest.Verdict{}
			})
			s := w.run()
			w.wantKeys(keys...)
			if n := len(w.Keys("other")); n != 0 {
				t.Errorf("the other store holds %d objects, want none", n)
			}
			w.wantResult(s, evidence.ResultInconclusive, 3, sweep.CodeListing, sweep.CodeLeft)
			w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 1001, Deleted: 1, Left: 1000})
			w.wantFates(0, map[string]string{keys[0]: "left LISTING_INCOMPLETE", keys[1099]: ""})
			w.OnRequest(nil)
			w.wantResult(w.run(), evidence.ResultKept, 0)
			w.wantKeys()
		})
	}
}

func TestAServerThatWantsMD5IsSweptWithIt(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "DeleteObjects" && c.Header.Get("Content-MD5") == "" {
			return buckettest.Refuse(http.StatusBadRequest, "InvalidRequest", "Missing required header for this request: Content-MD5")
		}
		return buckettest.Verdict{}
	})
	w.wantResult(w.run(), evidence.ResultKept, 0)
	w.wantKeys()
}

func TestVersioningSwitchedOnDuringTheRunStopsTheStore(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Batch = 2
	var keys []string
	for i := range 6 {
		keys = append(keys, w.seed("acme", 40*day, fmt.Sprintf("r%d", i)))
	}
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if !isDelete(c) {
			return buckettest.Verdict{}
		}
		var body strings.Builder
		for _, o := range objectsOf(t, c) {
			fmt.Fprintf(&body, "<Deleted><Key>%s</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>v1</DeleteMarkerVersionId></Deleted>", o.Key)
		}
		return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: "<DeleteResult>" + body.String() + "</DeleteResult>"}}
	})
	s := w.run()
	w.wantResult(s, evidence.ResultBroken, 3, sweep.CodeFailed)
	w.wantFates(0, map[string]string{keys[0]: "failed VERSIONING_CHANGED", keys[1]: "failed VERSIONING_CHANGED",
		keys[2]: "left VERSIONING_CHANGED", keys[5]: "left VERSIONING_CHANGED"})
	if n := len(w.deleteCalls()); n != 1 {
		t.Errorf("%d deletes were sent, want one", n)
	}
}

func TestVersioningThatIsOnAfterTheSweepIsInconclusive(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	w.OnAnswer("GetBucketVersioning", func(body string) string {
		if slices.ContainsFunc(w.Calls("DeleteObjects"), isDelete) && len(w.Keys(store1)) == 0 {
			return `<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>`
		}
		return body
	})
	s := w.run()
	w.wantResult(s, evidence.ResultInconclusive, 3, bucket.CodeVersioningChanged)
}

func TestTwoThousandObjectsGoInSeveralBatchesAndSegments(t *testing.T) {
	w := newWorld(t)
	w.cut = 700
	w.spec.Stores[0].Batch = 300
	var young []string
	var want int64
	for i := range 2500 {
		key := fmt.Sprintf("team-%d/2026/0/0/r%05d", i%7, i)
		if i%5 == 0 {
			w.put(key, day)
			young = append(young, key)
		} else {
			w.put(key, 40*day)
			want++
		}
	}
	w.spec.Stores[0].Layouts = []string{"{team}/{rest}"}
	s := w.run()
	w.wantKeys(young...)
	w.wantResult(s, evidence.ResultKept, 0)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: want, Deleted: want})
	if n := s.Predicate.Manifest.PartCount; n != (want+699)/700 {
		t.Errorf("%d parts, want one a segment of 700 at most", n)
	}
	if p := s.Predicate.Totals; p.Listed != 2500 || p.Kept != 500 || p.Pages < 3 {
		t.Errorf("population is %+v", p.PopulationCounts)
	}
	for _, c := range w.deleteCalls() {
		if n := len(objectsOf(t, c)); n > 300 {
			t.Errorf("a batch of %d, want 300 at most", n)
		}
	}
	for _, l := range w.lines(0) {
		if l.Outcome != evidence.OutcomeDeleted || l.TeamRef == "" || l.Created != "2026-10-16T12:00:00Z" || l.At != "2026-11-25T12:00:00Z" {
			t.Fatalf("a line is %+v", l)
		}
	}
}

// Two servers may each have a bucket of one name, with one key in both.
func TestOneKeyInBucketsOfOneNameOnTwoServersIsTwoEntries(t *testing.T) {
	w := newWorld(t)
	other := buckettest.Embedded(t)
	other.CreateBucket(store1)
	again := buckettest.Proxy(t, other.URL)
	again.OnResponse(func(_ string, r *http.Response) { w.date(r) })
	second := w.store(store1)
	second.Name, second.Endpoint = "elsewhere", again.URL
	w.spec.Stores = append(w.spec.Stores, second)
	for _, s := range []*buckettest.Server{w.Server, other} {
		s.Put(store1, "acme/2026/01/01/r1.request.json", []byte("{}"), noon.Add(-90*day))
	}
	if s := w.run(); s.Predicate.Totals.Deleted != 2 {
		t.Errorf("totals %+v", s.Predicate.Totals)
	}
}
