package retention

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// Last is what the last sweep report says of the rules that it was made by.
type Last struct {
	Report    int64 // its number
	MaxAge    time.Duration
	AgeSource AgeSource
	Holds     map[string]time.Time // until, by id: those that were in force
	Kept      map[string]int64     // expired entries that each kept
	Teams     map[string]time.Time // zdr_since, by id
}

// StoreBefore is what the last sweep report says that saw all of the same
// endpoint, bucket and prefix.
type StoreBefore struct {
	Report  int64 // its number
	Listed  int64 // entries before that sweep
	Left    int64 // and after it
	Layouts []string
	Zone    string
}

const (
	grown        = 3 // times as many entries as before are too many to be growth
	rosterShrink = 5 // one in so many ids may go from the roster at once
)

// guardHistory compares the plan with the last reports: a slip in the config, a
// bucket that isn't the one it was, a roster or a hold that lost a line.
func guardHistory(l Limits, p Plan, last *Last, add func(Trip, bool)) {
	if last != nil {
		add(guardMaxAge(p, *last))
		add(guardAgeSource(p, *last))
	}
	for _, check := range []func(Limits, StoreCount, StoreBefore) (Trip, bool){guardLayout, guardZone, guardEmpty, guardGrown} {
		for _, s := range p.Stores {
			if s.Before == nil {
				continue
			}
			if trip, tripped := check(l, s, *s.Before); tripped {
				add(trip, true)
				break
			}
		}
	}
	if last != nil {
		add(guardHolds(p, *last))
		add(guardNarrowed(p, *last))
		add(guardRoster(p, *last))
		add(guardSince(p, *last))
	}
}

func changedTrip(name, store, was, is string, report int64, what string) (Trip, bool) {
	return Trip{Name: name, Store: store, Value: is, Limit: was,
		Message: fmt.Sprintf("%s (against report %d): %s", what, report, proceed)}, true
}

func guardMaxAge(p Plan, last Last) (Trip, bool) {
	if p.MaxAge >= last.MaxAge {
		return Trip{}, false
	}
	return changedTrip("max_age_lowered", "", last.MaxAge.String(), p.MaxAge.String(), last.Report,
		fmt.Sprintf("retention.max_age was lowered from %s to %s, and what was young would go", last.MaxAge, p.MaxAge))
}

func guardAgeSource(p Plan, last Last) (Trip, bool) {
	if p.AgeSource == last.AgeSource {
		return Trip{}, false
	}
	return changedTrip("age_source_changed", "", string(last.AgeSource), string(p.AgeSource), last.Report,
		fmt.Sprintf("retention.age_source was changed from %s to %s, and every age with it", last.AgeSource, p.AgeSource))
}

func guardLayout(_ Limits, s StoreCount, was StoreBefore) (Trip, bool) {
	if slices.Equal(s.Layouts, was.Layouts) {
		return Trip{}, false
	}
	return changedTrip("layout_changed", s.Store, strings.Join(was.Layouts, " "), strings.Join(s.Layouts, " "), was.Report,
		fmt.Sprintf("the layout of store %s was changed: a wrong one can make young data look old", s.Store))
}

func guardZone(_ Limits, s StoreCount, was StoreBefore) (Trip, bool) {
	if s.Zone == was.Zone {
		return Trip{}, false
	}
	return changedTrip("key_date_zone_changed", s.Store, was.Zone, s.Zone, was.Report,
		fmt.Sprintf("key_date_zone of store %s was changed from %s to %s", s.Store, was.Zone, s.Zone))
}

// guardEmpty and guardGrown look at whole counts alone: of a store that was not
// listed to the end nothing goes, and half a count compares with nothing.
func guardEmpty(_ Limits, s StoreCount, was StoreBefore) (Trip, bool) {
	if !s.Complete || s.Listed > 0 || was.Left == 0 {
		return Trip{}, false
	}
	return changedTrip("store_empty", s.Store, text(was.Left), "0", was.Report,
		fmt.Sprintf("store %s is empty, and %d entries were left in it (is it the right bucket, and are the credentials right?)", s.Store, was.Left))
}

func guardGrown(l Limits, s StoreCount, was StoreBefore) (Trip, bool) {
	if !s.Complete || s.Listed-was.Listed <= l.ShareFloor || s.Listed <= grown*was.Listed {
		return Trip{}, false
	}
	return changedTrip("store_grown", s.Store, text(was.Listed), text(s.Listed), was.Report,
		fmt.Sprintf("store %s has %d entries and had %d, less than a third (is it the right bucket or prefix?)", s.Store, s.Listed, was.Listed))
}

// guardHolds looks for holds that were in force, are not over, and are gone or
// end earlier than they did.
func guardHolds(p Plan, last Last) (Trip, bool) {
	now := make(map[string]time.Time, len(p.Holds))
	for _, h := range p.Holds {
		now[h.ID] = h.Until
	}
	for _, id := range slices.Sorted(maps.Keys(last.Holds)) {
		was := last.Holds[id]
		is, there := now[id]
		switch {
		case !p.Start.Before(was):
		case !there:
			return changedTrip("hold_removed", "", instant(was), "removed", last.Report,
				fmt.Sprintf("hold %s, which was to last until %s, is gone from the holds", id, instant(was)))
		case is.Before(was):
			return changedTrip("hold_shortened", "", instant(was), instant(is), last.Report,
				fmt.Sprintf("hold %s, which was to last until %s, now ends %s", id, instant(was), instant(is)))
		}
	}
	return Trip{}, false
}

// guardNarrowed looks for holds in force that keep less than they kept: what is
// held doesn't go, so that their match must have been changed.
func guardNarrowed(p Plan, last Last) (Trip, bool) {
	for _, h := range p.Holds {
		was, is := last.Kept[h.ID], p.Kept[h.ID]
		if p.Start.Before(h.Until) && is < was {
			return changedTrip("hold_narrowed", "", text(was), text(is), last.Report,
				fmt.Sprintf("hold %s kept %d expired entries, and now keeps %d: was its match changed?", h.ID, was, is))
		}
	}
	return Trip{}, false
}

func guardRoster(p Plan, last Last) (Trip, bool) {
	now := p.Roster.since()
	gone := 0
	for id := range last.Teams {
		if _, there := now[id]; !there {
			gone++
		}
	}
	if gone*rosterShrink <= len(last.Teams) {
		return Trip{}, false
	}
	return changedTrip("roster_shrunk", "", fmt.Sprintf("%d of %d", len(last.Teams)/rosterShrink, len(last.Teams)), fmt.Sprintf("%d of %d", gone, len(last.Teams)),
		last.Report, fmt.Sprintf("%d of the %d ZDR teams are gone from the roster, more than a fifth", gone, len(last.Teams)))
}

// guardSince never names the team: what is said here goes into logs.
func guardSince(p Plan, last Last) (Trip, bool) {
	now := p.Roster.since()
	moved := 0
	for id, was := range last.Teams {
		if is, there := now[id]; there && !is.Equal(was) {
			moved++
		}
	}
	if moved == 0 {
		return Trip{}, false
	}
	return changedTrip("zdr_since_moved", "", "0", text(int64(moved)), last.Report,
		fmt.Sprintf("zdr_since of %d ZDR teams was moved", moved))
}

// since is the zdr_since of each team.
func (r Roster) since() map[string]time.Time {
	since := make(map[string]time.Time, len(r.Teams))
	for _, t := range r.Teams {
		// The parser refuses a doubled team; were there one, the earlier date
		// would be the one that hides nothing.
		if old, ok := since[t.ID]; !ok || t.Since.Before(old) {
			since[t.ID] = t.Since
		}
	}
	return since
}

func instant(t time.Time) string { return t.UTC().Format(time.RFC3339) }
