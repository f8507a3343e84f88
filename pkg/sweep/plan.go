package sweep

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// Segment names one plan segment and commits to its bytes.
type Segment struct {
	Name   string `json:"name"`
	Count  int64  `json:"count"`
	SHA256 string `json:"sha256"`
	// ListedAt is when the listing that first saw one of its entries was asked for.
	ListedAt time.Time `json:"listedAt"`
}

// ShardPlan is plan-SSSS.json: what the listing saw, and the segments. It is
// written last, so a shard without it was never planned to the end.
type ShardPlan struct {
	Census   Census    `json:"census"`
	Segments []Segment `json:"segments"`
}

// leftAlone says why nothing of the shard may be deleted, "" if it may: its
// listing did not come to its end.
func (p ShardPlan) leftAlone() string {
	if p.Census.Complete {
		return ""
	}
	return cmp.Or(p.Census.Problem, CodeListing)
}

// PlanShard lists the shard, judges each entry, and writes what should go to
// plan segments and, last, the shard's plan. Done before, it does nothing. A
// listing that can't be finished is not an error but an incomplete census:
// nothing of that shard is then deleted.
func (s *Sweeper) PlanShard(ctx, stop context.Context, run *Run, shard int) error {
	var done ShardPlan
	if ok, err := s.load(ctx, run, planFile(shard), &done); ok || err != nil {
		return err
	}
	p := &planner{sweeper: s, run: run, shard: shard, segments: []Segment{}}
	p.stack = keyStack{planner: p}
	applied, err := s.appliedTo(ctx, run, shard)
	if err != nil {
		return err
	}
	p.applied = applied
	census, err := s.census(ctx, stop, run, shard, firstLook, p.take)
	if err != nil {
		return err
	}
	if err := errors.Join(p.stack.close(ctx), p.flush(ctx)); err != nil {
		return err
	}
	if p.applied != nil && census.Complete {
		p.applied.close()
		census.PlanGone, census.PlanChanged = p.applied.gone, p.applied.changed
	}
	return s.save(ctx, run, planFile(shard), ShardPlan{Census: *census, Segments: p.segments})
}

// planner collects what is to go into segments.
type planner struct {
	sweeper  *Sweeper
	run      *Run
	shard    int
	buffer   []Planned
	listedAt time.Time
	segments []Segment
	stack    keyStack
	applied  *applied // nil: the run makes its own plan
}

// most is how many entries a segment holds at most.
func (p *planner) most() int { return cmp.Or(p.sweeper.segmentMax, segmentEntries) }

// take adds an entry, if it is to go.
func (p *planner) take(ctx context.Context, e Entry, v retention.Verdict, asked time.Time) error {
	sh := p.run.Shards[p.shard]
	skip := ""
	if p.applied != nil {
		var err error
		if skip, err = p.applied.judge(ctx, e, v); err != nil {
			return err
		}
	}
	switch {
	case p.run.Type == evidence.TypeAttestation:
		return nil
	case e.Opaque || sh.Uploads || !p.run.versioned(sh.Store):
		if !v.Goes() {
			return nil
		}
		return p.addAll(ctx, []Planned{planned(e, v, skip)}, asked)
	}
	if e.Key != p.stack.key {
		if err := p.stack.close(ctx); err != nil {
			return err
		}
		p.stack = keyStack{planner: p, key: e.Key, asked: asked}
	}
	return p.stack.add(ctx, e, v, skip)
}

// addAll adds entries that were listed from asked on. They are in one segment,
// unless they are more than fit into one.
func (p *planner) addAll(ctx context.Context, entries []Planned, asked time.Time) error {
	most := p.most()
	if len(p.buffer) > 0 && len(p.buffer)+len(entries) > most {
		if err := p.flush(ctx); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(entries, most) {
		if len(p.buffer) == 0 {
			p.listedAt = asked
		}
		p.buffer = append(p.buffer, chunk...)
		if len(p.buffer) == most {
			if err := p.flush(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// flush writes the buffer as the next segment.
func (p *planner) flush(ctx context.Context) error {
	if len(p.buffer) == 0 {
		return nil
	}
	data, err := encodeSegment(p.buffer)
	if err != nil {
		return err
	}
	name := segmentFile(p.shard, len(p.segments))
	stored, err := once(ctx, p.sweeper.Work, workName(p.run.Number, name), data)
	if err != nil {
		return err
	}
	if !bytes.Equal(stored, data) {
		return fmt.Errorf("shard %d is being planned by someone else, who saw other entries", p.shard)
	}
	p.segments = append(p.segments, Segment{Name: name, Count: int64(len(p.buffer)),
		SHA256: evidence.SHA256Hex(data), ListedAt: p.listedAt.UTC()})
	p.buffer = p.buffer[:0]
	return nil
}

// look is which of a run's two listings is made.
type look int

const (
	firstLook  look = iota // before the sweep: what is to go is taken for gone
	secondLook             // after it: what is there has stayed
)

// census lists a shard once, judges and counts each entry, and hands it to
// take with the time at which its page was asked for. An error is one of ours
// (storage, context), never of the listing.
func (s *Sweeper) census(ctx, stop context.Context, run *Run, shard int, which look,
	take func(ctx context.Context, e Entry, v retention.Verdict, asked time.Time) error,
) (*Census, error) {
	sh := run.Shards[shard]
	spec := run.Spec.Stores[sh.Store]
	policy, err := run.Policy(sh.Store)
	if err != nil {
		return nil, err
	}
	judge := retention.NewJudge(policy)
	t := tally{census: newCensus(), look: which, nearMatch: policy.Roster.NearMatcher(), allTeams: run.Spec.AllTeams,
		lateFrom: run.Cutoff.Add(-run.interval()), cutoff: run.Cutoff, maxAge: run.maxAgeDays(), newest: newest{most: run.sample(which)}}
	defer t.close()
	store, err := s.open(ctx, run, sh.Store)
	if err != nil {
		t.census.Problem = CodeUnreachable
		s.Log.Error().Str("store", spec.Name).Err(err).Msg("store can't be listed")
		return t.census, nil
	}
	asked := s.Now()
	for page, err := range store.Pages(ctx, run.rangeOf(shard)) {
		if err != nil {
			if ctx.Err() != nil {
				return nil, context.Cause(ctx)
			}
			t.census.Problem = CodeListing
			if sh.Uploads {
				t.census.Problem = CodeUploadsUnseen
			}
			s.Log.Error().Str("store", spec.Name).Err(err).Msg("listing can't be finished")
			return t.census, nil
		}
		if stop.Err() != nil {
			t.census.Problem = CodeInterrupted
			return t.census, nil
		}
		t.census.Population.Pages++
		t.census.Population.Anomalies += int64(page.Repeated)
		t.census.Repeated += int64(page.Repeated)
		expired := t.census.Population.Expired
		for _, e := range page.Entries {
			v := judge.Judge(e)
			t.add(e, v)
			if err := take(ctx, e, v, asked); err != nil {
				return nil, err
			}
		}
		s.progress().Listed(len(page.Entries), int(t.census.Population.Expired-expired))
		asked = s.Now()
	}
	t.census.Complete = true
	return t.census, nil
}

// interval is how long the schedule gives a run before data counts as late: from
// one slot to the next, or a day without a schedule.
func (r *Run) interval() time.Duration {
	next, err := evidence.NextDue(r.Spec.Schedule, r.StartedAt, nil)
	if err != nil || next == "" {
		return retention.Day
	}
	slot, err := evidence.ParseTime(next)
	if err != nil {
		return retention.Day
	}
	if next, err = evidence.NextDue(r.Spec.Schedule, slot, nil); err != nil {
		return retention.Day
	}
	after, err := evidence.ParseTime(next)
	if err != nil {
		return retention.Day
	}
	return after.Sub(slot)
}
