package retention_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// BenchmarkJudgeListing judges a sorted listing of 200 teams, of which a tenth has Zero
// Data Retention, under a hold of each scope.
func BenchmarkJudgeListing(b *testing.B) {
	start := time.Date(2026, 11, 25, 2, 15, 0, 0, time.UTC)
	berlin, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		b.Fatal(err)
	}
	entries := make([]retention.Entry, 100_000)
	for i := range entries {
		at := start.Add(-60*retention.Day + time.Duration(i)*time.Minute%(59*retention.Day))
		entries[i] = retention.Entry{Kind: retention.Object, LastModified: at, Size: 1,
			Key: fmt.Sprintf("team-%04d/%s/req_%024x.response.json", i*200/len(entries), at.Format("2006/01/02"), i)}
	}
	layout, err := retention.ParseLayout("", "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json")
	if err != nil {
		b.Fatal(err)
	}
	policy := retention.Policy{Store: "exchanges", MaxAge: 30 * retention.Day, AgeSource: retention.AgeEarliest, Start: start,
		Cutoff: retention.Cutoff(start, 30*retention.Day), Layouts: []retention.Layout{layout}, NoTeam: []string{"_meta/"}}
	for i, m := range []retention.HoldMatch{{Team: "team-0007"}, {Request: "req_7"}, {Prefix: "team-0008/2026/10/01/"}, {Keys: []string{"team-0009/x"}}} {
		policy.Holds = append(policy.Holds, retention.Hold{ID: fmt.Sprint("case-", i), Until: start.Add(retention.Day), Match: m})
	}
	for i := range 20 {
		policy.Roster.Teams = append(policy.Roster.Teams, retention.RosterTeam{ID: fmt.Sprintf("team-%04d", i*10), Since: start})
	}
	for _, zone := range []*time.Location{time.UTC, berlin} {
		b.Run(zone.String(), func(b *testing.B) {
			policy.Zone = zone
			judge := retention.NewJudge(policy)
			b.ReportAllocs()
			expired := 0
			for b.Loop() {
				for i := range entries {
					if judge.Judge(entries[i]).Expired {
						expired++
					}
				}
			}
			n := float64(b.N) * float64(len(entries))
			b.ReportMetric(n/b.Elapsed().Seconds(), "records/s")
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/record")
			if expired == 0 {
				b.Fatal("nothing expired")
			}
		})
	}
}
