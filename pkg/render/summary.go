package render

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Options are what a summary adds to the predicate; each may be empty.
type Options struct {
	// Signature stands above everything else; nil where the report was signed just now.
	Signature *Signature
	// Teams are the rows of the report's teams.csv. Those of ZDR teams that are
	// not at zero are shown.
	Teams []evidence.TeamRow
	// Path is where the report is, as a person would open it.
	Path string
	// StatementSHA256 of the report, to be kept by someone else as its anchor.
	StatementSHA256 string
	// Verify is the command line that checks the report.
	Verify string
}

// Summary writes one report for a person: the verdict, what was found and what
// became of it by store, the ZDR teams, reasons and exceptions, and where the
// evidence is. The error is the writer's.
func Summary(w io.Writer, p evidence.Predicate, o Options) error {
	var out page
	out.signature(o.Signature)
	out.para("", Verdict(p))
	out.WriteString("\n")
	out.para("", heading(p))
	if a := p.Run.Apply; a != nil {
		out.para("", carriedOut(*a))
	}
	if g := p.Policy.Guard; g != nil {
		out.para("", guard(*g))
	}
	out.onward(p)
	if p.ReportType != evidence.TypeKeyRotation {
		out.stores(p)
		out.zdr(p.ZDR, o.Teams)
	}
	out.reasons(p)
	out.where(p, o)
	return out.flush(w)
}

func heading(p evidence.Predicate) string {
	said := fmt.Sprintf("Report %d, %s (%s), %s to %s.", p.Chain.Sequence, clean(p.ReportType), clean(p.Run.Trigger),
		when(p.Run.StartedAt), when(p.Run.FinishedAt))
	if p.Run.ScheduledFor != nil {
		said += " Slot " + when(*p.Run.ScheduledFor) + "."
	}
	if p.Policy.Cutoff != "" && p.Policy.MaxAge != "" {
		said += " Expired means created before " + when(p.Policy.Cutoff) + " (" + clean(p.Policy.MaxAge) + ")."
	}
	return said
}

// when writes a time of a report with a space in it, in UTC.
func when(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return short(text, 20)
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// minute is when without the seconds, where a column is narrow.
func minute(text string) string {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return short(text, 17)
	}
	return t.UTC().Format("2006-01-02 15:04Z")
}

// stores writes a row a store. "Not gone" is what was planned and is not known
// to be gone; the line below the table says what the second listing saw.
func (p *page) stores(r evidence.Predicate) {
	outcomes := map[string]evidence.OutcomeCounts{}
	for _, o := range r.Outcomes {
		outcomes[o.Store] = o.OutcomeCounts
	}
	populations := map[string]evidence.Population{}
	for _, pop := range r.Population {
		populations[pop.Store] = pop
	}
	row := func(name string, pop evidence.PopulationCounts, o evidence.OutcomeCounts) []string {
		return []string{
			short(name, 20), cell(pop.Listed), cell(pop.Expired), cell(gone(o)),
			cell(o.Failed + o.Unconfirmed), cell(pop.Kept), cell(o.Planned - gone(o)),
		}
	}
	var rows [][]string
	var notes []string
	for _, s := range r.Stores {
		pop, listed := populations[s.Name]
		if listed {
			rows = append(rows, row(s.Name, pop.PopulationCounts, outcomes[s.Name]))
		} else {
			rows = append(rows, []string{short(s.Name, 20), "?", "?", "?", "?", "?", "?"})
		}
		if !pop.Complete {
			notes = append(notes, fmt.Sprintf("Store %s was not seen to its end: its numbers are what was seen.", clean(s.Name)))
		}
		if s.Note != "" {
			notes = append(notes, fmt.Sprintf("Store %s: %s.", clean(s.Name), coded(s.Note)))
		}
	}
	if len(r.Stores) > 1 {
		rows = append(rows, row("total", r.Totals.PopulationCounts, r.Totals.OutcomeCounts))
	}
	p.WriteString("\n")
	p.table([]string{"STORE", ">LISTED", ">EXPIRED", ">DELETED", ">FAILED", ">KEPT", ">NOT GONE"}, rows)
	for _, note := range append(notes, beside(r)...) {
		p.para("  ", note)
	}
	if r.ReportType == evidence.TypeSweep || r.ReportType == evidence.TypeRecovery {
		p.para("  ", confirmation(r.Confirmation))
	}
}

func confirmation(c evidence.Confirmation) string {
	switch {
	case c.StartedAt == nil:
		return "No second listing was made: what remains is not known."
	case !c.Complete && c.ExpiredRemaining == 0:
		return "The second listing did not get to its end: what remains is not known."
	case !c.Complete:
		return fmt.Sprintf("The second listing did not get to its end: at least %s expired %s.",
			count(c.ExpiredRemaining), verb(c.ExpiredRemaining, "remains", "remain"))
	default:
		return fmt.Sprintf("The second listing found %s expired%s.", nothing(c.ExpiredRemaining), among(c))
	}
}

// among says what of that which remains is excused.
func among(c evidence.Confirmation) string {
	n := c.Excused.Held + c.Excused.Locked + c.Excused.Pending
	switch {
	case n == 0:
		return ""
	case n == c.ExpiredRemaining:
		return ", all of it excused: " + excuses(c)
	default:
		return fmt.Sprintf(", %s of it excused: %s", count(n), excuses(c))
	}
}

func (p *page) zdr(z evidence.ZDR, rows []evidence.TeamRow) {
	p.WriteString("\n")
	if z.TeamCount == 0 {
		p.para("  ", "No ZDR team is on the roster.")
	} else {
		p.table([]string{">ZDR TEAMS", ">ZERO", ">RESIDUAL", ">VIOLATION", ">INCONCLUSIVE"}, [][]string{{
			count(z.TeamCount), count(z.Zero), count(z.Residual), count(z.Violation), count(z.Inconclusive),
		}})
	}
	if z.Mode == evidence.ModePrefixes && len(rows) > 0 {
		p.para("  ", inPrefixes(rows))
	}
	if z.Witness.Looked > 0 {
		p.para("  ", witness(z.Witness))
	}
	var shown [][]string
	for _, r := range rows {
		zero := r.State == evidence.StateZero || r.State == evidence.StateZeroInPrefix
		if !r.ZDR || zero && r.Found() == 0 && r.Remaining == 0 {
			continue
		}
		shown = append(shown, []string{
			short(r.Team, 18), short(r.Store, 16), short(r.State, 14), cell(r.Found()), cell(r.Remaining), minute(r.ZDRSince),
		})
	}
	if len(shown) > 0 {
		p.WriteString("\n")
		p.table([]string{"TEAM", "STORE", "STATE", ">FOUND", ">REMAINING", "ZERO SINCE"}, shown)
	}
}

func (p *page) reasons(r evidence.Predicate) {
	var rows [][]string
	for _, x := range r.Reasons {
		rows = append(rows, []string{short(x.Code, 24), cell(x.Count), short(meaning(x.Code), 57)})
	}
	if len(rows) > 0 {
		p.WriteString("\n")
		p.table([]string{"REASON", ">COUNT", "MEANING"}, rows)
	}
	p.exceptions(r)
}

// exceptions writes a row an exception, and below them what the codes mean, but
// for what the reasons have told already.
func (p *page) exceptions(r evidence.Predicate) {
	if len(r.Exceptions) == 0 {
		return
	}
	told := map[string]bool{}
	for _, x := range r.Reasons {
		told[meaning(x.Code)] = true
	}
	head := []string{"EXCEPTION", "STORE", ">COUNT"}
	if slices.ContainsFunc(r.Exceptions, func(x evidence.Exception) bool { return x.Until != nil }) {
		head = append(head, "UNTIL")
	}
	var rows [][]string
	var notes []string
	for _, x := range r.Exceptions {
		row := []string{short(x.Code, 24), short(x.Store, 20), cell(x.Count), ""}
		if x.Until != nil {
			row[3] = when(*x.Until)
		}
		rows = append(rows, row[:len(head)])
		if m := meaning(x.Code); m != "" && !told[m] {
			notes, told[m] = append(notes, x.Code+": "+m+"."), true
		}
	}
	p.WriteString("\n")
	p.table(head, rows)
	for _, note := range notes {
		p.para("  ", note)
	}
}

// where writes what a person may want to copy, so it isn't wrapped.
func (p *page) where(r evidence.Predicate, o Options) {
	lines := ""
	if o.Path != "" {
		lines += fmt.Sprintf("Report:  %s\n", clean(o.Path))
	}
	if o.StatementSHA256 != "" {
		lines += fmt.Sprintf("Head:    %d:%s\n", r.Chain.Sequence, clean(o.StatementSHA256))
	}
	if o.Verify != "" {
		lines += fmt.Sprintf("Check:   %s\n", clean(o.Verify))
	}
	if lines != "" {
		p.WriteString("\n" + lines)
	}
}

// coded is a code with its meaning, where it is known.
func coded(code string) string {
	if m := meaning(code); m != "" {
		return clean(code) + ", " + m
	}
	return clean(code)
}
