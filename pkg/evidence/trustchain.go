package evidence

import (
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"
)

// FileTrust is where a vault keeps the trust root of a version.
func FileTrust(version int64) string { return fmt.Sprintf("trust/trust-root-%04d.json", version) }

// Succeeds checks that t may follow before: it is the next version, names the
// digest of the file before, is for the same vault, and takes nothing back. A
// key may only gain notAfter and compromisedAt, keys and tsaRoots may only be
// added, and no two keys change places.
func (t TrustRoot) Succeeds(before TrustRoot) error {
	data, err := before.Marshal()
	if err != nil {
		return err
	}
	sum := SHA256Hex(data)
	switch {
	case t.Version != before.Version+1:
		return fmt.Errorf("trust root %d does not follow trust root %d by its version", t.Version, before.Version)
	case t.PreviousSHA256 == nil || *t.PreviousSHA256 != sum:
		return fmt.Errorf("trust root %d: its previousSha256 is not the digest of trust root %d (%s)", t.Version, before.Version, sum)
	case t.VaultID != before.VaultID:
		return fmt.Errorf("trust root %d is for vault %q, the one before for %q", t.Version, t.VaultID, before.VaultID)
	case len(t.Keys) < len(before.Keys):
		return fmt.Errorf("trust root %d names %d keys, the one before %d: a key is never removed", t.Version, len(t.Keys), len(before.Keys))
	}
	for i, old := range before.Keys {
		if err := t.Keys[i].succeeds(old); err != nil {
			return fmt.Errorf("trust root %d: key %s: %w", t.Version, old.SPKISHA256, err)
		}
	}
	for i, old := range before.TSARoots {
		if i >= len(t.TSARoots) || t.TSARoots[i] != old {
			return fmt.Errorf("trust root %d: tsaRoots[%d] of the one before was removed or changed", t.Version, i)
		}
	}
	return nil
}

// succeeds checks that an entry gained no more than its ends.
func (k TrustKey) succeeds(old TrustKey) error {
	gained := func(was, is *string) bool { return was == nil || is != nil && *is == *was }
	if !gained(old.NotAfter, k.NotAfter) || !gained(old.CompromisedAt, k.CompromisedAt) {
		return errors.New("its notAfter or compromisedAt was moved or removed")
	}
	k.NotAfter, k.CompromisedAt = old.NotAfter, old.CompromisedAt
	if k != old {
		return errors.New("its entry changed: it may only gain notAfter and compromisedAt")
	}
	return nil
}

// Next makes the trust root that follows t and says the same, for the caller to
// add to.
func (t TrustRoot) Next() (TrustRoot, error) {
	data, err := t.Marshal()
	if err != nil {
		return TrustRoot{}, err
	}
	sum := SHA256Hex(data)
	t.Version, t.PreviousSHA256 = t.Version+1, &sum
	t.Keys, t.TSARoots = slices.Clone(t.Keys), slices.Clone(t.TSARoots)
	return t, nil
}

// Rotate makes the trust root that follows t and in which the key with the SPKI
// SHA-256 old ends at the instant, and pub counts from then on.
func (t TrustRoot) Rotate(old string, pub crypto.PublicKey, at time.Time) (TrustRoot, error) {
	next, err := t.Next()
	if err != nil {
		return TrustRoot{}, err
	}
	i := slices.IndexFunc(t.Keys, func(k TrustKey) bool { return k.SPKISHA256 == old })
	if i < 0 || t.Keys[i].NotAfter != nil {
		return TrustRoot{}, fmt.Errorf("make trust root: key %s is not in force", old)
	}
	added, err := NewTrustRoot(t.VaultID, pub, at)
	if err != nil {
		return TrustRoot{}, err
	}
	end := FormatTime(at)
	next.Keys[i].NotAfter = &end
	next.Keys = append(next.Keys, added.Keys...)
	return next, next.validate()
}
