package evidence

import "fmt"

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
