package render

import (
	"fmt"
	"iter"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// SiteReport is one report of a vault, and what its page is made with. Index of
// the options is the site's to set.
type SiteReport struct {
	Predicate evidence.Predicate
	Options   HTMLOptions
}

// SiteOptions are what a site adds to the reports; each may be empty.
type SiteOptions struct {
	// AsOf is when the vault was read. Slots that were due by then and that no run
	// has served are shown as missed; without it nothing after the last report is.
	AsOf time.Time
	// Problems are what verification found beside what stands in the options of the
	// reports: of the vault as a whole, and of reports that were not handed in.
	Problems []string
	// Notes are sentences about the whole vault, as verification ended with them.
	Notes []string
}

const siteIndex = "index.html"

// Site makes a page a report, a page for each day with several things to see,
// and index.html: a calendar of them all. Pages are handed to out one by one;
// names have no folder in them. The reports come in the order of their numbers,
// and are read once; of each only a line is remembered. A number or a slot of
// the schedule that nothing was handed in for is shown as missing. The first
// error of reports or of out ends it, without an index.
func Site(out func(name string, data []byte) error, reports iter.Seq2[SiteReport, error], o SiteOptions) error {
	s, err := newSheets()
	if err != nil {
		return err
	}
	cal := newCalendar()
	for r, err := range reports {
		if err != nil {
			return fmt.Errorf("read the reports of the site: %w", err)
		}
		if err := cal.report(r); err != nil {
			return err
		}
		r.Options.Index = siteIndex
		data, err := s.report(r.Predicate, r.Options)
		if err != nil {
			return err
		}
		if err := emit(out, reportPage(r.Predicate.Chain.Sequence), data); err != nil {
			return err
		}
	}
	if err := cal.until(o.AsOf); err != nil {
		return err
	}
	for _, day := range cal.busyDays() {
		data, err := s.run("day.tmpl", day)
		if err != nil {
			return err
		}
		if err := emit(out, day.Name, data); err != nil {
			return err
		}
	}
	data, err := s.run("site.tmpl", cal.view(o))
	if err != nil {
		return err
	}
	return emit(out, siteIndex, data)
}

func emit(out func(string, []byte) error, name string, data []byte) error {
	if err := out(name, data); err != nil {
		return fmt.Errorf("write %s of the site: %w", name, err)
	}
	return nil
}

func reportPage(sequence int64) string { return fmt.Sprintf("report-%010d.html", sequence) }
