package sweep

import (
	"bytes"
	"context"
	"errors"
	"slices"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// appliedPlan is the plan that a shard carries out.
type appliedPlan struct {
	sweeper  *Sweeper
	run      *Run // whose plan it is
	plan     ShardPlan
	segments []int // of the plan, by their least key
	whole    bool  // entries are listed in no order: all of it is in memory
}

// appliedTo opens the plan that a shard of the run carries out, nil if the run
// makes its own.
func (s *Sweeper) appliedTo(ctx context.Context, run *Run, shard int) (*appliedPlan, error) {
	if run.Apply == nil {
		return nil, nil
	}
	a := &appliedPlan{sweeper: s, run: new(Run)}
	ok, err := s.load(ctx, &Run{Number: run.Apply.Report}, runFile, a.run)
	if err != nil || !ok {
		return nil, errors.Join(err, missing(ok, "frozen run %d", run.Apply.Report))
	}
	of := slices.IndexFunc(a.run.Shards, run.Shards[shard].same)
	if of < 0 {
		return nil, errors.New("the plan that is applied has no such shard")
	}
	ok, err = s.load(ctx, a.run, planFile(of), &a.plan)
	a.whole = run.Shards[shard].Uploads || a.plan.Census.Unordered
	a.segments = indices(len(a.plan.Segments))
	slices.SortStableFunc(a.segments, func(x, y int) int { return bytes.Compare(a.plan.Segments[x].First, a.plan.Segments[y].First) })
	return a, errors.Join(err, missing(ok, "plan of shard %d", of))
}

// applied is what a range carries out of a plan, read beside the listing: at any
// time only the segments that reach over the listed key are in memory, unless
// keys come in no order.
type applied struct {
	*appliedPlan
	after   string // where the range begins
	next    int    // of segments, the one to read next
	open    map[name]Planned
	last    string // the greatest key in open
	gone    int64  // planned, and not listed any more
	changed int64  // planned, and not to go any more
}

// from begins at a range that begins after a key.
func (a *appliedPlan) from(after string) *applied {
	return &applied{appliedPlan: a, after: after, open: map[name]Planned{}}
}

// judge says what becomes of a listed entry: it goes only if the plan names it
// and it is what was planned. skip is why it doesn't, "" if it goes or never
// was to.
func (a *applied) judge(ctx context.Context, e Entry, v retention.Verdict) (skip string, err error) {
	if e.Opaque { // it never goes, and where it stands its spelling doesn't tell
		return "", nil
	}
	if err := a.reach(ctx, e.Key); err != nil {
		return "", err
	}
	p, planned := a.open[nameOf(e)]
	delete(a.open, nameOf(e))
	switch {
	case !planned && v.Goes():
		return CodeNotPlanned, nil
	case !planned:
		return "", nil
	case !v.Goes():
		a.changed++
		return "", nil
	case compare(p.Entry(), e) != unchanged:
		return CodeChanged, nil
	case p.Hold != "" && v.Hold == "": // whoever approved the plan saw that it stays
		return CodeHeldInPlan, nil
	}
	return "", nil
}

// reach reads the segments that may name the key.
func (a *applied) reach(ctx context.Context, key string) error {
	if len(a.open) > 0 && a.last < key && !a.whole {
		a.gone += int64(len(a.open))
		clear(a.open)
	}
	for ; a.next < len(a.segments); a.next++ {
		s := a.plan.Segments[a.segments[a.next]]
		switch {
		case !a.whole && string(s.First) > key:
			return nil
		case len(s.Last) > 0 && string(s.Last) <= a.after:
			continue
		}
		if err := a.read(ctx, a.segments[a.next]); err != nil {
			return err
		}
	}
	return nil
}

// read opens a segment. What comes before the range is another's, and what its
// spelling doesn't tell the place of never goes.
func (a *applied) read(ctx context.Context, segment int) error {
	entries, err := a.sweeper.readSegment(ctx, a.run, a.plan, segment)
	if err != nil {
		return err
	}
	for _, p := range entries {
		if key := string(p.Key); !p.Opaque && key > a.after {
			a.open[nameOf(p.Entry())] = p
			a.last = max(a.last, key)
		}
	}
	return nil
}

// close counts what the listing did not come to, in a range that ended at a key.
func (a *applied) close(ctx context.Context, upTo string) error {
	for {
		for n := range a.open {
			if upTo == "" || n.key <= upTo {
				a.gone++
			}
		}
		clear(a.open)
		if a.next == len(a.segments) {
			return nil
		}
		s := a.plan.Segments[a.segments[a.next]]
		a.next++
		if upTo != "" && string(s.First) > upTo || len(s.Last) > 0 && string(s.Last) <= a.after {
			continue
		}
		if err := a.read(ctx, a.segments[a.next-1]); err != nil {
			return err
		}
	}
}
