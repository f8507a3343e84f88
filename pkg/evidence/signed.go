package evidence

import (
	"errors"
	"fmt"
	"slices"
)

// ErrCompromised says that a report is signed by a key that was compromised
// since, and that nothing at hand is from before then. Who has more of the
// report's time stamps can try again with them.
var ErrCompromised = errors.New("the key was compromised, and no time stamp of the report's own is from before then")

// OpenSigned opens a bundle that a key of the trust root signed, and whose
// payload names that key as its signer. It looks at nothing beside the bundle:
// neither at the key's window nor at the other files.
func OpenSigned(data []byte, trust TrustRoot) (Statement, error) {
	b, err := parseBundle(data)
	if err != nil {
		return Statement{}, err
	}
	s, err := ParseStatement(b.DSSEEnvelope.Payload)
	if err != nil {
		return Statement{}, err
	}
	return s, b.signedBy(trust, s.Predicate.Signer)
}

// OpenCounted opens a bundle as OpenSigned does, and demands that the signature
// counts: that the report was finished in its key's window, and for a key that
// was compromised since, that a time stamp in the bundle or among the given ones
// is from before then. Only Verify finds what vouches for it elsewhere.
func OpenCounted(data []byte, tokens [][]byte, trust TrustRoot) (Statement, error) {
	s, err := OpenSigned(data, trust)
	if err != nil {
		return s, err
	}
	entry, _ := trust.find(s.Predicate.Signer.SPKISHA256)
	finished, err := ParseTime(s.Predicate.Run.FinishedAt)
	if err != nil {
		return s, fmt.Errorf("run.finishedAt: %w", err)
	}
	if found := entry.outside(finished); len(found) > 0 {
		return s, errors.New(found[0])
	}
	if entry.CompromisedAt == nil {
		return s, nil
	}
	limit, err := ParseTime(*entry.CompromisedAt)
	if err != nil {
		return s, fmt.Errorf("compromisedAt: %w", err)
	}
	own, err := Tokens(data)
	if err != nil {
		return s, err
	}
	_, sig, _, err := OpenBundle(data)
	if err != nil {
		return s, err
	}
	for _, token := range slices.Concat(own, tokens) {
		t, err := CheckToken(token, sig, trust.TSARoots)
		if err == nil && stampFits(t, finished) == nil && t.before(limit) {
			return s, nil
		}
	}
	return s, fmt.Errorf("%w (%s)", ErrCompromised, *entry.CompromisedAt)
}

// signedBy checks that a key of the trust root signed the bundle, and that it is
// the one that the payload names.
func (b bundle) signedBy(trust TrustRoot, named SignerRef) error {
	hint := b.VerificationMaterial.PublicKey.Hint
	entry, ok := trust.find(hint)
	if !ok {
		return fmt.Errorf("it is signed by key %s, which the trust root does not name", hint)
	}
	k, err := entry.load()
	if err != nil {
		return err
	}
	if err := b.verify(k); err != nil {
		return err
	}
	if ref := (SignerRef{SPKISHA256: k.spki, Algorithm: k.algorithm}); named != ref {
		return fmt.Errorf("the payload names the signer %s (%s), it is signed by %s (%s)", named.SPKISHA256, named.Algorithm, ref.SPKISHA256, ref.Algorithm)
	}
	return nil
}
