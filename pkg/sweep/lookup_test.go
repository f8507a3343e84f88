package sweep

import (
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestOnlyANameThatOtherBytesCanTakeIsJudgedByItsDate(t *testing.T) {
	for _, c := range []struct {
		kind retention.Kind
		id   string
		want sight
	}{
		{retention.Version, "v1", unchanged}, {retention.Marker, "v1", unchanged}, {retention.Upload, "u1", unchanged},
		{retention.Version, "null", changed}, {retention.Marker, "null", changed}, {retention.Object, "", changed},
	} {
		t.Run(string(c.kind)+" "+c.id, func(t *testing.T) {
			planned := Entry{Key: "k", Kind: c.kind, ID: c.id, LastModified: t0}
			later := planned
			later.LastModified = t0.Add(time.Second)
			l := looker{store: shelf{entries: []Entry{later}}, within: bucket.Range{What: bucket.Versions}, going: map[name]bool{nameOf(planned): true}}
			seen, err := l.look(t.Context(), []Entry{planned})
			if err != nil || seen[0] != c.want {
				t.Errorf("seen %v, %v, want %v", seen, err, c.want)
			}
		})
	}
}

// Entries of a batch may lie far apart: where many ranges end in one segment, or
// few of many entries have expired. What lies between them is not listed, since
// nobody knows what is written while that goes on.
func TestALookDoesNotListWhatLiesBetweenEntriesFarApart(t *testing.T) {
	for _, c := range []struct {
		uncut bool
		most  int64
	}{{false, 6}, {true, 100}} {
		store := &books{page: 10, uncut: c.uncut, shelf: shelf{entries: shelved(1000)}}
		var asked []Entry
		for _, i := range []int{0, 1, 15, 500, 501, 999} {
			asked = append(asked, store.entries[i])
		}
		seen, err := looker{store: store}.look(t.Context(), asked)
		if err != nil || standing(seen) != len(asked) {
			t.Fatalf("%v, %v", seen, err)
		}
		if n := store.lists.Load(); n > c.most {
			t.Errorf("a look at 6 of 1,000 entries took %d pages of 10, where a listing may not be cut: %v", n, c.uncut)
		}
	}
}
