package evidence

import (
	"crypto"
	"errors"
	"fmt"
	"time"
)

// TrustRoot says whose signatures count for one vault. It reaches the auditor
// out of band: a key found in a bundle or in the vault is never trusted.
type TrustRoot struct {
	// Version numbers the trust roots of a vault from 0; PreviousSHA256 is the
	// digest of the file before, null at 0. An entry may only gain NotAfter and
	// CompromisedAt.
	Version        int64      `json:"version"`
	PreviousSHA256 *string    `json:"previousSha256"`
	VaultID        string     `json:"vaultId"`
	Keys           []TrustKey `json:"keys"`
	// TSARoots are PEM certificates of the time stamp authorities that count.
	TSARoots []string `json:"tsaRoots"`
}

// TrustKey is one key and the window in which its signatures count.
type TrustKey struct {
	SPKISHA256    string  `json:"spkiSha256"`
	KeyID         string  `json:"keyid"`
	Algorithm     string  `json:"algorithm"`
	PublicKeyPEM  string  `json:"publicKeyPem"`
	NotBefore     string  `json:"notBefore"`
	NotAfter      *string `json:"notAfter"`
	CompromisedAt *string `json:"compromisedAt"`
}

// NewTrustRoot makes the first trust root (version 0) of a vault with one key.
func NewTrustRoot(vaultID string, pub crypto.PublicKey, notBefore time.Time) (TrustRoot, error) {
	k, err := newKey(pub)
	if err != nil {
		return TrustRoot{}, fmt.Errorf("make trust root: %w", err)
	}
	pemBytes, err := MarshalPublicKey(pub)
	if err != nil {
		return TrustRoot{}, fmt.Errorf("make trust root: %w", err)
	}
	t := TrustRoot{
		VaultID: vaultID,
		Keys: []TrustKey{{
			SPKISHA256:   k.spki,
			KeyID:        k.id,
			Algorithm:    k.algorithm,
			PublicKeyPEM: string(pemBytes),
			NotBefore:    FormatTime(notBefore),
		}},
	}
	return t, t.validate()
}

// Marshal returns the bytes of the trust root file.
func (t TrustRoot) Marshal() ([]byte, error) {
	t.Keys = filled(t.Keys)
	t.TSARoots = filled(t.TSARoots)
	b, err := encodeJSON(t)
	if err != nil {
		return nil, fmt.Errorf("encode trust root: %w", err)
	}
	return b, nil
}

// ParseTrustRoot reads what Marshal writes, and nothing else, and checks that
// each key is the one that its names say.
func ParseTrustRoot(data []byte) (TrustRoot, error) {
	var t TrustRoot
	if err := decodeStrict(data, &t); err != nil {
		return TrustRoot{}, fmt.Errorf("not a trust root: %w", err)
	}
	again, err := t.Marshal()
	if err != nil {
		return TrustRoot{}, err
	}
	if err := sameBytes(data, again); err != nil {
		return TrustRoot{}, fmt.Errorf("trust root: %w", err)
	}
	if err := t.validate(); err != nil {
		return TrustRoot{}, err
	}
	return t, nil
}

func (t TrustRoot) validate() error {
	if t.VaultID == "" {
		return errors.New("trust root: vaultId is empty")
	}
	if t.Version < 0 || (t.Version == 0) != (t.PreviousSHA256 == nil) {
		return fmt.Errorf("trust root: version %d and previousSha256 do not fit: null at version 0 and only there", t.Version)
	}
	if t.PreviousSHA256 != nil && !isHex(*t.PreviousSHA256, 32) {
		return errors.New("trust root: previousSha256 is not a SHA-256 in lower-case hex")
	}
	if len(t.Keys) == 0 {
		return errors.New("trust root: holds no key")
	}
	seen := map[string]bool{}
	for i, k := range t.Keys {
		if _, err := k.load(); err != nil {
			return fmt.Errorf("trust root: key %d: %w", i, err)
		}
		if seen[k.SPKISHA256] {
			return fmt.Errorf("trust root: key %s stands in it twice", k.SPKISHA256)
		}
		seen[k.SPKISHA256] = true
	}
	if _, err := tsaPool(t.TSARoots); err != nil {
		return fmt.Errorf("trust root: %w", err)
	}
	return nil
}

// load reads the entry's key and checks every field against it.
func (k TrustKey) load() (key, error) {
	pub, err := ParsePublicKey([]byte(k.PublicKeyPEM))
	if err != nil {
		return key{}, err
	}
	have, err := newKey(pub)
	if err != nil {
		return key{}, err
	}
	pemBytes, err := MarshalPublicKey(pub)
	if err != nil {
		return key{}, err
	}
	switch {
	case string(pemBytes) != k.PublicKeyPEM:
		return key{}, errors.New("publicKeyPem does not re-encode to its own bytes")
	case have.spki != k.SPKISHA256:
		return key{}, fmt.Errorf("spkiSha256 is %q, that of publicKeyPem is %s", k.SPKISHA256, have.spki)
	case have.id != k.KeyID:
		return key{}, fmt.Errorf("keyid is %q, that of publicKeyPem is %s", k.KeyID, have.id)
	case have.algorithm != k.Algorithm:
		return key{}, fmt.Errorf("algorithm is %q, that of publicKeyPem is %s", k.Algorithm, have.algorithm)
	case smallOrder(pub):
		return key{}, fmt.Errorf("publicKeyPem is an Ed25519 key of small order, under which anybody can sign: make another key")
	}
	from, err := ParseTime(k.NotBefore)
	if err != nil {
		return key{}, fmt.Errorf("notBefore: %w", err)
	}
	if k.NotAfter != nil {
		to, err := ParseTime(*k.NotAfter)
		if err != nil {
			return key{}, fmt.Errorf("notAfter: %w", err)
		}
		if to.Before(from) {
			return key{}, fmt.Errorf("notAfter %s is before notBefore %s", *k.NotAfter, k.NotBefore)
		}
	}
	if k.CompromisedAt != nil {
		if _, err := ParseTime(*k.CompromisedAt); err != nil {
			return key{}, fmt.Errorf("compromisedAt: %w", err)
		}
	}
	return have, nil
}

// find returns the entry of a key.
func (t TrustRoot) find(spki string) (TrustKey, bool) {
	for _, k := range t.Keys {
		if k.SPKISHA256 == spki {
			return k, true
		}
	}
	return TrustKey{}, false
}
