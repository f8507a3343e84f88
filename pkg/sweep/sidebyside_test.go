package sweep_test

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// wide makes a run with so many workers and returns what it sealed.
func (w *world) wide(ctx context.Context, workers int, progress sweep.Progress) *sweep.Sealed {
	w.t.Helper()
	w.req.Spec = w.spec
	w.req.Spec.Config = w.config()
	s := w.sweeper()
	s.Concurrency, s.Progress = workers, progress
	sealed, err := s.Run(ctx, w.req)
	if err != nil {
		w.t.Fatalf("run: %v\n%s", err, w.logs.String())
	}
	w.verify()
	return sealed
}

// seeds seeds n old objects, and returns their keys.
func (w *world) seeds(n int) []string {
	w.t.Helper()
	keys := make([]string, n)
	for i := range keys {
		keys[i] = w.seed("acme", 40*day, fmt.Sprintf("%04d", i))
	}
	return keys
}

// answer is that of a DeleteObjects to which the server says of each key what fate
// says: "" deletes it, anything else is an error code.
func (w *world) answer(c buckettest.Call, fate func(key string) string) buckettest.Verdict {
	var body strings.Builder
	body.WriteString("<DeleteResult>")
	for _, o := range objectsOf(w.t, c) {
		if code := fate(o.Key); code != "" {
			fmt.Fprintf(&body, "<Error><Key>%s</Key><VersionId>%s</VersionId><Code>%s</Code></Error>", o.Key, o.VersionID, code)
			continue
		}
		w.Remove(store1, o.Key)
		fmt.Fprintf(&body, "<Deleted><Key>%s</Key><VersionId>%s</VersionId></Deleted>", o.Key, o.VersionID)
	}
	body.WriteString("</DeleteResult>")
	return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: body.String()}}
}

func deleted(string) string { return "" }

// meeting is where requests wait until so many of them are there.
type meeting struct {
	t    *testing.T
	size int
	mu   sync.Mutex
	here int
	all  chan struct{}
}

func newMeeting(t *testing.T, size int) *meeting {
	return &meeting{t: t, size: size, all: make(chan struct{})}
}

// join waits for the others. One too many is an error.
func (m *meeting) join() {
	m.mu.Lock()
	m.here++
	if m.here > m.size {
		m.t.Errorf("%d deletes are in flight, want %d at most", m.here, m.size)
	}
	all := m.all
	if m.here == m.size {
		m.mu.Unlock()
		time.Sleep(20 * time.Millisecond) // for one too many to come
		m.mu.Lock()
		m.here, m.all = 0, make(chan struct{})
		close(all)
	}
	m.mu.Unlock()
	select {
	case <-all:
	case <-time.After(time.Minute):
		m.t.Errorf("fewer than %d deletes are in flight", m.size)
	}
}

func TestBatchesGoSideBySideAfterTheFirstAndNeverMoreThanAllowed(t *testing.T) {
	for _, workers := range []int{1, 2, 5} {
		t.Run(fmt.Sprint(workers, " workers"), func(t *testing.T) {
			w := newWorld(t)
			w.spec.Stores[0].Batch, w.cut = 3, 12 // batches of several segments go side by side
			w.seeds(3 * (1 + 4*workers))
			m, n := newMeeting(t, workers), atomic.Int64{}
			w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
				if !isDelete(c) {
					return buckettest.Verdict{}
				}
				if n.Add(1) == 1 {
					time.Sleep(20 * time.Millisecond) // for another one to come
					if n.Load() > 1 {
						t.Error("the first batch does not go alone")
					}
				} else {
					m.join()
				}
				return w.answer(c, deleted)
			})
			s := w.wide(t.Context(), workers, nil)
			w.wantKeys()
			w.wantResult(s, evidence.ResultKept, 0)
			if got := int(n.Load()); got != 1+4*workers {
				t.Errorf("%d deletes, want %d: one a batch", got, 1+4*workers)
			}
		})
	}
}

func TestASegmentTakesNoMoreDeletesThanItsBatchesAndTwo(t *testing.T) {
	for _, c := range []struct{ entries, batch, segment int }{{1, 1000, 0}, {100, 7, 0}, {100, 7, 30}, {64, 64, 64}, {65, 64, 64}} {
		w := newWorld(t)
		w.spec.Stores[0].Batch, w.cut = c.batch, c.segment
		w.seeds(c.entries)
		w.deletes(deleted)
		w.wide(t.Context(), 4, nil)
		w.wantKeys()
		most := 0
		for left := c.entries; left > 0; {
			n := left
			if c.segment > 0 {
				n = min(n, c.segment)
			}
			most += (n+c.batch-1)/c.batch + 2
			left -= n
		}
		if got := len(w.deleteCalls()); got > most {
			t.Errorf("%+v: %d deletes, want %d at most", c, got, most)
		}
	}
}

// A server that is slow now and then: what it did not say it deleted is not called
// deleted, and in the end all of it goes but what it never takes.
func TestKeysThatAreThrottledNowAndThenAllGoAndAreCalledDeletedOnlyWhenTheServerSaysSo(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Batch, w.cut = 40, 120
	keys := w.seeds(300)
	stuck := keys[77]
	var mu sync.Mutex
	asked, refused := map[string]int{}, map[string]int64{}
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if !isDelete(c) {
			return buckettest.Verdict{}
		}
		mu.Lock()
		defer mu.Unlock()
		return w.answer(c, func(key string) string {
			asked[key]++
			// One in twenty of all that are asked, some of them twice.
			if key == stuck || (len(asked)+asked[key])%20 == 0 && asked[key] <= 2 {
				refused[key]++
				return "SlowDown"
			}
			return ""
		})
	})
	s := w.wide(t.Context(), 4, nil)
	w.wantKeys(stuck)
	var retries int64
	for key, n := range refused {
		if key == stuck {
			n-- // the last one is no retry any more
		}
		retries += n
	}
	if len(refused) < 10 {
		t.Fatalf("only %d keys were refused", len(refused))
	}
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 300, Deleted: 299, Failed: 1})
	w.wantFates(0, map[string]string{stuck: "failed THROTTLED", keys[0]: "deleted"})
	if got := s.Predicate.Totals.Retries; got != retries {
		t.Errorf("retries: %d, want %d", got, retries)
	}
	for key, n := range asked {
		if want := int(refused[key]) + 1; key != stuck && n != want {
			t.Errorf("%s was sent %d times, want %d", key, n, want)
		}
	}
	for _, word := range []string{"asks to slow down"} {
		if n := strings.Count(w.logs.String(), word); n == 0 || n > 4 {
			t.Errorf("the log says %d times that the store %q", n, word)
		}
	}
}

func TestBatchesThatAreThrottledAsAWholeGoAgain(t *testing.T) {
	for _, v := range []buckettest.Verdict{
		buckettest.Refuse(http.StatusServiceUnavailable, "SlowDown", "no"), buckettest.Refuse(http.StatusBadRequest, "Throttling", "no"),
		buckettest.Refuse(http.StatusTooManyRequests, "TooManyRequests", "no"), buckettest.Refuse(http.StatusServiceUnavailable, "RequestLimitExceeded", "no"),
	} {
		w := newWorld(t)
		w.spec.Stores[0].Batch = 4
		w.seeds(40)
		var mu sync.Mutex
		seen := map[string]bool{}
		w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
			if !isDelete(c) {
				return buckettest.Verdict{}
			}
			mu.Lock()
			defer mu.Unlock()
			if first := objectsOf(t, c)[0].Key; !seen[first] {
				seen[first] = true
				return v
			}
			return w.answer(c, deleted)
		})
		s := w.wide(t.Context(), 4, nil)
		w.wantKeys()
		w.wantResult(s, evidence.ResultKept, 0)
		w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 40, Deleted: 40})
		if n, calls := s.Predicate.Totals.Retries, len(w.deleteCalls()); n != 40 || calls != 20 {
			t.Errorf("%s: %d retries and %d deletes, want 40 and 20", v.Answer.Body, n, calls)
		}
		if !strings.Contains(w.logs.String(), "asks to slow down") {
			t.Errorf("%s: the log does not say that the store asks to slow down", v.Answer.Body)
		}
	}
}

// settled is a Progress that knows how many entries have an outcome.
type settled struct {
	mu     sync.Mutex
	n      int
	reach  int
	passed chan struct{}
}

func (*settled) Step(string)          {}
func (*settled) Expect(int64)         {}
func (*settled) Listed(int, int, int) {}

func (s *settled) Done(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.n += n; s.n-n < s.reach && s.n >= s.reach {
		close(s.passed)
	}
}

func TestAHaltFinishesTheBatchesInFlightAndBeginsNone(t *testing.T) {
	const workers, batch = 4, 2
	w := newWorld(t)
	w.spec.Stores[0].Batch, w.cut = batch, 6 // later segments are left too
	keys := w.seeds(batch * 15)
	// Two outcomes are the first batch's, and the third is of the one that halts.
	p := &settled{reach: batch + 1, passed: make(chan struct{})}
	m, n := newMeeting(t, workers), atomic.Int64{}
	var halting atomic.Value
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if !isDelete(c) {
			return buckettest.Verdict{}
		}
		switch n.Add(1) {
		case 1:
			return w.answer(c, deleted)
		case 2:
			m.join()
			o := objectsOf(t, c)[0]
			halting.Store(o.Key)
			return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: "<DeleteResult><Deleted><Key>" + o.Key +
				"</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>3x</DeleteMarkerVersionId></Deleted></DeleteResult>"}}
		}
		m.join()
		<-p.passed
		return w.answer(c, deleted)
	})
	s := w.wide(t.Context(), workers, p)
	if got := n.Load(); got != 1+workers {
		t.Errorf("%d deletes, want the first and the %d that were in flight", got, workers)
	}
	// Of the halting batch one key is failed; the other, passed over in silence, is looked up and not sent again.
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 30, Deleted: batch * workers, Failed: 2, Left: 30 - batch*(1+workers)})
	key, _ := halting.Load().(string)
	w.wantFates(0, map[string]string{keys[0]: "deleted", key: "failed " + bucket.CodeVersioningChanged, keys[29]: "left " + bucket.CodeVersioningChanged})
	w.wantResult(s, evidence.ResultBroken, 3, sweep.CodeFailed, sweep.CodeLeft)
}

func TestAStopFinishesAllBatchesInFlight(t *testing.T) {
	const workers, batch = 4, 2
	w := newWorld(t)
	w.spec.Stores[0].Batch, w.cut = batch, 6
	keys := w.seeds(batch * 15)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	m, n := newMeeting(t, workers), atomic.Int64{}
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if !isDelete(c) {
			return buckettest.Verdict{}
		}
		if n.Add(1) > 1 {
			m.join()
			cancel()
		}
		return w.answer(c, deleted)
	})
	s := w.wide(ctx, workers, nil)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 30, Deleted: batch * (1 + workers), Left: 30 - batch*(1+workers)})
	w.wantFates(0, map[string]string{keys[0]: "deleted", keys[29]: "left INTERRUPTED"})
	w.wantResult(s, evidence.ResultInterrupted, 1)
}
