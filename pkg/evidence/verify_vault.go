package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strconv"
	"time"
)

// load finds the reports, checks each by itself, then what lies between them.
func (r *verifier) load() error {
	if _, err := fs.Stat(r.fs, FileBundle); err == nil {
		rep := r.checkReport(".", -1)
		r.reports = []*report{rep}
		r.epochs()
		r.vaultID(rep)
		r.keyWindow(rep)
		r.notef("chain: not checked (one report alone)")
		return nil
	}
	entries, err := fs.ReadDir(r.fs, "reports")
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("this is neither a vault (it has no reports/) nor a report (it has no %s)", FileBundle)
	}
	if err != nil {
		return fmt.Errorf("read the vault: %w", err)
	}
	r.whole = true
	var unsealed []int64
	for _, e := range entries {
		n, ok := reportNumber(e)
		if !ok {
			r.problemf("reports/%s is not a report's directory", e.Name())
			continue
		}
		if _, err := fs.Stat(r.fs, path.Join(ReportDir(n), FileBundle)); errors.Is(err, fs.ErrNotExist) {
			unsealed = append(unsealed, n)
			continue
		}
		r.reports = append(r.reports, r.checkReport(ReportDir(n), n))
	}
	r.numbers(unsealed)
	r.links()
	r.signers()
	r.slots()
	r.changes()
	r.purges()
	r.applies()
	r.epochs()
	r.period()
	r.trustChain()
	for _, rep := range r.reports {
		r.vaultID(rep)
		r.keyWindow(rep)
	}
	return nil
}

func reportNumber(e fs.DirEntry) (int64, bool) {
	n, err := strconv.ParseInt(e.Name(), 10, 64)
	if err != nil || n < 0 || !e.IsDir() || path.Base(ReportDir(n)) != e.Name() {
		return 0, false
	}
	return n, true
}

// numbers demands that the reports are numbered from 0 without a gap. The one
// number after the last may be a run that is under way or died: the next run
// seals it.
func (r *verifier) numbers(unsealed []int64) {
	next := int64(0)
	for _, rep := range r.reports {
		if rep.dir > next {
			r.missing(next, rep.dir-1)
		}
		next = rep.dir + 1
	}
	if len(r.reports) == 0 {
		r.problemf("the vault holds no report")
	}
	for _, n := range unsealed {
		if n == next {
			r.notef("report %d: not sealed: a run that is under way, or that died and will be sealed by the next", n)
			continue
		}
		if n > next {
			r.problemf("report %d: %s is missing, and the next report to be sealed is %d", n, FileBundle, next)
		}
	}
}

func (r *verifier) missing(from, to int64) {
	if from == to {
		r.problemf("report %d: %s is missing, and there are reports after it", from, FileBundle)
		return
	}
	r.problemf("reports %d to %d: %s is missing in each, and there are reports after them", from, to, FileBundle)
}

// vaultID demands the trust root's vault.
func (r *verifier) vaultID(rep *report) {
	if rep.parsed && rep.p.Chain.VaultID != r.trust.VaultID {
		rep.problemf(FileBundle, "chain.vaultId is %q, that of the trust root is %q", rep.p.Chain.VaultID, r.trust.VaultID)
	}
}

// period demands that the vault covers the audit period.
func (r *verifier) period() {
	if len(r.reports) == 0 {
		return
	}
	if first := r.reports[0]; first.parsed && !r.o.From.IsZero() {
		if t, err := ParseTime(first.p.Run.StartedAt); err == nil && t.After(r.o.From) {
			r.problemf("report %d: the history begins with it at %s, after the audit period's start %s", first.number(),
				first.p.Run.StartedAt, FormatTime(r.o.From))
		}
	}
	r.sweepless()
	last := r.lastSweep()
	if r.o.To.IsZero() || last == nil {
		return
	}
	if last.p.Chain.NextDue == nil {
		r.exceptionf("report %d: it has no schedule, so nothing says whether a report is missing after it", last.number())
		return
	}
	end := r.o.To
	if now := r.o.Now; !now.IsZero() && now.Before(end) { // what is not due yet is not missed
		end = now
		r.notef("the audit period ends at %s, which is yet to come: what is due after %s was not asked for", FormatTime(r.o.To), FormatTime(now.Truncate(time.Second)))
	}
	if due, err := ParseTime(*last.p.Chain.NextDue); err == nil && due.Add(SlotGrace).Before(end) {
		r.problemf("report %d: no sweep report comes after it, and one was due at %s, before the audit period's end %s",
			last.number(), *last.p.Chain.NextDue, FormatTime(r.o.To))
	}
}

// sweepless says so if the audit period holds no sweep. That alone is no finding:
// none may have been due, or each slot was declared as missed.
func (r *verifier) sweepless() {
	bounds := ""
	if !r.o.From.IsZero() {
		bounds += " from " + FormatTime(r.o.From)
	}
	if !r.o.To.IsZero() {
		bounds += " until " + FormatTime(r.o.To)
	}
	if bounds == "" || slices.ContainsFunc(r.reports, func(rep *report) bool { return rep.isSweep() && r.inPeriod(rep) }) {
		return
	}
	r.exceptionf("the audit period%s holds no sweep report: nothing here says that anything was deleted in it", bounds)
}

func (r *verifier) lastSweep() *report {
	for i := len(r.reports) - 1; i >= 0; i-- {
		if r.reports[i].isSweep() {
			return r.reports[i]
		}
	}
	return nil
}
