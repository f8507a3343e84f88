package evidence

import (
	"fmt"
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
	for _, found := range entry.outside(finished) {
		rep.problemf(FileBundle, "%s", found)
	}
	if entry.CompromisedAt != nil && !r.vouchedBefore(rep, *entry.CompromisedAt) {
		rep.problemf(FileBundle, "the key was compromised at %s, and no time stamp or head from before then vouches for the report%s",
			*entry.CompromisedAt, r.timeless(rep))
	}
}

// outside says how an instant at which a report was finished lies outside the
// key's window, if it does.
func (k TrustKey) outside(finished time.Time) (found []string) {
	if from, err := ParseTime(k.NotBefore); err == nil && finished.Before(from) {
		found = append(found, fmt.Sprintf("run.finishedAt %s is before the key's notBefore %s", FormatTime(finished), k.NotBefore))
	}
	if k.NotAfter != nil {
		if to, err := ParseTime(*k.NotAfter); err == nil && finished.After(to) {
			found = append(found, fmt.Sprintf("run.finishedAt %s is after the key's notAfter %s", FormatTime(finished), *k.NotAfter))
		}
	}
	return found
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
