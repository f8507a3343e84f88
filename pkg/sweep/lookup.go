package sweep

import (
	"context"
	"unicode/utf8"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// sight is what a second look at an entry showed.
type sight int

const (
	gone sight = iota
	changed
	unchanged
)

// lookup lists the range that the entries span, which stand in key order, and
// says of each whether it is gone, changed (ETag, LastModified or size), or
// unchanged.
func lookup(ctx context.Context, store Store, after string, entries []retention.Entry) ([]sight, error) {
	seen := make([]sight, len(entries))
	if len(entries) == 0 {
		return seen, nil
	}
	at := make(map[string]int, len(entries))
	first, last := entries[0].Key, entries[0].Key
	for i, e := range entries {
		at[e.Key] = i
		first, last = min(first, e.Key), max(last, e.Key)
	}
	for page, err := range store.Pages(ctx, bucket.Range{After: max(after, before(first)), UpTo: last}) {
		if err != nil {
			return nil, err
		}
		for _, e := range page.Entries {
			i, ok := at[e.Key]
			switch {
			case !ok:
			case e.SameBytes(entries[i]):
				seen[i] = unchanged
			default:
				seen[i] = changed
			}
		}
	}
	return seen, nil
}

// before returns a valid key that sorts before key, as near as it is cheap: the
// key without its last character. No key that could be first is left out.
func before(key string) string {
	_, size := utf8.DecodeLastRuneInString(key)
	return key[:len(key)-size]
}
