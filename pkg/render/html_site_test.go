package render

import (
	"errors"
	"iter"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// history is a vault of nights from 20 September 2025 to 25 November 2026, with
// all that a calendar has to show. Number 40 isn't there.
func history(t testing.TB) []SiteReport {
	t.Helper()
	cases := pageCases()
	var all []SiteReport
	n := int64(0)
	add := func(name string, slot time.Time, change func(p *evidence.Predicate)) {
		c := cases[name]
		p := c.p
		p.Chain.Sequence, p.Run.StartedAt, p.Run.FinishedAt = n, evidence.FormatTime(slot.Add(3*time.Second)), evidence.FormatTime(slot.Add(26*time.Minute))
		p.Run.Missed = nil
		if p.Run.ScheduledFor != nil {
			p.Run.ScheduledFor = some(evidence.FormatTime(slot))
		}
		due, err := evidence.NextDue(p.Run.Schedule, slot.Add(3*time.Second), nil)
		require.NoError(t, err)
		p.Chain.NextDue = &due
		if change != nil {
			change(&p)
		}
		if n != 40 {
			all = append(all, SiteReport{Predicate: p, Options: HTMLOptions{Teams: c.o.Teams}})
		}
		n++
	}
	day := func(y int, m time.Month, d int) time.Time { return time.Date(y, m, d, 2, 15, 0, 0, time.UTC) }
	for slot := day(2025, time.September, 20); !slot.After(day(2026, time.November, 25)); slot = slot.AddDate(0, 0, 1) {
		switch slot.Format(time.DateOnly) {
		case "2025-12-24", "2025-12-25", "2026-07-14":
			continue // nobody runs
		case "2025-12-26":
			add("kept-with-exceptions", slot, func(p *evidence.Predicate) {
				p.Run.Missed = []evidence.MissedSlot{{Slot: "2025-12-24T02:15:00Z", Code: "NO_SWEEP"}, {Slot: "2025-12-25T02:15:00Z", Code: "NO_SWEEP"}}
			})
		case "2026-01-05":
			add("stopped", slot, nil)
			add("applied", slot.Add(7*time.Hour), func(p *evidence.Predicate) {
				p.Run.Missed = []evidence.MissedSlot{{Slot: "2026-01-05T02:15:00Z", Code: "NO_SWEEP"}}
			})
		case "2026-02-11":
			add("recovery", slot, nil)
		case "2026-03-02":
			add("broken", slot, nil)
		case "2026-03-03", "2026-08-19":
			add("kept-with-exceptions", slot, nil)
		case "2026-05-20":
			add("inconclusive", slot, nil)
		case "2026-06-01":
			add("key-rotation", slot.Add(-time.Hour), nil)
			add("kept", slot, nil)
		case "2026-10-02":
			add("interrupted", slot, nil)
		default:
			add("kept", slot, nil)
		}
	}
	return all
}

func reportsOf(all []SiteReport) iter.Seq2[SiteReport, error] {
	return func(yield func(SiteReport, error) bool) {
		for _, r := range all {
			if !yield(r, nil) {
				return
			}
		}
	}
}

func siteOf(t testing.TB, all []SiteReport, o SiteOptions) map[string]string {
	t.Helper()
	files := map[string]string{}
	require.NoError(t, Site(func(name string, data []byte) error {
		assert.NotContains(t, files, name)
		files[name] = string(data)
		return nil
	}, reportsOf(all), o))
	return files
}

func asOf() time.Time { return time.Date(2026, time.November, 27, 3, 0, 0, 0, time.UTC) }

func TestSite(t *testing.T) {
	files := siteOf(t, history(t), SiteOptions{AsOf: asOf(), Notes: []string{"NOT ANCHORED: whoever holds the key could have rewritten or cut this history."}})
	goldenHTML(t, "site-index", files["index.html"])
	goldenHTML(t, "site-day", files["day-2026-01-05.html"])
	goldenHTML(t, "site-all-well", siteOf(t, history(t)[:39], SiteOptions{})["index.html"])
	goldenHTML(t, "site-empty", siteOf(t, nil, SiteOptions{AsOf: asOf()})["index.html"])
}

func TestEveryLinkOfASiteLeadsToOneOfItsPages(t *testing.T) {
	files := siteOf(t, history(t), SiteOptions{AsOf: asOf()})
	linked := map[string]bool{"index.html": true}
	for name, page := range files {
		for _, m := range regexp.MustCompile(`href="([^"]*)"`).FindAllStringSubmatch(page, -1) {
			require.Contains(t, files, m[1], "a link of %s", name)
			linked[m[1]] = true
		}
	}
	for name := range files {
		assert.True(t, linked[name], "no link leads to %s", name)
	}
}

func TestASiteShowsEachMissingNumberAndSlot(t *testing.T) {
	index := siteOf(t, history(t), SiteOptions{AsOf: asOf()})["index.html"]
	for _, want := range []string{
		"REPORTS ARE MISSING", "Report 40 is not here: the numbers of a vault have no gaps.",
		`title="24 December 2025: missed slot, declared"`,
		`title="30 October 2025: slot without a report"`,
		`title="14 July 2026: slot without a report"`,
		`title="26 November 2026: slot without a report"`,
		`aria-label="5 January 2026: stopped by a guard, and 2 more"`,
		`href="report-0000000200.html"`,
	} {
		assert.Contains(t, index, want)
	}
	assert.NotContains(t, index, "27 November 2026:", "its slot can still be served within the hour of grace")
}

func TestASlotThatIsServedLateIsNotMissed(t *testing.T) {
	all := history(t)[:2]
	all[1].Predicate.Run.StartedAt = "2025-09-21T20:00:00Z"
	assert.NotContains(t, siteOf(t, all, SiteOptions{})["index.html"], "21 September 2025: slot")
	all[1].Predicate.Run.ScheduledFor = nil
	assert.Contains(t, siteOf(t, all, SiteOptions{})["index.html"], "21 September 2025: slot without a report")
}

func TestASiteWithAllInOrderSaysSo(t *testing.T) {
	index := siteOf(t, history(t)[:39], SiteOptions{})["index.html"]
	assert.Contains(t, index, "NOTHING TO LOOK AT")
	assert.Contains(t, index, "39 reports say that the promise was kept; no number and no slot is missing.")
}

func TestAReportThatDidNotVerifyIsMarkedWhateverItSays(t *testing.T) {
	all := history(t)[:3]
	all[1].Options.Problems = []string{"report 1: the signature is not by a key of the trust root"}
	files := siteOf(t, all, SiteOptions{})
	assert.Contains(t, files["index.html"], "not verified")
	assert.Contains(t, files["index.html"], `</span> NOT VERIFIED</p>`)
	assert.Contains(t, files["report-0000000001.html"], "NOT VERIFIED")
	assert.Contains(t, files["report-0000000001.html"], all[1].Options.Problems[0])
}

func TestWhatWasFoundOfNoReportIsTheVerdictOfTheSite(t *testing.T) {
	const found = "report 3: report.sigstore.json is missing, and there are reports after it"
	for name, all := range map[string][]SiteReport{"empty": nil, "all well": history(t)[:3]} {
		index := siteOf(t, all, SiteOptions{Problems: []string{found}})["index.html"]
		assert.Contains(t, index, `</span> NOT VERIFIED</p>`, name)
		assert.Contains(t, index, found, name)
	}
	many := siteOf(t, history(t)[:3], SiteOptions{Problems: slices.Repeat([]string{found}, 5000)})["index.html"]
	assert.Equal(t, looksShown, strings.Count(many, found))
	assert.Contains(t, many, "4,800 things more are not listed here.")
}

func TestASiteNeedsItsReportsInOrder(t *testing.T) {
	all := history(t)[:3]
	slices.Reverse(all)
	err := Site(func(string, []byte) error { return nil }, reportsOf(all), SiteOptions{})
	require.ErrorContains(t, err, "report 1 of the site comes after report 2")
}

func TestASiteEndsAtTheFirstErrorWithoutAnIndex(t *testing.T) {
	broken := func(yield func(SiteReport, error) bool) {
		_ = yield(history(t)[0], nil) && yield(SiteReport{}, errors.New("disk gone"))
	}
	var names []string
	err := Site(func(name string, _ []byte) error { names = append(names, name); return nil }, broken, SiteOptions{})
	require.ErrorContains(t, err, "disk gone")
	assert.Equal(t, []string{"report-0000000000.html"}, names)
	err = Site(func(string, []byte) error { return errors.New("disk full") }, reportsOf(history(t)[:1]), SiteOptions{})
	require.ErrorContains(t, err, "report-0000000000.html")
	require.ErrorContains(t, err, "disk full")
}

func TestAHostileSiteIsEscaped(t *testing.T) {
	c := pageCases()["hostile"]
	c.p.Chain.Sequence, c.p.Run.Missed, c.p.Run.ScheduledFor = 0, nil, nil
	for name, page := range siteOf(t, []SiteReport{{Predicate: c.p, Options: c.o}}, SiteOptions{Problems: []string{evil}, Notes: []string{evil}}) {
		assertEscaped(t, name, page)
	}
}

func TestMarksAreToldApartWithoutColor(t *testing.T) {
	letters, classes := map[string]bool{}, map[string]bool{}
	for _, m := range legend() {
		letters[m.Letter()], classes[m.Class()] = true, true
		assert.NotEmpty(t, m.Word())
	}
	assert.Len(t, letters, len(legend()))
	assert.Len(t, classes, len(legend()))
}

func TestOneBrokenPromiseIsTheVerdictOfASiteThatIsWhole(t *testing.T) {
	all := history(t)[:3]
	broken := pageCases()["broken"]
	broken.p.Chain, broken.p.Run.StartedAt, broken.p.Run.ScheduledFor = all[1].Predicate.Chain, all[1].Predicate.Run.StartedAt, all[1].Predicate.Run.ScheduledFor
	broken.p.ZDR.Violation = 7
	all[1] = SiteReport{Predicate: broken.p}
	index := siteOf(t, all, SiteOptions{})["index.html"]
	assert.Contains(t, index, `</span> NOT ALWAYS KEPT</p>`)
	assert.Contains(t, index, "2 of 3 reports say that the promise was kept; 1 says that it was broken")
	assert.Contains(t, index, "1 with a ZDR violation", "reports are counted: the same team is found each night")
}

func TestADryRunIsNotCalledAKeyRotation(t *testing.T) {
	all := history(t)[:2]
	dry := pageCases()["dry-run"]
	dry.p.Chain, dry.p.Run.StartedAt = all[1].Predicate.Chain, all[0].Predicate.Run.StartedAt
	all[1] = SiteReport{Predicate: dry.p}
	files := siteOf(t, all, SiteOptions{})
	assert.Contains(t, files["day-2025-09-20.html"], "</span> dry run</span>")
	assert.NotContains(t, files["day-2025-09-20.html"], "key rotation")
}
