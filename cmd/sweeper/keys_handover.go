package main

import (
	"context"
	"crypto"
	"fmt"
	"slices"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// finish writes the next trust root, beside the one before and into the vault.
func (r rotation) finish(ctx context.Context, c *config.Config, v vault.Area, sealed *sweep.Sealed) (string, error) {
	changes, signed, err := r.changes(ctx, v, sealed)
	if err != nil {
		return "", err
	}
	next, err := r.trustAfter(changes, signed)
	if err != nil {
		return "", err
	}
	return publishTrust(ctx, c, r.keys.trust, next, r.next)
}

// changes are the reports since the trust root that change the key, in their
// order, and the keys that signed a report since the first of them. It is one
// change, unless a key was lost before a trust root named it.
func (r rotation) changes(ctx context.Context, v vault.Area, sealed *sweep.Sealed) (changes []evidence.Predicate, signed []string, err error) {
	for n, p := sealed.Number, sealed.Predicate; ; {
		signed = append(signed, p.Signer.SPKISHA256)
		if p.Rotation != nil {
			changes = append(changes, p)
			if p.Rotation.OldSPKISHA256 == r.old {
				slices.Reverse(changes)
				return changes, signed, nil
			}
		}
		if n--; n < 0 {
			return nil, nil, fmt.Errorf("no report hands over from key %s", r.old)
		}
		before, err := readReport(ctx, v, n)
		if err != nil {
			return nil, nil, err
		}
		p = before.predicate
	}
}

// trustAfter is the trust root after these changes. A key that came and was lost
// between two trust roots is named if it signed a report, and only then.
func (r rotation) trustAfter(changes []evidence.Predicate, signed []string) (evidence.TrustRoot, error) {
	t, old := r.keys.trust, r.old
	for _, p := range changes {
		key := p.Rotation.NewSPKISHA256
		if key != r.new && !slices.Contains(signed, key) {
			continue
		}
		pub, err := r.public(key)
		if err != nil {
			return t, err
		}
		at, err := evidence.ParseTime(p.Run.FinishedAt)
		if err != nil {
			return t, err
		}
		if t, err = t.Rotate(old, pub, at); err != nil {
			return t, err
		}
		old = key
	}
	next, err := r.keys.trust.Next() // one file for all of them
	t.Version, t.PreviousSHA256 = next.Version, next.PreviousSHA256
	return t, err
}

// public is the public half of a key that the rotation knows.
func (r rotation) public(spki string) (crypto.PublicKey, error) {
	for _, pub := range append([]crypto.PublicKey{r.next.Public()}, r.known...) {
		if is, err := evidence.SPKISHA256(pub); err != nil || is == spki {
			return pub, err
		}
	}
	return nil, fmt.Errorf("the public half of key %s is not beside the keys", spki)
}
