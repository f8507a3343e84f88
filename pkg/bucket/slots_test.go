package bucket_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestNoMoreRequestsAreInFlightThanThereAreSlots(t *testing.T) {
	const slots, workers = 3, 12
	s := newStand(t, numbered(1500)...)
	s.CreateBucket("other")
	s.Put("other", "k", nil, old)
	to, err := url.Parse(s.Gate.URL)
	if err != nil {
		t.Fatal(err)
	}
	var now, most atomic.Int64
	through := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(to); r.Out.Host = r.In.Host }}
	counting := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := now.Add(1)
		for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
		}
		time.Sleep(5 * time.Millisecond)
		// The client may send its next request as soon as it has read the answer,
		// which is before the handler returns.
		recorded := httptest.NewRecorder()
		through.ServeHTTP(recorded, r)
		now.Add(-1)
		for name, values := range recorded.Header() {
			w.Header()[name] = values
		}
		w.WriteHeader(recorded.Code)
		_, _ = w.Write(recorded.Body.Bytes())
	}))
	t.Cleanup(counting.Close)
	shared := bucket.NewSlots(slots)
	var stores []*bucket.Bucket
	for _, name := range []string{name, "other"} {
		c := s.Server.Config(name)
		c.Endpoint, c.Slots = counting.URL, shared
		stores = append(stores, open(t, c))
	}
	var all sync.WaitGroup
	for i := range workers {
		all.Go(func() {
			b := stores[i%2]
			for page, err := range b.Pages(t.Context(), bucket.Range{}) {
				if err != nil {
					t.Error(err)
				}
				b.Delete(t.Context(), page.Entries[:1])
			}
		})
	}
	all.Wait()
	if most.Load() > slots || most.Load() < 2 {
		t.Errorf("%d requests were in flight at once, want some, and at most %d", most.Load(), slots)
	}
	if len(shared) != 0 {
		t.Errorf("%d slots were not given back", len(shared))
	}
}

func TestSlotsAreGivenBackHoweverARequestEnds(t *testing.T) {
	for name, verdict := range map[string]buckettest.Verdict{
		"well":              {},
		"dropped":           {Drop: true},
		"lost":              {Lose: true},
		"denied":            buckettest.Refuse(http.StatusForbidden, "AccessDenied", ""),
		"busy":              buckettest.Refuse(http.StatusServiceUnavailable, "SlowDown", ""),
		"an error as 200":   buckettest.Refuse(http.StatusOK, "InternalError", ""),
		"not S3":            {Answer: &buckettest.Answer{Status: http.StatusOK, Type: "text/html", Body: "<html>"}},
		"not S3, not found": {Answer: &buckettest.Answer{Status: http.StatusNotFound, Type: "text/html", Body: "<html>"}},
		"no body":           {Answer: &buckettest.Answer{Status: http.StatusForbidden}},
		"half a listing":    xml("<ListBucketResult><IsTruncated>"),
	} {
		t.Run(name, func(t *testing.T) {
			eitherDecoder(t, func(t *testing.T, decoder string) {
				s := newStand(t, "a", "b")
				c := s.config()
				c.Slots, c.ListDecoder = bucket.NewSlots(1), decoder
				b := open(t, c)
				var met sync.Map
				s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
					if _, again := met.LoadOrStore(c.Op, true); again {
						return buckettest.Verdict{}
					}
					return verdict
				})
				for _, what := range []bucket.Listing{bucket.Current, bucket.Versions} {
					_ = listingError(t.Context(), b, bucket.Range{What: what})
				}
				b.Delete(t.Context(), []retention.Entry{{Key: "a", Kind: retention.Object}, {Key: "a\x01", Kind: retention.Object}, {Key: "u", ID: "u", Kind: retention.Upload}})
				if n := len(c.Slots); n != 0 {
					t.Errorf("%d slots were not given back", n)
				}
			})
		})
	}
}

func TestWaitingForASlotEndsWithTheContext(t *testing.T) {
	s := newStand(t, "a")
	c := s.config()
	c.Slots = bucket.NewSlots(1)
	c.Slots <- struct{}{}
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if err := listingError(ctx, open(t, c), bucket.Range{}); !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want %v", err, context.Canceled)
	}
	if n := len(s.Calls("")); n != 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestTheClockIsComparedWithoutTheWaitForASlot(t *testing.T) {
	s := newStand(t, "a")
	c := s.config()
	c.Slots = bucket.NewSlots(1)
	c.Slots <- struct{}{}
	freed := make(chan time.Time, 1)
	time.AfterFunc(50*time.Millisecond, func() { freed <- time.Now(); <-c.Slots })
	state, err := open(t, c).Inspect(t.Context())
	if at := <-freed; err != nil || state.LocalTime.Before(at) {
		t.Errorf("local time %v, error %v; want none before the slot was free, at %v", state.LocalTime, err, at)
	}
}
