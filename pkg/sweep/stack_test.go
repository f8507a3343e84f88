package sweep

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// stacked is an entry of a stack with what the rules said of it.
type stacked struct {
	Entry
	verdict retention.Verdict
}

// genStacks draws the stacks of a few keys, in listing order.
func genStacks() *rapid.Generator[[]stacked] {
	return rapid.Custom(func(t *rapid.T) []stacked {
		var all []stacked
		for _, key := range []string{"a", "b/c", "d"} {
			n := rapid.IntRange(0, 7).Draw(t, "layers")
			for i := range n {
				e := Entry{Key: key, ID: fmt.Sprint("v", n-i), Kind: retention.Version, Latest: i == 0, ETag: `"e"`,
					LastModified: t0.Add(time.Duration(n-i) * time.Minute)}
				if rapid.Bool().Draw(t, "marker") {
					e.Kind, e.ETag = retention.Marker, ""
				} else if i == 0 {
					e.Kind = retention.Object
				}
				v := retention.Verdict{Attribution: retention.NoTeam, Created: e.LastModified, Expired: rapid.Bool().Draw(t, "expired")}
				v.Purge = !v.Expired && rapid.IntRange(0, 9).Draw(t, "purge") == 0
				if rapid.IntRange(0, 4).Draw(t, "held") == 0 {
					v.Hold = "h"
				}
				all = append(all, stacked{e, v})
			}
		}
		return all
	})
}

// planOf plans the entries with segments of at most n entries.
func planOf(t *rapid.T, all []stacked, n int) [][]Planned {
	work := memory{}
	run := &Run{Type: "sweep", Spec: Spec{Stores: []StoreSpec{{}}}, Found: []StoreFound{{Versioning: bucket.StateEnabled}}, Shards: []Shard{{}}}
	p := &planner{sweeper: &Sweeper{Work: work, segmentMax: n}, run: run}
	b := p.branch("")
	for _, x := range all {
		if err := b.take(context.Background(), x.Entry, x.verdict, t0); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.close(context.Background(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := p.finish(context.Background()); err != nil {
		t.Fatal(err)
	}
	var segments [][]Planned
	for _, s := range p.segments {
		entries, err := decodeSegment(s.Name, work[workName(0, s.Name)])
		if err != nil {
			t.Fatal(err)
		}
		segments = append(segments, entries)
	}
	return segments
}

func TestAPlanHasEachEntryThatIsToGoOnceAndNoOther(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := genStacks().Draw(t, "stacks")
		var want, got []name
		for _, x := range all {
			if x.verdict.Goes() {
				want = append(want, nameOf(x.Entry))
			}
		}
		for _, s := range planOf(t, all, rapid.IntRange(1, 9).Draw(t, "segment")) {
			for _, p := range s {
				got = append(got, nameOf(p.Entry()))
			}
		}
		order := func(a, b name) int { return slices.Compare([]string{a.key, a.id}, []string{b.key, b.id}) }
		slices.SortFunc(want, order)
		slices.SortFunc(got, order)
		if !slices.Equal(got, want) {
			t.Fatalf("planned %v, want %v", got, want)
		}
	})
}

func TestAKeysEntriesAreInOneSegmentVersionsFirstAndTheCurrentOneLast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const segment = 8 // more than any key has
		in := map[string]int{}
		for n, s := range planOf(t, genStacks().Draw(t, "stacks"), segment) {
			for i, p := range s {
				key := string(p.Key)
				if was, ok := in[key]; ok && was != n {
					t.Fatalf("%s is in segments %d and %d", key, was, n)
				}
				in[key] = n
				if i == 0 || string(s[i-1].Key) != key {
					continue
				}
				before := s[i-1]
				switch {
				case before.Kind == retention.Marker && p.Kind != retention.Marker:
					t.Fatalf("%s: a marker goes before a version", key)
				case p.Kind != retention.Marker && (before.Latest || before.LastModified.After(p.LastModified)):
					t.Fatalf("%s: a newer version goes before an older one", key)
				}
			}
		}
	})
}

// The looker sees the stack as it is when the markers' turn comes: with the
// versions that went missing, and whatever else happened.
func TestAMarkersTurnComesAndNothingUnreadableBecomesReadable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := genStacks().Draw(t, "stacks")
		going := map[name]bool{}
		var there, asked []Entry
		for _, x := range all {
			goes := x.verdict.Goes() && x.verdict.Hold == ""
			if goes && x.Kind == retention.Marker {
				going[nameOf(x.Entry)] = true
				asked = append(asked, x.Entry)
			}
			// What was to go may have stayed: locked, refused, not reached.
			if !goes || x.Kind == retention.Marker || rapid.IntRange(0, 3).Draw(t, "stayed") == 0 {
				there = append(there, x.Entry)
			}
		}
		store := &books{shelf: shelf{entries: there}, page: rapid.IntRange(1, 3).Draw(t, "page")}
		l := looker{store: store, within: bucket.Range{What: bucket.Versions}, going: going}
		seen, err := l.look(t.Context(), asked)
		if err != nil {
			t.Fatal(err)
		}
		removed := map[name]bool{}
		for i, e := range asked {
			switch seen[i] {
			case unchanged:
				removed[nameOf(e)] = true
			case hides:
			default:
				t.Fatalf("marker %v is there, and was seen as %d", nameOf(e), seen[i])
			}
		}
		for _, key := range []string{"a", "b/c", "d"} {
			was, is := firstOf(there, key, nil), firstOf(there, key, removed)
			if (was == "" || was == retention.Marker) && is != "" && is != retention.Marker {
				t.Fatalf("%s could not be read, and now it can", key)
			}
			plain := firstOf(there, key, going)
			if plain != "" && plain != retention.Marker {
				continue
			}
			for m := range going {
				if m.key == key && !removed[m] {
					t.Fatalf("marker %v stays, though it hides nothing", m)
				}
			}
		}
	})
}

// firstOf is the kind of the newest entry of a key, without the removed.
func firstOf(entries []Entry, key string, removed map[name]bool) retention.Kind {
	for _, e := range entries {
		if e.Key == key && !removed[nameOf(e)] {
			return e.Kind
		}
	}
	return ""
}
