package bucket

import (
	"context"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// fate is what a lookup finds of an entry.
type fate int

const (
	unreadable fate = iota // the listing failed, or can't show this key
	gone
	unchanged
	changed
)

// lookupPage is how many entries a lookup's page may have: the entry looked for
// is among the first.
const lookupPage = 10

// lookupAll looks entries up one by one: they may lie far apart, and listing all
// between them could take as long as listing the store.
func (b *Bucket) lookupAll(ctx context.Context, entries []retention.Entry) []fate {
	fates := make([]fate, len(entries))
	for i, e := range entries {
		fates[i] = b.lookup(ctx, e)
	}
	return fates
}

// lookup lists the place of one current object. It is a listing and not a HEAD,
// because that needs the right to read objects.
func (b *Bucket) lookup(ctx context.Context, e retention.Entry) fate {
	shown := true
	for s, err := range b.steps(ctx, Range{After: before(e.Key), UpTo: e.Key}, b.cfg.Prefix, lookupPage) {
		if err != nil {
			return unreadable
		}
		shown = shown && (s.encoded || carriable(e.Key))
		for _, found := range s.page.Entries {
			switch {
			case found.Key != e.Key:
			case found.SameBytes(e):
				return unchanged
			default:
				return changed
			}
		}
	}
	if !shown {
		return unreadable
	}
	return gone
}
