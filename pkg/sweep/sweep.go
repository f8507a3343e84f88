package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
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
}

// SweepShard takes each plan segment of the shard, deletes what it names
// (unless the run may not), and writes the manifest part. A segment that has its
// part is done.
//
// When stop ends, the batch in flight is finished and the rest is left.
func (s *Sweeper) SweepShard(ctx, stop context.Context, run *Run, shard int) error {
	guard, err := s.readGuard(ctx, run)
	if err != nil {
		return err
	}
	var plan ShardPlan
	if ok, err := s.load(ctx, run, planFile(shard), &plan); err != nil || !ok {
		return errors.Join(err, missing(ok, "plan of shard %d", shard))
	}
	halt := s.leaveAll(run, guard, plan)
	store, err := s.open(ctx, run, run.Shards[shard].Store)
	if err != nil && halt == "" {
		halt = CodeUnreachable
		s.Log.Error().Str("store", run.Spec.Stores[run.Shards[shard].Store].Name).Err(err).Msg("store can't be swept")
	}
	for n := range plan.Segments {
		if done, err := s.hasPart(ctx, run, shard, n); done || err != nil {
			if err != nil {
				return err
			}
			continue
		}
		seg, err := s.readSegment(ctx, run, plan, n)
		if err != nil {
			return err
		}
		w := s.sweeping(stop, run, shard, store, seg)
		w.checked, w.halt, w.alive = plan.Segments[n].ListedAt, halt, run.alive
		if halt == "" {
			if w.resent, err = s.begunBefore(ctx, run, shard, n); err != nil {
				return err
			}
		}
		if err := w.all(ctx); err != nil {
			return err
		}
		if err := s.writePart(ctx, run, shard, n, w); err != nil {
			return err
		}
		halt = w.halt
	}
	return nil
}

// sweeping is a segment of a shard, about to be swept or looked at.
func (s *Sweeper) sweeping(stop context.Context, run *Run, shard int, store Bucket, entries []Planned) *sweeping {
	at := run.Shards[shard].Store
	return &sweeping{sweeper: s, stop: stop, store: store, spec: run.Spec.Stores[at], within: run.rangeOf(shard),
		objectLock: run.Found[at].ObjectLock, start: run.start(), entries: entries, fates: make([]fate, len(entries))}
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
	entries, err := decodeSegment(seg.Name, data)
	if err == nil && int64(len(entries)) != seg.Count {
		err = fmt.Errorf("work area: %s has %d entries, not %d", seg.Name, len(entries), seg.Count)
	}
	return entries, err
}

// writePart writes the manifest part of a segment into the vault. If there is
// one, it stands: its writer was faster.
func (s *Sweeper) writePart(ctx context.Context, run *Run, shard, n int, w *sweeping) error {
	part, err := s.part(run, shard, n, w.entries, w.fates)
	if err != nil {
		return err
	}
	swept := SweptFile{Retries: w.retries, WindowSeconds: w.window(), LockedUntil: w.lockedUntil, Unasked: w.unasked, GuardIgnored: w.ignored}
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

// sweeping is one segment on its way.
type sweeping struct {
	sweeper *Sweeper
	stop    context.Context
	store   Bucket
	spec    StoreSpec
	within  bucket.Range // the shard's listing
	entries []Planned
	fates   []fate
	checked time.Time // when the entries were last seen unchanged
	resent  bool      // they may have been sent before, by somebody else
	alive   func() error
	halt    string // why the rest of the store is left; "" to go on
	retries int64
	longest time.Duration // that a rewritable entry went unchecked before its delete

	start       time.Time // the run's
	going       map[name]bool
	codes       map[int]string // that the lines of some entries get, if they go
	objectLock  string         // the bucket's state
	mute        bool           // nobody may ask for locks
	may         bool           // something of the batch went: there is a right to delete
	lockedUntil time.Time
	unasked     int64
	ignored     bool // the server ignores the overwrite guard etag
}

func (w *sweeping) window() int64 {
	return int64((w.longest + time.Second - 1) / time.Second)
}

func (w *sweeping) settle(i int, outcome, code, by string) {
	w.fates[i] = fate{outcome: outcome, code: code, by: by, at: w.sweeper.Now().UTC()}
	w.sweeper.progress().Done(1)
}

// all gives each entry of the segment its outcome. Markers come last, when it is
// known what stays under them.
func (w *sweeping) all(ctx context.Context) error {
	var data, markers []int
	w.going = map[name]bool{}
	for i, e := range w.entries {
		switch {
		case w.halt == "" && w.stays(i):
		case e.Kind == retention.Marker:
			markers = append(markers, i)
			w.going[nameOf(e.Entry())] = true
		default:
			data = append(data, i)
		}
	}
	for _, idx := range [][]int{data, markers} {
		for batch := range slices.Chunk(idx, max(1, w.spec.Batch)) {
			if err := w.batch(ctx, batch); err != nil {
				return err
			}
		}
	}
	w.promoted()
	if w.store.Store != nil {
		w.unasked = w.store.Unasked()
	}
	return nil
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
func (w *sweeping) batch(ctx context.Context, batch []int) error {
	if w.halt == "" && w.stop.Err() != nil {
		w.halt = CodeInterrupted
	}
	if w.halt != "" {
		for _, i := range batch {
			w.settle(i, evidence.OutcomeLeft, w.halt, evidence.ByLookup)
		}
		return nil
	}
	w.may = false
	if err := w.active(ctx, batch); err != nil {
		return err
	}
	return w.delete(ctx, batch)
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
