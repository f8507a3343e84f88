package evidence

import (
	"fmt"
	"slices"
	"time"
)

// exceptions checks each exception, and that they are as many as the outcomes
// that they explain.
func (v *validator) exceptions() {
	p := v.p
	counts := map[string]map[string]int64{} // by store and code
	for _, e := range p.Exceptions {
		v.need(IsCode(e.Code), "exceptions: %q is not a code", e.Code)
		v.need(e.Store == "" || slices.ContainsFunc(p.Stores, func(s Store) bool { return s.Name == e.Store }),
			"exceptions: %s names the store %q, which is not in stores[]", e.Code, e.Store)
		v.until(e)
		if counts[e.Store] == nil {
			counts[e.Store] = map[string]int64{}
		}
		counts[e.Store][e.Code] += e.Count
	}
	for _, o := range p.Outcomes {
		of, n := fmt.Sprintf("outcomes of store %q", o.Store), counts[o.Store]
		locked := n[CodeObjectLock] + n[CodeLegalHold]
		v.need(o.Locked == locked, "%s: locked is %d, the exceptions %s and %s are %d", of, o.Locked, CodeObjectLock, CodeLegalHold, locked)
		v.need(n[CodePromoted] <= o.Deleted, "%s: deleted is %d, the exceptions %s are %d", of, o.Deleted, CodePromoted, n[CodePromoted])
		v.need(n[CodeUploadActive] <= o.Aborted, "%s: aborted is %d, the exceptions %s are %d", of, o.Aborted, CodeUploadActive,
			n[CodeUploadActive])
	}
}

// until checks the end of an exception: a lock has one, and not before the run,
// a legal hold has none. A run that died may not have left word of the end.
func (v *validator) until(e Exception) {
	end, ok := v.optional("exceptions: until of "+e.Code, e.Until)
	switch e.Code {
	case CodeObjectLock:
		v.need(e.Until != nil || v.p.ReportType == TypeRecovery, "exceptions: %s of store %q does not say until when", e.Code, e.Store)
		started, err := ParseTime(v.p.Run.StartedAt)
		skew := time.Duration(v.p.Policy.Limits.MaxClockSkewMillis) * time.Millisecond
		if ok && err == nil {
			v.need(!end.Before(started.Add(-skew)), "exceptions: %s of store %q was over at %s, before the run", e.Code, e.Store, *e.Until)
		}
	case CodeLegalHold:
		v.need(e.Until == nil, "exceptions: %s of store %q has an end: a legal hold has none", e.Code, e.Store)
	}
}

// confirmation checks that no more is excused than remains, and that each
// excuse has something behind it. A hold covers what was written between the
// two listings as well; a lock is known from its line alone.
func (v *validator) confirmation() {
	c, e := v.p.Confirmation, v.p.Confirmation.Excused
	if c.StartedAt == nil {
		v.need(c == Confirmation{}, "confirmation: it says what remains, and not when the second listing was made")
	}
	excused := e.Held + e.Locked + e.Pending
	v.need(excused <= c.ExpiredRemaining, "confirmation: %d entries are excused, and only %d expired ones remain", excused, c.ExpiredRemaining)
	locked, held := v.p.Totals.Locked, v.p.Totals.Held+e.Held
	v.need(e.Locked <= locked, "confirmation: excused.locked is %d, the outcomes have only %d locked", e.Locked, locked)
	v.need(held == 0 || len(v.p.Holds) > 0, "entries are held, and holds[] names no hold")
}
