package evidence

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
)

// ProofFormat is the only `format` of a Proof.
const ProofFormat = "sweeper-proof-v1"

// Proof shows what one report says of one entry, and opens no other. It is one
// JSON document, in the form that the package comment gives, and holds all that
// is needed to check it but the trust root:
//
//	keyHmac   SHA-256("sweeper/entry/v1" 0x00 opening name): that of the line
//	partRoot  from the line (leaf: its exact bytes), lineIndex, lineCount and lineProof
//	rootHash  from partRoot (leaf: the 32 bytes), partIndex, manifest.partCount and
//	          partProof: that of the signed payload in bundle
//
// The proofs are those of RFC 6962, section 2.1.1: sibling hashes from the leaf
// up. A tree head does not commit to its size, so another lineCount may lead to
// the same root; nothing that a Claim says comes from it.
type Proof struct {
	Format string `json:"format"`
	// Bundle is the report's bundle as it is stored, without time stamps.
	Bundle json.RawMessage `json:"bundle"`
	// Name and Opening open the entry: see EntryName and TeamKey.Opening. The
	// name holds the key in the clear.
	Name    []byte `json:"name"`
	Opening []byte `json:"opening"`
	// Line is the manifest line's exact bytes, without a newline.
	Line      string   `json:"line"`
	LineIndex int64    `json:"lineIndex"` // in the part, from 0
	LineCount int64    `json:"lineCount"` // of the part
	LineProof []string `json:"lineProof"` // lower-case hex
	PartIndex int64    `json:"partIndex"` // in parts.jsonl, from 0
	PartProof []string `json:"partProof"` // lower-case hex
}

// Marshal returns the bytes of a proof file.
func (p Proof) Marshal() ([]byte, error) {
	p.LineProof, p.PartProof = filled(p.LineProof), filled(p.PartProof)
	b, err := encodeJSON(p)
	if err != nil {
		return nil, fmt.Errorf("encode proof: %w", err)
	}
	return b, nil
}

// ParseProof reads what Marshal writes for a proof whose fields are well formed,
// and nothing else. It does not judge what the proof says: see VerifyProof.
func ParseProof(data []byte) (Proof, error) {
	p, err := parseProof(data)
	if err != nil {
		return Proof{}, fmt.Errorf("not a proof: %w", err)
	}
	return p, nil
}

func parseProof(data []byte) (Proof, error) {
	var p Proof
	if len(data) > 3*maxDocument {
		return p, fmt.Errorf("larger than %d bytes", 3*maxDocument)
	}
	if err := decodeStrict(data, &p); err != nil {
		return p, err
	}
	again, err := p.Marshal()
	if err != nil {
		return p, err
	}
	if err := sameBytes(data, again); err != nil {
		return p, err
	}
	if err := p.form(); err != nil {
		return p, err
	}
	_, err = p.bundle()
	return p, err
}

// form checks each field by itself.
func (p Proof) form() error {
	switch {
	case p.Format != ProofFormat:
		return fmt.Errorf("format is %q, not %q", p.Format, ProofFormat)
	case len(p.Opening) != 32:
		return errors.New("opening is not 32 bytes")
	case p.LineCount < 1 || p.LineCount > MaxPartLines:
		return fmt.Errorf("lineCount is not from 1 to %d", MaxPartLines)
	case p.LineIndex < 0 || p.LineIndex >= p.LineCount:
		return errors.New("lineIndex is not below lineCount")
	case p.PartIndex < 0 || p.PartIndex > maxInteger:
		return errors.New("partIndex is out of range")
	}
	for _, list := range [][]string{p.LineProof, p.PartProof} {
		for _, h := range list {
			if len(list) > 64 || !isHex(h, 32) {
				return errors.New("lineProof or partProof is not a list of SHA-256 in lower-case hex")
			}
		}
	}
	_, err := splitName(p.Name)
	return err
}

// bundle reads the bundle, which carries nothing that is not checked.
func (p Proof) bundle() (bundle, error) {
	b, err := parseBundle(p.Bundle)
	if err == nil && b.VerificationMaterial.Tokens != nil {
		err = errors.New("bundle: holds time stamps, which a proof does not")
	}
	return b, err
}

// entryName is an EntryName taken apart.
type entryName struct{ kind, bucket, key, id string }

// splitName takes an EntryName apart. A key may hold a 0x00; kinds, buckets and
// ids do not.
func splitName(name []byte) (entryName, error) {
	bad := errors.New("name is not kind, bucket, key and id with a 0x00 in between")
	kind, rest, ok := bytes.Cut(name, []byte{0})
	if !ok {
		return entryName{}, bad
	}
	bucket, rest, ok := bytes.Cut(rest, []byte{0})
	last := bytes.LastIndexByte(rest, 0)
	if !ok || last < 1 || len(bucket) == 0 {
		return entryName{}, bad
	}
	return entryName{string(kind), string(bucket), string(rest[:last]), string(rest[last+1:])}, nil
}

// hashes decodes a proof's hashes.
func hashes(list []string) ([][]byte, error) {
	out := make([][]byte, len(list))
	for i, s := range list {
		h, err := hex.DecodeString(s)
		if err != nil {
			return nil, fmt.Errorf("hash %d of the proof: %w", i, err)
		}
		out[i] = h
	}
	return out, nil
}

func hexes(list [][]byte) []string {
	out := make([]string, len(list))
	for i, h := range list {
		out[i] = hex.EncodeToString(h)
	}
	return out
}
