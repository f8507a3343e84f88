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

// Guard compares the whole plan with the limits and writes guard.json. A dry
// run is judged like any other, and then never goes.
func (s *Sweeper) Guard(ctx context.Context, run *Run) error {
	var counts []retention.StoreCount
	for i, sh := range run.Shards {
		var plan ShardPlan
		ok, err := s.load(ctx, run, planFile(i), &plan)
		if err != nil {
			return err
		}
		if !ok {
			return fmt.Errorf("shard %d has no plan", i)
		}
		p := plan.Census.Population
		counts = append(counts, retention.StoreCount{Store: run.Spec.Stores[sh.Store].Name,
			Listed: p.Listed, Expired: p.Expired, KeyDateAlone: p.ExpiredByKeyDateAlone, Skew: run.Found[sh.Store].Skew})
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
