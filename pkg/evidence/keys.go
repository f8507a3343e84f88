package evidence

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/sha256"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"io"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

// Algorithms of signing keys.
const (
	AlgorithmECDSA   = "ecdsa-p256-sha256"
	AlgorithmEd25519 = "ed25519"
)

// Signer signs statements: an ECDSA P-256 key is given a SHA-256 digest, an
// Ed25519 key the message itself (with opts crypto.Hash(0)). A key service
// implements it too; rand is nil and may be ignored.
type Signer = crypto.Signer

var errNotKey = errors.New("not a signing key: want one PEM block \"PRIVATE KEY\" (PKCS#8) with an ECDSA P-256 key; " +
	"`sweeper keygen` makes one")

// LoadSigner reads a PKCS#8 PEM file with an ECDSA P-256 (or Ed25519) key. The
// error never quotes the file.
func LoadSigner(pemBytes []byte) (Signer, error) {
	block, rest := pem.Decode(pemBytes)
	if block == nil || len(rest) > 0 {
		return nil, errNotKey
	}
	switch block.Type {
	case "PRIVATE KEY":
	default:
		return nil, errNotKey
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	if err != nil {
		return nil, errNotKey
	}
	s, ok := parsed.(crypto.Signer)
	if !ok {
		return nil, errNotKey
	}
	if _, err := newKey(s.Public()); err != nil {
		return nil, fmt.Errorf("load signing key: %w", err)
	}
	return s, nil
}

// ParsePublicKey reads a PEM block "PUBLIC KEY" (PKIX) with a key that
// LoadSigner would take.
func ParsePublicKey(pemBytes []byte) (crypto.PublicKey, error) {
	block, rest := pem.Decode(pemBytes)
	if block == nil || block.Type != "PUBLIC KEY" || len(rest) > 0 {
		return nil, errors.New("not a public key: want one PEM block \"PUBLIC KEY\"")
	}
	pub, err := x509.ParsePKIXPublicKey(block.Bytes)
	if err != nil {
		return nil, errors.New("not a public key: the PEM block does not hold one")
	}
	if _, err := newKey(pub); err != nil {
		return nil, err
	}
	return pub, nil
}

// MarshalPublicKey writes what ParsePublicKey reads.
func MarshalPublicKey(pub crypto.PublicKey) ([]byte, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return nil, fmt.Errorf("encode public key: %w", err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der}), nil
}

// GenerateKey makes an ECDSA P-256 key pair: PKCS#8 and PKIX, both PEM. The
// private half must go into a file that only its owner can read.
func GenerateKey(rand io.Reader) (privPEM, pubPEM []byte, err error) {
	priv, err := ecdsa.GenerateKey(elliptic.P256(), rand)
	if err != nil {
		return nil, nil, fmt.Errorf("make signing key: %w", err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		return nil, nil, fmt.Errorf("encode signing key: %w", err)
	}
	pubPEM, err = MarshalPublicKey(priv.Public())
	if err != nil {
		return nil, nil, err
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), pubPEM, nil
}

// SPKISHA256 is the lower-case hex SHA-256 of the key's SubjectPublicKeyInfo.
func SPKISHA256(pub crypto.PublicKey) (string, error) {
	der, err := x509.MarshalPKIXPublicKey(pub)
	if err != nil {
		return "", fmt.Errorf("encode public key: %w", err)
	}
	return SHA256Hex(der), nil
}

// Algorithm names the algorithm of a key, as signer.algorithm does.
func Algorithm(pub crypto.PublicKey) (string, error) {
	switch k := pub.(type) {
	case *ecdsa.PublicKey:
		if k.Curve == elliptic.P256() {
			return AlgorithmECDSA, nil
		}
		return "", fmt.Errorf("an ECDSA key on curve %s can't be used: want P-256", k.Curve.Params().Name)
	case ed25519.PublicKey:
		return AlgorithmEd25519, nil
	default:
		return "", fmt.Errorf("a %T can't be used: want an ECDSA P-256 key", pub)
	}
}

// SignerFor is what a predicate's signer field says of the key.
func SignerFor(pub crypto.PublicKey) (SignerRef, error) {
	k, err := newKey(pub)
	if err != nil {
		return SignerRef{}, err
	}
	return SignerRef{SPKISHA256: k.spki, Algorithm: k.algorithm}, nil
}

// key is a public key with its names. It is a dsse.Verifier.
type key struct {
	pub       crypto.PublicKey
	spki      string
	id        string // dsse.SHA256KeyID: any other non-empty keyid makes cosign refuse
	algorithm string
}

func newKey(pub crypto.PublicKey) (key, error) {
	alg, err := Algorithm(pub)
	if err != nil {
		return key{}, err
	}
	spki, err := SPKISHA256(pub)
	if err != nil {
		return key{}, err
	}
	id, err := dsse.SHA256KeyID(pub)
	if err != nil {
		return key{}, fmt.Errorf("name public key: %w", err)
	}
	return key{pub: pub, spki: spki, id: id, algorithm: alg}, nil
}

// sign signs a message. With a local ECDSA key the signature is deterministic
// (RFC 6979): sealing twice gives the same bytes.
func (k key) sign(s Signer, message []byte) ([]byte, error) {
	if k.algorithm == AlgorithmEd25519 {
		return s.Sign(nil, message, crypto.Hash(0))
	}
	digest := sha256.Sum256(message)
	return s.Sign(nil, digest[:], crypto.SHA256)
}

// Verify checks sig over message.
func (k key) Verify(_ context.Context, message, sig []byte) error {
	ok := false
	switch pub := k.pub.(type) {
	case *ecdsa.PublicKey:
		digest := sha256.Sum256(message)
		ok = ecdsa.VerifyASN1(pub, digest[:], sig)
	case ed25519.PublicKey:
		ok = ed25519.Verify(pub, message, sig)
	}
	if !ok {
		return errors.New("signature does not verify")
	}
	return nil
}

// KeyID is the OpenSSH fingerprint.
func (k key) KeyID() (string, error) { return k.id, nil }

// Public is the key itself.
func (k key) Public() crypto.PublicKey { return k.pub }
