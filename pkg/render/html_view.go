package render

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// tone is how something is meant, told by a sign and a word as well as by a
// color. Class is ok, warn, bad or info.
type tone struct{ Class, Sign, Word string }

// fact is a name and a value of a list. Mono is for digests and the like.
type fact struct {
	Name, Value string
	Mono        bool
}

// figure is one of the large numbers below the verdict.
type figure struct{ Name, Value, Note string }

// grid is a table. The first cell of a row names it.
type grid struct {
	Caption string
	Head    []column
	Rows    [][]gridCell
}

type column struct {
	Name   string
	Number bool
}

// gridCell is a cell with a second, smaller line. Label repeats the column's
// name, for a screen that is too narrow for columns.
type gridCell struct {
	Text, Sub, Label string
	Number, Code     bool
	Tone             *tone
}

// Short tables aren't cut by the end of a page.
func (g grid) Short() bool { return len(g.Rows) <= 14 }

func (g *grid) add(cells ...gridCell) {
	for i := range cells {
		cells[i].Label, cells[i].Number = g.Head[i].Name, g.Head[i].Number
	}
	g.Rows = append(g.Rows, cells)
}

// columns makes the head of a table. A name that begins with ">" is that of
// numbers.
func head(names ...string) []column {
	cols := make([]column, len(names))
	for i, name := range names {
		bare, number := strings.CutPrefix(name, ">")
		cols[i] = column{bare, number}
	}
	return cols
}

func text(s string) gridCell  { return gridCell{Text: clean(s)} }
func number(n int64) gridCell { return gridCell{Text: count(n)} }

// reportView is what the template of a report sees.
type reportView struct {
	Title, Kind, Organization string
	Sequence                  int64
	Index                     string
	Problems                  []string
	Tone                      tone
	Verdict                   string
	Lead                      []string
	When                      string
	Figures                   []figure
	Questions                 []question
	Ages                      *agesView
	Looked                    bool // stores were listed
	Stores, Outcomes          *grid
	Scope                     *grid
	StoreNotes                []string
	ZDR                       *zdrView
	Reasons, Exceptions       *grid
	Holds                     *grid
	HoldsNote                 string
	Run                       []fact
	Missed                    []string
	Limits, Controls          []string
	Check                     checkView
	Identity                  []fact
}

func htmlReport(p evidence.Predicate, o HTMLOptions) reportView {
	v := reportView{
		Kind: kindOf(p.ReportType), Organization: clean(p.Organization.Name), Sequence: p.Chain.Sequence, Index: o.Index,
		Problems: cleaned(o.Problems), Tone: toneOf(p), Lead: lead(p), When: span(p.Run.StartedAt, p.Run.FinishedAt),
		Looked: p.ReportType != evidence.TypeKeyRotation, Reasons: reasonGrid(p), Exceptions: exceptionGrid(p),
		Run: runFacts(p), Missed: missedSlots(p), Limits: cleaned(p.Limits), Controls: cleaned(p.Controls),
		Check: check(p), Identity: identity(p, o),
	}
	v.Title = fmt.Sprintf("%s %d", v.Kind, v.Sequence)
	v.Verdict = sentence(p, v.Tone)
	if len(o.Problems) > 0 { // what it says counts for nothing, so it must not look like good news
		v.Tone = tone{"info", v.Tone.Sign, "THE REPORT SAYS: " + v.Tone.Word}
	}
	if !v.Looked {
		return v
	}
	v.Figures, v.Questions, v.Ages = figures(p), questions(p, o), ages(p, o.Ages)
	v.Stores, v.Scope, v.StoreNotes = storeGrid(p), scopeGrid(p), storeNotes(p)
	v.Outcomes, v.ZDR = outcomeGrid(p), zdrOf(p, o.Teams)
	v.Holds, v.HoldsNote = holdGrid(p)
	return v
}

func kindOf(reportType string) string {
	switch reportType {
	case evidence.TypeSweep:
		return "Deletion report"
	case evidence.TypeRecovery:
		return "Recovery report"
	case evidence.TypeAttestation:
		return "Zero-retention attestation"
	case evidence.TypeDryRun:
		return "Dry run"
	case evidence.TypeStopped:
		return "Stopped run"
	case evidence.TypeKeyRotation:
		return "Key rotation"
	default:
		return "Report of unknown type " + clean(reportType)
	}
}

// toneOf is the verdict's: a word that no text from outside can alter.
func toneOf(p evidence.Predicate) tone {
	switch p.Result {
	case evidence.ResultKept:
		return tone{"ok", "✓", "KEPT"}
	case evidence.ResultKeptWithExceptions:
		return tone{"warn", "!", "KEPT WITH EXCEPTIONS"}
	case evidence.ResultBroken:
		return tone{"bad", "✕", "BROKEN"}
	case evidence.ResultInconclusive:
		return tone{"warn", "?", "INCONCLUSIVE"}
	case evidence.ResultStopped:
		return tone{"warn", "■", "STOPPED"}
	case evidence.ResultInterrupted:
		return tone{"bad", "◐", "INTERRUPTED"}
	case evidence.ResultNone:
		switch p.ReportType {
		case evidence.TypeDryRun:
			return tone{"info", "○", "DRY RUN"}
		case evidence.TypeKeyRotation:
			return tone{"info", "↻", "KEY ROTATION"}
		}
		return tone{"info", "–", "NO RESULT"}
	default:
		return tone{"bad", "?", "UNKNOWN RESULT"}
	}
}

// sentence is the verdict without the word that the tone says already.
func sentence(p evidence.Predicate, t tone) string {
	said, ok := strings.CutPrefix(Verdict(p), t.Word+": ")
	if !ok || said == "" {
		return Verdict(p)
	}
	return strings.ToUpper(said[:1]) + said[1:]
}

// lead says below the verdict what kind of report this is, where that isn't
// plain, and how its plan is carried on.
func lead(p evidence.Predicate) []string {
	var said []string
	switch p.ReportType {
	case evidence.TypeRecovery:
		said = append(said, "The run died before it could report. This report was sealed afterwards, from what the run had written down; "+
			"what it had not written down counts as not attempted or unconfirmed.")
	case evidence.TypeAttestation:
		said = append(said, "An attestation looks and deletes nothing: it says what the listings showed of each zero-retention (ZDR) team.")
	case evidence.TypeKeyRotation:
		said = append(said, "Reports from the next one on are signed by the new key. Both keys must stand in the trust root that you hold.")
		if slices.ContainsFunc(p.Reasons, func(r evidence.Reason) bool { return r.Code == evidence.CodeOldKeyUnavailable }) {
			said = append(said, "The old key was not at hand, so this report is signed by the new one: nothing but your own trust root says that it may be.")
		}
	}
	if a := p.Run.Apply; a != nil {
		said = append(said, carriedOut(*a))
	}
	if g := p.Policy.Guard; g != nil {
		said = append(said, guard(*g))
	}
	return said
}

// span is when a run was, without saying the day twice.
func span(from, to string) string {
	a, err := time.Parse(time.RFC3339, from)
	b, err2 := time.Parse(time.RFC3339, to)
	if err != nil || err2 != nil {
		return when(from) + " to " + when(to)
	}
	a, b = a.UTC(), b.UTC()
	end := b.Format("2006-01-02 15:04:05")
	if a.Format(time.DateOnly) == b.Format(time.DateOnly) {
		end = b.Format("15:04:05")
	}
	return a.Format("2 January 2006, 15:04:05") + " to " + end + " UTC"
}

func cleaned(all []string) []string {
	out := make([]string, len(all))
	for i, s := range all {
		out[i] = clean(s)
	}
	return out
}

// figures are the numbers that a reader looks for first.
func figures(p evidence.Predicate) []figure {
	t := p.Totals
	all := []figure{{"Listed", count(t.Listed), of(int64(len(p.Stores)), "store", "stores")}}
	if p.ReportType != evidence.TypeAttestation {
		all = append(all, figure{"Expired", count(t.Expired), "older than " + clean(p.Policy.MaxAge)})
	}
	switch p.ReportType {
	case evidence.TypeSweep, evidence.TypeRecovery:
		remain, note := "not known", "no complete second listing"
		if p.Confirmation.StartedAt != nil && p.Confirmation.Complete {
			remain, note = count(p.Confirmation.ExpiredRemaining), "seen by the second listing"
			if p.Confirmation.ExpiredRemaining > 0 && unexcused(p.Confirmation) == 0 {
				note += ", all excused"
			}
		}
		all = append(all, figure{"Gone", count(gone(t.OutcomeCounts)), "of " + count(t.Planned) + " planned"}, figure{"Expired remaining", remain, note})
	case evidence.TypeDryRun, evidence.TypeStopped:
		all = append(all, figure{"Planned", count(t.Planned), "none attempted"})
	}
	if z := p.ZDR; z.TeamCount > 0 {
		note := "of " + teams(z.TeamCount)
		if z.Violation > 0 {
			note += ", " + of(z.Violation, "violation", "violations")
		}
		all = append(all, figure{"ZDR teams at zero", count(z.Zero), note})
	}
	return all
}
