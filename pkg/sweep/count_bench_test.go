package sweep

import (
	"fmt"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// BenchmarkJudgeAndTally is what the planning listing costs for each entry,
// once it is decoded: half of the entries are expired, and a tenth of the teams
// has Zero Data Retention.
func BenchmarkJudgeAndTally(b *testing.B) {
	entries := benchEntries(100_000)
	for i := range entries {
		if i%2 == 0 {
			entries[i].LastModified = t0
		}
	}
	layout, err := retention.ParseLayout("", "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json")
	if err != nil {
		b.Fatal(err)
	}
	policy := retention.Policy{Store: "exchanges", MaxAge: 30 * retention.Day, AgeSource: retention.AgeEarliest, Start: t0,
		Cutoff: retention.Cutoff(t0, 30*retention.Day), Layouts: []retention.Layout{layout},
		Holds: []retention.Hold{{ID: "case-17", Until: t0.Add(retention.Day), Match: retention.HoldMatch{Team: "team-0007"}}}}
	for i := range 20 {
		policy.Roster.Teams = append(policy.Roster.Teams, retention.RosterTeam{ID: fmt.Sprintf("team-%04d", i*10), Since: t0})
	}
	b.ReportAllocs()
	for b.Loop() {
		judge := retention.NewJudge(policy)
		t := tally{census: newCensus(), nearMatch: policy.Roster.NearMatcher(), cutoff: policy.Cutoff, lateFrom: policy.Cutoff.Add(-retention.Day), maxAge: 30}
		for _, e := range entries {
			t.add(e, judge.Judge(e))
		}
		t.close()
		if t.census.Population.Listed != int64(len(entries)) {
			b.Fatal("not all entries were counted")
		}
	}
	perEntry(b, len(entries))
}
