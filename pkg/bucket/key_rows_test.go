package bucket

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestRowsOfAKeyAreFoundHoweverManyThereAre(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var rows keyRows
		for range 3 { // keys
			want := map[string]retention.Entry{}
			for i := range rapid.IntRange(0, 3*fewRows).Draw(t, "rows") {
				e := retention.Entry{ID: fmt.Sprint(i), Size: rapid.Int64().Draw(t, "size")}
				rows.put(&e)
				want[e.ID] = e
			}
			for i := range 4 * fewRows {
				id := fmt.Sprint(i)
				e, known := want[id]
				if got, ok := rows.find(id); ok != known || got != e || rows.has(id) != known {
					t.Fatalf("of %d rows number %s is %+v (%v), want %+v (%v)", len(want), id, got, ok, e, known)
				}
			}
			rows.reset()
		}
	})
}
