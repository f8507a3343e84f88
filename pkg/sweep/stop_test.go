package sweep_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// stopAt ends ctx when the n-th request of that kind comes.
func (w *world) stopAt(cancel context.CancelFunc, n int, kind func(buckettest.Call) bool) {
	var seen atomic.Int64
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if kind(c) && seen.Add(1) == int64(n) {
			cancel()
		}
		return buckettest.Verdict{}
	})
}

// stride is how a test that tries every point of a run walks: with -short it tries
// some of them.
func stride() int64 {
	if testing.Short() {
		return 5
	}
	return 1
}

func isList(c buckettest.Call) bool { return c.Op == "ListObjectsV2" }

func TestAStopFinishesTheBatchInFlightAndSealsAsInterrupted(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Batch, w.cut = 2, 4
	var keys []string
	for i := range 7 {
		keys = append(keys, w.seed("acme", 40*day, fmt.Sprint(i)))
	}
	ctx, cancel := context.WithCancel(t.Context())
	w.stopAt(cancel, 1, isDelete)
	s, err := w.try(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w.verify()
	w.wantKeys(keys[2:]...)
	w.wantResult(s, evidence.ResultInterrupted, 1, sweep.CodeInterrupted)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 7, Deleted: 2, Left: 5})
	w.wantFates(0, map[string]string{keys[0]: "deleted", keys[1]: "deleted", keys[2]: "left INTERRUPTED", keys[6]: "left INTERRUPTED"})

	w.OnRequest(nil)
	s = w.run()
	w.wantKeys()
	w.wantResult(s, evidence.ResultKept, 0)
	if s.Number != 1 || len(s.Recovered) > 0 || reason(s, sweep.CodeLeaseTakenOver) > 0 {
		t.Errorf("the next run has number %d, recovered %v, reasons %v", s.Number, s.Recovered, s.Predicate.Reasons)
	}
}

func TestAStopAtAnyRequestSealsAReport(t *testing.T) {
	count := newWorld(t)
	for i := range 3 {
		count.seed("acme", 40*day, fmt.Sprint(i))
	}
	count.run()
	all := len(count.Calls(""))
	for _, kind := range []string{evidence.TypeSweep, evidence.TypeDryRun, evidence.TypeAttestation} {
		for n := 1; n <= all; n += int(stride()) {
			w := newWorld(t)
			for i := range 3 {
				w.seed("acme", 40*day, fmt.Sprint(i))
			}
			young := w.seed("acme", day, "young")
			w.req.Type = kind
			ctx, cancel := context.WithCancel(t.Context())
			w.stopAt(cancel, n, func(buckettest.Call) bool { return true })
			s, err := w.try(ctx)
			if err != nil {
				t.Fatalf("%s stopped at request %d: %v", kind, n, err)
			}
			w.verify()
			if n <= 3 && sweep.ExitCode(s.Predicate) != 1 {
				t.Errorf("%s stopped at request %d exits %d, want 1", kind, n, sweep.ExitCode(s.Predicate))
			}
			w.OnRequest(nil)
			w.req.Type = evidence.TypeSweep
			w.run()
			w.wantKeys(young)
			cancel()
		}
	}
}

func TestAStopBeforeTheRunTakesNoNumber(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := w.try(ctx); err == nil {
		t.Fatal("a run that was stopped before it began was made")
	}
	w.wantKeys(key)
	if s := w.run(); s.Number != 0 {
		t.Errorf("the next run has number %d, want 0", s.Number)
	}
}

func TestAStopWhileThrottledKeysWaitSettlesThem(t *testing.T) {
	w := newWorld(t)
	a, b, _ := three(w)
	ctx, cancel := context.WithCancel(t.Context())
	w.deletes(func(key string) string {
		cancel()
		if key == a {
			return ""
		}
		return "SlowDown"
	})
	s, err := w.try(ctx)
	if err != nil {
		t.Fatal(err)
	}
	w.verify()
	w.wantFates(0, map[string]string{a: "deleted", b: "failed THROTTLED"})
	w.wantResult(s, evidence.ResultInterrupted, 1)
	if n := w.times()[b]; n != 1 {
		t.Errorf("a throttled key was sent %d times after the stop", n)
	}
}

func TestTwoRunsAtOnceAreRefused(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	var errs []error
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if isList(c) && len(errs) == 0 {
			errs = append(errs, nil)
			_, errs[0] = w.try(t.Context())
		}
		return buckettest.Verdict{}
	})
	w.run()
	if len(errs) != 1 || !errors.Is(errs[0], vault.ErrHeld) {
		t.Errorf("a second run while one was made: %v, want one that wraps ErrHeld", errs)
	}
	w.wantKeys()
}

// A server that doesn't answer would be waited for until the client gives up.
func TestAStopDoesNotWaitForAListing(t *testing.T) {
	for name, verdict := range map[string]buckettest.Verdict{"hangs": {Delay: time.Hour}, "is away": buckettest.Refuse(503, "SlowDown", "away")} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.patience = time.Hour
			w.seed("acme", 40*day, "old")
			ctx, cancel := context.WithCancel(t.Context())
			w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
				if !isList(c) {
					return buckettest.Verdict{}
				}
				cancel()
				return verdict
			})
			done := make(chan *sweep.Sealed, 1)
			go func() {
				s, err := w.try(ctx)
				if err != nil {
					t.Error(err)
				}
				done <- s
			}()
			select {
			case s := <-done:
				w.wantResult(s, evidence.ResultInterrupted, 1, sweep.CodeInterrupted)
			case <-time.After(30 * time.Second): // it would be an hour
				t.Fatal("the run waits for the listing")
			}
		})
	}
}
