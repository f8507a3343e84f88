package sweep

import (
	"context"
	"errors"
	"fmt"
)

// ErrNoPlan says that a report's plan is not in the work area (any more).
var ErrNoPlan = errors.New("no plan in the work area")

// ReadPlan hands each entry of a report's plan to f, shard by shard in plan
// order, with the name of its store. The error wraps ErrNoPlan where the work
// area has no plan of that number: a plan is kept until it is applied or 24
// hours old.
func ReadPlan(ctx context.Context, work Area, number int64, f func(store string, p Planned) error) error {
	s := &Sweeper{Work: work}
	var run Run
	ok, err := s.load(ctx, &Run{Number: number}, runFile, &run)
	if err != nil {
		return err
	}
	if !ok {
		return fmt.Errorf("report %d: %w: it was applied, is older than %s, or made no plan", number, ErrNoPlan, applyWithin)
	}
	for i, sh := range run.Shards {
		var plan ShardPlan
		if ok, err := s.load(ctx, &run, planFile(i), &plan); err != nil || !ok {
			return errors.Join(err, missing(ok, "plan of shard %d", i))
		}
		for n := range plan.Segments {
			entries, err := s.readSegment(ctx, &run, plan, n)
			if err != nil {
				return err
			}
			for _, p := range entries {
				if err := f(run.Spec.Stores[sh.Store].Name, p); err != nil {
					return err
				}
			}
		}
	}
	return nil
}
