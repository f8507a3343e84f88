package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// fate is what became of one planned entry.
type fate struct {
	outcome, code, by string
	at                time.Time
}

// SweptFile is swept-SSSS-NNNNN.json: what the manifest part of a segment does
// not hold. It is written right before the part.
type SweptFile struct {
	Retries       int64 `json:"retries"`
	WindowSeconds int64 `json:"windowSeconds"`
	// Unasked counts answers about keys that nobody asked to delete.
	Unasked int64 `json:"unasked,omitempty"`
	// GuardIgnored says that the server ignores the overwrite guard etag.
	GuardIgnored bool `json:"guardIgnored,omitempty"`
	// LockedUntil is when the last of the retentions that kept an entry ends.
	LockedUntil time.Time `json:"lockedUntil,omitzero"`
	// Counted is the part, and what its lines say; nil where JSON can't carry a
	// team's name.
	Counted *Counted `json:"counted,omitempty"`
}

// SweepShard takes each plan segment of the shard, deletes what it names
// (unless the run may not), and writes the manifest part. A segment that has its
// part is done. Segments go side by side, and so do the batches of each.
//
// When stop ends, the batches in flight are finished and the rest is left. After an
// error they are finished too, and no other is begun.
func (s *Sweeper) SweepShard(ctx, stop context.Context, run *Run, shard int) error {
	guard, err := s.readGuard(ctx, run)
	if err != nil {
		return err
	}
	var plan ShardPlan
	if ok, err := s.load(ctx, run, planFile(shard), &plan); err != nil || !ok {
		return errors.Join(err, missing(ok, "plan of shard %d", shard))
	}
	left := s.leaveAll(run, guard, plan)
	store, err := s.open(ctx, run, run.Shards[shard].Store)
	if err != nil && left == "" {
		left = CodeUnreachable
		s.Log.Error().Str("store", run.Spec.Stores[run.Shards[shard].Store].Name).Err(err).Msg("store can't be swept")
	}
	c := &course{road: s.road(run, shard), left: left, alive: run.alive}
	c.lane = c.road.lane(run.Shards[shard])
	c.begin, c.end = context.WithCancelCause(ctx)
	defer c.end(nil)
	return s.segments(run, shard, plan, c, func(n int, entries []Planned) error {
		w := s.sweeping(stop, run, shard, store, entries)
		w.course, w.checked = c, plan.Segments[n].ListedAt
		return s.sweepSegment(ctx, run, shard, n, w)
	})
}

// course is how a shard is being swept.
type course struct {
	*road
	lane  *lane
	left  string // why all of it is left; "" to go on
	alive func() error
	// begin ends when nothing more may be begun, since something failed.
	begin context.Context
	end   context.CancelCauseFunc
}

// mayBegin returns an error if nothing more may be sent: something failed, or the
// lease is gone. A process that was stopped for long reaches this before any timer
// does.
func (c *course) mayBegin() error {
	if c.begin.Err() != nil {
		return context.Cause(c.begin)
	}
	if c.alive != nil {
		return c.alive()
	}
	return nil
}

// segments calls do for each segment of the shard without a part, as many at a
// time as there is room for. Those that may have entries of one key go one after
// the other. The first error ends begin, and with it the rest.
func (s *Sweeper) segments(run *Run, shard int, plan ShardPlan, c *course, do func(n int, entries []Planned) error) error {
	var group errgroup.Group
	group.SetLimit(max(1, s.Concurrency))
	first := 0 // of those that may be under way
	var last chan struct{}
	for n, seg := range plan.Segments {
		done, err := s.hasPart(c.begin, run, shard, n)
		if err != nil {
			c.end(err)
			break
		}
		if done {
			continue
		}
		if slices.ContainsFunc(plan.Segments[first:n], seg.mayShareKeys) {
			_ = group.Wait() // an error has ended begin
			first = n
		}
		if last != nil && c.left == "" {
			select { // what the very first request finds out may be all there is to know
			case <-c.lane.opened:
			case <-last:
			case <-c.begin.Done():
			}
		}
		room := min(seg.Count, c.space)
		if err := c.room.Acquire(c.begin, room); err != nil {
			break // begin has ended
		}
		entries, err := s.readSegment(c.begin, run, plan, n)
		if err != nil {
			c.room.Release(room)
			c.end(err)
			break
		}
		ended := make(chan struct{})
		last = ended
		group.Go(func() error {
			defer c.room.Release(room)
			defer close(ended)
			if err := do(n, entries); err != nil {
				c.end(err)
			}
			return nil
		})
	}
	_ = group.Wait() // likewise
	return context.Cause(c.begin)
}

// mayShareKeys reports whether two segments of a shard may have entries of one
// key. Where their keys aren't known, they may.
func (s Segment) mayShareKeys(t Segment) bool {
	return len(s.First) == 0 || len(t.First) == 0 || bytes.Compare(s.First, t.Last) <= 0 && bytes.Compare(t.First, s.Last) <= 0
}

// sweepSegment deletes what a segment names and writes its part.
func (s *Sweeper) sweepSegment(ctx context.Context, run *Run, shard, n int, w *sweeping) (err error) {
	if w.leaves() == "" {
		if w.resent, err = s.begunBefore(ctx, run, shard, n); err != nil {
			return err
		}
	}
	if err := w.all(ctx); err != nil {
		return err
	}
	return s.writePart(ctx, run, shard, n, w)
}

// begunBefore reports whether somebody began to delete this segment before: then
// no entry that could have been given other bytes goes without another look.
func (s *Sweeper) begunBefore(ctx context.Context, run *Run, shard, n int) (bool, error) {
	mark, err := marshal(begunFile{By: uuid.NewString(), At: s.Now().UTC()})
	if err != nil {
		return false, err
	}
	err = s.Work.Put(ctx, workName(run.Number, begunName(shard, n)), mark)
	if errors.Is(err, vault.ErrExists) {
		return true, nil
	}
	return false, err
}

// begunFile is begun-SSSS-NNNNN.json, written before a segment's first delete.
type begunFile struct {
	By string    `json:"by"` // unique, so that nobody takes another's mark for his own
	At time.Time `json:"at"`
}

// leaveAll returns the code under which every entry is left, "" to go on.
func (s *Sweeper) leaveAll(run *Run, guard GuardFile, plan ShardPlan) string {
	switch {
	case run.Type == evidence.TypeDryRun:
		return CodeDryRun
	case guard.Trip != nil:
		return CodeGuard
	case !guard.Go:
		return CodeInterrupted
	default:
		return plan.leftAlone()
	}
}

func missing(ok bool, format string, args ...any) error {
	if ok {
		return nil
	}
	return fmt.Errorf("the work area lacks the "+format, args...)
}

// hasPart reports whether a segment has its manifest part: then it is done, and
// none of its entries is sent again.
func (s *Sweeper) hasPart(ctx context.Context, run *Run, shard, n int) (bool, error) {
	names, err := s.Vault.List(ctx, reportFile(run.Number, evidence.PartName(shard, n)))
	return len(names) > 0, err
}

// readSegment reads a plan segment and checks it against the shard's plan.
func (s *Sweeper) readSegment(ctx context.Context, run *Run, plan ShardPlan, n int) ([]Planned, error) {
	seg := plan.Segments[n]
	data, err := s.Work.Get(ctx, workName(run.Number, seg.Name))
	if err != nil {
		return nil, err
	}
	if sum := evidence.SHA256Hex(data); sum != seg.SHA256 {
		return nil, fmt.Errorf("work area: %s is not the segment that was planned (sha256 %s, not %s)", seg.Name, sum, seg.SHA256)
	}
	entries, err := decodeCounted(seg.Name, data, seg.Count)
	if err == nil && int64(len(entries)) != seg.Count {
		err = fmt.Errorf("work area: %s has %d entries, not %d", seg.Name, len(entries), seg.Count)
	}
	return entries, err
}

// writePart writes the manifest part of a segment into the vault. If there is
// one, it stands: its writer was faster.
func (s *Sweeper) writePart(ctx context.Context, run *Run, shard, n int, w *sweeping) error {
	part, counted, err := s.part(run, shard, n, w.entries, w.fates)
	if err != nil {
		return err
	}
	swept := w.swept()
	if counted.carriable() {
		swept.Counted = &counted
	}
	if err := s.save(ctx, run, sweptFile(shard, n), swept); err != nil {
		return err
	}
	name := reportFile(run.Number, evidence.PartName(shard, n))
	err = s.Vault.Put(ctx, name, part)
	if errors.Is(err, vault.ErrExists) {
		s.Log.Warn().Str("part", name).Msg("the manifest part is already there; it stands")
		return nil
	}
	if err != nil {
		return fmt.Errorf("write the evidence of %d entries, nothing more is deleted: %w", len(w.entries), err)
	}
	return nil
}
