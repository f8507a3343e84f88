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

// lookupAll looks entries up: those that lie near each other by one page, the
// others one by one, since listing all between them could take as long as listing
// the store.
func (b *Bucket) lookupAll(ctx context.Context, entries []retention.Entry) []fate {
	fates := make([]fate, len(entries))
	near := b.lookupNear(ctx, entries, fates)
	for i, e := range entries {
		if !near[i] {
			fates[i] = b.lookup(ctx, e)
		}
	}
	return fates
}

// lookupNear looks up what one page shows, and says which entries that were.
func (b *Bucket) lookupNear(ctx context.Context, entries []retention.Entry, fates []fate) (near []bool) {
	near = make([]bool, len(entries))
	if len(entries) < 2 {
		return near
	}
	first, last := entries[0].Key, entries[0].Key
	for _, e := range entries {
		first, last = min(first, e.Key), max(last, e.Key)
	}
	for s, err := range b.steps(ctx, Range{After: before(first), UpTo: last}, b.cfg.Prefix, pageSize) {
		if err != nil || s.page.Unordered {
			return near
		}
		there, reached := map[string]retention.Entry{}, ""
		for _, e := range s.page.Entries {
			if !e.Opaque {
				there[e.Key], reached = e, e.Key
			}
		}
		for i, e := range entries {
			found, ok := there[e.Key]
			near[i] = ok || (s.done || e.Key <= reached) && (s.encoded || carriable(e.Key))
			switch {
			case !ok:
				fates[i] = gone
			case found.SameBytes(e):
				fates[i] = unchanged
			default:
				fates[i] = changed
			}
		}
		break
	}
	return near
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
