package schedule

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func must(t testing.TB, expr, zone string) Schedule {
	t.Helper()
	s, err := Parse(expr, zone)
	require.NoError(t, err)
	return s
}

func at(t testing.TB, text string) time.Time {
	t.Helper()
	when, err := time.Parse(time.RFC3339Nano, text)
	require.NoError(t, err)
	return when
}

func texts(slots []time.Time) []string {
	out := []string{}
	for _, slot := range slots {
		out = append(out, slot.Format(time.RFC3339Nano))
	}
	return out
}

func TestParseRefusesWhatIsNoPlainScheduleAndSaysTheWayOut(t *testing.T) {
	for name, c := range map[string]struct{ expr, zone, says string }{
		"empty":              {"", "UTC", "five fields"},
		"only space":         {"  ", "UTC", "five fields"},
		"six fields":         {"0 15 2 * * *", "UTC", "five fields"},
		"minute 60":          {"60 2 * * *", "UTC", "five fields"},
		"zone in expression": {"CRON_TZ=Europe/Berlin 15 2 * * *", "UTC", "schedule.timezone"},
		"bare zone":          {"TZ=UTC", "UTC", "schedule.timezone"},
		"every":              {"@every 1h", "UTC", "when the process started"},
		"february 30":        {"0 0 30 2 *", "UTC", "no such date"},
		"zone empty":         {"15 2 * * *", "", "IANA"},
		"zone of machine":    {"15 2 * * *", "Local", "IANA"},
		"zone unknown":       {"15 2 * * *", "Mars/Olympus", "IANA"},
		"zone as a path":     {"15 2 * * *", "../etc/passwd", "IANA"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Parse(c.expr, c.zone)
			require.Error(t, err)
			assert.Contains(t, err.Error(), c.says)
			assert.NotContains(t, err.Error(), "\n")
		})
	}
}

func TestParseKeepsExpressionAndZoneForTheReport(t *testing.T) {
	s := must(t, " 15 2 * * * ", "Europe/Berlin")
	assert.Equal(t, "15 2 * * *", s.Cron())
	assert.Equal(t, "Europe/Berlin", s.Timezone())
}

func TestZeroScheduleHasNoSlots(t *testing.T) {
	var s Schedule
	now := at(t, "2026-11-25T00:00:00Z")
	assert.True(t, s.Next(now).IsZero())
	assert.True(t, s.Prev(now).IsZero())
	assert.Zero(t, s.Interval(now))
	assert.Empty(t, s.Timezone())
	assert.Empty(t, slices.Collect(s.Slots(now, now.AddDate(9, 0, 0))))
	slot, missed := s.Due(now, now.AddDate(0, 0, -9), true)
	assert.True(t, slot.IsZero())
	assert.Empty(t, missed)
}

func TestSlotsAcrossClockChangesAndMonthEnds(t *testing.T) {
	for name, c := range map[string]struct {
		expr, zone, after, upTo string
		want                    []string
	}{
		"spring: 02:15 does not exist in Berlin on 29 March": {
			"15 2 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", "2026-03-31T00:00:00Z",
			[]string{"2026-03-28T01:15:00Z", "2026-03-30T00:15:00Z"},
		},
		"autumn: 02:15 comes twice in Berlin on 25 October": {
			"15 2 * * *", "Europe/Berlin", "2026-10-24T12:00:00Z", "2026-10-26T12:00:00Z",
			[]string{"2026-10-25T00:15:00Z", "2026-10-25T01:15:00Z", "2026-10-26T01:15:00Z"},
		},
		"spring: 04:00 comes an hour earlier by UTC": {
			"0 4 * * *", "Europe/Berlin", "2026-03-28T00:00:00Z", "2026-03-29T12:00:00Z",
			[]string{"2026-03-28T03:00:00Z", "2026-03-29T02:00:00Z"},
		},
		"midnight that does not exist (Cairo, 24 April)": {
			"0 0 * * *", "Africa/Cairo", "2026-04-22T12:00:00Z", "2026-04-25T12:00:00Z",
			[]string{"2026-04-22T22:00:00Z", "2026-04-24T21:00:00Z"},
		},
		"the 31st skips short months": {
			"0 0 31 * *", "UTC", "2026-01-01T00:00:00Z", "2026-06-30T00:00:00Z",
			[]string{"2026-01-31T00:00:00Z", "2026-03-31T00:00:00Z", "2026-05-31T00:00:00Z"},
		},
		"29 February comes in leap years": {
			"0 0 29 2 *", "UTC", "2023-01-01T00:00:00Z", "2029-01-01T00:00:00Z",
			[]string{"2024-02-29T00:00:00Z", "2028-02-29T00:00:00Z"},
		},
		"year end, a zone with minutes": {
			"0 0 1 1 *", "Asia/Kathmandu", "2026-12-31T00:00:00Z", "2027-01-02T00:00:00Z",
			[]string{"2026-12-31T18:15:00Z"},
		},
		"the first bound is left out, the last is in": {
			"@daily", "UTC", "2026-11-24T00:00:00Z", "2026-11-26T00:00:00Z",
			[]string{"2026-11-25T00:00:00Z", "2026-11-26T00:00:00Z"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := must(t, c.expr, c.zone)
			got := slices.Collect(s.Slots(at(t, c.after), at(t, c.upTo)))
			assert.Equal(t, c.want, texts(got))
			// Prev finds the same slots from behind, and nothing in between.
			back := []time.Time{}
			for slot := s.Prev(at(t, c.upTo)); slot.After(at(t, c.after)); slot = s.Prev(slot.Add(-time.Nanosecond)) {
				back = append(back, slot)
			}
			slices.Reverse(back)
			assert.Equal(t, c.want, texts(back))
		})
	}
}

func TestIntervalIsTheTimeToTheNextSlot(t *testing.T) {
	s := must(t, "0 4 * * *", "Europe/Berlin")
	assert.Equal(t, 23*time.Hour, s.Interval(at(t, "2026-03-28T03:00:00Z")), "spring")
	assert.Equal(t, 25*time.Hour, s.Interval(at(t, "2026-10-24T02:00:00Z")), "autumn")
	assert.Equal(t, 24*time.Hour, s.Interval(at(t, "2026-06-01T02:00:00Z")))
	assert.Equal(t, 30*time.Second, s.Interval(at(t, "2026-06-01T01:59:30Z")), "between slots")
}

func TestPrevIsZeroWhereNoSlotCameWithinFiveYears(t *testing.T) {
	s := must(t, "0 0 29 2 *", "UTC")
	// 2100 is no leap year.
	assert.True(t, s.Prev(at(t, "2103-01-01T00:00:00Z")).IsZero())
	assert.Equal(t, "2096-02-29T00:00:00Z", s.Prev(at(t, "2100-12-31T00:00:00Z")).Format(time.RFC3339))
}

func TestPrevIsTheLatestSlotNotAfterTheInstant(t *testing.T) {
	zones := []string{"UTC", "Europe/Berlin", "America/Los_Angeles", "Pacific/Kiritimati", "Asia/Kathmandu", "America/St_Johns", "Australia/Lord_Howe", "Antarctica/Troll", "Africa/Cairo"}
	exprs := []string{"* * * * *", "15 2 * * *", "*/7 * * * *", "0 0 31 * *", "30 1,2,3 * * 0", "* * 1 1 *", "0 12 * * mon-fri", "@monthly", "0 0 29 2 *"}
	rapid.Check(t, func(t *rapid.T) {
		s, err := Parse(rapid.SampledFrom(exprs).Draw(t, "expr"), rapid.SampledFrom(zones).Draw(t, "zone"))
		if err != nil {
			t.Fatal(err)
		}
		when := time.Unix(rapid.Int64Range(1_600_000_000, 2_000_000_000).Draw(t, "s"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns"))
		prev := s.Prev(when)
		if prev.IsZero() || prev.After(when) {
			t.Fatalf("Prev(%s) = %s", when.UTC(), prev)
		}
		if next := s.Next(prev); !next.After(when) {
			t.Fatalf("Prev(%s) = %s, but %s is later and not after it", when.UTC(), prev, next)
		}
		if again := s.Next(prev.Add(-time.Nanosecond)); !again.Equal(prev) {
			t.Fatalf("Prev(%s) = %s is no slot: the next one is %s", when.UTC(), prev, again)
		}
		if self := s.Prev(prev); !self.Equal(prev) {
			t.Fatalf("Prev of the slot %s is %s", prev, self)
		}
		if prev.Location() != time.UTC {
			t.Fatalf("Prev in %s", prev.Location())
		}
	})
}

func TestDueCatchesUpExactlyOneSlotAndReportsTheOlder(t *testing.T) {
	s := must(t, "15 2 * * *", "UTC")
	for name, c := range map[string]struct {
		now, served string
		catchUp     bool
		slot        string
		missed      []string
	}{
		"nothing owed":           {"2026-11-25T02:14:59Z", "2026-11-24T02:15:00Z", true, "", nil},
		"at the slot":            {"2026-11-25T02:15:00Z", "2026-11-24T02:15:00Z", true, "2026-11-25T02:15:00Z", nil},
		"served already":         {"2026-11-25T02:15:01Z", "2026-11-25T02:15:00Z", true, "", nil},
		"one late":               {"2026-11-25T20:00:00Z", "2026-11-24T02:15:00Z", true, "2026-11-25T02:15:00Z", nil},
		"three down, one run":    {"2026-11-25T20:00:00Z", "2026-11-22T02:15:00Z", true, "2026-11-25T02:15:00Z", []string{"2026-11-23T02:15:00Z", "2026-11-24T02:15:00Z"}},
		"three down, no run":     {"2026-11-25T20:00:00Z", "2026-11-22T02:15:00Z", false, "", []string{"2026-11-23T02:15:00Z", "2026-11-24T02:15:00Z", "2026-11-25T02:15:00Z"}},
		"served in the future":   {"2026-11-25T20:00:00Z", "2027-11-22T02:15:00Z", true, "", nil},
		"served between slots":   {"2026-11-25T20:00:00Z", "2026-11-25T02:14:00Z", true, "2026-11-25T02:15:00Z", nil},
		"never served: no claim": {"2026-11-25T20:00:00Z", "", true, "", nil},
	} {
		t.Run(name, func(t *testing.T) {
			var served time.Time
			if c.served != "" {
				served = at(t, c.served)
			}
			slot, missed := s.Due(at(t, c.now), served, c.catchUp)
			if c.slot == "" {
				assert.True(t, slot.IsZero(), slot)
			} else {
				assert.Equal(t, c.slot, slot.Format(time.RFC3339))
			}
			assert.Equal(t, append([]string{}, c.missed...), texts(missed))
		})
	}
}

func TestDueLosesNoSlot(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		expr := rapid.SampledFrom([]string{"15 2 * * *", "*/30 * * * *", "0 0 1 * *"}).Draw(t, "expr")
		s, err := Parse(expr, "Europe/Berlin")
		if err != nil {
			t.Fatal(err)
		}
		served := s.Prev(time.Unix(rapid.Int64Range(1_700_000_000, 1_800_000_000).Draw(t, "served"), 0))
		now := served.Add(time.Duration(rapid.Int64Range(0, int64(90*24*time.Hour)).Draw(t, "down")))
		catchUp := rapid.Bool().Draw(t, "catchUp")
		slot, got := s.Due(now, served, catchUp)
		if !slot.IsZero() {
			got = append(got, slot)
		}
		want := slices.Collect(s.Slots(served, now))
		if !slices.Equal(want, got) {
			t.Fatalf("between %s and %s: owed %v, got %v", served, now, want, got)
		}
		if catchUp == slot.IsZero() && len(want) > 0 {
			t.Fatalf("catch-up %v, slot %s", catchUp, slot)
		}
	})
}

func TestDueIsBoundedWhenTheLastServedSlotIsAbsurd(t *testing.T) {
	s := must(t, "* * * * *", "UTC")
	slot, missed := s.Due(at(t, "2026-11-25T00:00:00Z"), at(t, "1970-01-01T00:00:00Z"), true)
	assert.Equal(t, "2026-11-25T00:00:00Z", slot.Format(time.RFC3339))
	assert.Len(t, missed, MaxMissed)
	assert.Equal(t, "1970-01-01T00:01:00Z", missed[0].Format(time.RFC3339))
}

func FuzzParseNeverPanicsAndNextMovesOn(f *testing.F) {
	for _, seed := range []string{"15 2 * * *", "@daily", "@every 1s", "TZ=UTC", "CRON_TZ=", "* * * * ?", "0-59/7 */3 1,15 jan-dec sun"} {
		f.Add(seed, "Europe/Berlin")
	}
	now := time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, expr, zone string) {
		if strings.Contains(expr, "TZ=") {
			zone = "UTC"
		}
		s, err := Parse(expr, zone)
		if err != nil {
			return
		}
		if next := s.Next(now); !next.IsZero() && !next.After(now) {
			t.Fatalf("Next(%s) = %s", now, next)
		}
	})
}
