package bucket

import (
	"context"
	"slices"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// Whether a server takes the version id "null" can't be asked: some refuse it,
// and some acknowledge it and do nothing. So the first entries of a store that
// are deleted so are looked up afterwards.

// provingSize is how many entries go first while it isn't known, and how many
// lookups are enough to know.
const provingSize = 10

// deleteUnnamed deletes entries of a bucket that never had versioning, as
// version "null" where the server takes it.
func (b *Bucket) deleteUnnamed(ctx context.Context, entries []retention.Entry) []Deletion {
	if len(entries) == 0 {
		return nil
	}
	if b.learned.nullState() == nullUnproven {
		select {
		case b.proving <- struct{}{}: // one batch finds out, the others wait for it
			defer func() { <-b.proving }()
		case <-ctx.Done():
			return alike(len(entries), Deletion{Status: Failed, Code: CodeNotSent, Retryable: true})
		}
	}
	var out []Deletion
	for len(out) < len(entries) {
		rest := entries[len(out):]
		if state := b.learned.nullState(); state != nullUnproven {
			return append(out, b.send(ctx, rest, state == nullTaken)...)
		}
		if len(out) > 0 && slices.ContainsFunc(out, inconclusive) {
			// A server that is busy, silent or that can't be checked is not
			// asked on; these entries were never sent.
			return append(out, alike(len(rest), Deletion{Status: Failed, Code: CodeNotSent, Retryable: true})...)
		}
		if len(out) == 0 {
			rest = rest[:min(len(rest), provingSize)]
		}
		out = append(out, b.prove(ctx, rest)...)
	}
	return out
}

func inconclusive(d Deletion) bool { return d.Status == Unknown || d.Retryable }

// prove deletes the entries as version "null" and finds out whether that deletes
// anything. If it doesn't, those that are unchanged are deleted plainly.
func (b *Bucket) prove(ctx context.Context, entries []retention.Entry) []Deletion {
	out := b.send(ctx, entries, true)
	var acked, refused []int
	for i, d := range out {
		switch {
		case d.Status == Deleted:
			acked = append(acked, i)
		case d.Status == Failed && d.Code == CodeVersioningChanged:
			return out
		case versionIDRefused(d.Code):
			refused = append(refused, i)
		}
	}
	if len(acked)+len(refused) == 0 {
		return out // nothing was learned
	}
	sample := acked[:min(len(acked), provingSize)]
	fates := b.lookupAll(ctx, pick(entries, sample))
	switch {
	case slices.Contains(fates, gone):
		b.learned.setNull(nullTaken)
		b.correct(out, sample, fates)
	case slices.Contains(fates, unreadable), slices.Contains(fates, changed), !slices.Contains(fates, unchanged) && len(refused) == 0:
		// Acknowledged by a server that may have done nothing.
		place(out, acked, alike(len(acked), Deletion{Code: CodeNoAnswer, Retryable: true}))
		b.correct(out, sample, fates)
	default:
		b.redoPlainly(ctx, entries, out, append(acked, refused...))
	}
	return out
}

// correct takes back an acknowledgement that a lookup contradicts.
func (b *Bucket) correct(out []Deletion, places []int, fates []fate) {
	for i, at := range places {
		switch fates[i] {
		case unchanged:
			out[at] = Deletion{Code: CodeStillThere, Retryable: true}
		case changed:
			out[at] = Deletion{Code: CodeChanged}
		}
	}
}

// redoPlainly deletes the entries at places with plain deletes, if the bucket
// still never had versioning and they are unchanged. Plain deletes are the
// store's way from then on only if they were seen to work.
func (b *Bucket) redoPlainly(ctx context.Context, entries []retention.Entry, out []Deletion, places []int) {
	place(out, places, alike(len(places), Deletion{Code: CodeNoAnswer, Retryable: true}))
	versioning, _, err := b.versioning(ctx)
	if err != nil || versioning != StateNever {
		code := Code(err)
		if err == nil {
			code = CodeVersioningChanged
		}
		place(out, places, alike(len(places), Deletion{Code: code}))
		return
	}
	fates := b.lookupAll(ctx, pick(entries, places))
	b.correct(out, places, fates)
	var again []int
	for i, at := range places {
		if fates[i] == unchanged {
			again = append(again, at)
		}
	}
	if len(again) == 0 {
		return
	}
	redone := b.send(ctx, pick(entries, again), false)
	place(out, again, redone)
	var sample []int
	for i, at := range again {
		if redone[i].Status == Deleted && len(sample) < provingSize {
			sample = append(sample, at)
		}
	}
	fates = b.lookupAll(ctx, pick(entries, sample))
	b.correct(out, sample, fates)
	if slices.Contains(fates, gone) {
		b.learned.setNull(nullRefused)
	}
}
