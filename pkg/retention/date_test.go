package retention_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestDateBoundsWhereClocksChange(t *testing.T) {
	day := func(y, m, d int) retention.Date { return retention.Date{Year: y, Month: m, Day: d, Set: true} }
	at := func(y, m, d, h int) retention.Date {
		return retention.Date{Year: y, Month: m, Day: d, Hour: h, HasHour: true, Set: true}
	}
	for name, c := range map[string]struct {
		zone       string
		date       retention.Date
		start, end string
	}{
		"a plain day":                             {"UTC", day(2026, 2, 28), "2026-02-28T00:00:00Z", "2026-03-01T00:00:00Z"},
		"a leap day":                              {"UTC", day(2028, 2, 29), "2028-02-29T00:00:00Z", "2028-03-01T00:00:00Z"},
		"the last hour of a year":                 {"UTC", at(2026, 12, 31, 23), "2026-12-31T23:00:00Z", "2027-01-01T00:00:00Z"},
		"ahead of UTC":                            {"Pacific/Kiritimati", day(2026, 6, 1), "2026-05-31T10:00:00Z", "2026-06-01T10:00:00Z"},
		"a day of 23 hours":                       {"America/Los_Angeles", day(2026, 3, 8), "2026-03-08T08:00:00Z", "2026-03-09T07:00:00Z"},
		"a day of 25 hours":                       {"America/Los_Angeles", day(2026, 11, 1), "2026-11-01T07:00:00Z", "2026-11-02T08:00:00Z"},
		"the hour before one shown twice":         {"America/Los_Angeles", at(2026, 11, 1, 0), "2026-11-01T07:00:00Z", "2026-11-01T08:00:00Z"},
		"an hour shown twice lasts two":           {"America/Los_Angeles", at(2026, 11, 1, 1), "2026-11-01T08:00:00Z", "2026-11-01T10:00:00Z"},
		"an hour that is skipped is empty":        {"America/Los_Angeles", at(2026, 3, 8, 2), "2026-03-08T10:00:00Z", "2026-03-08T10:00:00Z"},
		"a day that begins at one":                {"America/Sao_Paulo", day(2018, 11, 4), "2018-11-04T03:00:00Z", "2018-11-05T02:00:00Z"},
		"the day before one that begins at one":   {"America/Sao_Paulo", day(2018, 11, 3), "2018-11-03T03:00:00Z", "2018-11-04T03:00:00Z"},
		"a day whose last hour is shown twice":    {"America/Sao_Paulo", day(2018, 2, 17), "2018-02-17T02:00:00Z", "2018-02-18T03:00:00Z"},
		"a day whose first hour is shown twice":   {"America/Havana", day(2025, 11, 2), "2025-11-02T04:00:00Z", "2025-11-03T05:00:00Z"},
		"the day before, whose end is shown once": {"America/Havana", day(2025, 11, 1), "2025-11-01T04:00:00Z", "2025-11-02T04:00:00Z"},
		"a day that never was":                    {"Pacific/Apia", day(2011, 12, 30), "2011-12-30T10:00:00Z", "2011-12-30T10:00:00Z"},
		"half an hour of change":                  {"Australia/Lord_Howe", day(2026, 4, 5), "2026-04-04T13:00:00Z", "2026-04-05T13:30:00Z"},
	} {
		t.Run(name, func(t *testing.T) {
			loc, err := time.LoadLocation(c.zone)
			if err != nil {
				t.Fatal(err)
			}
			start, end := c.date.Start(loc), c.date.End(loc)
			if got := start.Format(time.RFC3339); got != c.start || start.Location() != time.UTC {
				t.Errorf("start %s, want %s", got, c.start)
			}
			if got := end.Format(time.RFC3339); got != c.end || end.Location() != time.UTC {
				t.Errorf("end %s, want %s", got, c.end)
			}
		})
	}
}

// The whole meaning of Start and End: an instant whose clock shows the date
// lies in [Start, End), whatever the zone does.
func TestEveryInstantLiesInTheDateItsClockShows(t *testing.T) {
	from, to := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC).Unix(), time.Date(2037, 1, 1, 0, 0, 0, 0, time.UTC).Unix()
	for _, zone := range zones(t) {
		rapid.Check(t, func(r *rapid.T) {
			at := time.Unix(rapid.Int64Range(from, to).Draw(r, "unix"), 0).In(zone)
			d := retention.Date{Year: at.Year(), Month: int(at.Month()), Day: at.Day(), Set: true}
			if rapid.Bool().Draw(r, "hour") {
				d.HasHour, d.Hour = true, at.Hour()
			}
			if at.Before(d.Start(zone)) || !at.Before(d.End(zone)) {
				r.Errorf("%v is not in [%v, %v)", at, d.Start(zone).In(zone), d.End(zone).In(zone))
			}
		})
	}
}

// A sweep over every hour round each change of the clocks: what random
// instants would seldom hit.
func TestEveryHourOfAYearOfClockChangesLiesInItsDate(t *testing.T) {
	for _, zone := range zones(t) {
		for _, year := range []int{2011, 2018, 2026} {
			for at := time.Date(year, 1, 1, 0, 30, 0, 0, time.UTC); at.Year() == year; at = at.Add(30 * time.Minute) {
				l := at.In(zone)
				d := retention.Date{Year: l.Year(), Month: int(l.Month()), Day: l.Day(), Hour: l.Hour(), HasHour: true, Set: true}
				whole := d
				whole.HasHour, whole.Hour = false, 0
				for _, d := range []retention.Date{d, whole} {
					if at.Before(d.Start(zone)) || !at.Before(d.End(zone)) {
						t.Fatalf("%v is not in [%v, %v)", l, d.Start(zone), d.End(zone))
					}
				}
			}
		}
	}
}

func TestDateWithoutAZoneIsInUTC(t *testing.T) {
	d := retention.Date{Year: 2026, Month: 1, Day: 31, Set: true}
	if got := d.End(nil).Format(time.RFC3339); got != "2026-02-01T00:00:00Z" {
		t.Errorf("end %s", got)
	}
}
