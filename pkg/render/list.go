package render

import (
	"io"
	"strconv"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// List writes a line a report, in the order given. The error is the writer's.
func List(w io.Writer, reports []evidence.Predicate) error {
	var out page
	if len(reports) == 0 {
		out.para("", "No report is in the vault yet.")
		return out.flush(w)
	}
	var rows [][]string
	for _, p := range reports {
		t := p.Totals
		rows = append(rows, []string{
			strconv.FormatInt(p.Chain.Sequence, 10), minute(p.Run.StartedAt), short(p.ReportType, 12), short(p.Result, 20),
			cell(gone(t.OutcomeCounts)), remaining(p), cell(p.ZDR.Violation),
		})
	}
	out.table([]string{">NO", "STARTED", "TYPE", "RESULT", ">DELETED", ">REMAINING", ">VIOLATIONS"}, rows)
	return out.flush(w)
}

// remaining is what the second listing saw of expired entries, not what the
// outcomes leave over; "?" where it was not made, or not to its end.
func remaining(p evidence.Predicate) string {
	if c := p.Confirmation; c.StartedAt != nil && c.Complete {
		return cell(c.ExpiredRemaining)
	}
	return "?"
}
