package evidence

import (
	"slices"
	"time"
)

// keyWindow demands that the report was finished while its key counted.
func (r *verifier) keyWindow(rep *report) {
	if !rep.signed {
		return
	}
	entry, ok := r.trust.find(rep.p.Signer.SPKISHA256)
	finished, err := ParseTime(rep.p.Run.FinishedAt)
	if !ok || err != nil {
		return // both have been said
	}
	if from, err := ParseTime(entry.NotBefore); err == nil && finished.Before(from) {
		rep.problemf(FileBundle, "run.finishedAt %s is before the key's notBefore %s", rep.p.Run.FinishedAt, entry.NotBefore)
	}
	if entry.NotAfter != nil {
		if to, err := ParseTime(*entry.NotAfter); err == nil && finished.After(to) {
			rep.problemf(FileBundle, "run.finishedAt %s is after the key's notAfter %s", rep.p.Run.FinishedAt, *entry.NotAfter)
		}
	}
	if entry.CompromisedAt != nil && !r.vouchedBefore(rep, *entry.CompromisedAt) {
		rep.problemf(FileBundle, "the key was compromised at %s, and no time stamp or head from before then vouches for the report",
			*entry.CompromisedAt)
	}
}

// vouchedBefore reports whether something that the key's holder can't make
// shows that the report was there before the instant: a time stamp on it or on
// a report after it, which names its digest, or a head.
func (r *verifier) vouchedBefore(rep *report, instant string) bool {
	limit, err := ParseTime(instant)
	if err != nil {
		return false
	}
	return r.anchoredBefore(rep, limit) || slices.ContainsFunc(r.reports, func(x *report) bool {
		return x.number() >= rep.number() && r.linked(rep, x) &&
			slices.ContainsFunc(x.stamps, func(t Token) bool { return t.before(limit) })
	})
}

// linked reports whether the digests lead from a later report to an earlier one
// without a break.
func (r *verifier) linked(earlier, later *report) bool {
	for i, x := range r.reports {
		if x.number() <= earlier.number() || x.number() > later.number() {
			continue
		}
		c := x.p.Chain.PreviousStatementSHA256
		if i == 0 || !x.signed || !r.contiguous(i) || c == nil || *c != r.reports[i-1].statementSHA {
			return false
		}
	}
	return true
}

// anchoredBefore reports whether a head fits a report that was finished before
// the instant and that is rep or comes after it.
func (r *verifier) anchoredBefore(rep *report, limit time.Time) bool {
	return slices.ContainsFunc(r.o.Heads, func(h Head) bool {
		i := slices.IndexFunc(r.reports, func(x *report) bool { return x.number() == h.Sequence })
		if i < 0 || r.reports[i].statementSHA != h.StatementSHA256 || h.Sequence < rep.number() {
			return false
		}
		finished, err := ParseTime(r.reports[i].p.Run.FinishedAt)
		return err == nil && finished.Before(limit)
	})
}
