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
	// Versioning is the state as it was after the sweep; unknown if it could not
	// be read.
	Versioning string `json:"versioning"`
}

// ConfirmShard lists the shard again and judges each entry by the frozen rules.
func (s *Sweeper) ConfirmShard(ctx, stop context.Context, run *Run, shard int) error {
	var done ConfirmFile
	if ok, err := s.load(ctx, run, confirmFile(shard), &done); ok || err != nil {
		return err
	}
	file := ConfirmFile{StartedAt: s.Now().UTC()}
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
	var unseen string
	if file.Versioning, unseen = s.versioningAfter(ctx, run, run.Shards[shard].Store); unseen != "" && census.Complete {
		census.Complete, census.Problem = false, unseen // what versioning hides may not have been listed
	}
	file.Census, file.FinishedAt = *census, s.Now().UTC()
	return s.save(ctx, run, confirmFile(shard), file)
}

// versioningAfter asks for a store's versioning state once more. unseen is the
// code of why the listing right before may not have shown all, "" if the server
// answered all that was asked and the state is still what preflight found.
func (s *Sweeper) versioningAfter(ctx context.Context, run *Run, store int) (state, unseen string) {
	after := bucket.State{Versioning: bucket.StateUnknown}
	opened, err := s.open(ctx, run, store)
	if err == nil {
		after, err = opened.Inspect(ctx)
	}
	unseen = versioningTrouble(run.Found[store].Versioning, after.Versioning)
	if unseen == "" && err != nil { // the state was read, and then the server failed
		unseen = CodeUnreachable
	}
	if unseen != "" {
		s.Log.Warn().Str("store", run.Spec.Stores[store].Name).Str("code", unseen).Str("before", run.Found[store].Versioning).
			Str("after", after.Versioning).Err(err).Msg("the versioning state is not confirmed, so neither is the second listing")
	}
	return after.Versioning, unseen
}

// versioningTrouble is the code of a versioning state that is not the one that
// preflight found: one that was read and differs, or one that could not be read.
// It is "" where nothing changed.
func versioningTrouble(found, after string) string {
	switch after {
	case found:
		return ""
	case bucket.StateUnknown:
		return CodeVersioningUnknown
	default:
		return bucket.CodeVersioningChanged
	}
}

// mergeConfirms folds the second listings of the shards of one store into one.
// found is the versioning state that preflight found: one look that read another
// weighs more than one that read none.
func mergeConfirms(found string, all []ConfirmFile) *ConfirmFile {
	out := all[0]
	censuses := make([]Census, len(all))
	for i, c := range all {
		censuses[i] = c.Census
		out.StartedAt = earlier(out.StartedAt, c.StartedAt)
		if c.FinishedAt.After(out.FinishedAt) {
			out.FinishedAt = c.FinishedAt
		}
		if out.Versioning == found || versioningTrouble(found, c.Versioning) == bucket.CodeVersioningChanged {
			out.Versioning = c.Versioning
		}
	}
	out.Census = merge(censuses)
	return &out
}
