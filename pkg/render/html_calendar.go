package render

import (
	"fmt"
	"slices"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// calendar remembers a line of each report, and which slots were missed.
type calendar struct {
	days         map[string]*calendarDay // by date in UTC, 2006-01-02
	organization string
	vault        string
	reports      int64
	next         int64 // the number that the next report must have
	gaps         []string
	sweep        *evidence.Predicate // the last sweep or recovery
}

// calendarDay is what happened on one day.
type calendarDay struct {
	date       time.Time
	runs       []calendarRun
	declared   int64 // missed slots that a later report declares
	undeclared int64 // and those that no report here serves or declares
}

type calendarRun struct {
	sequence  int64
	at        string // time of day
	kind      string
	tone      tone
	verdict   string
	result    string
	gone      int64
	violation int64
	problems  int
}

func newCalendar() *calendar { return &calendar{days: map[string]*calendarDay{}} }

func (c *calendar) day(t time.Time) *calendarDay {
	t = t.UTC()
	name := t.Format(time.DateOnly)
	if c.days[name] == nil {
		c.days[name] = &calendarDay{date: time.Date(t.Year(), t.Month(), t.Day(), 0, 0, 0, 0, time.UTC)}
	}
	return c.days[name]
}

// report takes in the next report.
func (c *calendar) report(r SiteReport) error {
	p := r.Predicate
	n := p.Chain.Sequence
	if c.reports > 0 && n < c.next {
		return fmt.Errorf("report %d of the site comes after report %d: hand them in by number", n, c.next-1)
	}
	if n > c.next {
		c.gap(n - 1)
	}
	started, err := evidence.ParseTime(p.Run.StartedAt)
	if err != nil {
		return fmt.Errorf("report %d of the site: run.startedAt: %w", n, err)
	}
	if p.ReportType == evidence.TypeSweep || p.ReportType == evidence.TypeRecovery {
		if err := c.missed(started, &p); err != nil {
			return fmt.Errorf("report %d of the site: %w", n, err)
		}
		c.sweep = &evidence.Predicate{Chain: p.Chain, Run: evidence.Run{Schedule: p.Run.Schedule}}
	}
	t := toneOf(p)
	d := c.day(started)
	d.runs = append(d.runs, calendarRun{n, started.UTC().Format("15:04"), kindOf(p.ReportType), t, sentence(p, t), p.Result,
		gone(p.Totals.OutcomeCounts), p.ZDR.Violation, len(r.Options.Problems)})
	c.organization, c.vault = p.Organization.Name, p.Chain.VaultID
	c.reports, c.next = c.reports+1, n+1
	return nil
}

// gap notes numbers without a report, up to last.
func (c *calendar) gap(last int64) {
	said := fmt.Sprintf("Report %d is not here", c.next)
	if last > c.next {
		said = fmt.Sprintf("Reports %d to %d are not here", c.next, last)
	}
	c.gaps = append(c.gaps, said+": the numbers of a vault have no gaps.")
}

// missed counts the slots since the last sweep that none served by started:
// those that p declares, and others. A slot that p serves late is not missed; one
// that a report served which isn't here counts as missed as well.
func (c *calendar) missed(started time.Time, p *evidence.Predicate) error {
	told := map[string]bool{}
	for _, m := range p.Run.Missed {
		t, err := evidence.ParseTime(m.Slot)
		if err != nil {
			return fmt.Errorf("run.missed: %w", err)
		}
		told[m.Slot] = true
		c.day(t).declared++
	}
	if p.Run.ScheduledFor != nil {
		told[*p.Run.ScheduledFor] = true
	}
	return c.silent(started, told)
}

// silent counts the slots that went by unserved until an instant, but for told.
func (c *calendar) silent(until time.Time, told map[string]bool) error {
	if c.sweep == nil || c.sweep.Chain.NextDue == nil || c.sweep.Run.Schedule == nil {
		return nil
	}
	due, err := evidence.ParseTime(*c.sweep.Chain.NextDue)
	if err != nil {
		return fmt.Errorf("chain.nextDue of report %d: %w", c.sweep.Chain.Sequence, err)
	}
	slots, err := evidence.MissedSlots(*c.sweep.Run.Schedule, due, until)
	if err != nil {
		return fmt.Errorf("the schedule of report %d: %w", c.sweep.Chain.Sequence, err)
	}
	for _, slot := range slots {
		if !told[evidence.FormatTime(slot)] {
			c.day(slot).undeclared++
		}
	}
	return nil
}

// until counts the slots after the last sweep that are overdue at an instant.
func (c *calendar) until(asOf time.Time) error {
	if asOf.IsZero() {
		return nil
	}
	return c.silent(asOf, nil)
}

// sorted returns the days in order.
func (c *calendar) sorted() []*calendarDay {
	var all []*calendarDay
	for _, d := range c.days {
		all = append(all, d)
	}
	slices.SortFunc(all, func(a, b *calendarDay) int { return a.date.Compare(b.date) })
	return all
}

// mark is how a day looks: the worst of what happened on it.
func (d *calendarDay) mark() mark {
	worst := noMark
	for _, r := range d.runs {
		worst = max(worst, r.mark())
	}
	if d.declared > 0 {
		worst = max(worst, markMissed)
	}
	if d.undeclared > 0 {
		worst = max(worst, markSilent)
	}
	return worst
}
