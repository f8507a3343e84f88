package render

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// looksShown bounds the list of what needs a look; the calendar has the rest.
const looksShown = 200

// siteView is what the template of the index sees.
type siteView struct {
	Organization, Vault, Span string
	Tone                      tone
	Said                      string
	Notes                     []string
	Figures                   []figure
	Looks                     []look
	LooksNote                 string
	Legend                    []mark
	Years                     []yearView
}

// look is one thing that an auditor wants to open.
type look struct {
	Day, Link, Name, Said string
	Mark                  mark
	Result                string // empty: the mark's word
}

// Word is for the template.
func (l look) Word() string { return cmp.Or(l.Result, l.Mark.Word()) }

type yearView struct {
	Year    int
	Figures []figure
	Months  []monthView
}

type monthView struct {
	Name  string
	Weeks [][]dayCell
}

// dayCell is a square of the calendar. Day 0 is outside of the month.
type dayCell struct {
	Day         int
	Link, Label string
	Mark        mark
	More        int // how many things beyond the first
}

// tally is what happened in a span of days.
type tally struct{ reports, kept, look, broken, unverified, missed, gone, violations int64 }

func (t *tally) add(d *calendarDay) {
	for _, r := range d.runs {
		t.reports++
		if r.problems > 0 {
			t.unverified++
		}
		switch r.mark() {
		case markKept, markExcept:
			t.kept++
		case markOther:
		default:
			t.look++
			if r.violation > 0 { // one team is found again each night
				t.violations++
			}
			if r.mark() == markBroken {
				t.broken++
			}
		}
		t.gone += r.gone
	}
	t.missed += d.declared + d.undeclared
}

func (t tally) figures() []figure {
	return []figure{
		{"Reports", count(t.reports), ""},
		{"Promise kept", count(t.kept), "with exceptions or without"},
		{"To look at", count(t.look), count(t.violations) + " with a ZDR violation"},
		{"Missed slots", count(t.missed), ""},
		{"Entries gone", count(t.gone), ""},
	}
}

func (c *calendar) view(o SiteOptions) siteView {
	days := c.sorted()
	v := siteView{Organization: clean(c.organization), Vault: clean(c.vault), Notes: cleaned(o.Notes), Legend: legend()}
	var all tally
	for _, d := range days {
		all.add(d)
	}
	v.Figures = all.figures()
	v.Years = years(days)
	v.looks(cleaned(o.Problems), c.gaps, days)
	v.Tone, v.Said = c.summary(all, len(o.Problems) > 0)
	if n := len(days); n > 0 {
		v.Span = longDate(days[0].date)
		if n > 1 {
			v.Span += " to " + longDate(days[n-1].date)
		}
	}
	if !o.AsOf.IsZero() {
		v.Notes = append(v.Notes, "Missed slots are counted up to "+o.AsOf.UTC().Format("2006-01-02 15:04:05Z")+".")
	}
	return v
}

func longDate(t time.Time) string { return t.Format("2 January 2006") }

// summary says in a sentence what the reports come to. What verification found
// weighs more than what is missing, and that more than what the reports say.
func (c *calendar) summary(t tally, problems bool) (tone, string) {
	unverified := tone{"bad", "✕", "NOT VERIFIED"}
	if c.reports == 0 {
		if problems {
			return unverified, "Verification found problems, and no report can be shown."
		}
		return tone{"info", "–", "EMPTY"}, "No report is in the vault yet."
	}
	said := fmt.Sprintf("%s of %s that the promise was kept", count(t.kept), of(t.reports, "report says", "reports say"))
	if t.broken > 0 {
		said += fmt.Sprintf("; %s that it was broken", of(t.broken, "says", "say"))
	}
	if t.look > 0 {
		said += fmt.Sprintf("; %s to be looked at", needs(t.look))
	}
	if t.missed > 0 {
		said += fmt.Sprintf("; %s of the schedule %s missed", of(t.missed, "slot", "slots"), verb(t.missed, "was", "were"))
	}
	switch {
	case problems || t.unverified > 0:
		return unverified, said + "; verification found problems, so nothing can be said of the whole."
	case len(c.gaps) > 0:
		return tone{"bad", "✕", "REPORTS ARE MISSING"}, said + "; numbers are missing, so nothing can be said of the whole."
	case t.broken > 0:
		return tone{"bad", "✕", "NOT ALWAYS KEPT"}, said + "."
	case t.look > 0 || t.missed > 0:
		return tone{"warn", "!", "TO LOOK AT"}, said + "."
	default:
		return tone{"ok", "✓", "NOTHING TO LOOK AT"}, said + "; no number and no slot is missing."
	}
}

func needs(n int64) string { return count(n) + " " + verb(n, "has", "have") }

// looks lists what concerns no report here, then what is not kept and what was
// missed, newest first.
func (v *siteView) looks(problems, gaps []string, days []*calendarDay) {
	for _, p := range problems {
		v.Looks = append(v.Looks, look{Day: "–", Said: p, Mark: markUnverified})
	}
	for _, g := range gaps {
		v.Looks = append(v.Looks, look{Day: "–", Said: g, Mark: markGap})
	}
	hidden := int64(max(0, len(v.Looks)-looksShown))
	v.Looks = v.Looks[:len(v.Looks)-int(hidden)]
	for _, d := range slices.Backward(days) {
		found := d.looks()
		if len(v.Looks)+len(found) > looksShown {
			hidden += int64(len(found))
			continue
		}
		v.Looks = append(v.Looks, found...)
	}
	if hidden > 0 {
		v.LooksNote = fmt.Sprintf("%s more %s not listed here.", of(hidden, "thing", "things"), verb(hidden, "is", "are"))
	}
}

func (d *calendarDay) looks() []look {
	var all []look
	day := d.date.Format(time.DateOnly)
	if d.undeclared > 0 {
		all = append(all, look{Day: day, Mark: markSilent, Said: fmt.Sprintf("%s due, and no report here serves or declares %s.",
			wasSlots(d.undeclared), verb(d.undeclared, "it", "them"))})
	}
	if d.declared > 0 {
		all = append(all, look{Day: day, Mark: markMissed, Said: fmt.Sprintf("%s missed, and a later report declares %s.",
			wasSlots(d.declared), verb(d.declared, "it", "them"))})
	}
	for _, r := range slices.Backward(d.runs) {
		if m := r.mark(); m != markKept && m != markOther {
			all = append(all, r.look(day))
		}
	}
	return all
}

func wasSlots(n int64) string { return of(n, "slot", "slots") + " " + verb(n, "was", "were") }

func (r calendarRun) look(day string) look {
	said := r.verdict
	if r.problems > 0 {
		said = fmt.Sprintf("Verification found %s.", of(int64(r.problems), "problem", "problems"))
	}
	return look{Day: day + " " + r.at, Link: reportPage(r.sequence), Name: fmt.Sprintf("%s %d", r.kind, r.sequence), Said: said, Mark: r.mark(), Result: r.word()}
}

// years makes a block for each year in which something happened, newest first,
// with every month between the first and the last day of all.
func years(days []*calendarDay) []yearView {
	var out []yearView
	if len(days) == 0 {
		return nil
	}
	byDate := map[string]*calendarDay{}
	tallies := map[int]*tally{}
	for _, d := range days {
		byDate[d.date.Format(time.DateOnly)] = d
		if tallies[d.date.Year()] == nil {
			tallies[d.date.Year()] = &tally{}
			out = append(out, yearView{Year: d.date.Year()})
		}
		tallies[d.date.Year()].add(d)
	}
	first, last := days[0].date, days[len(days)-1].date
	for i := range out {
		y := &out[i]
		y.Figures = tallies[y.Year].figures()
		for m := time.January; m <= time.December; m++ {
			begin := time.Date(y.Year, m, 1, 0, 0, 0, 0, time.UTC)
			if end := begin.AddDate(0, 1, 0); end.After(first) && !begin.After(last) {
				y.Months = append(y.Months, month(begin, byDate))
			}
		}
	}
	slices.Reverse(out)
	return out
}

// month lays the days out in weeks from Monday on.
func month(begin time.Time, byDate map[string]*calendarDay) monthView {
	v := monthView{Name: begin.Format("January 2006")}
	week := make([]dayCell, (int(begin.Weekday())+6)%7, 7)
	for t := begin; t.Month() == begin.Month(); t = t.AddDate(0, 0, 1) {
		week = append(week, cellOf(t, byDate[t.Format(time.DateOnly)]))
		if len(week) == 7 {
			v.Weeks, week = append(v.Weeks, week), make([]dayCell, 0, 7)
		}
	}
	if len(week) > 0 {
		v.Weeks = append(v.Weeks, append(week, make([]dayCell, 7-len(week))...))
	}
	return v
}

func cellOf(t time.Time, d *calendarDay) dayCell {
	c := dayCell{Day: t.Day()}
	if d == nil {
		return c
	}
	c.Mark = d.mark()
	c.Label = longDate(t) + ": " + c.Mark.Word()
	c.More = d.things() - 1
	switch {
	case d.busy():
		c.Link = d.page()
		c.Label += fmt.Sprintf(", and %d more", c.More)
	case len(d.runs) == 1:
		c.Link = reportPage(d.runs[0].sequence)
		c.Label = longDate(t) + ": " + d.runs[0].word() + fmt.Sprintf(", report %d", d.runs[0].sequence)
	}
	return c
}

// things are the reports of a day and its two kinds of missed slots.
func (d *calendarDay) things() int {
	return len(d.runs) + int(min(1, d.declared)) + int(min(1, d.undeclared))
}

// busy days have a page of their own: one square has one link.
func (d *calendarDay) busy() bool { return d.things() > 1 && len(d.runs) > 0 }

func (d *calendarDay) page() string { return "day-" + d.date.Format(time.DateOnly) + ".html" }

// dayView is what the template of a busy day sees.
type dayView struct {
	Name, Title, Organization string
	All                       []look
}

func (c *calendar) busyDays() []dayView {
	var out []dayView
	for _, d := range c.sorted() {
		if !d.busy() {
			continue
		}
		v := dayView{Name: d.page(), Title: longDate(d.date), Organization: clean(c.organization)}
		for _, l := range d.looks() {
			if l.Link == "" {
				v.All = append(v.All, l)
			}
		}
		for _, r := range d.runs {
			v.All = append(v.All, r.look(d.date.Format(time.DateOnly)))
		}
		out = append(out, v)
	}
	return out
}

// lookList is a table of looks under its caption.
type lookList struct {
	Caption string
	All     []look
}

// List is for the template.
func (v siteView) List() lookList { return lookList{"What stands out", v.Looks} }

// List is for the template.
func (v dayView) List() lookList { return lookList{"What happened on " + v.Title, v.All} }
