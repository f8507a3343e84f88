package render

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Verification writes what verify found: a line a report with its problems
// below it, what concerns the vault as a whole, what was declared, a total, and
// last what was not checked. The error is the writer's.
func Verification(w io.Writer, v evidence.Verification) error {
	var out page
	var lines int64
	ofVault := slices.Clone(v.Problems)
	for _, r := range v.Reports {
		state := OK
		if len(r.Problems) > 0 {
			state = Fail
		}
		if r.Recounted {
			lines += r.Lines
		}
		out.WriteString(reportLine(state, r) + "\n")
		for _, problem := range r.Problems {
			out.para("        ", clean(problem))
			if i := slices.Index(ofVault, problem); i >= 0 {
				ofVault = slices.Delete(ofVault, i, i+1)
			}
		}
	}
	for _, problem := range ofVault {
		out.para(fmt.Sprintf("%-6s", Fail), clean(problem))
	}
	for _, exception := range v.Exceptions {
		out.para("note  ", clean(exception))
	}
	total := fmt.Sprintf("%s, %s recounted, assurance %s: ", of(int64(len(v.Reports)), "report", "reports"),
		of(lines, "line", "lines"), clean(v.Assurance))
	if v.Valid && len(v.Problems) == 0 {
		out.para("", total+"the evidence checks out.")
	} else {
		out.para("", total+"THE EVIDENCE DOES NOT CHECK OUT, "+of(int64(len(v.Problems)), "problem", "problems")+".")
	}
	for _, note := range v.Notes {
		out.para("", clean(note))
	}
	return out.flush(w)
}

func reportLine(state State, r evidence.ReportCheck) string {
	lines := "not recounted"
	if r.Recounted {
		lines = of(r.Lines, "line", "lines")
	}
	said := fmt.Sprintf("%-6sreport %-4d %-12s %-20s %-20s %s", state, r.Sequence, short(r.Type, 12), short(r.Result, 20),
		when(r.StartedAt), lines)
	if r.Anchored {
		said += ", anchored"
	}
	if r.Timestamped {
		said += ", timestamped"
	}
	return strings.TrimRight(said, " ")
}
