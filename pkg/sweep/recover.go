package sweep

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// quiet is how long nothing of a segment must have gone for its outcomes to
// be final. A server deletes the thousand keys of a request in about a second.
const quiet = time.Second

// recover seals the runs that died, oldest first, each under its own number.
// It deletes nothing.
func (s *Sweeper) recover(ctx context.Context) ([]int64, error) {
	return s.recoverWith(ctx, nil)
}

// recoverWith is recover; if the key that dead runs would be signed by is lost,
// lost asks for its replacement, and the first report declares it.
func (s *Sweeper) recoverWith(ctx context.Context, lost *RotateRequest) ([]int64, error) {
	n, err := s.numbers(ctx)
	if err != nil {
		return nil, err
	}
	if orphans := n.orphans(); len(orphans) > 0 {
		return nil, fmt.Errorf("the vault holds part of report %d, and the work area knows no such run: nothing was deleted; "+
			"set vault.work to the work area that belongs to this vault", orphans[0])
	}
	var recovered []int64
	for _, number := range n.dead() {
		s.Log.Warn().Int64("run", number).Msg("a run died; it is sealed first")
		if err := s.recoverRun(ctx, number, lost); err != nil {
			return recovered, fmt.Errorf("recover run %d, nothing was deleted: %w", number, err)
		}
		recovered = append(recovered, number)
	}
	return recovered, nil
}

func (s *Sweeper) recoverRun(ctx context.Context, number int64, lost *RotateRequest) error {
	var run Run
	ok, err := s.load(ctx, &Run{Number: number}, runFile, &run)
	if err != nil || !ok {
		return errors.Join(err, missing(ok, "frozen run"))
	}
	if lost != nil {
		if err := s.inherit(ctx, &run, *lost); err != nil {
			return err
		}
	}
	sealing, err := s.load(ctx, &run, sealFile(payloadFile), new(evidence.Statement))
	if err != nil {
		return err
	}
	if !sealing {
		if err := s.settleDead(ctx, &run); err != nil {
			return err
		}
		guard, err := s.readGuard(ctx, &run)
		if err != nil {
			return err
		}
		if run.Deletes() && guard.Trip == nil { // a stopped run stays one: nothing was deleted
			run.Type, run.Trigger = evidence.TypeRecovery, "recovery"
		}
	}
	_, err = s.Seal(ctx, &run)
	return err
}

// settleDead makes every plan and manifest part that the dead run lacks.
func (s *Sweeper) settleDead(ctx context.Context, run *Run) error {
	guard, err := s.shutGuard(ctx, run)
	if err != nil {
		return err
	}
	for i := range run.Shards {
		plan, err := s.deadPlan(ctx, run, i)
		if err != nil {
			return err
		}
		for n := range plan.Segments {
			if err := s.settleSegment(ctx, run, guard, plan, i, n); err != nil {
				return err
			}
		}
	}
	return nil
}

// shutGuard returns the dead run's guard. A run that would delete and never came
// to its guard is given one that says no: should it still be alive somewhere,
// it stops there.
func (s *Sweeper) shutGuard(ctx context.Context, run *Run) (GuardFile, error) {
	if run.Deletes() {
		if err := s.save(ctx, run, guardFile, GuardFile{}); err != nil {
			return GuardFile{}, err
		}
	}
	return s.readGuard(ctx, run)
}

// deadPlan returns the shard's plan. Where the run died while planning, the
// segments it wrote are named in a plan that is not complete: nothing of them
// was deleted.
func (s *Sweeper) deadPlan(ctx context.Context, run *Run, shard int) (ShardPlan, error) {
	var plan ShardPlan
	if ok, err := s.load(ctx, run, planFile(shard), &plan); ok || err != nil {
		return plan, err
	}
	plan = ShardPlan{Census: *newCensus(), Segments: []Segment{}}
	plan.Census.Problem = CodeInterrupted
	for {
		name := segmentFile(shard, len(plan.Segments))
		data, err := s.Work.Get(ctx, workName(run.Number, name))
		if errors.Is(err, vault.ErrNotFound) {
			break
		}
		if err != nil {
			return plan, err
		}
		entries, err := decodeSegment(name, data)
		if err != nil {
			return plan, err
		}
		segment := Segment{Name: name, Count: int64(len(entries)), SHA256: evidence.SHA256Hex(data), ListedAt: run.StartedAt}
		for _, e := range entries {
			plan.Census.addDead(e, run.Spec.AllTeams)
			segment.widen(e.Key)
		}
		segment.First, segment.Last = bytes.Clone(segment.First), bytes.Clone(segment.Last) // and not all keys with them
		plan.Segments = append(plan.Segments, segment)
	}
	return plan, s.save(ctx, run, planFile(shard), plan)
}

// addDead counts an entry of which only the plan is known.
func (c *Census) addDead(e Planned, allTeams bool) {
	p := &c.Population
	p.Listed, p.Bytes = p.Listed+1, p.Bytes+e.Size
	*kindOf(p, e.Kind)++
	if e.Why == evidence.WhyAge {
		p.Expired++
	} else {
		p.Kept++
	}
	switch {
	case e.Private && e.Team == "":
		p.Unattributed++
	case e.Team != "" && (e.Private || allTeams):
		n := c.Teams[e.Team]
		n.add(one(e.Kind))
		n.Planned++
		if e.Why == evidence.WhyZDR { // planned for that, and for nothing else
			n.Violation++
		}
		c.Teams[e.Team] = n
	}
}

// settleSegment writes the manifest part of a dead run's segment, if absent.
func (s *Sweeper) settleSegment(ctx context.Context, run *Run, guard GuardFile, plan ShardPlan, shard, n int) error {
	if done, err := s.hasPart(ctx, run, shard, n); done || err != nil {
		return err
	}
	entries, err := s.readSegment(ctx, run, plan, n)
	if err != nil {
		return err
	}
	w := s.sweeping(ctx, run, shard, Bucket{}, entries)
	switch halt := s.leaveAll(run, guard, plan); halt {
	case "":
		err = s.lookUpDead(ctx, run, shard, n, w)
	case CodeInterrupted: // the guard had not said go: nothing was deleted
		w.leave(CodeRecovered)
	default:
		w.leave(halt)
	}
	if err != nil {
		return err
	}
	return s.writePart(ctx, run, shard, n, w)
}

// lookUpDead gives each entry of a segment that may have been under way the
// outcome that the store shows now. A store that can't be reached gives
// unconfirmed and holds nobody up.
func (s *Sweeper) lookUpDead(ctx context.Context, run *Run, shard, n int, w *sweeping) error {
	var mark begunFile
	begun, err := s.load(ctx, run, begunName(shard, n), &mark)
	if err != nil {
		return err
	}
	store, err := s.open(ctx, run, run.Shards[shard].Store)
	var seen []sight
	if err == nil {
		seen, err = s.lookUntilQuiet(ctx, looker{store: store, within: w.within}, w.entriesOf(indices(len(w.entries))), begun)
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if err != nil {
		s.Log.Error().Str("store", w.spec.Name).Err(err).Msg("a dead run's store can't be looked at")
	}
	for i := range w.entries {
		switch {
		case w.stays(i):
		case err != nil:
			w.settle(i, evidence.OutcomeUnconfirmed, CodeUnreachable, evidence.ByLookup)
		case seen[i] == gone:
			w.settle(i, evidence.OutcomeAbsent, CodeRecovered, evidence.ByLookup)
		case seen[i] == changed:
			w.settle(i, evidence.OutcomeChanged, CodeChanged, evidence.ByLookup)
		default:
			w.settle(i, evidence.OutcomeLeft, CodeRecovered, evidence.ByLookup)
		}
	}
	return nil
}

// lookUntilQuiet looks at the entries of a segment. Where it was begun, some may
// be going just now: the server may still be busy with the last request of the
// run that died. Then it looks again until nothing has gone for a while.
func (s *Sweeper) lookUntilQuiet(ctx context.Context, l looker, entries []Entry, begun bool) ([]sight, error) {
	seen, err := l.look(ctx, entries)
	for there := standing(seen); err == nil && begun && there > 0; {
		if err := pause(ctx, ctx, cmp.Or(s.quiet, quiet)); err != nil {
			return nil, err
		}
		seen, err = l.look(ctx, entries)
		now := standing(seen)
		if now == there {
			break
		}
		there = now
	}
	return seen, err
}

// standing counts the entries that are there unchanged.
func standing(seen []sight) (n int) {
	for _, s := range seen {
		if s == unchanged {
			n++
		}
	}
	return n
}

func (w *sweeping) leave(code string) {
	for i := range w.entries {
		w.settle(i, evidence.OutcomeLeft, code, evidence.ByLookup)
	}
}

func indices(n int) []int {
	idx := make([]int, n)
	for i := range idx {
		idx[i] = i
	}
	return idx
}
