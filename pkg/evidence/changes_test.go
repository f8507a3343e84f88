package evidence

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

const factsConfig = `{"retention":{"max_age":"30d","age_source":"earliest"},"stores":[{"name":"a","bucket":"b","prefix":"p/",` +
	`"endpoint":"","region":"r","layout":["{team}/{rest}"],"key_date_zone":"UTC","no_team":["_meta/"]},{"name":"c","bucket":"d","layout":"{team}/{rest}"}],` +
	`"zdr":{"roster":"x"},"schedule":{"cron":"15 2 * * *","timezone":"UTC"}}`

func TestEveryChangeOfWhatWasPromisedHasItsCode(t *testing.T) {
	teams := []TeamRow{{Team: "x", ZDR: true, ZDRSince: "2026-01-01T00:00:00Z", Store: "a"},
		{Team: "x", ZDR: true, ZDRSince: "2026-01-01T00:00:00Z", Store: "c"}, {Team: "y", ZDR: true, ZDRSince: "2026-01-01T00:00:00Z", Store: "a"},
		{Team: "other", Store: "a"}}
	before, err := FactsOf([]byte(factsConfig), teams)
	if err != nil {
		t.Fatal(err)
	}
	tests := []struct {
		name, old, new string
		teams          []TeamRow
		code, what     string
	}{
		{"nothing", "", "", teams, "", ""},
		{"a setting that promises nothing", `"roster":"x"`, `"roster":"y"`, teams, "", ""},
		{"one layout as a string or a list", `["{team}/{rest}"]`, `"{team}/{rest}"`, teams, "", ""},
		{"a bucket", `"bucket":"b"`, `"bucket":"z"`, teams, CodeScopeChanged, "a"},
		{"a prefix", `"prefix":"p/"`, `"prefix":"p/q/"`, teams, CodeScopeChanged, "a"},
		{"an endpoint", `"endpoint":""`, `"endpoint":"http://x"`, teams, CodeScopeChanged, "a"},
		{"a region", `"region":"r"`, `"region":"s"`, teams, CodeScopeChanged, "a"},
		{"a layout", `{team}/{rest}`, `{team}/{part}`, teams, CodeScopeChanged, "a"},
		{"a zone", `"key_date_zone":"UTC"`, `"key_date_zone":"Asia/Tokyo"`, teams, CodeScopeChanged, "a"},
		{"no_team", `"_meta/"`, `"_meta/","acme/"`, teams, CodeScopeChanged, "a"},
		{"a store gone and one come", `"name":"c"`, `"name":"e"`, teams, CodeScopeChanged, "c, e"},
		{"a cron", `15 2`, `15 3`, teams, CodeScheduleChanged, "schedule.cron"},
		{"no schedule", `"schedule":{"cron":"15 2 * * *","timezone":"UTC"}`, `"schedule":null`, teams, CodeScheduleChanged, "schedule.cron, schedule.timezone"},
		{"the age", `30d`, `60d`, teams, CodeRetentionChanged, "retention.max_age"},
		{"its source", `earliest`, `key_date`, teams, CodeRetentionChanged, "retention.age_source"},
		{"a team gone", "", "", teams[:2], CodeRosterRemoved, "y"},
		{"a team that is no longer ZDR", "", "", append(teams[:2:2], TeamRow{Team: "y", Store: "a"}), CodeRosterRemoved, "y"},
		{"a team come", "", "", append(teams[:4:4], TeamRow{Team: "z", ZDR: true, Store: "a"}), "", ""},
		{"a later instant", "", "", append(teams[:2:2], TeamRow{Team: "y", ZDR: true, ZDRSince: "2026-02-01T00:00:00Z"}), CodeZDRSinceMoved, "y"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			now, err := FactsOf([]byte(strings.Replace(factsConfig, tt.old, tt.new, 1)), tt.teams)
			if err != nil {
				t.Fatal(err)
			}
			got := Changes(before, now)
			if tt.code == "" {
				if len(got) != 0 {
					t.Errorf("got %v", got)
				}
				return
			}
			if len(got) != 1 || got[0].Code != tt.code || got[0].String() != tt.what || got[0].Count != int64(len(got[0].What)) {
				t.Fatalf("got %+v, want %s: %s", got, tt.code, tt.what)
			}
			if u := Undeclared(got, []Reason{{tt.code, got[0].Count}}); len(u) != 0 {
				t.Errorf("declared, and yet undeclared: %v", u)
			}
			if u := Undeclared(got, []Reason{{tt.code, got[0].Count - 1}, {"LATE", 5}}); len(u) != 1 {
				t.Errorf("declared too few, and yet declared: %v", u)
			}
		})
	}
}

func TestAConfigThatGoAndJQCouldReadDifferentlyIsRefused(t *testing.T) {
	for name, bad := range map[string]string{
		"empty": "", "a space": `{"retention": {}}`, "a newline": "{}\n", "two values": "{}{}", "cut short": `{"retention":{}`,
		"a field twice":       `{"retention":{"max_age":"30d","max_age":"60d"}}`,
		"a field in capitals": `{"retention":{"MAX_AGE":"60d"}}`,
		"a wrong type":        `{"retention":{"max_age":30}}`,
		"a deep nest":         strings.Repeat(`{"a":`, 40) + "1" + strings.Repeat("}", 40),
		"an odd layout":       `{"stores":[{"layout":5}]}`,
	} {
		if _, err := FactsOf([]byte(bad), nil); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestMissedSlotsAreThoseThatNoRunServedWithinAnHour(t *testing.T) {
	night := Schedule{Cron: "15 2 * * *", Timezone: "UTC"}
	berlin := Schedule{Cron: "30 3 * * *", Timezone: "Europe/Berlin"}
	tests := []struct {
		name    string
		s       Schedule
		due     time.Time
		started time.Time
		want    []string
	}{
		{"before it is due", night, at(21, 2, 15), at(21, 1, 0), nil},
		{"on time", night, at(21, 2, 15), at(21, 2, 15), nil},
		{"59 minutes late", night, at(21, 2, 15), at(21, 3, 14), nil},
		{"an hour late", night, at(21, 2, 15), at(21, 3, 15), []string{"2026-11-21T02:15:00Z"}},
		{"two days late", night, at(21, 2, 15), at(23, 2, 15), []string{"2026-11-21T02:15:00Z", "2026-11-22T02:15:00Z"}},
		{"in another zone", berlin, at(21, 2, 30), at(22, 3, 30), []string{"2026-11-21T02:30:00Z", "2026-11-22T02:30:00Z"}},
	}
	for _, tt := range tests {
		got, err := MissedSlots(tt.s, tt.due, tt.started)
		if err != nil {
			t.Fatalf("%s: %v", tt.name, err)
		}
		var text []string
		for _, s := range got {
			text = append(text, FormatTime(s))
		}
		sameStrings(t, tt.name, text, tt.want)
	}
	for _, bad := range []Schedule{{"x", "UTC"}, {"15 2 * * *", "Nowhere/Land"}, {"15 2 * * *", "Local"}, {"15 2 * * *", ""},
		{"@every 1h", "UTC"}, {"TZ=UTC", "UTC"}, {"CRON_TZ=UTC 15 2 * * *", "UTC"}} {
		if _, err := MissedSlots(bad, at(1, 0, 0), at(2, 0, 0)); err == nil {
			t.Errorf("%+v was accepted", bad)
		}
	}
	long, err := MissedSlots(Schedule{"* * * * *", "UTC"}, at(1, 0, 0), at(1, 0, 0).AddDate(1, 0, 0))
	if err != nil || len(long) != MaxMissed || !long[0].Equal(at(1, 0, 0)) {
		t.Errorf("a year of minutes: %d slots, %v", len(long), err)
	}
}

func TestNextDueIsTheFirstSlotAfterTheRun(t *testing.T) {
	night := &Schedule{Cron: "15 2 * * *", Timezone: "UTC"}
	slot := at(21, 2, 15)
	for name, tt := range map[string]struct {
		started time.Time
		slot    *time.Time
		want    string
	}{
		"a manual run at noon":     {at(20, 12, 0), nil, "2026-11-21T02:15:00Z"},
		"a run that is on time":    {at(21, 2, 15).Add(time.Second), &slot, "2026-11-22T02:15:00Z"},
		"one a second early":       {at(21, 2, 15).Add(-time.Second), &slot, "2026-11-22T02:15:00Z"},
		"one caught up in the day": {at(21, 9, 0), &slot, "2026-11-22T02:15:00Z"},
	} {
		got, err := NextDue(night, tt.started, tt.slot)
		if err != nil || got != tt.want {
			t.Errorf("%s: %s, %v", name, got, err)
		}
	}
	if got, err := NextDue(nil, at(1, 0, 0), nil); got != "" || err != nil {
		t.Errorf("no schedule: %q, %v", got, err)
	}
	if _, err := NextDue(&Schedule{"0 0 31 2 *", "UTC"}, at(1, 0, 0), nil); err == nil {
		t.Error("a schedule without slots has a next one")
	}
}

func TestARunThatStartsBeforeNextDueMissesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := Schedule{Cron: rapid.SampledFrom([]string{"15 2 * * *", "0 */6 * * *", "30 2 * * 0"}).Draw(t, "cron"),
			Timezone: rapid.SampledFrom([]string{"UTC", "Europe/Berlin", "America/New_York"}).Draw(t, "zone")}
		started := time.Unix(rapid.Int64Range(1.7e9, 1.9e9).Draw(t, "started"), 0)
		text, err := NextDue(&s, started, nil)
		if err != nil {
			t.Fatal(err)
		}
		due, err := ParseTime(text)
		if err != nil || !due.After(started) {
			t.Fatalf("%v is not after %v: %v", due, started, err)
		}
		late := time.Duration(rapid.Int64Range(-7200, 3599).Draw(t, "late")) * time.Second
		missed, err := MissedSlots(s, due, due.Add(late))
		if err != nil || len(missed) != 0 {
			t.Fatalf("%v late: %v, %v", late, missed, err)
		}
	})
}
