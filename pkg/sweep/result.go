package sweep

import (
	"slices"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Reason codes of results, besides those of stores and rosters.
const (
	CodeZDRViolation      = "ZDR_VIOLATION"
	CodeZDRResidual       = "ZDR_RESIDUAL"
	CodeExpiredRemain     = "EXPIRED_REMAIN" // after the sweep, without an excuse
	CodeFailed            = "FAILED"
	CodeUnconfirmed       = "UNCONFIRMED"
	CodeLeft              = "LEFT"
	CodeHeld              = "HELD"
	CodeHoldIdle          = "HOLD_KEEPS_NOTHING" // in force, and no entry that another doesn't keep is its: is its match right?
	CodeLocked            = "LOCKED"
	CodePending           = "PENDING"
	CodeConfirmNone       = "CONFIRM_NONE" // the config asks for no second listing
	CodeConfirmIncomplete = "CONFIRM_INCOMPLETE"
	CodeLate              = "LATE"
	CodeAnomaly           = "KEY_DATE_ANOMALY"
	CodeRepeated          = "LISTING_REPEATED"  // the server lists a row again at a page's edge
	CodeUnordered         = "LISTING_UNORDERED" // the server lists in no order: one stream, and a row that comes twice isn't noticed
	CodeUnasked           = "UNASKED_ANSWERS"   // the server, or something before it, mixes up answers to deletes
	CodeMissedSlot        = "MISSED_SLOT"
	CodeLeaseTakenOver    = "LEASE_TAKEN_OVER"
	CodeWorkNotRemoved    = "WORK_NOT_REMOVED"
	CodeTeamsUncounted    = "TEAMS_NOT_COUNTED"     // more teams than are counted: does the layout read one out of every key?
	CodeGuardOverridden   = "GUARD_OVERRIDDEN"      // a plan was applied that a guard would have stopped
	CodePlanGone          = "GONE_SINCE_PLANNED"    // of the plan that was applied
	CodePlanChanged       = "CHANGED_SINCE_PLANNED" // likewise: not to go any more
	CodeWitnessIncomplete = "WITNESS_INCOMPLETE"
)

// weight is what a reason does to the result.
type weight int

const (
	notice       weight = iota // must be noticed, changes nothing
	exception                  // kept, with exceptions
	inconclusive               // something could not be seen
	broken                     // the promise was not kept
	interrupted                // the run was stopped before its end
)

// finding is a reason with its weight.
type finding struct {
	code  string
	count int64
	weight
}

// findings collects every reason, worst first within its group. It looks at
// counts alone and at no clock.
func (f *facts) findings(rows []evidence.TeamRow, missed int64, changes []evidence.Change) []finding {
	var all []finding
	add := func(code string, count int64, w weight) {
		if count > 0 {
			all = append(all, finding{code, count, w})
		}
	}
	if f.interrupted() {
		add(CodeInterrupted, 1, interrupted)
	}
	if f.guard.Trip != nil {
		add(CodeGuard, 1, notice) // a stopped report has a result of its own
	}
	if n := len(f.guard.Overridden); n > 0 {
		add(CodeGuardOverridden, int64(n), notice)
	}
	for _, g := range f.guard.all() {
		add(tripCode(g.Name), 1, notice)
	}
	f.appliedFindings(add)
	f.zdrFindings(add, rows)
	t := f.totals()
	add(CodeFailed, t.Failed, broken)
	add(CodeUnconfirmed, t.Unconfirmed, broken)
	if f.swept() {
		add(CodeExpiredRemain, f.unexcused(), broken)
		add(CodeLeft, t.Left, inconclusive)
		f.confirmFindings(add)
	}
	if f.run.Type == evidence.TypeDryRun && !f.run.Spec.Confirm {
		add(CodeConfirmNone, 1, inconclusive)
	}
	for _, code := range []string{CodeUnreachable, CodeDeleteDenied, CodeVersioningUnknown, bucket.CodeVersioningChanged, CodeListing, CodeUploadsUnseen} {
		add(code, f.storesWith(code), inconclusive)
	}
	add(CodeListing, f.unexplained(), inconclusive)
	_, excused, _ := f.remaining()
	add(CodeHeld, max(t.Held, excused.Held), exception)
	add(CodeHoldIdle, f.idleHolds(), notice)
	add(CodeLocked, t.Locked, exception)
	add(CodePending, t.Pending, exception)
	add(CodeChanged, t.Changed, notice) // what that leaves expired stands under EXPIRED_REMAIN
	add(CodeLate, f.late(), notice)
	add(CodeAnomaly, t.Anomalies-f.repeated(), notice)
	add(CodeRepeated, f.repeated(), notice)
	add(CodeUnordered, f.unordered(), notice)
	add(CodeUnasked, f.unasked(), notice)
	add(bucket.CodeGuardIgnored, f.guardsIgnored(), inconclusive)
	add(CodeMissedSlot, missed, notice)
	for _, c := range changes {
		add(c.Code, c.Count, notice)
	}
	if f.run.TakenOver {
		add(CodeLeaseTakenOver, 1, notice)
	}
	add(CodeWorkNotRemoved, f.run.Leftovers, notice)
	if f.unstamped {
		add(CodeTimestampMissing, 1, notice)
	}
	if f.teamsDropped() {
		add(CodeTeamsUncounted, 1, notice)
	}
	return all
}

// repeated counts rows that were listed twice.
func (f *facts) repeated() (n int64) {
	for _, s := range f.stores {
		n += s.before.Repeated
	}
	return n
}

// unordered counts the stores whose server lists in no order.
func (f *facts) unordered() (n int64) {
	for _, s := range f.stores {
		if s.before.Unordered {
			n++
		}
	}
	return n
}

// unasked counts answers about keys that no delete asked for.
func (f *facts) unasked() (n int64) {
	for _, s := range f.stores {
		n += s.unasked
	}
	return n
}

// guardsIgnored counts the stores whose server ignores the overwrite guard etag.
func (f *facts) guardsIgnored() (n int64) {
	for _, s := range f.stores {
		if s.ignored {
			n++
		}
	}
	return n
}

// appliedFindings count what of an applied plan was not there as planned.
func (f *facts) appliedFindings(add func(string, int64, weight)) {
	var gone, changed int64
	for _, s := range f.stores {
		gone, changed = gone+s.before.PlanGone, changed+s.before.PlanChanged
	}
	add(CodePlanGone, gone, notice)
	add(CodePlanChanged, changed, notice)
}

// idleHolds counts the holds in force that keep no entry of any store, if all
// stores were seen.
func (f *facts) idleHolds() (n int64) {
	for _, h := range f.run.Spec.Holds {
		kept, seen := int64(0), true
		for _, s := range f.stores {
			kept, seen = kept+s.before.Covered[h.ID], seen && s.before.Complete
		}
		if h.InForce(f.run.start()) && kept == 0 && seen && !f.run.PrefixOnly {
			n++
		}
	}
	return n
}

// teamsDropped reports whether some store had more teams than are counted.
func (f *facts) teamsDropped() bool {
	return slices.ContainsFunc(f.stores, func(s storeFacts) bool { return s.before.TeamsDropped })
}

func (f *facts) zdrFindings(add func(string, int64, weight), rows []evidence.TeamRow) {
	zdr := zdrSummary(rows)
	add(CodeZDRViolation, zdr.Violation, broken)
	witness, unseen := f.witness()
	add(evidence.CodeZDRMetadata, witness.Found, broken)
	add(CodeWitnessIncomplete, unseen, inconclusive)
	if f.run.PrefixOnly {
		add(evidence.CodePrefixOnly, 1, inconclusive)
	}
	if doubt := f.run.rosterDoubt(); doubt != "" {
		add(doubt, 1, inconclusive)
	}
	var differ, near, unattributed int64
	for _, s := range f.stores {
		b, n := differences(s.before), int64(len(s.before.NearMatches))
		u := s.before.Population.Unattributed
		if s.after != nil {
			b, n = max(b, differences(s.after.Census)), max(n, int64(len(s.after.Census.NearMatches)))
			u = max(u, s.after.Census.Population.Unattributed)
		}
		differ, near, unattributed = differ+b, near+n, unattributed+u
	}
	add(CodeDatesDisagree, differ, inconclusive)
	add(CodeNearMatch, near, inconclusive)
	if zdr.TeamCount > 0 {
		add(CodeUnattributed, unattributed, inconclusive)
	}
	add(CodeZDRResidual, zdr.Residual, exception)
}

func differences(c Census) (n int64) {
	for _, team := range c.Teams {
		n += team.DatesDiffer
	}
	return n
}

func (f *facts) confirmFindings(add func(string, int64, weight)) {
	if !f.run.Spec.Confirm {
		add(CodeConfirmNone, 1, inconclusive)
		return
	}
	var unseen int64
	for i, s := range f.stores {
		if f.run.Found[i].Left == "" && (s.after == nil || !s.after.Census.Complete) {
			unseen++
		}
	}
	add(CodeConfirmIncomplete, unseen, inconclusive)
}

// unexplained counts the stores that were not seen to the end and say not why.
func (f *facts) unexplained() (n int64) {
	for i, s := range f.stores {
		if !s.before.Complete && f.run.Found[i].Left == "" && s.before.Problem == "" {
			n++
		}
	}
	return n
}

// storesWith counts the stores that were left alone or not seen to the end,
// under a code.
func (f *facts) storesWith(code string) (n int64) {
	for i := range f.stores {
		if slices.Contains(f.troubles(i), code) {
			n++
		}
	}
	return n
}

// troubles are the codes of why a store was left alone or not seen to the end.
func (f *facts) troubles(store int) []string {
	found, s := f.run.Found[store], f.stores[store]
	codes := []string{found.Left, s.before.Problem}
	if s.after != nil {
		codes = append(codes, s.after.Census.Problem, versioningTrouble(found.Versioning, s.after.Versioning))
	}
	return codes
}

// swept reports whether the run went on to delete.
func (f *facts) swept() bool {
	return (f.run.Type == evidence.TypeSweep || f.run.Type == evidence.TypeRecovery) && f.guard.Go
}

// interrupted reports whether the run was stopped, or died, before its end.
func (f *facts) interrupted() bool {
	for _, s := range f.stores {
		if s.before.Problem == CodeInterrupted || s.lines.Codes[CodeInterrupted] > 0 || s.lines.Codes[CodeRecovered] > 0 ||
			(s.after != nil && s.after.Census.Problem == CodeInterrupted) {
			return true
		}
	}
	switch {
	case f.run.Type == evidence.TypeAttestation:
		return false
	case f.run.Type == evidence.TypeDryRun:
		return !f.guarded
	case f.guard.Trip != nil:
		return false
	case !f.guard.Go: // it never came to the guard, or recovery shut it
		return true
	case !f.run.Spec.Confirm:
		return false
	}
	for _, sh := range f.run.Shards {
		if f.stores[sh.Store].after == nil {
			return true
		}
	}
	return false
}

func (f *facts) late() (n int64) {
	for _, s := range f.stores {
		n += s.before.Late
	}
	return n
}

// verdict is the result that the findings amount to.
func verdict(reportType string, findings []finding) string {
	switch reportType {
	case evidence.TypeDryRun, evidence.TypeKeyRotation:
		return evidence.ResultNone
	case evidence.TypeStopped:
		return evidence.ResultStopped
	}
	w := notice
	for _, x := range findings {
		w = max(w, x.weight)
	}
	return [...]string{evidence.ResultKept, evidence.ResultKeptWithExceptions, evidence.ResultInconclusive,
		evidence.ResultBroken, evidence.ResultInterrupted}[w]
}
