package sweep

import (
	"context"
	"errors"
	"slices"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

const (
	// lockSample is how many refused entries are asked first: where none of them
	// is locked, a lock is not why.
	lockSample = 10
	// closeLooks is how many entries are looked at closely side by side.
	closeLooks = 8
)

// refusal is an entry whose delete was refused, and the server's code for it.
type refusal struct {
	i    int
	code string
}

// refused settles entries whose delete was refused, by a lock or for want of a
// right: many servers say AccessDenied to both. whole says that all of the batch
// were.
func (w *batch) refused(ctx context.Context, all []refusal, whole bool) error {
	switch {
	case len(all) == 0:
		return nil
	case !w.lockable(all):
		w.fail(all)
		return w.stopIfDenied(ctx, all, whole)
	case w.muted():
		w.deny(all)
		return nil
	}
	sample, rest := split(all)
	locked, err := w.settleLocks(ctx, sample)
	switch {
	case err != nil:
		return err
	case w.muted():
		w.deny(rest)
		return nil
	case locked == 0:
		w.fail(rest)
		return w.stopIfDenied(ctx, all, whole)
	}
	_, err = w.settleLocks(ctx, rest)
	return err
}

// lockable reports whether a lock can be why deletes are refused. Neither markers
// nor uploads have one, and neither of them is in a batch with versions.
func (w *sweeping) lockable(refused []refusal) bool {
	return w.within.What == bucket.Versions && w.objectLock != bucket.StateNone && w.entries[refused[0].i].Kind != retention.Marker
}

// split takes a sample out of the refused, evenly.
func split(all []refusal) (sample, rest []refusal) {
	step := max(1, len(all)/lockSample)
	for n, r := range all {
		if n%step == 0 && len(sample) < lockSample {
			sample = append(sample, r)
		} else {
			rest = append(rest, r)
		}
	}
	return sample, rest
}

// lockSight is what a question for an entry's lock showed.
type lockSight struct {
	lock bucket.Lock
	err  error
}

// locks asks for the lock of each entry.
func (w *sweeping) locks(ctx context.Context, refused []refusal) ([]lockSight, error) {
	sights := make([]lockSight, len(refused))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(closeLooks)
	for n, r := range refused {
		group.Go(func() error {
			sights[n].lock, sights[n].err = w.store.Lock(gctx, w.entries[r.i].Entry())
			return gctx.Err()
		})
	}
	if group.Wait() != nil {
		return nil, context.Cause(ctx)
	}
	return sights, nil
}

// settleLocks gives each refused entry its outcome, by its lock, and returns how
// many are locked. Where nobody may ask, the entries are denied, and nobody asks
// again in this segment.
func (w *sweeping) settleLocks(ctx context.Context, refused []refusal) (locked int, err error) {
	sights, err := w.locks(ctx, refused)
	if err != nil {
		return 0, err
	}
	now := w.sweeper.Now()
	for n, r := range refused {
		switch x := sights[n]; {
		case errors.Is(x.err, bucket.ErrGone):
			w.settle(r.i, evidence.OutcomeAbsent, "", evidence.ByLookup)
		case bucket.Denied(x.err):
			w.mayNotAsk(x.err)
			w.deny([]refusal{r})
		case x.err != nil:
			w.fail([]refusal{r})
		case x.lock.LegalHold:
			w.settle(r.i, evidence.OutcomeLocked, evidence.CodeLegalHold, evidence.ByResponse)
			locked++
		case x.lock.Until.After(now):
			w.settle(r.i, evidence.OutcomeLocked, evidence.CodeObjectLock, evidence.ByResponse)
			w.note(func() { w.lockedUntil = later(w.lockedUntil, x.lock.Until) })
			locked++
		default:
			w.fail([]refusal{r})
		}
	}
	return locked, nil
}

// mayNotAsk says that nobody may ask for locks: nobody does any more, in this
// segment.
func (w *sweeping) mayNotAsk(err error) {
	w.note(func() {
		if !w.mute {
			w.sweeper.Log.Warn().Str("store", w.spec.Name).Err(err).
				Msg("deletes were refused, and whether locks are why can't be asked: grant s3:GetObjectRetention and s3:GetObjectLegalHold")
		}
		w.mute = true
	})
}

func (w *sweeping) muted() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.mute
}

// deny settles refusals that nobody may ask about under one code, whatever the
// server calls them: MinIO has another one for a lock.
func (w *sweeping) deny(refused []refusal) {
	for _, r := range refused {
		w.settle(r.i, evidence.OutcomeFailed, CodeAccessDenied, evidence.ByResponse)
	}
}

func (w *sweeping) fail(refused []refusal) {
	for _, r := range refused {
		w.settle(r.i, evidence.OutcomeFailed, evidenceCode(r.code), evidence.ByResponse)
	}
}

// stopIfDenied stops the store where a whole batch was denied and no lock is
// why: the right to delete is gone. In a bucket that never had versioning the
// right can be asked for, and keys that are denied one by one must not keep the
// rest of the store from going.
func (w *batch) stopIfDenied(ctx context.Context, all []refusal, whole bool) error {
	denied := whole && !slices.ContainsFunc(all, func(r refusal) bool { return evidenceCode(r.code) != CodeAccessDenied })
	if denied && (w.within.What != bucket.Current || w.store.ProbeDelete(ctx) != nil) {
		w.lane.halt(CodeAccessDenied)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	return nil
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
