package sweep

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// Sweeper makes runs. All fields are required but for Progress (nil: silent),
// Concurrency (0: 1), Stamp (nil: no time stamps) and Page (nil: no report.html).
type Sweeper struct {
	// Lease takes the lease of the work area; the error wraps vault.ErrHeld if
	// another run has it.
	Lease func(ctx context.Context) (*vault.Lease, error)
	// Open opens a store; it makes no request.
	Open        func(ctx context.Context, s StoreSpec) (Bucket, error)
	Vault, Work Area
	// Signer is used by seal alone.
	Signer      evidence.Signer
	Trust       evidence.TrustRoot
	Identifiers *evidence.Identifiers
	// Stamp asks a time stamp authority once for a checked RFC 3161 time stamp
	// over a report's raw signature.
	Stamp func(ctx context.Context, sig []byte) ([]byte, error)
	// Page makes report.html from a report that is about to be signed, its rows of
	// teams.csv, and the ages of what was listed (nil if nobody counted them).
	Page func(evidence.Predicate, []evidence.TeamRow, *Ages) ([]byte, error)
	// Now is the wall clock. Whatever decides uses the run's frozen start.
	Now         func() time.Time
	Log         zerolog.Logger
	Progress    Progress
	Concurrency int // shards at work at a time, and batches of a store in flight

	firstPause time.Duration // before a second attempt; 0: 200 ms
	quiet      time.Duration // between two looks at what a dead run was deleting; 0: quiet
	segmentMax int           // entries of a plan segment; 0: segmentEntries
}

// Sealed is a report that is in the vault.
type Sealed struct {
	Number          int64
	ReportPath      string // in the vault
	StatementSHA256 string
	Predicate       evidence.Predicate
	Teams           []evidence.TeamRow
	// Recovered are the numbers of dead runs that were sealed first.
	Recovered []int64
}

// Run makes one run and returns its sealed report.
//
// When ctx ends, the run stops gracefully: the batch in flight is finished, its
// outcomes are written, and the report is sealed as interrupted. An error means
// that this run sealed no report; what it did is in its files, and the next run
// seals it.
func (s *Sweeper) Run(ctx context.Context, req Request) (sealed *Sealed, err error) {
	lease, err := s.Lease(ctx)
	if err != nil {
		return nil, err
	}
	// What is in flight outlives ctx, but never the lease.
	hard := lease.Context()
	defer func() {
		leaveNote(lease, sealed)
		if e := release(ctx, lease); e != nil && sealed == nil {
			err = errors.Join(err, e)
		} else if e != nil { // the report stands, and the lease expires by itself
			s.Log.Warn().Err(e).Msg("the lease was not released")
		}
	}()
	if err := s.checkNote(hard, lease.Note()); err != nil {
		return nil, err
	}
	if sealed, err = s.leased(hard, ctx, req, lease); err != nil && hard.Err() != nil {
		err = fmt.Errorf("%w: nothing more is deleted, and the run that took over seals this one (%w)", context.Cause(hard), err)
	}
	return sealed, err
}

// leased is Run under the lease. ctx ends with the lease, stop asks for a
// graceful end.
func (s *Sweeper) leased(ctx, stop context.Context, req Request, lease *vault.Lease) (*Sealed, error) {
	if req.Apply != nil { // before anything is touched; a dead run may use it up yet
		if _, err := s.plannedRun(ctx, req); err != nil {
			return nil, err
		}
	}
	recovered, err := s.recover(ctx)
	if err != nil {
		return nil, err
	}
	leftovers, err := s.tidy(ctx)
	if err != nil {
		return nil, err
	}
	if stop.Err() != nil {
		return nil, fmt.Errorf("stopped before the run began: %w", context.Cause(stop))
	}
	run, err := s.preflight(ctx, req)
	if err != nil {
		return nil, err
	}
	run.TakenOver, run.Leftovers = takeover(lease), leftovers
	run.alive, run.streams = func() error { return lease.Check(0) }, newStreams(s.Concurrency)
	run.roads = s.newRoads(run)
	if err := s.freeze(ctx, run); err != nil {
		return nil, err
	}
	log := s.Log.With().Int64("run", run.Number).Str("type", run.Type).Logger()
	log.Info().Time("cutoff", run.Cutoff).Int("stores", len(run.Spec.Stores)).Msg("run started")
	if err := s.steps(ctx, stop, run); err != nil {
		return nil, fmt.Errorf("run %d: %w", run.Number, err)
	}
	sealed, err := s.Seal(ctx, run)
	if err != nil {
		return nil, fmt.Errorf("run %d: seal: %w", run.Number, err)
	}
	sealed.Recovered = recovered
	if _, err := s.tidy(ctx); err != nil {
		log.Warn().Err(err).Msg("working files were not removed")
	}
	t := sealed.Predicate.Totals
	log.Info().Str("result", sealed.Predicate.Result).Int64("listed", t.Listed).Int64("expired", t.Expired).
		Int64("deleted", t.Deleted).Int64("failed", t.Failed).Str("statement", sealed.StatementSHA256).Msg("report sealed")
	return sealed, nil
}

// steps are plan, guard, sweep and confirm, over all shards.
func (s *Sweeper) steps(ctx, stop context.Context, run *Run) error {
	s.progress().Step("plan")
	s.progress().Expect(s.expected(ctx, run))
	if err := s.each(ctx, run, func(ctx context.Context, i int) error { return s.PlanShard(ctx, stop, run, i) }); err != nil {
		return fmt.Errorf("plan: %w", err)
	}
	if err := s.witnesses(ctx, stop, run); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	if run.Type == evidence.TypeAttestation {
		return nil
	}
	if stop.Err() == nil {
		if err := s.Guard(ctx, run); err != nil {
			return fmt.Errorf("guard: %w", err)
		}
	}
	deletes, err := s.goes(ctx, run)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if deletes {
		s.progress().Step("sweep")
	} else {
		s.progress().Step("manifest") // nothing goes, and each planned entry gets its line
	}
	if err := s.each(ctx, run, func(ctx context.Context, i int) error { return s.SweepShard(ctx, stop, run, i) }); err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	if !deletes || !run.Spec.Confirm || stop.Err() != nil { // there is nothing to confirm
		return nil
	}
	s.progress().Step("confirm")
	if err := s.each(ctx, run, func(ctx context.Context, i int) error { return s.ConfirmShard(ctx, stop, run, i) }); err != nil {
		return fmt.Errorf("confirm: %w", err)
	}
	return nil
}

// goes reports whether the run deletes: it is one that does, and no guard stops it.
func (s *Sweeper) goes(ctx context.Context, run *Run) (bool, error) {
	if !run.Deletes() {
		return false, nil
	}
	g, err := s.readGuard(ctx, run)
	return g.Go, err
}

// each calls f for every shard, some at a time, and stops at the first error.
func (s *Sweeper) each(ctx context.Context, run *Run, f func(ctx context.Context, shard int) error) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(max(1, s.Concurrency))
	for i := range run.Shards {
		group.Go(func() error { return f(ctx, i) })
	}
	return group.Wait()
}

func (s *Sweeper) progress() Progress {
	if s.Progress == nil {
		return silent{}
	}
	return s.Progress
}

// open returns the store of a run by its index: the one that preflight opened,
// which knows its server by now, or a new one.
func (s *Sweeper) open(ctx context.Context, run *Run, store int) (Bucket, error) {
	if store < len(run.opened) && run.opened[store].Store != nil {
		return run.opened[store], nil
	}
	spec := run.Spec.Stores[store]
	st, err := s.Open(ctx, spec)
	if err != nil {
		return Bucket{}, fmt.Errorf("open store %q: %w", spec.Name, err)
	}
	return st, nil
}

// once puts a file, and takes the one that is there if somebody was faster.
func once(ctx context.Context, area Area, name string, data []byte) ([]byte, error) {
	err := area.Put(ctx, name, data)
	if errors.Is(err, vault.ErrExists) {
		return area.Get(ctx, name)
	}
	return data, err
}

// load reads a working file into v; ok is false if there is none.
func (s *Sweeper) load(ctx context.Context, run *Run, file string, v any) (ok bool, err error) {
	name := workName(run.Number, file)
	data, err := s.Work.Get(ctx, name)
	if errors.Is(err, vault.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return true, unmarshal(name, data, v)
}

// save writes a working file if it is absent; the first one stands.
func (s *Sweeper) save(ctx context.Context, run *Run, file string, v any) error {
	data, err := marshal(v)
	if err != nil {
		return err
	}
	_, err = once(ctx, s.Work, workName(run.Number, file), data)
	return err
}
