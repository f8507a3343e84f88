package evidence

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// PayloadType of every envelope here, and the media type of every bundle.
const (
	PayloadType     = "application/vnd.in-toto+json"
	BundleMediaType = "application/vnd.dev.sigstore.bundle.v0.3+json"
)

// bundle is the protobuf JSON form of a Sigstore bundle v0.3, as far as it is
// used here: a public key's hint, RFC 3161 tokens, one DSSE envelope.
type bundle struct {
	MediaType            string       `json:"mediaType"`
	VerificationMaterial material     `json:"verificationMaterial"`
	DSSEEnvelope         dsseEnvelope `json:"dsseEnvelope"`
}

type material struct {
	PublicKey keyHint     `json:"publicKey"`
	Tokens    *timestamps `json:"timestampVerificationData,omitempty"`
}

type keyHint struct {
	Hint string `json:"hint"`
}

type timestamps struct {
	RFC3161 []timestampToken `json:"rfc3161Timestamps"`
}

type timestampToken struct {
	SignedTimestamp []byte `json:"signedTimestamp"`
}

type dsseEnvelope struct {
	Payload     []byte          `json:"payload"`
	PayloadType string          `json:"payloadType"`
	Signatures  []dsseSignature `json:"signatures"`
}

type dsseSignature struct {
	Sig   []byte `json:"sig"`
	KeyID string `json:"keyid"`
}

// SealBundle signs payload and returns the bundle to be stored. It verifies its
// own signature first: a key service that signs something else is found out
// here, not by an auditor.
func SealBundle(payload []byte, s Signer) ([]byte, error) {
	k, err := newKey(s.Public())
	if err != nil {
		return nil, fmt.Errorf("seal report: %w", err)
	}
	sig, err := k.sign(s, dsse.PAE(PayloadType, payload))
	if err != nil {
		return nil, fmt.Errorf("seal report: sign: %w", err)
	}
	b := bundle{
		MediaType:            BundleMediaType,
		VerificationMaterial: material{PublicKey: keyHint{Hint: k.spki}},
		DSSEEnvelope: dsseEnvelope{
			Payload:     payload,
			PayloadType: PayloadType,
			Signatures:  []dsseSignature{{Sig: sig, KeyID: k.id}},
		},
	}
	data, err := encodeJSON(b)
	if err != nil {
		return nil, fmt.Errorf("seal report: %w", err)
	}
	parsed, err := parseBundle(data)
	if err != nil {
		return nil, fmt.Errorf("seal report: own bundle: %w", err)
	}
	if err := parsed.verify(k); err != nil {
		return nil, fmt.Errorf("seal report: the key's own signature does not verify, nothing was sealed: %w", err)
	}
	return data, nil
}

// OpenBundle takes a bundle apart without checking its signature: payload, raw
// signature and the hint (hex SPKI SHA-256) of the key that is said to have
// made it. It refuses whatever SealBundle would not have written to the byte.
func OpenBundle(data []byte) (payload, sig []byte, hint string, err error) {
	b, err := parseBundle(data)
	if err != nil {
		return nil, nil, "", err
	}
	return b.DSSEEnvelope.Payload, b.DSSEEnvelope.Signatures[0].Sig, b.VerificationMaterial.PublicKey.Hint, nil
}

func parseBundle(data []byte) (bundle, error) {
	var b bundle
	if len(data) > 2*maxDocument {
		return b, fmt.Errorf("bundle: larger than %d bytes", 2*maxDocument)
	}
	if err := decodeStrict(data, &b); err != nil {
		return b, fmt.Errorf("bundle: %w", err)
	}
	again, err := encodeJSON(b)
	if err != nil {
		return b, fmt.Errorf("bundle: %w", err)
	}
	if err := sameBytes(data, again); err != nil {
		return b, fmt.Errorf("bundle: %w", err)
	}
	env := b.DSSEEnvelope
	switch {
	case b.MediaType != BundleMediaType:
		err = fmt.Errorf("mediaType is %q, not %q", b.MediaType, BundleMediaType)
	case env.PayloadType != PayloadType:
		err = fmt.Errorf("payloadType is %q, not %q", env.PayloadType, PayloadType)
	case len(env.Signatures) != 1:
		err = fmt.Errorf("holds %d signatures, not one", len(env.Signatures))
	case len(env.Payload) == 0 || len(env.Signatures[0].Sig) == 0:
		err = errors.New("holds no payload or no signature")
	case !isHex(b.VerificationMaterial.PublicKey.Hint, 32):
		err = errors.New("publicKey.hint is not a SHA-256 in lower-case hex")
	case b.VerificationMaterial.Tokens != nil && len(b.VerificationMaterial.Tokens.RFC3161) == 0:
		err = errors.New("timestampVerificationData holds no token")
	}
	if err != nil {
		return b, fmt.Errorf("bundle: %w", err)
	}
	return b, nil
}

// verify checks that k made the one signature of b, and that b names k.
func (b bundle) verify(k key) error {
	sig := b.DSSEEnvelope.Signatures[0]
	if b.VerificationMaterial.PublicKey.Hint != k.spki {
		return fmt.Errorf("publicKey.hint names key %s, not %s", b.VerificationMaterial.PublicKey.Hint, k.spki)
	}
	if sig.KeyID != k.id {
		return fmt.Errorf("keyid is %q, that of the key is %q", sig.KeyID, k.id)
	}
	v, err := dsse.NewEnvelopeVerifier(k)
	if err != nil {
		return err
	}
	body, err := b.envelope(v)
	if err != nil {
		return errors.New("the signature is not this key's signature over this payload")
	}
	if !bytes.Equal(body, b.DSSEEnvelope.Payload) {
		return errors.New("the signed payload is not the stored one")
	}
	return nil
}

func (b bundle) envelope(v *dsse.EnvelopeVerifier) ([]byte, error) {
	sig := b.DSSEEnvelope.Signatures[0]
	e := &dsse.Envelope{
		PayloadType: b.DSSEEnvelope.PayloadType,
		Payload:     base64.StdEncoding.EncodeToString(b.DSSEEnvelope.Payload),
		Signatures:  []dsse.Signature{{KeyID: sig.KeyID, Sig: base64.StdEncoding.EncodeToString(sig.Sig)}},
	}
	// The verifier is pure computation: nothing to cancel.
	_, body, err := v.VerifyAndDecode(context.Background(), e)
	return body, err
}
