package render

import (
	"fmt"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Verdict says in one sentence what a report comes to.
func Verdict(p evidence.Predicate) string {
	switch p.Result {
	case evidence.ResultKept:
		return "KEPT: " + kept(p) + late(p) + "."
	case evidence.ResultKeptWithExceptions:
		return "KEPT WITH EXCEPTIONS: " + kept(p) + excused(p) + late(p) + "."
	case evidence.ResultBroken:
		return "BROKEN: the promise was not kept: " + broken(p) + late(p) + "."
	case evidence.ResultInconclusive:
		return "INCONCLUSIVE: " + unseen(p) + ", so it can't be said that the promise was kept" + known(p) + late(p) + "."
	case evidence.ResultStopped:
		return "STOPPED: a guard held the run back, and nothing was deleted in any store" + known(p) + late(p) + "."
	case evidence.ResultInterrupted:
		t := p.Totals
		return fmt.Sprintf("INTERRUPTED: the run ended early: %s of %s planned are gone, %s left%s%s.",
			count(gone(t.OutcomeCounts)), entries(t.Planned), count(t.Left), known(p), late(p))
	case evidence.ResultNone:
		return none(p)
	default:
		return fmt.Sprintf("UNKNOWN RESULT %s: this program is older than the report; judge nothing by it.", clean(p.Result))
	}
}

// unseen says what an inconclusive report did not look at, or could not.
func unseen(p evidence.Predicate) string {
	if p.ZDR.Mode == evidence.ModePrefixes {
		return "only the ZDR teams' own prefixes and all uploads were listed"
	}
	return "something could not be seen"
}

func kept(p evidence.Predicate) string {
	zdr := ""
	if p.ZDR.TeamCount > 0 && p.ZDR.Zero == p.ZDR.TeamCount {
		zdr = teams(p.ZDR.TeamCount) + " " + verb(p.ZDR.TeamCount, "has", "have") + " nothing stored"
	}
	if p.ReportType == evidence.TypeAttestation {
		if zdr == "" {
			zdr = "no ZDR team has anything stored that should not be"
		}
		return zdr
	}
	said := "nothing was older than " + clean(p.Policy.MaxAge)
	if p.Totals.Expired > 0 {
		said = fmt.Sprintf("%s older than %s, and %s gone", was(p.Totals.Expired), clean(p.Policy.MaxAge), isAre(gone(p.Totals.OutcomeCounts)))
	}
	if p.Confirmation.Complete {
		said += fmt.Sprintf("; a second listing found %s expired", nothing(p.Confirmation.ExpiredRemaining))
	}
	if zdr != "" {
		said += "; " + zdr
	}
	return said
}

// excused says why what remains may remain.
func excused(p evidence.Predicate) string {
	parts := excuses(p.Confirmation)
	if n := p.ZDR.Residual; n > 0 {
		parts = joined(", ", parts, count(n)+" "+verb(n, "ZDR team", "ZDR teams")+" with data from before zero retention began")
	}
	if parts == "" {
		return ""
	}
	return "; excused: " + parts
}

// excuses are those of the entries that the second listing still saw.
func excuses(c evidence.Confirmation) string {
	var parts []string
	for _, x := range []struct {
		n    int64
		what string
	}{
		{c.Excused.Held, "on hold"},
		{c.Excused.Locked, "under Object Lock or legal hold"},
		{c.Excused.Pending, verb(c.Excused.Pending, "delete marker", "delete markers") + " over what must stay"},
	} {
		if x.n > 0 {
			parts = append(parts, count(x.n)+" "+x.what)
		}
	}
	return strings.Join(parts, ", ")
}

func broken(p evidence.Predicate) string {
	parts := breaches(p)
	if len(parts) == 0 {
		return "see the reasons"
	}
	return strings.Join(parts, "; ")
}

// known adds to a verdict that claims little what is wrong for certain.
func known(p evidence.Predicate) string {
	parts := breaches(p)
	if len(parts) == 0 {
		return ""
	}
	return "; known: " + strings.Join(parts, "; ")
}

func breaches(p evidence.Predicate) []string {
	var parts []string
	if n := p.ZDR.Violation; n > 0 {
		parts = append(parts, teams(n)+" "+verb(n, "has", "have")+" data that should never have been stored")
	}
	if n := p.ZDR.Witness.Found; n > 0 {
		parts = append(parts, "the metadata of "+entries(n)+" says that nothing of the kind may be stored")
	}
	e := p.Confirmation.Excused
	if n := p.Confirmation.ExpiredRemaining - e.Held - e.Locked - e.Pending; n > 0 {
		parts = append(parts, entries(n)+" "+verb(n, "is", "are")+" past "+clean(p.Policy.MaxAge)+" and still there without excuse")
	}
	if n := p.Totals.Failed; n > 0 {
		parts = append(parts, entries(n)+" could not be deleted")
	}
	if n := p.Totals.Unconfirmed; n > 0 {
		parts = append(parts, entries(n)+" can't be said to be gone")
	}
	return parts
}

func none(p evidence.Predicate) string {
	switch p.ReportType {
	case evidence.TypeDryRun:
		would := ""
		if p.Policy.Guard != nil {
			would = "; a guard would stop the run"
		}
		return fmt.Sprintf("DRY RUN: nothing was deleted; %s of %s would go%s%s.",
			count(p.Totals.Planned), entries(p.Totals.Listed), would, known(p)+late(p))
	case evidence.TypeKeyRotation:
		return "KEY ROTATION: the signing key changes with this report; nothing was looked at or deleted."
	default:
		return "NO RESULT: this report makes no claim."
	}
}

// late stands in every verdict: that data went late never changes the result,
// and must not be overlooked for that.
func late(p evidence.Predicate) string {
	if p.Lateness.Late == 0 {
		return ""
	}
	return fmt.Sprintf("; LATE: %s longer than promised", stayed(p.Lateness.Late))
}

// gone is what a run made, or saw, disappear.
func gone(o evidence.OutcomeCounts) int64 { return o.Deleted + o.Absent + o.Aborted }

func verb(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func was(n int64) string    { return entries(n) + " " + verb(n, "was", "were") }
func isAre(n int64) string  { return count(n) + " " + verb(n, "is", "are") }
func stayed(n int64) string { return entries(n) + " stayed" }

func nothing(n int64) string {
	if n == 0 {
		return "nothing"
	}
	return count(n)
}
