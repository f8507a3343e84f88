package evidence

import (
	"encoding/hex"
	"errors"
	"fmt"
)

// VerifyProof checks a proof against the trust root, offline, and returns what
// it proves. It trusts no key but the trust root's, and reads no clock. The error
// says what does not hold, and never the entry's key.
//
// One report alone says nothing of the chain: that no other report was removed
// or rewritten is for Verify to find.
func VerifyProof(p Proof, trust TrustRoot) (Claim, error) {
	if err := trust.validate(); err != nil {
		return Claim{}, err
	}
	if err := p.form(); err != nil {
		return Claim{}, fmt.Errorf("proof: %w", err)
	}
	b, err := p.bundle()
	if err != nil {
		return Claim{}, fmt.Errorf("proof: %w", err)
	}
	s, err := signedStatement(b, trust)
	if err != nil {
		return Claim{}, fmt.Errorf("proof: the report does not hold: %w", err)
	}
	l, err := p.opened()
	if err != nil {
		return Claim{}, fmt.Errorf("proof: %w", err)
	}
	if err := p.included(s.Predicate.Manifest); err != nil {
		return Claim{}, fmt.Errorf("proof: %w", err)
	}
	name, err := splitName(p.Name)
	if err != nil {
		return Claim{}, fmt.Errorf("proof: %w", err)
	}
	if err := fits(s.Predicate, name, l); err != nil {
		return Claim{}, fmt.Errorf("proof: %w", err)
	}
	return newClaim(s.Predicate, SHA256Hex(b.DSSEEnvelope.Payload), name, l), nil
}

// signedStatement returns the statement that a key of the trust root signed in
// its window, for the trust root's vault.
func signedStatement(b bundle, trust TrustRoot) (Statement, error) {
	s, err := ParseStatement(b.DSSEEnvelope.Payload)
	if err != nil {
		return s, err
	}
	p := s.Predicate
	if err := b.signedBy(trust, p.Signer); err != nil {
		return s, err
	}
	if p.Chain.VaultID != trust.VaultID {
		return s, fmt.Errorf("chain.vaultId is %q, that of the trust root is %q", p.Chain.VaultID, trust.VaultID)
	}
	if findings := ValidatePredicate(p); len(findings) > 0 {
		return s, fmt.Errorf("it contradicts itself: %s", findings[0])
	}
	key, ok := trust.find(p.Signer.SPKISHA256)
	if !ok {
		return s, errors.New("the trust root does not name its signer")
	}
	return s, key.counts(p.Run.FinishedAt)
}

// counts demands that the key's signature counts for a report that was finished
// then. Nothing in a proof vouches for a report of a compromised key.
func (k TrustKey) counts(finishedAt string) error {
	finished, err := ParseTime(finishedAt)
	if err != nil {
		return fmt.Errorf("run.finishedAt: %w", err)
	}
	from, err := ParseTime(k.NotBefore)
	if err != nil {
		return fmt.Errorf("notBefore: %w", err)
	}
	if finished.Before(from) {
		return fmt.Errorf("run.finishedAt %s is before the key's notBefore %s", finishedAt, k.NotBefore)
	}
	if k.NotAfter != nil {
		if to, err := ParseTime(*k.NotAfter); err != nil || finished.After(to) {
			return fmt.Errorf("run.finishedAt %s is after the key's notAfter %s", finishedAt, *k.NotAfter)
		}
	}
	if k.CompromisedAt != nil {
		return fmt.Errorf("the key was compromised at %s, and a proof can't show that the report is older: verify the vault with a head from before then",
			*k.CompromisedAt)
	}
	return nil
}

// opened reads the line and demands that name and opening open it.
func (p Proof) opened() (Line, error) {
	l, err := ParseLine([]byte(p.Line))
	if err != nil {
		return Line{}, err
	}
	if OpenEntry(p.Name, [32]byte(p.Opening)) != l.KeyHMAC {
		return Line{}, errors.New("name and opening do not give the line's keyHmac: the line is about another entry")
	}
	return l, nil
}

// included demands that the line is in its part and the part in the signed root.
func (p Proof) included(m Manifest) error {
	switch {
	case m.Format != ManifestFormat || m.TreeAlg != TreeAlg:
		return fmt.Errorf("the manifest is %q with the tree %q, which this program does not read", m.Format, m.TreeAlg)
	case p.PartIndex >= m.PartCount:
		return fmt.Errorf("partIndex is %d, and the report has %d parts", p.PartIndex, m.PartCount)
	case p.LineCount > m.RecordCount-(m.PartCount-1) || m.PartCount == 1 && p.LineCount != m.RecordCount:
		return fmt.Errorf("lineCount is %d, and the report has %d lines in %d parts", p.LineCount, m.RecordCount, m.PartCount)
	}
	partRoot, err := rootOf([]byte(p.Line), p.LineIndex, p.LineCount, p.LineProof)
	if err != nil {
		return fmt.Errorf("lineProof: %w", err)
	}
	root, err := rootOf(partRoot, p.PartIndex, m.PartCount, p.PartProof)
	if err != nil {
		return fmt.Errorf("partProof: %w", err)
	}
	if hex.EncodeToString(root) != m.RootHash {
		return errors.New("the line is not in the report: its proof leads to another root than the signed one")
	}
	return nil
}

// fits demands that line, name and report are about the same thing.
func fits(p Predicate, name entryName, l Line) error {
	switch {
	case l.Store >= len(p.Stores):
		return fmt.Errorf("the line is of store %d, which is not in stores[]", l.Store)
	case p.Stores[l.Store].Bucket != name.bucket:
		return fmt.Errorf("the name is of bucket %q, the line of store %s in bucket %q", name.bucket, p.Stores[l.Store].Name, p.Stores[l.Store].Bucket)
	case l.Kind != name.kind:
		return fmt.Errorf("the name is of kind %q, the line of kind %q", name.kind, l.Kind)
	case l.Size != nil && (l.Key != name.key || p.Identifiers.Scheme != SchemeClear):
		return errors.New("the line has another key in the clear, or may not have one")
	}
	if n := outcomesOf(p, l); n < 1 {
		return fmt.Errorf("the line says %s, and the report has no such outcome in store %s", l.Outcome, p.Stores[l.Store].Name)
	}
	if l.Private() {
		return nil
	}
	if cutoff, err := ParseTime(p.Policy.Cutoff); err == nil && l.Why == WhyAge && l.Created > HourUp(cutoff) {
		return fmt.Errorf("the line's created %s is later than the cutoff %s", l.Created, p.Policy.Cutoff)
	}
	started, err := ParseTime(p.Run.StartedAt)
	if err != nil {
		return fmt.Errorf("run.startedAt: %w", err)
	}
	finished, err := ParseTime(p.Run.FinishedAt)
	if err != nil {
		return fmt.Errorf("run.finishedAt: %w", err)
	}
	// Whole hours in RFC 3339 and UTC sort as text.
	if l.At < HourDown(started) || l.At > HourDown(finished) {
		return fmt.Errorf("the line's at %s is outside the run, %s to %s", l.At, p.Run.StartedAt, p.Run.FinishedAt)
	}
	return nil
}

// outcomesOf is how many lines of the line's outcome its store has, by the report.
func outcomesOf(p Predicate, l Line) int64 {
	if l.Store >= len(p.Outcomes) {
		return 0
	}
	return *p.Outcomes[l.Store].of(l.Outcome)
}
