package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// Codes for a store that is left alone, or not seen to the end.
const (
	CodeUnreachable       = "STORE_UNREACHABLE"  // can't be reached, or refuses us
	CodeDeleteDenied      = "DELETE_DENIED"      // may be listed but not swept
	CodeVersioningUnknown = "VERSIONING_UNKNOWN" // the server can't say, or after the sweep could not be asked
	CodeUploadsUnseen     = "UPLOADS_NOT_LISTED" // incomplete uploads can't be listed to the end
	CodeListing           = "LISTING_INCOMPLETE"
	CodeInterrupted       = "INTERRUPTED"
)

// preflight asks each store for its state and clock, and makes the run that is
// to be frozen. It returns an error if no store at all can be worked on: then
// there is nothing that a report could say.
func (s *Sweeper) preflight(ctx context.Context, req Request) (*Run, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("preflight: make the run's id: %w", err)
	}
	run := &Run{ID: id.String(), Type: req.Type, Trigger: req.Trigger, Slot: req.Slot, Spec: req.Spec, PrefixOnly: req.PrefixOnly,
		Found: make([]StoreFound, len(req.Spec.Stores)), opened: make([]Bucket, len(req.Spec.Stores))}
	why := make([]error, len(req.Spec.Stores))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, s.Concurrency))
	for i, spec := range req.Spec.Stores {
		group.Go(func() error {
			run.opened[i], run.Found[i], why[i] = s.inspect(gctx, spec, run.Deletes())
			return ctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return nil, fmt.Errorf("preflight: %w", err)
	}
	usable := false
	for i := range run.Found {
		usable = usable || why[i] == nil
	}
	if !usable {
		return nil, fmt.Errorf("preflight: no store can be worked on, nothing was deleted: %w", errors.Join(why...))
	}
	for i, f := range run.Found {
		if why[i] != nil {
			s.Log.Warn().Str("store", req.Spec.Stores[i].Name).Str("code", f.Left).Err(why[i]).Msg("store is left alone")
		}
	}
	run.clock(s.Now())
	if req.Apply != nil {
		err = s.adopt(ctx, run, req)
	} else {
		run.Shards, err = run.cut()
	}
	if err != nil {
		return nil, fmt.Errorf("preflight: %w", err)
	}
	if run.Purge, err = s.purgeable(ctx, run); err != nil {
		return nil, fmt.Errorf("preflight: %w", err)
	}
	return run, nil
}

// cut makes the shards: for each store that is worked on its key ranges, and
// after all of these its uploads.
func (r *Run) cut() ([]Shard, error) {
	var shards, uploads []Shard
	for i, f := range r.Found {
		if f.Left != "" {
			continue
		}
		uploads = append(uploads, Shard{Store: i, Uploads: true})
		if !r.PrefixOnly {
			shards = append(shards, Shard{Store: i})
			continue
		}
		prefixes, err := r.teamPrefixes(i)
		if err != nil {
			return nil, err
		}
		for _, p := range prefixes {
			shards = append(shards, Shard{Store: i, Prefix: []byte(p)})
		}
	}
	return append(shards, uploads...), nil
}

// teamPrefixes are the prefixes of the ZDR teams' keys in a store, sorted.
func (r *Run) teamPrefixes(store int) ([]string, error) {
	policy, err := r.Policy(store)
	if err != nil {
		return nil, err
	}
	var prefixes []string
	for _, team := range policy.Roster.Teams {
		for _, l := range policy.Layouts {
			if p, ok := l.TeamPrefix(team.ID); ok {
				prefixes = append(prefixes, p)
			}
		}
	}
	if len(prefixes) == 0 && len(policy.Roster.Teams) > 0 {
		return nil, fmt.Errorf("store %q has no layout that begins with the team, so the teams have no prefixes that could be listed alone", policy.Store)
	}
	slices.Sort(prefixes)
	return slices.Compact(prefixes), nil
}

// clock fixes the run's start and cutoff: the earlier of the local clock and
// each server's, so that a clock that runs ahead can't make young data old. A
// server that is further behind than the limit sets back no more than that:
// nothing is deleted then, and a report's cutoff must be one that its clocks
// explain.
func (r *Run) clock(local time.Time) {
	r.StartedAt = local.UTC().Truncate(time.Second)
	start := r.StartedAt
	for _, f := range r.Found {
		if at := local.Add(max(f.Skew, -r.Spec.Limits.MaxClockSkew)); f.Left == "" && at.Before(start) {
			start = at
		}
	}
	r.Cutoff = retention.Cutoff(start, r.Spec.MaxAge)
}

// inspect asks one store for its state. A store that is to be left alone comes
// back with a code, and an error for the log that says what to do.
func (s *Sweeper) inspect(ctx context.Context, spec StoreSpec, deletes bool) (Bucket, StoreFound, error) {
	found := StoreFound{Versioning: bucket.StateUnknown, ObjectLock: bucket.StateUnknown}
	store, err := s.Open(ctx, spec)
	if err != nil {
		found.Left = CodeUnreachable
		return Bucket{}, found, err
	}
	state, err := store.Inspect(ctx)
	if err != nil {
		found.Left = CodeUnreachable
		return store, found, err
	}
	found.Versioning, found.ObjectLock, found.Provider = state.Versioning, state.ObjectLock, state.Provider
	found.Skew = state.Skew
	switch found.Versioning {
	case bucket.StateNever:
	case bucket.StateEnabled, bucket.StateSuspended:
		// The right to delete is found out by deleting: asked for with a key that
		// doesn't exist, a server that ignores version ids would make a marker.
		return store, found, nil
	default:
		found.Left = CodeVersioningUnknown
		return store, found, fmt.Errorf("store %q: the server of bucket %q does not say whether versioning is on: if it never was, set `versioning: never`",
			spec.Name, spec.Bucket)
	}
	if deletes {
		if err := store.ProbeDelete(ctx); err != nil {
			found.Left = CodeDeleteDenied
			return store, found, err
		}
	}
	return store, found, nil
}

// freeze takes the next number by creating run.json, once it is sure that the
// run could be sealed.
func (s *Sweeper) freeze(ctx context.Context, run *Run) error {
	used, err := s.numbers(ctx)
	if err != nil {
		return err
	}
	run.Number = used.next()
	if err := s.rehearse(ctx, run); err != nil {
		return fmt.Errorf("preflight: a report could not be sealed, nothing was deleted: %w", err)
	}
	data, err := marshal(run)
	if err != nil {
		return err
	}
	if err := s.Work.Put(ctx, workName(run.Number, runFile), data); err != nil {
		if errors.Is(err, vault.ErrExists) {
			return fmt.Errorf("run %d was begun by someone else under our lease: nothing was deleted; run again: %w", run.Number, err)
		}
		return fmt.Errorf("freeze run %d: %w", run.Number, err)
	}
	return nil
}

// numbers are the run numbers in use: those with a report, those with work files,
// and those with any file in the vault.
type numbers struct{ sealed, worked, begun, folders []int64 }

func (n numbers) next() int64 {
	next := int64(0)
	for _, list := range [][]int64{n.sealed, n.worked} {
		if len(list) > 0 {
			next = max(next, slices.Max(list)+1)
		}
	}
	return next
}

// dead are the runs that were begun and never sealed, oldest first.
func (n numbers) dead() []int64 {
	var dead []int64
	for _, w := range n.worked {
		if !slices.Contains(n.sealed, w) {
			dead = append(dead, w)
		}
	}
	return dead
}

// orphans are the numbers with files in the vault and neither report nor work
// files. Their parts would pass for those of the run that takes the number.
func (n numbers) orphans() []int64 {
	return slices.DeleteFunc(slices.Clone(n.begun), func(b int64) bool {
		return slices.Contains(n.sealed, b) || slices.Contains(n.worked, b)
	})
}

func (s *Sweeper) numbers(ctx context.Context) (numbers, error) {
	var n numbers
	reports, err := s.Vault.List(ctx, "reports/")
	if err != nil {
		return n, fmt.Errorf("list the reports in the vault: %w", err)
	}
	for _, name := range reports {
		var number int64
		var file string
		if _, err := fmt.Sscanf(name, "reports/%010d/%s", &number, &file); err != nil {
			continue
		}
		if file == evidence.FileBundle {
			n.sealed = append(n.sealed, number)
		} else if !slices.Contains(n.begun, number) {
			n.begun = append(n.begun, number)
		}
	}
	work, err := s.Work.List(ctx, "")
	if err != nil {
		return n, fmt.Errorf("list the work area: %w", err)
	}
	for _, name := range work {
		var number int64
		var file string
		if _, err := fmt.Sscanf(name, "%010d/%s", &number, &file); err != nil {
			continue
		}
		if file == runFile {
			n.worked = append(n.worked, number)
		}
		if !slices.Contains(n.folders, number) {
			n.folders = append(n.folders, number)
		}
	}
	slices.Sort(n.sealed)
	slices.Sort(n.worked)
	return n, nil
}
