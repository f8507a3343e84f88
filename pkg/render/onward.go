package render

import (
	"fmt"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// planLife is how long after its run's start a plan can be applied.
const planLife = 24 * time.Hour

// onward says how the plan of a dry run or of a stopped run is looked at and
// carried out, and until when; nothing where there is nothing to carry out. What
// may be copied isn't wrapped.
func (p *page) onward(r evidence.Predicate) {
	dry := r.ReportType == evidence.TypeDryRun && r.Result == evidence.ResultNone
	if !dry && r.ReportType != evidence.TypeStopped {
		return
	}
	g := r.Policy.Guard
	if g != nil && g.Name == clockGuard {
		p.para("", "While clocks differ no plan can be applied: set the clock that is wrong, and run again.")
		return
	}
	started, err := time.Parse(time.RFC3339, r.Run.StartedAt)
	// An empty plan is worth applying where a guard stands in the way of the next.
	if err != nil || g == nil && r.Totals.Planned == 0 {
		return
	}
	p.para("", "Look at the plan and, if it is right, apply it: once, until "+when(started.Add(planLife).UTC().Format(time.RFC3339))+".")
	fmt.Fprintf(p, "  sweeper report show %d --plan\n  sweeper apply %d --reason CODE\n", r.Chain.Sequence, r.Chain.Sequence)
}

// carriedOut says which plan a run carried out, and why.
func carriedOut(a evidence.Apply) string {
	said := fmt.Sprintf("This run carried out the plan of report %d: reason %s", a.Report, clean(a.Reason))
	if a.Ticket != "" {
		said += ", ticket " + clean(a.Ticket)
	}
	return said + "."
}
