package sweep

import (
	"cmp"
	"context"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

const (
	// planFresh is how long a listing counts as a look at a rewritable entry.
	planFresh = time.Minute
	// attempts bounds how often a batch is sent. With the pauses below the last
	// one goes out some twenty seconds after the first, if each is refused whole.
	attempts = 8
)

// pauses grow and are jittered, so that many workers don't come back together.
func (s *Sweeper) pauses() *backoff.ExponentialBackOff {
	b := backoff.NewExponentialBackOff()
	b.InitialInterval, b.Multiplier, b.MaxInterval = cmp.Or(s.firstPause, 200*time.Millisecond), 2, 10*time.Second
	return b
}

// part is how much of a pause is made where so many of the keys that were sent have
// to go again. A store that took nearly all takes the few that are left soon. Those
// that it refuses for longer are all that is sent in the end: their pauses are whole.
func part(pause time.Duration, again, sent int) time.Duration {
	return time.Duration(float64(pause) * float64(again) / float64(sent))
}

// delete sends a batch until each of its entries has an outcome. A rewritable
// entry whose plan is old, or that was sent before, is looked at again first,
// and goes only if it is unchanged: what was written since must survive.
func (w *batch) delete(ctx context.Context, idx []int) error {
	growing := w.sweeper.pauses()
	checked, last := w.checked, make(map[int]bucket.Deletion)
	for attempt := 0; len(idx) > 0; attempt++ {
		stale := w.spec.OverwriteGuard != "off" && w.sweeper.Now().Sub(checked) > planFresh
		if attempt > 0 || (stale || w.resent) && w.rewritable(idx) || w.markers(idx) {
			asked := w.sweeper.Now()
			rest, err := w.recheck(ctx, idx)
			if err != nil {
				return w.unseen(ctx, idx, last, err)
			}
			idx, checked = rest, asked
		}
		if attempt == attempts || (attempt > 0 && (w.stop.Err() != nil || w.halted())) {
			w.giveUp(idx, last)
			return nil
		}
		if attempt > 0 {
			w.note(func() { w.retries += int64(len(idx)) })
		}
		if err := w.mayBegin(); err != nil {
			return err
		}
		rewritable, sent := w.rewritable(idx), len(idx)
		var err error
		if idx, err = w.send(ctx, idx, last); err != nil {
			return err
		}
		if rewritable { // the answer bounds when the delete was done
			w.note(func() { w.longest = max(w.longest, w.sweeper.Now().Sub(checked)) })
		}
		if ctx.Err() != nil {
			return context.Cause(ctx) // the lease is gone: the next run looks each entry up
		}
		if len(idx) > 0 {
			w.sweeper.Log.Warn().Str("store", w.spec.Name).Int("entries", len(idx)).Str("code", evidenceCode(last[idx[0]].Code)).
				Int("attempt", attempt+1).Msg("deletes without an answer that settles them: they are looked up, and what is unchanged goes again")
			if err := pause(w.begin, w.stop, part(growing.NextBackOff(), len(idx), sent)); err != nil {
				return err
			}
			if attempt+1 == attempts {
				continue
			}
			// Before they are looked at again: what is seen then should go at once.
			if err := w.pace.wait(w.begin, w.stop, len(idx), w.halted); err != nil {
				return err
			}
		}
	}
	return nil
}

// send makes one attempt and returns the entries that still need one. What the
// server said last of each is kept in last.
func (w *batch) send(ctx context.Context, idx []int, last map[int]bucket.Deletion) ([]int, error) {
	var again []int
	var no []refusal
	took, slowed, trip := 0, 0, w.pace.sent(len(idx))
	for j, d := range w.store.Delete(ctx, w.entriesOf(idx)) {
		i := idx[j]
		if d.Code == bucket.CodeVersioningChanged {
			w.lane.halt(bucket.CodeVersioningChanged)
		}
		if d.Status == bucket.Deleted {
			took++
		} else if evidenceCode(d.Code) == CodeThrottled {
			slowed++
		}
		switch {
		case d.Status == bucket.Deleted && w.entries[i].Kind == retention.Upload:
			w.may = true
			w.settle(i, evidence.OutcomeAborted, w.codes[i], evidence.ByResponse)
		case d.Status == bucket.Deleted:
			w.may = true
			if d.Code == bucket.CodeGuardIgnored {
				w.note(func() { w.ignored = true })
			}
			w.settle(i, evidence.OutcomeDeleted, "", evidence.ByResponse)
		case d.Status == bucket.Failed && (d.MayBeLocked || evidenceCode(d.Code) == CodeAccessDenied):
			no = append(no, refusal{i, d.Code})
		case d.Status == bucket.Failed && !d.Retryable:
			w.fail([]refusal{{i, d.Code}})
		default:
			last[i] = d
			again = append(again, i)
		}
	}
	w.pace.answered(trip, took, slowed)
	defer w.lane.answered() // when it is known whether the store is halted
	return again, w.refused(ctx, no, len(no) == len(idx) && !w.may)
}

// recheck lists the range of the entries, settles those that are gone, changed
// or markers that have to stay, and returns those that are there unchanged.
func (w *batch) recheck(ctx context.Context, idx []int) ([]int, error) {
	seen, err := looker{w.store, w.within, w.going}.look(ctx, w.entriesOf(idx))
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
		case hides:
			w.settle(i, evidence.OutcomePending, CodeMarkerHides, evidence.ByLookup)
		case unchanged:
			same = append(same, i)
		}
	}
	return same, nil
}

// giveUp settles entries that are there, unchanged, after the last attempt.
func (w *batch) giveUp(idx []int, last map[int]bucket.Deletion) {
	for _, i := range idx {
		if last[i].Code == bucket.CodeNotSent && w.stop.Err() != nil {
			w.settle(i, evidence.OutcomeLeft, CodeInterrupted, evidence.ByLookup)
			continue
		}
		w.settle(i, evidence.OutcomeFailed, evidenceCode(last[i].Code), evidence.ByLookup)
	}
}

// unseen settles entries that can't be looked up: never sent, they are left;
// sent, nobody knows.
func (w *batch) unseen(ctx context.Context, idx []int, last map[int]bucket.Deletion, cause error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w.sweeper.Log.Error().Str("store", w.spec.Name).Int("entries", len(idx)).Err(cause).Msg("entries can't be looked up again")
	for _, i := range idx {
		if d, sent := last[i]; sent {
			w.settle(i, evidence.OutcomeUnconfirmed, evidenceCode(d.Code), evidence.ByResponse)
		} else {
			w.settle(i, evidence.OutcomeLeft, CodeListing, evidence.ByLookup)
		}
	}
	return nil
}

// pause waits for d, or for the end of either context, and returns the error of
// the first of them.
func pause(ctx, stop context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-stop.Done():
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
