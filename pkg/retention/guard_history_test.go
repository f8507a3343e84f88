package retention_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestGuardsAgainstSlipsInTheConfig(t *testing.T) {
	until := start.Add(retention.Day)
	teams := func(n int) (roster retention.Roster, last map[string]time.Time) {
		last = map[string]time.Time{}
		for i := range n {
			id := fmt.Sprintf("t%02d", i)
			roster.Teams = append(roster.Teams, retention.RosterTeam{ID: id, Since: start})
			last[id] = start
		}
		return roster, last
	}
	ten, lastTen := teams(10)
	for _, c := range []struct {
		name   string
		change func(*retention.Plan, *retention.StoreCount, *retention.Last)
		want   string
	}{
		{"nothing changed", func(*retention.Plan, *retention.StoreCount, *retention.Last) {}, ""},
		{"max_age raised", func(p *retention.Plan, _ *retention.StoreCount, _ *retention.Last) { p.MaxAge += time.Hour }, ""},
		{"max_age lowered", func(p *retention.Plan, _ *retention.StoreCount, _ *retention.Last) { p.MaxAge -= time.Hour }, "max_age_lowered"},
		{"age source", func(p *retention.Plan, _ *retention.StoreCount, _ *retention.Last) {
			p.AgeSource = retention.AgeKeyDate
		}, "age_source_changed"},
		{"layout", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) {
			s.Layouts = []string{"{team}/{rest}"}
		}, "layout_changed"},
		{"layouts in another order", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) {
			s.Layouts = []string{s.Layouts[1], s.Layouts[0]}
		}, "layout_changed"},
		{"zone", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) { s.Zone = "Asia/Tokyo" }, "key_date_zone_changed"},
		{"a store that was never seen whole", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) {
			s.Zone, s.Before = "Asia/Tokyo", nil
		}, ""},
		{"empty", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) { s.Listed = 0 }, "store_empty"},
		{"empty, and not listed to the end", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) {
			s.Listed, s.Complete = 0, false
		}, ""},
		{"empty, as the last sweep left it", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) {
			s.Listed, s.Before.Left = 0, 0
		}, ""},
		{"almost empty", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) { s.Listed = 1 }, ""},
		{"three times as many", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) { s.Listed = 15_000 }, ""},
		{"more than that", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) { s.Listed = 15_001 }, "store_grown"},
		{"few, and not over the floor", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) {
			s.Before.Listed, s.Listed = 10, 1010
		}, ""},
		{"few, and over it", func(_ *retention.Plan, s *retention.StoreCount, _ *retention.Last) {
			s.Before.Listed, s.Listed = 10, 1011
		}, "store_grown"},
		{"a hold is gone", func(_ *retention.Plan, _ *retention.StoreCount, l *retention.Last) { l.Holds["other"] = until }, "hold_removed"},
		{"a hold that was over is gone", func(_ *retention.Plan, _ *retention.StoreCount, l *retention.Last) { l.Holds["other"] = start }, ""},
		{"a hold ends earlier", func(_ *retention.Plan, _ *retention.StoreCount, l *retention.Last) {
			l.Holds["h"] = until.Add(time.Second)
		}, "hold_shortened"},
		{"a hold ends later", func(p *retention.Plan, _ *retention.StoreCount, _ *retention.Last) {
			p.Holds[0].Until = until.Add(time.Second)
		}, ""},
		{"a fifth of the roster is gone", func(p *retention.Plan, _ *retention.StoreCount, _ *retention.Last) {
			p.Roster.Teams = p.Roster.Teams[2:]
		}, ""},
		{"more than a fifth is gone", func(p *retention.Plan, _ *retention.StoreCount, _ *retention.Last) {
			p.Roster.Teams = p.Roster.Teams[3:]
		}, "roster_shrunk"},
		{"zdr_since moved back", func(p *retention.Plan, _ *retention.StoreCount, _ *retention.Last) {
			p.Roster.Teams[0].Since = start.Add(-time.Second)
		}, "zdr_since_moved"},
		{"a team is new", func(p *retention.Plan, _ *retention.StoreCount, _ *retention.Last) {
			p.Roster.Teams = append(p.Roster.Teams, retention.RosterTeam{ID: "new", Since: start})
		}, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			layouts := []string{"{team}/{request}", "{team}/{rest}"}
			store := retention.StoreCount{Store: "s", Listed: 5000, Complete: true, Layouts: layouts, Zone: "UTC",
				Before: &retention.StoreBefore{Report: 7, Listed: 5000, Left: 4000, Layouts: layouts, Zone: "UTC"}}
			roster := retention.Roster{Teams: append([]retention.RosterTeam(nil), ten.Teams...)}
			p := retention.Plan{Start: start, MaxAge: 30 * retention.Day, AgeSource: retention.AgeEarliest, Roster: roster,
				Holds: []retention.Hold{{ID: "h", Until: until}}}
			last := &retention.Last{Report: 7, MaxAge: p.MaxAge, AgeSource: p.AgeSource, Teams: lastTen, Holds: map[string]time.Time{"h": until}}
			c.change(&p, &store, last)
			p.Stores = []retention.StoreCount{store}
			trip, tripped := retention.Guard(limits, p, last)
			if trip.Name != c.want || tripped != (c.want != "") {
				t.Fatalf("tripped %t: %+v, want %q", tripped, trip, c.want)
			}
			if !tripped {
				return
			}
			for _, words := range []string{"against report 7", "nothing was deleted", "sweeper apply", "--reason"} {
				if !strings.Contains(trip.Message, words) {
					t.Errorf("%q lacks %q", trip.Message, words)
				}
			}
			if strings.Contains(trip.Message, "t00") || strings.Contains(trip.Value+trip.Limit, "t00") {
				t.Errorf("%+v names a ZDR team", trip)
			}
		})
	}
}

func TestWhatIsAsItWasTripsNoGuardAgainstSlips(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		n := rapid.Int64Range(0, 1e9).Draw(r, "listed")
		s := retention.StoreCount{Listed: n, Complete: true, Zone: "UTC", Before: &retention.StoreBefore{Listed: n, Left: n, Zone: "UTC"}}
		p := retention.Plan{Start: start, MaxAge: retention.Day, Stores: []retention.StoreCount{s}}
		if trip, tripped := retention.Guard(limits, p, &retention.Last{MaxAge: retention.Day}); tripped {
			r.Errorf("%+v", trip)
		}
	})
}
