package sweep

import (
	"context"
	"errors"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
)

// ConfirmFile is confirm-SSSS.json: what the second listing saw. The report
// claims this, not what the sweep meant to do.
type ConfirmFile struct {
	Census     Census    `json:"census"`
	StartedAt  time.Time `json:"startedAt"`
	FinishedAt time.Time `json:"finishedAt"`
	// Versioning is the state as it was after the sweep.
	Versioning string `json:"versioning"`
}

// ConfirmShard lists the shard again and judges each entry by the frozen rules.
func (s *Sweeper) ConfirmShard(ctx, stop context.Context, run *Run, shard int) error {
	var done ConfirmFile
	if ok, err := s.load(ctx, run, confirmFile(shard), &done); ok || err != nil {
		return err
	}
	file := ConfirmFile{StartedAt: s.Now().UTC(), Versioning: bucket.StateUnknown}
	var plan ShardPlan
	if ok, err := s.load(ctx, run, planFile(shard), &plan); err != nil || !ok {
		return errors.Join(err, missing(ok, "plan of shard %d", shard))
	}
	var cuts []string
	for _, c := range plan.Cuts {
		cuts = append(cuts, string(c))
	}
	l, err := s.list(ctx, stop, run, shard, secondLook, cuts, nil)
	if err != nil {
		return err
	}
	census := l.census
	if store, err := s.open(ctx, run, run.Shards[shard].Store); err == nil {
		if state, err := store.Inspect(ctx); err == nil {
			file.Versioning = state.Versioning
		}
	}
	if census.Complete && file.Versioning != run.Found[run.Shards[shard].Store].Versioning {
		census.Complete, census.Problem = false, bucket.CodeVersioningChanged // what versioning hides may not have been listed
	}
	file.Census, file.FinishedAt = *census, s.Now().UTC()
	return s.save(ctx, run, confirmFile(shard), file)
}
