package retention_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

var start = time.Date(2026, 11, 25, 2, 15, 0, 0, time.UTC)

// policy is 30 days at start, one layout with a date, two ZDR teams.
func policy(t testing.TB) retention.Policy {
	return retention.Policy{
		Store: "exchanges", MaxAge: 30 * retention.Day, AgeSource: retention.AgeEarliest,
		Start: start, Cutoff: retention.Cutoff(start, 30*retention.Day),
		Layouts: layouts(t, "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json"), Zone: time.UTC,
		NoTeam: []string{"_meta/"},
		Roster: retention.Roster{AsOf: start, Teams: []retention.RosterTeam{
			{ID: "zed", Since: start.Add(-10 * retention.Day)}, {ID: "acme", Since: start.Add(-100 * retention.Day)},
		}},
	}
}

func entry(key string, age time.Duration) retention.Entry {
	return retention.Entry{Key: key, Kind: retention.Object, LastModified: start.Add(-age)}
}

// keyOf returns a key of the policy's layout whose day was that many days ago.
func keyOf(team string, daysAgo int) string {
	return fmt.Sprintf("%s/%s/r1.request.json", team, start.AddDate(0, 0, -daysAgo).Format("2006/01/02"))
}

func TestAgeSourceDecidesWhichDateCounts(t *testing.T) {
	day := retention.Day
	for _, c := range []struct {
		name           string
		source         retention.AgeSource
		key            string
		age            time.Duration
		expired, alone bool
	}{
		{"earliest: both young", retention.AgeEarliest, keyOf("t", 5), 5 * day, false, false},
		{"earliest: both old", retention.AgeEarliest, keyOf("t", 40), 40 * day, true, false},
		{"earliest: restored", retention.AgeEarliest, keyOf("t", 40), 5 * day, true, true},
		{"earliest: key date within 2 days after", retention.AgeEarliest, keyOf("t", 30), 31 * day, true, false},
		{"earliest: no key date", retention.AgeEarliest, "x", 31 * day, true, false},
		{"last_modified: restored", retention.AgeLastModified, keyOf("t", 40), 5 * day, false, false},
		{"last_modified: old", retention.AgeLastModified, keyOf("t", 31), 31 * day, true, false},
		{"key_date: restored", retention.AgeKeyDate, keyOf("t", 40), 5 * day, true, true},
		{"key_date: LastModified alone is old", retention.AgeKeyDate, keyOf("t", 30), 31 * day, false, false},
		{"key_date: no key date", retention.AgeKeyDate, "x", 31 * day, true, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy(t)
			p.AgeSource = c.source
			v := p.Judge(entry(c.key, c.age))
			if v.Expired != c.expired || v.KeyDateAlone != c.alone || v.Anomaly != "" {
				t.Errorf("expired %v, alone %v, anomaly %q; want %v, %v", v.Expired, v.KeyDateAlone, v.Anomaly, c.expired, c.alone)
			}
		})
	}
}

func TestAnomalousKeyDatesLeaveTheAgeToLastModified(t *testing.T) {
	day := retention.Day
	midnight := start.Truncate(day)
	for _, c := range []struct {
		name     string
		key      string
		modified time.Time
		want     string
	}{
		{"today has begun", keyOf("t", 0), start, ""},
		{"tomorrow has not", keyOf("t", -1), start, retention.KeyDateFuture},
		{"exactly 2 days after", keyOf("t", 10), midnight.Add(-9*day - 2*day), ""},
		{"a second more than 2 days after", keyOf("t", 10), midnight.Add(-9*day - 2*day - time.Second), retention.KeyDateAfter},
		{"exactly 400 days before", keyOf("t", 400), midnight.Add(-399*day + 400*day), ""},
		{"a second more than 400 days before", keyOf("t", 400), midnight.Add(-399*day + 400*day + time.Second), retention.KeyDateAncient},
		{"the year 1", "t/0001/01/01/r.p.json", start, retention.KeyDateAncient},
		{"the year 9999", "t/9999/12/31/r.p.json", start, retention.KeyDateFuture},
	} {
		for _, source := range []retention.AgeSource{retention.AgeEarliest, retention.AgeLastModified, retention.AgeKeyDate} {
			t.Run(c.name+" "+string(source), func(t *testing.T) {
				p := policy(t)
				p.AgeSource = source
				v := p.Judge(retention.Entry{Key: c.key, Kind: retention.Object, LastModified: c.modified})
				if v.Anomaly != c.want {
					t.Fatalf("anomaly %q, want %q", v.Anomaly, c.want)
				}
				if c.want != "" && (!v.Created.Equal(c.modified) || v.KeyDateAlone || v.Expired != c.modified.Before(p.Cutoff)) {
					t.Errorf("the age is not LastModified's: %+v", v)
				}
				if v.KeyDate.IsZero() {
					t.Error("the key date is not reported")
				}
			})
		}
	}
}

func TestAnHourThatHasNotBegunIsInTheFuture(t *testing.T) {
	p := policy(t)
	p.Layouts = layouts(t, "{team}/{yyyy}{mm}{dd}{hh}/{request}")
	for key, want := range map[string]string{"t/2026112502/r": "", "t/2026112503/r": retention.KeyDateFuture} {
		if v := p.Judge(entry(key, 0)); v.Anomaly != want {
			t.Errorf("%s: anomaly %q, want %q", key, v.Anomaly, want)
		}
	}
	p.Start = time.Date(2026, 11, 25, 3, 0, 0, 0, time.UTC) // begun this very instant
	if v := p.Judge(entry("t/2026112503/r", 0)); v.Anomaly != "" {
		t.Errorf("an hour that begins at the start is called %s", v.Anomaly)
	}
}

func TestAttribution(t *testing.T) {
	for _, c := range []struct {
		name, key   string
		attribution retention.Attribution
		team        string
		zdr         bool
	}{
		{"a team", keyOf("other", 1), retention.Attributed, "other", false},
		{"a ZDR team", keyOf("acme", 1), retention.Attributed, "acme", true},
		{"a longer id is another team", keyOf("acme-2", 1), retention.Attributed, "acme-2", false},
		{"a shorter id is another team", keyOf("acm", 1), retention.Attributed, "acm", false},
		{"another case is another team", keyOf("Acme", 1), retention.Attributed, "Acme", false},
		{"declared without a team", "_meta/index", retention.NoTeam, "", false},
		{"declared, whatever the layout reads", "_meta/2026/11/24/r.p.json", retention.NoTeam, "", false},
		{"no layout", "junk", retention.Unattributed, "", false},
		{"a day that isn't", "acme/2026/02/30/r.p.json", retention.Unattributed, "", false},
		{"a team that is not UTF-8", keyOf("\xff", 1), retention.Unattributed, "", false},
		{"a declared prefix needs its slash", "_metal/x", retention.Unattributed, "", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := policy(t).Judge(entry(c.key, 0))
			if v.Attribution != c.attribution || v.Team != c.team || v.ZDRTeam != c.zdr {
				t.Errorf("got %s %q ZDR %v", v.Attribution, v.Team, v.ZDRTeam)
			}
			if (v.ZDR != retention.FindingNone) != c.zdr {
				t.Errorf("finding %q", v.ZDR)
			}
		})
	}
}

func TestTheFirstLayoutThatMatchesWins(t *testing.T) {
	p := policy(t)
	p.Layouts = layouts(t, "a/{team}/{request}", "{_}/{request}/{team}", "{team}/{rest}")
	for key, want := range map[string]string{"a/x/y": "x", "b/x/y": "y", "b/x": "b"} {
		if v := p.Judge(entry(key, 0)); v.Team != want {
			t.Errorf("%s is attributed to %q, want %q", key, v.Team, want)
		}
	}
}

func TestNoTeamPrefixNeverHidesAZDRTeam(t *testing.T) {
	p := policy(t)
	p.NoTeam = []string{"shared/"}
	// The first layout reads another team; the second one sees the ZDR team.
	p.Layouts = layouts(t, "{team}/{_}/{request}", "shared/{team}/{request}")
	v := p.Judge(entry("shared/acme/r1", 5*retention.Day))
	if v.Attribution != retention.Attributed || v.Team != "acme" || !v.ZDRTeam || v.ZDR != retention.FindingViolation {
		t.Errorf("a ZDR team under a no_team prefix is %+v", v)
	}
	if v := p.Judge(entry("shared/other/r1", 0)); v.Attribution != retention.NoTeam || v.Team != "" {
		t.Errorf("any other team under it is %+v", v)
	}
}

func TestUnattributedAndNoTeamKeysExpireByLastModified(t *testing.T) {
	for _, key := range []string{"junk", "_meta/2026/01/02/r.p.json", keyOf("\xff", 300)} {
		for age, want := range map[time.Duration]bool{30 * retention.Day: false, 30*retention.Day + time.Second: true} {
			v := policy(t).Judge(entry(key, age))
			if v.Expired != want || v.KeyDateAlone || !v.KeyDate.IsZero() {
				t.Errorf("%q, %v old: %+v", key, age, v)
			}
		}
	}
}

func TestZDRFindingNeedsEveryDateBeforeSince(t *testing.T) {
	since := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	noon := since.Add(12 * time.Hour)
	for _, c := range []struct {
		name     string
		since    time.Time
		key      string
		modified time.Time
		want     retention.Finding
	}{
		{"both before", since, "z/2026/11/08/r.p.json", since.Add(-time.Hour), retention.FindingResidual},
		{"the day ends exactly at since", since, "z/2026/11/09/r.p.json", since.Add(-time.Second), retention.FindingResidual},
		{"since in the middle of the day", noon, "z/2026/11/10/r.p.json", noon.Add(-time.Hour), retention.FindingDatesDisagree},
		{"LastModified exactly at since", since, "z/2026/11/10/r.p.json", since, retention.FindingViolation},
		{"neither before", since, "z/2026/11/11/r.p.json", since.Add(40 * time.Hour), retention.FindingViolation},
		{"restored after since", since, "z/2026/11/01/r.p.json", since.Add(time.Hour), retention.FindingDatesDisagree},
		{"key date after, stored before", since, "z/2026/11/11/r.p.json", since.Add(-time.Hour), retention.FindingDatesDisagree},
		{"anomaly: ancient key, stored after", since, "z/2020/01/01/r.p.json", since.Add(time.Hour), retention.FindingDatesDisagree},
		{"anomaly: future key, stored before", since, "z/2027/01/01/r.p.json", since.Add(-time.Hour), retention.FindingDatesDisagree},
		{"no key date, before", since, "nodate/z/r", since.Add(-time.Second), retention.FindingResidual},
		{"no key date, at since", since, "nodate/z/r", since, retention.FindingViolation},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy(t)
			p.Layouts = append(p.Layouts, layouts(t, "nodate/{team}/{request}")...)
			p.Roster.Teams = []retention.RosterTeam{{ID: "z", Since: c.since}}
			if v := p.Judge(retention.Entry{Key: c.key, Kind: retention.Object, LastModified: c.modified}); v.ZDR != c.want {
				t.Errorf("finding %q, want %q", v.ZDR, c.want)
			}
		})
	}
}

func TestHeldOrExpiredViolationsAreStillViolations(t *testing.T) {
	p := policy(t)
	p.Holds = []retention.Hold{{ID: "h", Until: start.Add(time.Second), Match: retention.HoldMatch{Team: "acme"}}}
	if v := p.Judge(entry(keyOf("acme", 1), retention.Day)); v.Hold != "h" || v.ZDR != retention.FindingViolation {
		t.Errorf("held: %+v", v)
	}
	if v := p.Judge(entry(keyOf("acme", 40), 40*retention.Day)); !v.Expired || v.ZDR != retention.FindingViolation {
		t.Errorf("expired: %+v", v)
	}
}

func TestOnlyYoungViolationsOfNamedTeamsArePurged(t *testing.T) {
	since := time.Date(2026, 11, 10, 0, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		name   string
		teams  map[string]bool
		key    string
		age    time.Duration
		purged bool
	}{
		{"a violation", map[string]bool{"acme": true}, "nodate/acme/r", retention.Day, true},
		{"purging is off", nil, "nodate/acme/r", retention.Day, false},
		{"another team may be purged", map[string]bool{"zed": true}, "nodate/acme/r", retention.Day, false},
		{"not a ZDR team", map[string]bool{"other": true}, "nodate/other/r", retention.Day, false},
		{"expired: it goes by age", map[string]bool{"acme": true}, "nodate/acme/r", 40 * retention.Day, false},
		{"residual", map[string]bool{"acme": true}, "nodate/acme/r", start.Sub(since) + retention.Day, false},
		{"dates disagree", map[string]bool{"acme": true}, "acme/2026/11/01/r.p.json", retention.Day, false},
		{"a neighbour", map[string]bool{"acme": true}, "nodate/acme-2/r", retention.Day, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy(t)
			p.Layouts = append(p.Layouts, layouts(t, "nodate/{team}/{request}")...)
			p.Roster.Teams, p.Purge = []retention.RosterTeam{{ID: "acme", Since: since}}, c.teams
			v := p.Judge(entry(c.key, c.age))
			if v.Purge != c.purged {
				t.Errorf("purged %t, want %t: %+v", v.Purge, c.purged, v)
			}
			if v.Goes() != (v.Expired || c.purged) {
				t.Errorf("goes: %t: %+v", v.Goes(), v)
			}
		})
	}
}

// genEntry draws keys of all sorts and ages round every edge.
func genEntry(r *rapid.T) retention.Entry {
	team := rapid.SampledFrom([]string{"acme", "acme-2", "zed", "other", "\xff", "_meta"}).Draw(r, "team")
	days := rapid.IntRange(-3, 500).Draw(r, "days")
	key := rapid.SampledFrom([]string{keyOf(team, days), "junk", "_meta/x", team + "/r", ""}).Draw(r, "key")
	seconds := rapid.OneOf(rapid.Int64Range(-200_000, 60*86400), rapid.Int64Range(30*86400-2, 30*86400+2)).Draw(r, "age")
	return retention.Entry{
		Key: key, Kind: rapid.SampledFrom([]retention.Kind{retention.Object, retention.Version, retention.Marker, retention.Upload}).Draw(r, "kind"),
		LastModified: start.Add(-time.Duration(seconds) * time.Second).In(time.FixedZone("x", 3600)),
	}
}

func TestVerdictsObeyTheRules(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := policy(t)
		p.AgeSource = rapid.SampledFrom([]retention.AgeSource{retention.AgeEarliest, retention.AgeLastModified, retention.AgeKeyDate}).Draw(r, "source")
		p.Zone = rapid.SampledFrom(zones(t)).Draw(r, "zone")
		e := genEntry(r)
		v := p.Judge(e)
		byModified := e.LastModified.Before(p.Cutoff)
		if v.Created.Location() != time.UTC || (!v.KeyDate.IsZero() && v.KeyDate.Location() != time.UTC) {
			r.Errorf("times are not in UTC: %+v", v)
		}
		if v.Expired != v.Created.Before(p.Cutoff) {
			r.Errorf("expired is not created < cutoff")
		}
		if v.KeyDateAlone != (v.Expired && !byModified) {
			r.Errorf("key date alone: %v", v.KeyDateAlone)
		}
		if v.KeyDateAlone && (v.KeyDate.IsZero() || v.Anomaly != "" || p.AgeSource == retention.AgeLastModified) {
			r.Errorf("expired by a key date that must not count: %+v", v)
		}
		if p.AgeSource == retention.AgeEarliest && (v.Created.After(e.LastModified) || (byModified && !v.Expired)) {
			r.Errorf("earliest made an entry younger: %+v", v)
		}
		if (v.Attribution == retention.Attributed) != (v.Team != "") || (v.ZDRTeam && v.Team == "") {
			r.Errorf("attribution %s with team %q", v.Attribution, v.Team)
		}
		if v.ZDRTeam != (v.Team == "acme" || v.Team == "zed") || v.ZDRTeam != (v.ZDR != retention.FindingNone) {
			r.Errorf("ZDR team %v, finding %q of %q", v.ZDRTeam, v.ZDR, v.Team)
		}
		if again := retention.NewJudge(p).Judge(e); again != v {
			r.Errorf("judged twice: %+v and %+v", v, again)
		}
		// Time passing never makes an expired entry young.
		later := p
		later.Start, later.Cutoff = p.Start.Add(time.Hour), p.Cutoff.Add(time.Hour)
		if v.Expired && v.Anomaly == "" && !later.Judge(e).Expired {
			r.Errorf("an hour later it is no longer expired")
		}
	})
}

func TestKindDoesNotMatterForAge(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		e, p := genEntry(r), policy(t)
		want := p.Judge(e)
		for _, kind := range []retention.Kind{retention.Object, retention.Version, retention.Marker, retention.Upload} {
			e.Kind = kind
			if got := p.Judge(e); got != want {
				r.Errorf("%s: %+v, want %+v", kind, got, want)
			}
		}
	})
}

func BenchmarkJudge(b *testing.B) {
	p := policy(b)
	p.Holds = []retention.Hold{
		{ID: "a", Until: start.Add(time.Hour), Match: retention.HoldMatch{Team: "nobody"}},
		{ID: "b", Until: start.Add(time.Hour), Match: retention.HoldMatch{Prefix: "held/"}},
	}
	for _, zone := range []string{"UTC", "America/Los_Angeles"} {
		loc, err := time.LoadLocation(zone)
		if err != nil {
			b.Fatal(err)
		}
		p.Zone = loc
		j := retention.NewJudge(p)
		for name, key := range map[string]string{"dated": keyOf("acme", 20), "unattributed": strings.Repeat("x/", 20)} {
			e := entry(key, 20*retention.Day)
			b.Run(zone+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					if j.Judge(e).Expired {
						b.Fatal("expired")
					}
				}
			})
		}
	}
}

func TestJudgeAllocatesNothing(t *testing.T) {
	j, e := retention.NewJudge(policy(t)), entry(keyOf("acme", 20), retention.Day)
	if n := testing.AllocsPerRun(100, func() { j.Judge(e) }); n > 0 {
		t.Errorf("%v allocations an entry", n)
	}
}
