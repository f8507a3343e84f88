package sweep

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// Whatever the dates, every entry is counted once, past the line if it is
// expired and within it if not.
func TestTheLineOfAgesIsThatOfTheRules(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		line := rapid.IntRange(1, 4000).Draw(t, "max_age in days")
		c := newCensus()
		counter := tally{census: c, cutoff: t0, maxAge: line, nearMatch: func(string) (string, bool) { return "", false }}
		for _, over := range rapid.SliceOf(rapid.OneOf(rapid.Int64(), rapid.Int64Range(-3, 3))).Draw(t, "past the cutoff") {
			created := t0.Add(-time.Duration(over))
			counter.add(Entry{Kind: retention.Object}, retention.Verdict{Created: created, Expired: created.Before(t0)})
		}
		run := &Run{Spec: Spec{MaxAge: time.Duration(line) * retention.Day}}
		ages := (&facts{run: run, stores: []storeFacts{{before: *c}}}).ages()
		if c.Population.Listed == 0 {
			if ages != nil {
				t.Fatalf("nothing was listed, and has ages %v", ages)
			}
			return
		}
		var young, old int64
		for days, n := range ages.Before {
			if days < line {
				young += n
			} else {
				old += n
			}
		}
		if old != c.Population.Expired || young != c.Population.Kept || len(ages.Before) > line+agesBeyond+1 {
			t.Fatalf("%d within and %d past the line in %d days, but %d kept and %d expired", young, old, len(ages.Before), c.Population.Kept, c.Population.Expired)
		}
	})
}

// The files of a run that an older version began have no ages.
func TestAgesThatAreNotThoseOfAllEntriesAreNone(t *testing.T) {
	run := &Run{Spec: Spec{MaxAge: retention.Day}}
	some, all := map[int]int64{0: 1}, map[int]int64{0: 1, 5: 1}
	two := evidence.PopulationCounts{Listed: 2}
	for _, before := range []map[int]int64{nil, some} {
		if ages := (&facts{run: run, stores: []storeFacts{{before: Census{Population: two, Ages: before}}}}).ages(); ages != nil {
			t.Errorf("of two entries, %v have ages: %+v", before, ages)
		}
	}
	run.Shards = []Shard{{}}
	run.Found = []StoreFound{{}}
	for _, after := range []map[int]int64{nil, some, all} {
		confirm := &ConfirmFile{Census: Census{Population: two, Complete: true, Ages: after}}
		ages := (&facts{run: run, stores: []storeFacts{{before: Census{Population: two, Ages: all}, after: confirm}}}).ages()
		if ages == nil || (ages.After != nil) != (len(after) == 2) {
			t.Errorf("of two entries that stayed, %v have ages: %+v", after, ages)
		}
	}
}
