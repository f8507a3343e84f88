package sweep

import (
	"bytes"
	"cmp"
	"context"
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
	// First and Last are its least and its greatest key; empty where they are not known.
	First []byte `json:"first,omitempty"`
	Last  []byte `json:"last,omitempty"`
}

// widen makes a key one of the segment's.
func (s *Segment) widen(key []byte) {
	if len(s.First) == 0 || bytes.Compare(key, s.First) < 0 {
		s.First = key
	}
	if bytes.Compare(key, s.Last) > 0 {
		s.Last = key
	}
}

// ShardPlan is plan-SSSS.json: what the listing saw, and the segments. It is
// written last, so a shard without it was never planned to the end.
type ShardPlan struct {
	Census   Census    `json:"census"`
	Segments []Segment `json:"segments"`
	// Cuts are the keys at which the listing was cut into ranges.
	Cuts [][]byte `json:"cuts,omitempty"`
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
	p, err := s.planner(ctx, run, shard)
	if err != nil {
		return err
	}
	l, err := s.list(ctx, stop, run, shard, firstLook, nil, p)
	if err != nil {
		return err
	}
	plan := ShardPlan{Census: *l.census, Cuts: l.ranges.cuts()}
	if plan.Segments, err = p.finish(ctx); err != nil {
		return err
	}
	if p != nil && plan.Census.Complete {
		plan.Census.PlanGone, plan.Census.PlanChanged = p.gone, p.changed
	}
	return s.save(ctx, run, planFile(shard), plan)
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
