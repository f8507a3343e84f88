package sweep

import "github.com/sweeper-audit/sweeper/pkg/evidence"

// remaining is what the second listing saw of expired entries.
func (f *facts) remaining() (n int64, excused evidence.Excused, complete bool) {
	complete = len(f.run.Shards) > 0
	for _, sh := range f.run.Shards {
		after := f.stores[sh.Store].after
		if after == nil {
			complete = false
			continue
		}
		complete = complete && after.Census.Complete
	}
	for i, s := range f.stores {
		complete = complete && f.run.Found[i].Left == ""
		if s.after != nil {
			n += s.after.Census.Population.Expired
			excused.Held += s.after.Census.ExpiredHeld
			excused.Pending += s.pendingStill()
			excused.Locked += s.lockedStill()
		}
	}
	return n, excused, complete
}

// unexcused counts the expired entries that the second listing saw, without an
// excuse, in the shards that were swept. One that could not be listed to the end
// was left alone, and its store is inconclusive for that.
func (f *facts) unexcused() (n int64) {
	for _, s := range f.stores {
		if s.after != nil {
			n += s.remains - s.pendingStill() - s.lockedStill()
		}
	}
	return n
}

// pendingStill counts the pending markers among what remains: no more than the
// sweep found, since one that came later was not looked at.
func (s storeFacts) pendingStill() int64 { return min(s.pending, s.lines.PendingOld) }

// lockedStill counts the locked entries among what remains.
func (s storeFacts) lockedStill() int64 { return min(s.lines.LockedOld, s.remains-s.pendingStill()) }
