package sweep

import (
	"context"
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
// right: many servers say AccessDenied to both. whole says that nothing of the
// batch went.
func (w *sweeping) refused(ctx context.Context, all []refusal, whole bool) error {
	if len(all) == 0 {
		return nil
	}
	if !w.lockable(all) {
		w.fail(all)
		return w.stopIfDenied(ctx, all, whole)
	}
	if w.mute {
		deny(all)
		w.fail(all)
		return ctx.Err()
	}
	sample, rest := split(all)
	locks, err := w.locks(ctx, sample)
	if err != nil {
		w.mute = true
		w.sweeper.Log.Warn().Str("store", w.spec.Name).Err(err).Msg("deletes were refused, and whether locks are why can't be asked: grant s3:GetObjectRetention and s3:GetObjectLegalHold")
		deny(all)
		w.fail(all)
		return ctx.Err()
	}
	if w.settleLocks(sample, locks) == 0 {
		w.fail(rest)
		return w.stopIfDenied(ctx, all, whole)
	}
	if locks, err = w.locks(ctx, rest); err != nil {
		w.mute = true
		deny(rest)
		w.fail(rest)
		return ctx.Err()
	}
	w.settleLocks(rest, locks)
	return nil
}

// lockable reports whether a lock can be why deletes are refused: neither
// markers nor uploads have one, and neither of them is in a batch with versions.
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

// locks asks for the lock of each entry.
func (w *sweeping) locks(ctx context.Context, refused []refusal) ([]bucket.Lock, error) {
	locks := make([]bucket.Lock, len(refused))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(closeLooks)
	for n, r := range refused {
		group.Go(func() (err error) {
			locks[n], err = w.store.Lock(gctx, w.entries[r.i].Entry())
			return err
		})
	}
	return locks, group.Wait()
}

// settleLocks gives each refused entry its outcome, by its lock, and returns how
// many are locked.
func (w *sweeping) settleLocks(refused []refusal, locks []bucket.Lock) (locked int) {
	now := w.sweeper.Now()
	for n, r := range refused {
		switch l := locks[n]; {
		case l.LegalHold:
			w.settle(r.i, evidence.OutcomeLocked, evidence.CodeLegalHold, evidence.ByResponse)
		case l.Until.After(now):
			w.settle(r.i, evidence.OutcomeLocked, evidence.CodeObjectLock, evidence.ByResponse)
			w.lockedUntil = later(w.lockedUntil, l.Until)
		default:
			w.fail([]refusal{r})
			continue
		}
		locked++
	}
	return locked
}

// deny puts one code on refusals that nobody may ask about, whatever the server
// calls them: MinIO has another one for a lock.
func deny(refused []refusal) {
	for n := range refused {
		refused[n].code = "AccessDenied"
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
func (w *sweeping) stopIfDenied(ctx context.Context, all []refusal, whole bool) error {
	if !whole {
		return ctx.Err()
	}
	for _, r := range all {
		if evidenceCode(r.code) != CodeAccessDenied {
			return ctx.Err()
		}
	}
	if w.within.What == bucket.Versions || w.store.ProbeDelete(ctx) != nil {
		w.halt = CodeAccessDenied
	}
	return ctx.Err()
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
