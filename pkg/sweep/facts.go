package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// facts are what a run's files say, folded: all that a report is made of.
type facts struct {
	run      *Run
	guard    GuardFile
	guarded  bool // guard.json exists
	stores   []storeFacts
	parts    []evidence.Part
	finished time.Time
	// unstamped says that there will be no time stamp, and the policy does without.
	unstamped bool
	// previous is the report before this one; nil for report 0.
	previous *previous
	// before is the last report with facts that changes are measured against,
	// lastSweep the last sweep or recovery, whose slot promises count.
	before    *evidence.Facts
	lastSweep *evidence.Predicate
}

// storeFacts are the facts of one store.
type storeFacts struct {
	before  Census
	after   *ConfirmFile // nil where no second listing was made
	lines   LineCounts
	witness WitnessFile
	unasked int64 // answers about keys that no delete asked for
	ignored bool  // the server ignores the overwrite guard etag
	// lockedUntil is when the last retention of an entry ends that is in the way.
	lockedUntil time.Time
	// remains is what the second listings saw, in the shards that were swept, that
	// is expired and not held; pending is how much of it are markers that hide a
	// version.
	remains, pending int64
}

// previous is what a report says of the one before it.
type previous struct {
	reportID, statementSHA256, bundleSHA256 string
}

// fold reads all files of a run.
func (s *Sweeper) fold(ctx context.Context, run *Run) (*facts, error) {
	f := &facts{run: run, stores: make([]storeFacts, len(run.Spec.Stores))}
	var err error
	if f.guarded, err = s.load(ctx, run, guardFile, &f.guard); err != nil {
		return nil, err
	}
	if err := s.foldWitnesses(ctx, f); err != nil {
		return nil, err
	}
	censuses := make([][]Census, len(f.stores))
	confirms := make([][]ConfirmFile, len(f.stores))
	for i := range f.stores {
		f.stores[i].lines = newLineCounts()
	}
	for i, sh := range run.Shards {
		var plan ShardPlan
		ok, err := s.load(ctx, run, planFile(i), &plan)
		if err := errors.Join(err, missing(ok, "plan of shard %d", i)); err != nil {
			return nil, err
		}
		censuses[sh.Store] = append(censuses[sh.Store], plan.Census)
		for n := range plan.Segments {
			if err := s.foldSegment(ctx, f, plan, i, n); err != nil {
				return nil, err
			}
		}
		var c ConfirmFile
		if ok, err = s.load(ctx, run, confirmFile(i), &c); err != nil {
			return nil, err
		} else if ok {
			confirms[sh.Store] = append(confirms[sh.Store], c)
			if plan.leftAlone() == "" {
				f.stores[sh.Store].remains += c.Census.Population.Expired - c.Census.ExpiredHeld
				f.stores[sh.Store].pending += c.Census.Pending
			}
		}
	}
	for i := range f.stores {
		f.stores[i].before = merge(censuses[i])
		if n := len(confirms[i]); n > 0 && n == len(censuses[i]) {
			f.stores[i].after = mergeConfirms(run.Found[i].Versioning, confirms[i])
		}
	}
	return f, s.foldChain(ctx, f)
}

// foldWitnesses reads what the second witness said.
func (s *Sweeper) foldWitnesses(ctx context.Context, f *facts) error {
	for i := range f.stores {
		ok, err := s.load(ctx, f.run, witnessFile(i), &f.stores[i].witness)
		if err != nil {
			return err
		}
		if !ok && f.run.sample(firstLook) > 0 && f.run.Found[i].Left == "" {
			f.stores[i].witness.Unseen = 1 // nobody asked any of its entries
		}
	}
	return nil
}

// foldChain reads the reports before this one, as far back as needed: the one
// right before, the last with facts, and the last sweep.
func (s *Sweeper) foldChain(ctx context.Context, f *facts) error {
	for n := f.run.Number - 1; n >= 0; n-- {
		sealed, err := s.readReport(ctx, n)
		if err != nil {
			return err
		}
		p := sealed.predicate
		if p.Chain.VaultID != s.Trust.VaultID {
			return fmt.Errorf("report %d belongs to vault %q, the trust root to %q: set vault and signing.trust to two that belong together",
				n, p.Chain.VaultID, s.Trust.VaultID)
		}
		if id := p.Identifiers; id.Epoch == s.Identifiers.Epoch() && id.EpochCommit != s.Identifiers.EpochCommit() {
			return fmt.Errorf("report %d was made with another identifiers.secret of the same epoch %q: put that file back, or nobody could match entries any more",
				n, id.Epoch)
		}
		if f.previous == nil {
			if err := s.inForce(n, p, f.run); err != nil {
				return err
			}
			f.previous = &previous{reportID: p.ReportID, statementSHA256: evidence.SHA256Hex(sealed.payload), bundleSHA256: evidence.SHA256Hex(sealed.bundle)}
		}
		if f.before == nil && p.ReportType != evidence.TypeKeyRotation {
			if f.before, err = s.factsOf(ctx, n, sealed); err != nil {
				return err
			}
		}
		if p.ReportType == evidence.TypeSweep || p.ReportType == evidence.TypeRecovery {
			f.lastSweep = &p
			return nil
		}
	}
	return nil
}

// sealedReport is a report of the vault as it is read back.
type sealedReport struct {
	bundle, payload []byte
	subjects        []evidence.Subject
	predicate       evidence.Predicate
}

func (s *Sweeper) readReport(ctx context.Context, n int64) (r sealedReport, err error) {
	r.bundle, err = s.Vault.Get(ctx, reportFile(n, evidence.FileBundle))
	if errors.Is(err, vault.ErrNotFound) {
		return r, fmt.Errorf("report %d is not in the vault: the chain would have a gap; find out what happened to it first", n)
	}
	if err != nil {
		return r, err
	}
	if r.payload, _, _, err = evidence.OpenBundle(r.bundle); err != nil {
		return r, fmt.Errorf("report %d: %w", n, err)
	}
	st, err := evidence.OpenSigned(r.bundle, s.Trust)
	if err != nil {
		return r, fmt.Errorf("report %d: %w", n, err)
	}
	r.predicate, r.subjects = st.Predicate, st.Subject
	return r, nil
}

// signedFile returns a file of a report as it was signed.
func (s *Sweeper) signedFile(ctx context.Context, n int64, r sealedReport, file string) ([]byte, error) {
	data, err := s.Vault.Get(ctx, reportFile(n, file))
	if err != nil {
		return nil, err
	}
	if !slices.ContainsFunc(r.subjects, func(f evidence.Subject) bool {
		return f.Name == file && f.Digest.SHA256 == evidence.SHA256Hex(data)
	}) {
		return nil, fmt.Errorf("report %d did not sign the %s that is in the vault: find out who changed it", n, file)
	}
	return data, nil
}

func (s *Sweeper) teamsOf(ctx context.Context, n int64, r sealedReport) ([]evidence.TeamRow, error) {
	data, err := s.signedFile(ctx, n, r, evidence.FileTeams)
	if err != nil {
		return nil, err
	}
	teams, err := evidence.ParseTeams(data)
	if err != nil {
		return nil, fmt.Errorf("report %d: %w", n, err)
	}
	return teams, nil
}

// factsOf reads what changes are measured against out of a sealed report.
func (s *Sweeper) factsOf(ctx context.Context, n int64, r sealedReport) (*evidence.Facts, error) {
	config, err := s.signedFile(ctx, n, r, evidence.FileConfig)
	if err != nil {
		return nil, err
	}
	teams, err := s.teamsOf(ctx, n, r)
	if err != nil {
		return nil, err
	}
	facts, err := evidence.FactsOf(config, teams)
	if err != nil {
		return nil, fmt.Errorf("report %d: %w", n, err)
	}
	return &facts, nil
}

// oldestSurvivor is the age of the oldest entry that the last listing saw.
func (f *facts) oldestSurvivor() time.Duration {
	var oldest time.Time
	for _, s := range f.stores {
		switch {
		case s.after != nil && s.after.Census.Complete:
			oldest = earlier(oldest, s.after.Census.OldestAny)
		default:
			oldest = earlier(oldest, s.before.OldestAny)
		}
	}
	if oldest.IsZero() || oldest.After(f.run.StartedAt) {
		return 0
	}
	return f.run.StartedAt.Sub(oldest)
}

// holdEntries counts the expired entries that each hold keeps.
func (f *facts) holdEntries(h retention.Hold) int64 {
	var n int64
	for _, s := range f.stores {
		n += s.before.Held[h.ID]
	}
	return n
}
