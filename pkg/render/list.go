package render

import (
	"fmt"
	"io"
	"strconv"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Row is a report of a list. Of one whose statement can't be read only the
// number and the signature are known; one with its number alone is missing.
type Row struct {
	Number    int64
	Predicate *evidence.Predicate
	Signature Signature
}

// List writes a line a report, in the order given, and below them what is wrong
// with signatures. The error is the writer's.
func List(w io.Writer, reports []Row) error {
	var out page
	if len(reports) == 0 {
		out.para("", "No report is in the vault yet.")
		return out.flush(w)
	}
	var rows [][]string
	for _, r := range reports {
		row := []string{strconv.FormatInt(r.Number, 10), r.Signature.mark(), "?", "?", "?", "?", "?", "?"}
		if r.missing() {
			row = []string{row[0], "-", "missing", "-", "-", "-", "-", "-"}
		}
		if p := r.Predicate; p != nil {
			row = append(row[:2], minute(p.Run.StartedAt), short(p.ReportType, 12), short(p.Result, 20),
				cell(gone(p.Totals.OutcomeCounts)), remaining(*p), cell(p.ZDR.Violation))
		}
		rows = append(rows, row)
	}
	out.table([]string{">NO", "SIG", "STARTED", "TYPE", "RESULT", ">DELETED", ">REMAINING", ">VIOLATIONS"}, rows)
	out.signatures(reports)
	return out.flush(w)
}

// missing reports whether nothing is known of the report but its number.
func (r Row) missing() bool { return r.Predicate == nil && r.Signature == Signature{} }

// signatures writes what is wrong with signatures, or why they were not checked,
// once for all that it is true of.
func (p *page) signatures(reports []Row) {
	shared := map[Signature][]int64{}
	var found []Signature
	for _, r := range reports {
		if s := r.Signature; s.State != OK && !r.missing() {
			if shared[s] == nil {
				found = append(found, s)
			}
			shared[s] = append(shared[s], r.Number)
		}
	}
	if len(found) > 0 {
		p.WriteString("\n")
	}
	for _, s := range found {
		line := s.String() + "."
		if s.State == Fail {
			line = fmt.Sprintf("REPORT %s: %s", firstOf(shared[s]), line)
		}
		p.para("", line)
	}
}

// firstOf names the first of some reports; the others are marked in the table.
func firstOf(numbers []int64) string {
	if n := int64(len(numbers) - 1); n > 0 {
		return fmt.Sprintf("%d and %s more", numbers[0], count(n))
	}
	return strconv.FormatInt(numbers[0], 10)
}

// remaining is what the second listing saw of expired entries, not what the
// outcomes leave over; "?" where it was not made, or not to its end.
func remaining(p evidence.Predicate) string {
	if c := p.Confirmation; c.StartedAt != nil && c.Complete {
		return cell(c.ExpiredRemaining)
	}
	return "?"
}
