package evidence

import "slices"

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
	if entry.CompromisedAt != nil && !r.anchoredBefore(rep, *entry.CompromisedAt) {
		rep.problemf(FileBundle, "the key was compromised at %s, and no head from before then vouches for the report",
			*entry.CompromisedAt)
	}
}

// anchoredBefore reports whether a head fits a report that was finished before
// the instant and that is rep or comes after it.
func (r *verifier) anchoredBefore(rep *report, instant string) bool {
	limit, err := ParseTime(instant)
	if err != nil {
		return false
	}
	return slices.ContainsFunc(r.o.Heads, func(h Head) bool {
		i := slices.IndexFunc(r.reports, func(x *report) bool { return x.number() == h.Sequence })
		if i < 0 || r.reports[i].statementSHA != h.StatementSHA256 || h.Sequence < rep.number() {
			return false
		}
		finished, err := ParseTime(r.reports[i].p.Run.FinishedAt)
		return err == nil && finished.Before(limit)
	})
}
