package sweep

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestAnHourThatIsRememberedIsTheHourOfTheTime(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		up, down := hour{as: evidence.HourUp}, hour{as: evidence.HourDown}
		at := t0
		for range rapid.IntRange(1, 20).Draw(t, "times") {
			at = at.Add(rapid.SampledFrom([]time.Duration{0, 1, -1, time.Second, 30 * time.Minute, time.Hour, -time.Hour, time.Hour - 1}).Draw(t, "later"))
			if got, want := up.text(at), evidence.HourUp(at); got != want {
				t.Fatalf("%s rounds up to %s, not %s", at, want, got)
			}
			if got, want := down.text(at), evidence.HourDown(at); got != want {
				t.Fatalf("%s rounds down to %s, not %s", at, want, got)
			}
		}
	})
}

func TestEachTeamHasItsOwnKeyHoweverManyThereAre(t *testing.T) {
	s := &Sweeper{Identifiers: evidence.NewIdentifiers(evidence.Secret{1}, "e")}
	keys := s.teamKeys()
	for round := range 2 {
		for i := range 3 * teamsAtHand {
			team := fmt.Sprint("team-", i)
			want := s.Identifiers.Team(team)
			e := Planned{Kind: retention.Object, Key: []byte("k"), ID: "null"}
			if key := keys(team); key.ref != want.Ref() || e.keyHMAC("b", key) != want.KeyHMAC("object", "b", "k", "null") {
				t.Fatalf("round %d: %s has another team's key", round, team)
			}
		}
	}
}

// BenchmarkManifest writes the manifest part of a segment, from its entries on.
func BenchmarkManifest(b *testing.B) {
	entries := benchPlanned(8000)
	fates := make([]fate, len(entries))
	for i := range fates {
		fates[i] = fate{outcome: evidence.OutcomeDeleted, by: evidence.ByResponse, at: t0.Add(time.Duration(i) * time.Millisecond)}
	}
	s := &Sweeper{Identifiers: evidence.NewIdentifiers(evidence.Secret{1}, "e")}
	run := &Run{Shards: []Shard{{}}, Spec: Spec{Stores: []StoreSpec{{Bucket: "api-exchanges"}}}}
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := s.part(run, 0, 0, entries, fates); err != nil {
			b.Fatal(err)
		}
	}
	perEntry(b, len(entries))
}
