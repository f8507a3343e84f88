package sweep

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// ErrNotAppliable is wrapped by the error of a run that was asked to carry out a
// plan that can't be, or not any more. Nothing was touched.
var ErrNotAppliable = errors.New("the plan can't be applied")

func notAppliable(n int64, format string, args ...any) error {
	return fmt.Errorf("%w: report %d %s", ErrNotAppliable, n, fmt.Sprintf(format, args...))
}

// Apply asks for the plan of a report to be carried out.
type Apply struct {
	Report int64 // a dry run's, or one that a guard stopped
	Reason string
	Ticket string
}

// plannedRun returns the frozen run whose plan is to be applied, if it may be:
// sealed as a dry run or stopped, no older than 24 hours, made by a config that
// differs in pace at most, and not applied before.
func (s *Sweeper) plannedRun(ctx context.Context, req Request) (*Run, error) {
	n := req.Apply.Report
	bundle, err := s.Vault.Get(ctx, reportFile(n, evidence.FileBundle))
	if errors.Is(err, vault.ErrNotFound) {
		return nil, notAppliable(n, "is not in the vault")
	}
	if err != nil {
		return nil, err
	}
	st, err := evidence.OpenSigned(bundle, s.Trust)
	if err != nil {
		return nil, notAppliable(n, "is not one of ours: %v", err)
	}
	p := st.Predicate
	if p.ReportType != evidence.TypeDryRun && p.ReportType != evidence.TypeStopped {
		return nil, notAppliable(n, "is of type %s: only a dry run's plan, or one that a guard stopped, can be applied", p.ReportType)
	}
	if p.Run.Apply != nil {
		return nil, notAppliable(n, "was itself to carry out the plan of report %d: make a new dry run", p.Run.Apply.Report)
	}
	started, err := evidence.ParseTime(p.Run.StartedAt)
	if err != nil {
		return nil, err
	}
	if age := s.Now().Sub(started); age > applyWithin {
		return nil, notAppliable(n, "is %s old, and a plan lives for %s: make a new dry run", age.Round(time.Minute), applyWithin)
	}
	if err := s.sameConfig(ctx, n, sealedReport{predicate: p, subjects: st.Subject}, req.Spec.Config); err != nil {
		return nil, err
	}
	if err := s.unused(ctx, n); err != nil {
		return nil, err
	}
	var run Run
	ok, err := s.load(ctx, &Run{Number: n}, runFile, &run)
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, notAppliable(n, "has no plan in the work area any more: make a new dry run")
	}
	if cutoff := evidence.FormatTime(run.Cutoff); cutoff != p.Policy.Cutoff {
		return nil, notAppliable(n, "was signed with the cutoff %s, and its plan in the work area says %s: find out who changed it", p.Policy.Cutoff, cutoff)
	}
	return &run, nil
}

// sameConfig makes sure that a plan is carried out with the config that it was
// made with, but for what only sets the pace. What differs is told by the
// config.json that the plan's report signed.
func (s *Sweeper) sameConfig(ctx context.Context, n int64, plan sealedReport, now []byte) error {
	before, sum := plan.predicate.Policy.ConfigSHA256, evidence.SHA256Hex(now)
	if before == sum {
		return nil
	}
	var differ []string
	planned, err := s.signedFile(ctx, n, plan, evidence.FileConfig)
	if err == nil {
		differ, err = changedSettings(planned, now)
	}
	if err != nil || len(differ) == 0 {
		return notAppliable(n, "was planned with another config (sha256 %s, and now %s), and which settings differ can't be told (%v): make a new dry run",
			before, sum, cmp.Or(err, errors.New("they read the same")))
	}
	if binding := slices.DeleteFunc(differ, paceOnly.MatchString); len(binding) > 0 {
		return notAppliable(n, "was planned with another config, which differs in %s: put that back, or make a new dry run", strings.Join(binding, ", "))
	}
	return nil
}

// unused makes sure that no later report carried the plan out.
func (s *Sweeper) unused(ctx context.Context, n int64) error {
	used, err := s.numbers(ctx)
	if err != nil {
		return err
	}
	for _, later := range used.sealed {
		if later <= n {
			continue
		}
		r, err := s.readReport(ctx, later)
		if err != nil {
			return err
		}
		if a := r.predicate.Run.Apply; a != nil && a.Report == n {
			return notAppliable(n, "was taken up by run %d: a plan is carried out once", later)
		}
	}
	return nil
}

// adopt makes the run carry out the plan of another: by its cutoff and its
// shards.
func (s *Sweeper) adopt(ctx context.Context, run *Run, req Request) error {
	plan, err := s.plannedRun(ctx, req)
	if err != nil {
		return err
	}
	run.Trigger, run.Cutoff = "apply", plan.Cutoff
	run.Apply = &evidence.Apply{Report: plan.Number, Reason: req.Apply.Reason, Ticket: req.Apply.Ticket}
	for i, spec := range run.Spec.Stores {
		if left := plan.Found[i].Left; left != "" { // the plan says nothing of it
			run.Found[i].Left = left
			continue
		}
		if run.Found[i].Left == "" && run.Found[i].Versioning != plan.Found[i].Versioning {
			return notAppliable(plan.Number, "found versioning of store %q %s, and now it is %s: make a new dry run",
				spec.Name, plan.Found[i].Versioning, run.Found[i].Versioning)
		}
	}
	run.Shards = slices.DeleteFunc(slices.Clone(plan.Shards), func(sh Shard) bool { return run.Found[sh.Store].Left != "" })
	parts, err := s.signedParts(ctx, plan.Number)
	if err != nil {
		return err
	}
	for i := range run.Shards {
		from := slices.IndexFunc(plan.Shards, run.Shards[i].same)
		if err := s.checkSigned(ctx, plan, from, parts); err != nil {
			return err
		}
	}
	return nil
}

func (sh Shard) same(o Shard) bool {
	return sh.Store == o.Store && sh.Uploads == o.Uploads && bytes.Equal(sh.After, o.After) && bytes.Equal(sh.UpTo, o.UpTo) &&
		bytes.Equal(sh.Prefix, o.Prefix)
}

// checkSigned compares the plan segments of a shard with the manifest parts that
// the report signed, line by line: what is carried out is what was signed.
func (s *Sweeper) checkSigned(ctx context.Context, plan *Run, shard int, parts map[string]evidence.Part) error {
	var of ShardPlan
	if ok, err := s.load(ctx, plan, planFile(shard), &of); err != nil || !ok {
		return errors.Join(err, missing(ok, "plan of shard %d", shard))
	}
	f := &facts{run: plan, stores: make([]storeFacts, len(plan.Spec.Stores))}
	for i := range f.stores {
		f.stores[i].lines = newLineCounts()
	}
	for n := range of.Segments {
		data, err := s.Vault.Get(ctx, reportFile(plan.Number, evidence.PartName(shard, n)))
		if err != nil {
			return err
		}
		if err := s.foldPart(ctx, f, of, shard, n, data); err != nil {
			return notAppliable(plan.Number, "and its plan don't belong together: %v", err)
		}
		if have := f.parts[len(f.parts)-1]; parts[have.Name] != have {
			return notAppliable(plan.Number, "did not sign the %s that is in the vault", have.Name)
		}
	}
	return nil
}

// signedParts are the manifest parts that a report signed, by name.
func (s *Sweeper) signedParts(ctx context.Context, n int64) (map[string]evidence.Part, error) {
	r, err := s.readReport(ctx, n)
	if err != nil {
		return nil, err
	}
	data, err := s.signedFile(ctx, n, r, evidence.FileParts)
	if err != nil {
		return nil, err
	}
	list, err := evidence.ParseParts(data)
	if err != nil {
		return nil, fmt.Errorf("report %d: %w", n, err)
	}
	parts := make(map[string]evidence.Part, len(list))
	for _, p := range list {
		parts[p.Name] = p
	}
	return parts, nil
}
