package sweep

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// applyWithin is how long the plan of a dry run or of a stopped run is kept.
const applyWithin = 24 * time.Hour

// tidy removes the work files of sealed runs and returns how many remain. The
// plan of a dry run or of a stopped run is kept as long as it can be applied.
func (s *Sweeper) tidy(ctx context.Context) (int64, error) {
	n, err := s.numbers(ctx)
	if err != nil {
		return 0, err
	}
	var left int64
	for _, number := range n.folders {
		if !slices.Contains(n.sealed, number) {
			continue
		}
		var run Run
		if ok, err := s.load(ctx, &Run{Number: number}, runFile, &run); err != nil {
			s.Log.Warn().Int64("run", number).Err(err).Msg("a sealed run's working files can't be read, and stay")
			left++
			continue
		} else if ok && s.appliable(ctx, &run) {
			continue
		}
		remains, err := s.removeWork(ctx, number)
		if err != nil {
			s.Log.Warn().Int64("run", number).Err(err).Msg("working files can't be removed")
		}
		left += remains
	}
	return left, nil
}

// appliable reports whether a sealed run's plan may still be carried out. What
// can't be found out removes no plan.
func (s *Sweeper) appliable(ctx context.Context, run *Run) bool {
	if s.Now().Sub(run.StartedAt) > applyWithin {
		return false
	}
	guard, err := s.readGuard(ctx, run)
	if err == nil && run.Type != evidence.TypeDryRun && guard.Trip == nil {
		return false
	}
	return !errors.Is(s.unused(ctx, run.Number), ErrNotAppliable)
}

// removeWork removes the work files of one run, run.json last: a folder that
// is half removed is still known as a run's.
func (s *Sweeper) removeWork(ctx context.Context, number int64) (int64, error) {
	names, err := s.Work.List(ctx, workName(number, ""))
	if err != nil {
		return 0, err
	}
	var errs []error
	last := workName(number, runFile)
	for _, name := range names {
		if name != last {
			errs = append(errs, s.Work.Remove(ctx, name))
		}
	}
	if errors.Join(errs...) == nil {
		errs = append(errs, s.Work.Remove(ctx, last))
	}
	rest, err := s.Work.List(ctx, workName(number, ""))
	return int64(len(rest)), errors.Join(append(errs, err)...)
}
