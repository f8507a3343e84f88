package sweep

import (
	"context"
	"errors"
	"slices"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// applied is the plan that a shard carries out, read beside the listing: at any
// time only the segments that reach over the listed key are in memory.
type applied struct {
	sweeper *Sweeper
	run     *Run // whose plan it is
	shard   int  // its number in that run
	plan    ShardPlan
	next    int // the segment to read next
	open    map[name]Planned
	last    string // the greatest key in open
	ahead   []Planned
	gone    int64 // planned, and not listed any more
	changed int64 // planned, and not to go any more
}

// appliedTo opens the plan that a shard of the run carries out, nil if the run
// makes its own.
func (s *Sweeper) appliedTo(ctx context.Context, run *Run, shard int) (*applied, error) {
	if run.Apply == nil {
		return nil, nil
	}
	a := &applied{sweeper: s, run: new(Run), open: map[name]Planned{}}
	ok, err := s.load(ctx, &Run{Number: run.Apply.Report}, runFile, a.run)
	if err != nil || !ok {
		return nil, errors.Join(err, missing(ok, "frozen run %d", run.Apply.Report))
	}
	a.shard = slices.IndexFunc(a.run.Shards, run.Shards[shard].same)
	if a.shard < 0 {
		return nil, errors.New("the plan that is applied has no such shard")
	}
	ok, err = s.load(ctx, a.run, planFile(a.shard), &a.plan)
	return a, errors.Join(err, missing(ok, "plan of shard %d", a.shard))
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

// reach reads the segments that may name the key. Uploads come in no order, and
// theirs are read at once.
func (a *applied) reach(ctx context.Context, key string) error {
	if len(a.open) > 0 && a.last < key && !a.run.Shards[a.shard].Uploads {
		a.gone += int64(len(a.open))
		clear(a.open)
	}
	for {
		if a.ahead == nil && a.next < len(a.plan.Segments) {
			segment, err := a.sweeper.readSegment(ctx, a.run, a.plan, a.next)
			if err != nil {
				return err
			}
			a.ahead = slices.DeleteFunc(segment, func(p Planned) bool { return p.Opaque })
			a.next++
			if len(a.ahead) == 0 {
				a.ahead = nil
				continue
			}
		}
		if len(a.ahead) == 0 || (!a.run.Shards[a.shard].Uploads && first(a.ahead) > key) {
			return nil
		}
		for _, p := range a.ahead {
			a.open[nameOf(p.Entry())] = p
			a.last = max(a.last, string(p.Key))
		}
		a.ahead = nil
	}
}

// first is the least key of a segment.
func first(segment []Planned) string {
	least := string(segment[0].Key)
	for _, p := range segment {
		least = min(least, string(p.Key))
	}
	return least
}

// close counts what the listing did not come to.
func (a *applied) close() {
	a.gone += int64(len(a.open) + len(a.ahead))
	for _, s := range a.plan.Segments[a.next:] {
		a.gone += s.Count
	}
}
