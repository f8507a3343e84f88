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
}

// Guard compares the whole plan, store by store, with the limits and writes
// guard.json. A dry run is judged like any other, and then never goes.
func (s *Sweeper) Guard(ctx context.Context, run *Run) error {
	counts := make([]retention.StoreCount, len(run.Spec.Stores))
	for i, spec := range run.Spec.Stores {
		counts[i].Store = spec.Name
	}
	for i, sh := range run.Shards {
		var plan ShardPlan
		ok, err := s.load(ctx, run, planFile(i), &plan)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("shard %d has no plan", i)
		}
		c, p := &counts[sh.Store], plan.Census.Population
		c.Skew = run.Found[sh.Store].Skew
		if plan.leftAlone() != "" {
			continue // nothing of it goes, and half a count compares with nothing
		}
		c.Listed += p.Listed
		c.Expired += p.Expired - plan.Census.ExpiredHeld - plan.Census.Pending // what is held or hides something doesn't go
		c.Purge += plan.Census.Purge
		c.KeyDateAlone += p.ExpiredByKeyDateAlone - plan.Census.KeyDateHeld
	}
	file := GuardFile{Go: run.Deletes()}
	if trip, tripped := retention.Guard(run.Spec.Limits, counts); tripped {
		file.Go = false
		file.Trip = &evidence.Guard{Name: trip.Name, Store: trip.Store, Value: trip.Value, Limit: trip.Limit}
		s.Log.Error().Int64("run", run.Number).Str("guard", trip.Name).Str("store", trip.Store).
			Str("value", trip.Value).Str("limit", trip.Limit).Msg(trip.Message)
	}
	return s.save(ctx, run, guardFile, file)
}

func (s *Sweeper) readGuard(ctx context.Context, run *Run) (GuardFile, error) {
	var g GuardFile
	_, err := s.load(ctx, run, guardFile, &g)
	if err == nil && g.Go && (g.Trip != nil || !run.Deletes()) {
		err = errors.New("guard.json says go against itself")
	}
	return g, err
}
