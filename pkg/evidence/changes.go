package evidence

import (
	"maps"
	"slices"
	"strings"
)

// Reason codes of changes that an auditor must notice.
const (
	CodeScopeChanged     = "SCOPE_CHANGED"     // a store came, went, or is looked at or read differently
	CodeScheduleChanged  = "SCHEDULE_CHANGED"  // cron or timezone
	CodeRetentionChanged = "RETENTION_CHANGED" // max_age or age_source
	CodeRosterRemoved    = "ROSTER_REMOVED"    // a ZDR team is no longer one
	CodeZDRSinceMoved    = "ZDR_SINCE_MOVED"   // the instant of a ZDR team is another
)

// Change is one kind of change between two reports.
type Change struct {
	Code  string
	Count int64 // things that changed
	// What names them: stores, settings or teams, sorted.
	What []string
}

// Changes compares the facts of a report with those of the report before it
// (key rotations left out) and returns what must stand in its reasons[], in a
// fixed order. The writer declares with it, and verify recomputes with it.
func Changes(before, now Facts) []Change {
	var all []Change
	add := func(code string, what []string) {
		if len(what) > 0 {
			all = append(all, Change{Code: code, Count: int64(len(what)), What: what})
		}
	}
	add(CodeScopeChanged, changedStores(before.Stores, now.Stores))
	add(CodeScheduleChanged, changedSettings(
		[]string{"schedule.cron", before.Cron, now.Cron},
		[]string{"schedule.timezone", before.Timezone, now.Timezone}))
	add(CodeRetentionChanged, changedSettings(
		[]string{"retention.max_age", before.MaxAge, now.MaxAge},
		[]string{"retention.age_source", before.AgeSource, now.AgeSource}))
	var removed, moved []string
	for _, team := range slices.Sorted(maps.Keys(before.ZDRTeams)) {
		since, there := now.ZDRTeams[team]
		switch {
		case !there:
			removed = append(removed, team)
		case since != before.ZDRTeams[team]:
			moved = append(moved, team)
		}
	}
	add(CodeRosterRemoved, removed)
	add(CodeZDRSinceMoved, moved)
	return all
}

// Undeclared returns the changes that reasons do not own up to: the code is
// missing, or counts fewer.
func Undeclared(changes []Change, reasons []Reason) []Change {
	declared := map[string]int64{}
	for _, r := range reasons {
		declared[r.Code] += r.Count
	}
	return slices.DeleteFunc(slices.Clone(changes), func(c Change) bool { return declared[c.Code] >= c.Count })
}

func (c Change) String() string { return strings.Join(c.What, ", ") }

// changedSettings takes name, old value and new value of each setting.
func changedSettings(settings ...[]string) []string {
	var what []string
	for _, s := range settings {
		if s[1] != s[2] {
			what = append(what, s[0])
		}
	}
	return what
}

func changedStores(before, now []StoreFacts) []string {
	old, cur := map[string]StoreFacts{}, map[string]StoreFacts{}
	names := map[string]bool{}
	for _, s := range before {
		old[s.Name], names[s.Name] = s, true
	}
	for _, s := range now {
		cur[s.Name], names[s.Name] = s, true
	}
	var what []string
	for _, name := range slices.Sorted(maps.Keys(names)) {
		a, inOld := old[name]
		b, inNow := cur[name]
		if !inOld || !inNow || !a.same(b) {
			what = append(what, name)
		}
	}
	return what
}

func (s StoreFacts) same(o StoreFacts) bool {
	return s.Name == o.Name && s.Bucket == o.Bucket && s.Prefix == o.Prefix && s.Endpoint == o.Endpoint &&
		s.Region == o.Region && s.KeyDateZone == o.KeyDateZone && s.Versioning == o.Versioning &&
		slices.Equal(s.Layout, o.Layout) && slices.Equal(s.NoTeam, o.NoTeam)
}
