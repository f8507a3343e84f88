package sweep

import (
	"context"
	"errors"
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// GuardFile is guard.json. Nothing is deleted before it exists and says go.
type GuardFile struct {
	Go   bool            `json:"go"`
	Trip *evidence.Guard `json:"trip"`
	// Overridden is the guard that would have tripped, had the run not been told
	// to carry out a plan.
	Overridden *evidence.Guard `json:"overridden,omitempty"`
}

// Guard compares the whole plan, store by store, with the limits and with the
// last reports, and writes guard.json. A dry run is judged like any other, and
// then never goes.
func (s *Sweeper) Guard(ctx context.Context, run *Run) error {
	h, err := s.history(ctx, run)
	if err != nil {
		return fmt.Errorf("read the reports that the plan is compared with: %w", err)
	}
	counts, err := s.counts(ctx, run, h)
	if err != nil {
		return err
	}
	plan := retention.Plan{Start: run.start(), MaxAge: run.Spec.MaxAge, AgeSource: run.Spec.AgeSource, Stores: counts,
		Holds: run.Spec.Holds, Roster: run.Spec.Roster.Roster}
	file := GuardFile{Go: run.Deletes()}
	trip, tripped := retention.Guard(run.Spec.Limits, plan, h.last)
	said := &evidence.Guard{Name: trip.Name, Store: trip.Store, Value: trip.Value, Limit: trip.Limit}
	if tripped && run.Apply != nil && !retention.Absolute(trip) {
		file.Overridden, tripped = said, false
		s.Log.Warn().Int64("run", run.Number).Str("guard", trip.Name).Str("store", trip.Store).Str("value", trip.Value).
			Str("limit", trip.Limit).Int64("plan", run.Apply.Report).Msg("a guard is overridden: the plan was told to be carried out")
	}
	if tripped {
		file.Go, file.Trip = false, said
		s.Log.Error().Int64("run", run.Number).Str("guard", trip.Name).Str("store", trip.Store).
			Str("value", trip.Value).Str("limit", trip.Limit).Msg(trip.Message)
	}
	return s.save(ctx, run, guardFile, file)
}

// counts adds up what the shards of each store plan.
func (s *Sweeper) counts(ctx context.Context, run *Run, h history) ([]retention.StoreCount, error) {
	counts := make([]retention.StoreCount, len(run.Spec.Stores))
	for i, spec := range run.Spec.Stores {
		counts[i] = retention.StoreCount{Store: spec.Name, Complete: run.Found[i].Left == "", Layouts: spec.Layouts, Zone: spec.KeyDateZone, Before: h.stores[i]}
	}
	for i, sh := range run.Shards {
		var plan ShardPlan
		ok, err := s.load(ctx, run, planFile(i), &plan)
		if err != nil {
			return nil, err
		}
		if !ok {
			return nil, fmt.Errorf("shard %d has no plan", i)
		}
		c, p := &counts[sh.Store], plan.Census.Population
		c.Skew = run.Found[sh.Store].Skew
		if plan.leftAlone() != "" {
			c.Complete = false
			continue // nothing of it goes, and half a count compares with nothing
		}
		c.Listed += p.Listed
		c.Expired += p.Expired - plan.Census.ExpiredHeld - plan.Census.Pending // what is held or hides something doesn't go
		c.Purge += plan.Census.Purge
		c.KeyDateAlone += p.ExpiredByKeyDateAlone - plan.Census.KeyDateHeld
	}
	return counts, nil
}

func (s *Sweeper) readGuard(ctx context.Context, run *Run) (GuardFile, error) {
	var g GuardFile
	_, err := s.load(ctx, run, guardFile, &g)
	if err == nil && g.Go && (g.Trip != nil || !run.Deletes()) {
		err = errors.New("guard.json says go against itself")
	}
	return g, err
}
