package retention_test

import (
	"strings"
	"testing"
	"time"
	_ "time/tzdata"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestParseAgeAcceptsDaysAndHours(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"1d": 24 * time.Hour, "30d": 720 * time.Hour, "24h": 24 * time.Hour, "36h": 36 * time.Hour, "36500d": 876000 * time.Hour,
	} {
		got, err := retention.ParseAge(text)
		if err != nil || got != want {
			t.Errorf("ParseAge(%q) = %v, %v; want %v", text, got, err, want)
		}
	}
}

func TestParseAgeRefusesWhatCouldMeanEverythingOrNothing(t *testing.T) {
	for text, want := range map[string]string{
		"": "empty", "0": "no unit", "30": "no unit", "0d": "shorter than one day", "0h": "shorter", "23h": "shorter",
		"-30d": "not a whole number", "+30d": "not a whole number", "030d": "not a whole number", "00d": "not a whole number",
		"1.5d": "not a whole number", "30 d": "not a whole number", " 30d": "not a whole number", "d": "not a whole number",
		"30D": "no unit", "30m": "no unit", "4w": "no unit", "1d12h": "not a whole number", "1e3d": "not a whole number",
		"36501d": "longer", "876001h": "longer", "99999999999999999999d": "longer", "9223372036854775807h": "longer", "٣d": "not a whole number",
	} {
		got, err := retention.ParseAge(text)
		if err == nil || got != 0 || !strings.Contains(err.Error(), want) {
			t.Errorf("ParseAge(%q) = %v, %v; want an error with %q", text, got, err, want)
		}
	}
}

func FuzzParseAge(f *testing.F) {
	for _, s := range []string{"30d", "36h", "0d", "-1d", "99999999999999999999h"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		age, err := retention.ParseAge(s)
		if err == nil && (age < 24*time.Hour || age%time.Hour != 0) {
			t.Errorf("ParseAge(%q) accepted %v", s, age)
		}
		if err != nil && age != 0 {
			t.Errorf("ParseAge(%q) = %v with an error", s, age)
		}
	})
}

// Case 12 of the age edge: only what is strictly older goes, in every zone.
func TestAgeEdgeIsStrictAndTheSameInEveryZoneAndAcrossClockChanges(t *testing.T) {
	const age = 30 * 24 * time.Hour
	starts := map[string]time.Time{
		"plain":                   time.Date(2026, 11, 25, 2, 15, 0, 0, time.UTC),
		"over spring in America":  time.Date(2026, 3, 20, 9, 59, 59, 0, time.UTC),
		"over autumn in America":  time.Date(2026, 11, 10, 9, 0, 0, 0, time.UTC),
		"start with a fraction":   time.Date(2026, 11, 25, 2, 15, 0, 999_999_999, time.UTC),
		"start on the leap day":   time.Date(2028, 2, 29, 0, 0, 0, 0, time.UTC),
		"start at the year's end": time.Date(2026, 12, 31, 23, 59, 59, 0, time.UTC),
	}
	for name, start := range starts {
		for _, zone := range zones(t) {
			t.Run(name+" "+zone.String(), func(t *testing.T) {
				cutoff := retention.Cutoff(start.In(zone), age)
				if want := start.Truncate(time.Second).Add(-age); !cutoff.Equal(want) || cutoff.Location() != time.UTC || cutoff.Nanosecond() != 0 {
					t.Fatalf("cutoff %v, want %v in UTC", cutoff, want)
				}
				for under, want := range map[time.Duration]bool{time.Second: false, 0: false, -time.Second: true} {
					p := retention.Policy{
						Store: "s", MaxAge: age, AgeSource: retention.AgeEarliest, Start: start, Cutoff: cutoff,
						Layouts: layouts(t, "{team}/{request}"), Zone: zone,
					}
					v := p.Judge(retention.Entry{Key: "acme/r1", Kind: retention.Object, LastModified: cutoff.Add(under).In(zone)})
					if v.Expired != want {
						t.Errorf("%v from the edge: expired %v, want %v", under, v.Expired, want)
					}
				}
			})
		}
	}
}

func TestAgeEdgeOfKeyDatesIsTheEndOfTheDayInTheStoresZone(t *testing.T) {
	for _, zone := range zones(t) {
		rapid.Check(t, func(r *rapid.T) {
			date := retention.Date{Year: 2026, Month: rapid.IntRange(1, 12).Draw(r, "month"), Day: rapid.IntRange(1, 28).Draw(r, "day"), Set: true}
			end := date.End(zone)
			for from, want := range map[time.Duration]bool{time.Second: true, 0: false, -time.Second: false} {
				cutoff := end.Add(from)
				p := retention.Policy{
					Store: "s", AgeSource: retention.AgeEarliest, Start: cutoff.Add(720 * time.Hour), Cutoff: cutoff, MaxAge: 720 * time.Hour,
					Layouts: layouts(t, "{team}/{yyyy}/{mm}/{dd}/{request}"), Zone: zone,
				}
				key, err := p.Layouts[0].Format(retention.Fields{Team: "acme", Request: "r", Date: date})
				if err != nil {
					r.Fatal(err)
				}
				restored := cutoff.Add(time.Hour)
				v := p.Judge(retention.Entry{Key: key, Kind: retention.Object, LastModified: restored})
				if v.Expired != want || v.KeyDateAlone != want {
					r.Errorf("%s, cutoff %v from the day's end: expired %v, alone %v; want %v", zone, from, v.Expired, v.KeyDateAlone, want)
				}
			}
		})
	}
}

func zones(t testing.TB) []*time.Location {
	t.Helper()
	var out []*time.Location
	for _, name := range []string{
		"UTC", "Pacific/Kiritimati", "America/Los_Angeles", "Europe/Vienna", "Asia/Kathmandu", "Australia/Lord_Howe",
		"America/Sao_Paulo", "Asia/Beirut", "America/Havana", "Pacific/Apia", "Africa/Casablanca", "America/Asuncion",
	} {
		loc, err := time.LoadLocation(name)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, loc)
	}
	return out
}

func layouts(t testing.TB, templates ...string) []retention.Layout {
	t.Helper()
	var out []retention.Layout
	for _, template := range templates {
		l, err := retention.ParseLayout("", template)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, l)
	}
	return out
}
