package sweep

import (
	"context"
	"slices"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// sweeping is one segment on its way. Its batches go side by side: each settles
// entries of its own, and mu guards what they find out together.
type sweeping struct {
	*course // nil where it is only looked at
	sweeper *Sweeper
	stop    context.Context
	store   Bucket
	spec    StoreSpec
	within  bucket.Range // the shard's listing
	entries []Planned
	fates   []fate
	checked time.Time // when the entries were last seen unchanged
	resent  bool      // they may have been sent before, by somebody else

	start      time.Time // the run's
	going      map[name]bool
	objectLock string // the bucket's state

	mu          sync.Mutex
	retries     int64
	longest     time.Duration // that a rewritable entry went unchecked before its delete
	mute        bool          // nobody may ask for locks
	lockedUntil time.Time
	unasked     int64
	ignored     bool // the server ignores the overwrite guard etag
}

// sweeping is a segment of a shard, about to be swept or looked at.
func (s *Sweeper) sweeping(stop context.Context, run *Run, shard int, store Bucket, entries []Planned) *sweeping {
	at := run.Shards[shard].Store
	return &sweeping{sweeper: s, stop: stop, store: store, spec: run.Spec.Stores[at], within: run.rangeOf(shard),
		objectLock: run.Found[at].ObjectLock, start: run.start(), entries: entries, fates: make([]fate, len(entries))}
}

// note changes what the batches find out together.
func (w *sweeping) note(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// swept is what the part does not hold.
func (w *sweeping) swept() SweptFile {
	return SweptFile{Retries: w.retries, WindowSeconds: int64((w.longest + time.Second - 1) / time.Second), LockedUntil: w.lockedUntil,
		Unasked: w.unasked, GuardIgnored: w.ignored}
}

func (w *sweeping) settle(i int, outcome, code, by string) {
	w.fates[i] = fate{outcome: outcome, code: code, by: by, at: w.sweeper.Now().UTC()}
	w.sweeper.progress().Done(1)
}

// leaves returns the code under which what was not sent yet is left, "" to go on.
func (w *sweeping) leaves() string {
	switch {
	case w.left != "":
		return w.left
	case w.lane.halted() != "":
		return w.lane.halted()
	case w.stop.Err() != nil:
		return CodeInterrupted
	}
	return ""
}

// all gives each entry of the segment its outcome. Markers come last, when all
// else is settled and it is known what stays under them.
func (w *sweeping) all(ctx context.Context) error {
	if w.left != "" {
		w.leave(w.left)
		return nil
	}
	var data, markers []int
	w.going = map[name]bool{}
	for i, e := range w.entries {
		switch {
		case w.stays(i):
		case e.Kind == retention.Marker:
			markers = append(markers, i)
			w.going[nameOf(e.Entry())] = true
		default:
			data = append(data, i)
		}
	}
	for _, idx := range [][]int{data, markers} {
		if err := w.sideBySide(ctx, w.chains(idx, max(1, w.spec.Batch))); err != nil {
			return err
		}
	}
	w.promoted()
	w.unasked = w.store.Unasked()
	return nil
}

// sideBySide takes batches that don't wait for each other, and returns when all of
// them are settled. After the first error no further one is begun; where all were,
// an error elsewhere is none of theirs, and what they did is put on record.
func (w *sweeping) sideBySide(ctx context.Context, chains []chain) error {
	var group errgroup.Group
	var shut error
	for _, c := range chains {
		// Not in the goroutine: chains begin in their order.
		if shut = w.lane.enter(w.begin); shut != nil {
			break
		}
		group.Go(func() error {
			defer w.lane.leave()
			for _, idx := range c {
				if err := w.batch(ctx, idx); err != nil {
					w.end(err)
					return err
				}
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return shut
}

// stays settles an entry that is never sent.
func (w *sweeping) stays(i int) bool {
	switch e := w.entries[i]; {
	case e.Hold != "":
		w.settle(i, evidence.OutcomeHeld, "", evidence.ByLookup)
	case e.Skip == CodeChanged:
		w.settle(i, evidence.OutcomeChanged, e.Skip, evidence.ByLookup)
	case e.Skip != "":
		w.settle(i, evidence.OutcomeLeft, e.Skip, evidence.ByLookup)
	case e.Opaque:
		w.settle(i, evidence.OutcomeFailed, bucket.CodeKeyUnrepresentable, evidence.ByLookup)
	default:
		return false
	}
	return true
}

// batch deletes some entries of the segment, or leaves them when the store is
// halted or the run is being stopped.
func (w *sweeping) batch(ctx context.Context, idx []int) error {
	if err := w.pace.wait(w.begin, w.stop, len(idx), w.halted); err != nil {
		return err
	}
	if code := w.leaves(); code != "" {
		for _, i := range idx {
			w.settle(i, evidence.OutcomeLeft, code, evidence.ByLookup)
		}
		return nil
	}
	b := &batch{sweeping: w}
	if err := b.active(ctx, idx); err != nil {
		return err
	}
	return b.delete(ctx, idx)
}

// halted reports whether the store is.
func (w *sweeping) halted() bool { return w.lane.halted() != "" }

// batch is one batch of a segment on its way.
type batch struct {
	*sweeping
	may   bool           // something of it went: there is a right to delete
	codes map[int]string // that the lines of some entries get, if they go
}

// markers reports whether any of the entries is a delete marker, which goes only
// after another look at what lies under it.
func (w *sweeping) markers(idx []int) bool {
	return slices.ContainsFunc(idx, func(i int) bool { return w.entries[i].Kind == retention.Marker })
}

// rewritable reports whether any of the entries could have been given other
// bytes since it was listed.
func (w *sweeping) rewritable(idx []int) bool {
	for _, i := range idx {
		e := w.entries[i].Entry()
		if e.Rewritable() {
			return true
		}
	}
	return false
}

// entriesOf returns the entries as they were listed.
func (w *sweeping) entriesOf(idx []int) []retention.Entry {
	out := make([]retention.Entry, len(idx))
	for j, i := range idx {
		out[j] = w.entries[i].Entry()
	}
	return out
}
