package sweep_test

import (
	"slices"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

const (
	byHive = "team={team}/dt={yyyy}-{mm}-{dd}/{request}.json"
	byHour = "{team}/{yyyy}/{mm}/{dd}/{hh}/{request}.json"
	byDay  = "{team}/{yyyy}{mm}{dd}/{request}.json"
	noDate = "{team}/{rest}"
)

func hive(team string, at time.Time) string {
	return "team=" + team + "/dt=" + at.Format("2006-01-02") + "/r.json"
}
func hourly(team string, at time.Time) string {
	return team + "/" + at.Format("2006/01/02/15") + "/r.json"
}
func daily(team string, at time.Time) string { return team + "/" + at.Format("20060102") + "/r.json" }

func testLayouts(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.spec.AllTeams = true
	r.today()
	edge := r.clock().Add(-r.spec.MaxAge) // what ends before it is expired
	goes := []string{hive("hive", edge.Add(-2*day)), hourly("hour", edge.Add(-2*time.Hour)), daily("day", edge.Add(-2*day))}
	stays := []string{hive("hive", edge), hourly("hour", edge), daily("day", edge), "undated/a/b/r.json"}
	for _, key := range slices.Concat(goes, stays) {
		r.four(key)
	}
	store := &r.spec.Stores[0]

	store.Layouts, r.req.Type = []string{noDate, byHive, byHour, byDay}, evidence.TypeDryRun
	s := r.run()
	if s.Predicate.Totals.Planned != 0 || rowsOf(s, "team=hive") != 1 || rowsOf(s, "hive") != 0 {
		t.Errorf("the first layout reads a team and no date out of every key, and yet it says %+v, %+v", s.Predicate.Totals, s.Teams)
	}

	store.Layouts, r.req.Type = []string{byHive, byHour, byDay, noDate}, evidence.TypeSweep
	s = r.run()
	r.wantThings(fourOf(stays...)...)
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 12, Deleted: 9, Aborted: 3})
	r.wantPopulation(s, evidence.PopulationCounts{Objects: 7, NoncurrentVersions: 7, DeleteMarkers: 7, Uploads: 7,
		Expired: 12, ExpiredByKeyDateAlone: 12, Kept: 16})
	for _, team := range []string{"hive", "hour", "day", "undated"} {
		if rowsOf(s, team) != 1 {
			t.Errorf("team %s has %d rows, want 1: %+v", team, rowsOf(s, team), s.Teams)
		}
	}
}

func rowsOf(s *sweep.Sealed, team string) (n int) {
	for _, row := range s.Teams {
		if row.Team == team {
			n++
		}
	}
	return n
}

func testAnomalies(t *testing.T, b *bench) {
	r := newReal(t, b.Server, enabled)
	r.spec.Stores[0].Layouts = []string{byDay, byHour}
	r.today()
	now := r.clock()
	r.four(hourly("soon", now.Add(3*time.Hour)))
	r.req.Type = evidence.TypeDryRun
	s := r.run() // three hours are odd today; in 30 days they will be nothing
	r.wantPopulation(s, evidence.PopulationCounts{Objects: 1, NoncurrentVersions: 1, DeleteMarkers: 1, Uploads: 1, Kept: 4, Anomalies: 4})

	r.req.Type = evidence.TypeSweep
	odd := func(team string) []string {
		return []string{
			daily(team, now.Add(32*day)), hourly(team, now.Add(31*day)), // in the future of the run
			daily(team, now.Add(10*day)), hourly(team, now.Add(3*day)), // long after LastModified
			daily(team, now.Add(-500*day)), // long before it
		}
	}
	for _, key := range odd("old") {
		r.four(key)
	}
	r.split()
	for _, key := range odd("young") {
		r.four(key)
	}
	s = r.run()
	r.wantThings(fourOf(odd("young")...)...)
	r.wantPopulation(s, evidence.PopulationCounts{Objects: 11, NoncurrentVersions: 11, DeleteMarkers: 11, Uploads: 11,
		Expired: 24, Kept: 20, Anomalies: 40})
	r.wantResult(s, evidence.ResultKept, 0, sweep.CodeAnomaly)
	if n := reason(s, sweep.CodeAnomaly); n != 40 {
		t.Errorf("the reasons count %d odd dates, want 40", n)
	}
}
