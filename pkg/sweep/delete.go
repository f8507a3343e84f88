package sweep

import (
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

const (
	// planFresh is how long a listing counts as a look at a rewritable entry.
	planFresh = time.Minute
	// attempts bounds how often a batch is sent. With the pauses below the last
	// one goes out about half a minute after the first.
	attempts = 8
)

// pauses grow and are jittered, so that many workers don't come back together.
func pauses() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.MaxInterval = 200*time.Millisecond, 2, 10*time.Second
	return b
}

// delete sends a batch until each of its entries has an outcome. A rewritable
// entry whose plan is old, or that was sent before, is looked at again first,
// and goes only if it is unchanged: what was written since must survive.
func (w *sweeping) delete(ctx context.Context, idx []int) error {
	pause := pauses()
	checked, last := w.checked, make(map[int]bucket.Deletion)
	for attempt := 0; len(idx) > 0; attempt++ {
		stale := w.spec.OverwriteGuard != "off" && w.sweeper.Now().Sub(checked) > planFresh && w.rewritable(idx)
		if attempt > 0 || stale {
			asked := w.sweeper.Now()
			rest, err := w.recheck(ctx, idx)
			if err != nil {
				return w.unseen(ctx, idx, last, err)
			}
			idx, checked = rest, asked
		}
		if attempt == attempts || (attempt > 0 && w.stop.Err() != nil) {
			w.giveUp(idx, last)
			return nil
		}
		if w.rewritable(idx) {
			w.longest = max(w.longest, w.sweeper.Now().Sub(checked))
		}
		again := w.send(ctx, idx, last)
		if ctx.Err() != nil {
			return context.Cause(ctx) // the lease is gone: the next run looks each entry up
		}
		if idx = again; len(idx) > 0 {
			w.retries += int64(len(idx))
			w.wait(ctx, pause.NextBackOff())
		}
	}
	return nil
}

// send makes one attempt and returns the entries that still need one. What the
// server said last of each is kept in last.
func (w *sweeping) send(ctx context.Context, idx []int, last map[int]bucket.Deletion) []int {
	var again []int
	denied := 0
	for j, d := range w.store.Delete(ctx, w.entriesOf(idx)) {
		i := idx[j]
		switch {
		case d.Status == bucket.Deleted:
			w.settle(i, evidence.OutcomeDeleted, "", evidence.ByResponse)
		case d.Status == bucket.Failed && !d.Retryable:
			w.settle(i, evidence.OutcomeFailed, d.Code, evidence.ByResponse)
			if d.Code == "AccessDenied" {
				denied++
			}
			if d.Code == bucket.CodeVersioningChanged {
				w.halt = bucket.CodeVersioningChanged
			}
		default:
			last[i] = d
			again = append(again, i)
		}
	}
	if denied > 0 && denied == len(idx) {
		w.halt = "ACCESS_DENIED" // and no lock can be why: this bucket never had versioning
	}
	return again
}

// recheck lists the range of the entries, settles those that are gone or
// changed, and returns those that are there unchanged.
func (w *sweeping) recheck(ctx context.Context, idx []int) ([]int, error) {
	seen, err := lookup(ctx, w.store, w.prefix, w.entriesOf(idx))
	if err != nil {
		return nil, err
	}
	var same []int
	for j, i := range idx {
		switch seen[j] {
		case gone:
			w.settle(i, evidence.OutcomeAbsent, "", evidence.ByLookup)
		case changed:
			w.settle(i, evidence.OutcomeChanged, CodeChanged, evidence.ByLookup)
		case unchanged:
			same = append(same, i)
		}
	}
	return same, nil
}

// giveUp settles entries that are there, unchanged, after the last attempt.
func (w *sweeping) giveUp(idx []int, last map[int]bucket.Deletion) {
	for _, i := range idx {
		w.settle(i, evidence.OutcomeFailed, failure(last[i]), evidence.ByLookup)
	}
}

// unseen settles entries that can't be looked up: never sent, they are left;
// sent, nobody knows.
func (w *sweeping) unseen(ctx context.Context, idx []int, last map[int]bucket.Deletion, cause error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w.sweeper.Log.Error().Str("store", w.spec.Name).Int("entries", len(idx)).Err(cause).Msg("entries can't be looked up again")
	for _, i := range idx {
		if d, sent := last[i]; sent {
			w.settle(i, evidence.OutcomeUnconfirmed, failure(d), evidence.ByResponse)
		} else {
			w.settle(i, evidence.OutcomeLeft, CodeListing, evidence.ByLookup)
		}
	}
	return nil
}

// failure is the code for an entry that no attempt removed.
func failure(d bucket.Deletion) string {
	switch d.Code {
	case "SlowDown", "ServiceUnavailable", "RequestLimitExceeded", "Throttling":
		return CodeThrottled
	case "":
		return bucket.CodeNoAnswer
	default:
		return d.Code
	}
}

func (w *sweeping) wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-w.stop.Done():
	}
}
