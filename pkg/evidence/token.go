package evidence

import (
	"bytes"
	"crypto"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/digitorus/pkcs7"
	"github.com/digitorus/timestamp"
)

// MaxToken bounds a time stamp, in bytes. Real ones have 2,000 to 8,000.
const MaxToken = 64 << 10

// Token is what a time stamp says, once it was checked.
type Token struct {
	// Time is the authority's genTime, in UTC.
	Time time.Time
	// Accuracy is how far Time may be off, as the authority says; often zero.
	Accuracy time.Duration
}

// before reports whether the stamped bytes existed before the instant for sure.
func (t Token) before(instant time.Time) bool { return t.Time.Add(t.Accuracy).Before(instant) }

// CheckToken checks an RFC 3161 time stamp over sig, a report's raw signature.
// The token is a whole TimeStampResp in DER, as report.tsr and the bundle hold
// it and `openssl ts -verify -in` reads it. Its imprint must be sig's (SHA-256,
// 384 or 512), and the certificate that signed it must be for time stamps alone
// and lead to one of the roots (PEM, as tsaRoots), all valid at the token's own
// time. The certificates between must be in the token or among the roots.
func CheckToken(token, sig []byte, roots []string) (Token, error) {
	pool, err := tsaPool(roots)
	if err != nil {
		return Token{}, err
	}
	if len(roots) == 0 {
		return Token{}, errors.New("the trust root names no time stamp authority (tsaRoots)")
	}
	if len(token) > MaxToken {
		return Token{}, fmt.Errorf("it is larger than %d bytes", MaxToken)
	}
	if err := checkDER(token, maxDERDepth); err != nil {
		return Token{}, err
	}
	ts, err := timestamp.ParseResponse(token)
	if err != nil {
		return Token{}, fmt.Errorf("it is not a granted time stamp in DER: %w", err)
	}
	if err := imprintOf(ts, sig); err != nil {
		return Token{}, err
	}
	p7, err := pkcs7.Parse(ts.RawToken)
	if err != nil {
		return Token{}, fmt.Errorf("its signature can't be read: %w", err)
	}
	at := ts.Time.UTC()
	if err := stampedBy(p7, pool, at); err != nil {
		return Token{}, err
	}
	return Token{Time: at, Accuracy: ts.Accuracy}, nil
}

// imprintOf demands that the token is over these bytes.
func imprintOf(ts *timestamp.Timestamp, sig []byte) error {
	var sum []byte
	switch ts.HashAlgorithm {
	case crypto.SHA256:
		s := sha256.Sum256(sig)
		sum = s[:]
	case crypto.SHA384:
		s := sha512.Sum384(sig)
		sum = s[:]
	case crypto.SHA512:
		s := sha512.Sum512(sig)
		sum = s[:]
	default:
		return fmt.Errorf("its imprint is by %v: want SHA-256, SHA-384 or SHA-512", ts.HashAlgorithm)
	}
	if !bytes.Equal(ts.HashedMessage, sum) {
		return errors.New("it is not over this report's signature")
	}
	return nil
}

// Object identifiers of what a time stamp's signature must cover.
var (
	oidTSTInfo            = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 1, 4}
	oidSigningCertificate = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 12}
	oidSigningCertV2      = asn1.ObjectIdentifier{1, 2, 840, 113549, 1, 9, 16, 2, 47}
	oidExtKeyUsage        = asn1.ObjectIdentifier{2, 5, 29, 37}
)

// stampedBy demands one signature, by a time stamp authority of the pool. The
// library checks the signature and its chain; what RFC 3161 demands beyond is
// checked here.
func stampedBy(p7 *pkcs7.PKCS7, pool *x509.CertPool, at time.Time) error {
	leaf := p7.GetOnlySigner()
	if leaf == nil {
		return errors.New("it does not hold exactly one signature and the certificate to it (ask the authority for certificates)")
	}
	between := x509.NewCertPool()
	for _, c := range p7.Certificates {
		between.AddCert(c)
	}
	err := p7.VerifyWithOpts(x509.VerifyOptions{Roots: pool, Intermediates: between, CurrentTime: at,
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping}})
	if err != nil {
		return fmt.Errorf("its authority does not lead to one of the trust root's tsaRoots: %w", err)
	}
	if !forTimeStampsAlone(leaf) {
		return errors.New("its certificate is not one for time stamps alone (a critical extendedKeyUsage timeStamping)")
	}
	var kind asn1.ObjectIdentifier
	if err := p7.UnmarshalSignedAttribute(pkcs7.OIDAttributeContentType, &kind); err != nil || !kind.Equal(oidTSTInfo) {
		return errors.New("what is signed is not said to be a time stamp")
	}
	if !namesCertificate(p7, leaf) {
		return errors.New("its signature does not name the certificate that it was made with (signingCertificate)")
	}
	return nil
}

func forTimeStampsAlone(c *x509.Certificate) bool {
	critical := slices.ContainsFunc(c.Extensions, func(e pkix.Extension) bool { return e.Id.Equal(oidExtKeyUsage) && e.Critical })
	return critical && len(c.UnknownExtKeyUsage) == 0 &&
		slices.Equal(c.ExtKeyUsage, []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping})
}

// essCert is ESSCertID (RFC 2634) or ESSCertIDv2 (RFC 5035): the digest of the
// signing certificate. Its issuer and serial number need no look: the digest is
// over them too.
type essCert struct {
	Algorithm pkix.AlgorithmIdentifier `asn1:"optional"`
	Hash      []byte
	Issuer    asn1.RawValue `asn1:"optional"`
}

type signingCertificate struct {
	Certs    []asn1.RawValue
	Policies asn1.RawValue `asn1:"optional"`
}

// namesCertificate reports whether the signed attributes name the certificate,
// by RFC 5816 or in its older form, which has SHA-1: it only points at a
// certificate that its own chain vouches for.
func namesCertificate(p7 *pkcs7.PKCS7, leaf *x509.Certificate) bool {
	first := func(oid asn1.ObjectIdentifier) (essCert, bool) {
		var all signingCertificate
		var c essCert
		if p7.UnmarshalSignedAttribute(oid, &all) != nil || len(all.Certs) == 0 {
			return c, false
		}
		_, err := asn1.Unmarshal(all.Certs[0].FullBytes, &c)
		return c, err == nil
	}
	if c, ok := first(oidSigningCertV2); ok {
		return slices.ContainsFunc(digests(leaf.Raw), func(sum []byte) bool { return bytes.Equal(sum, c.Hash) })
	}
	c, ok := first(oidSigningCertificate)
	sum := sha1.Sum(leaf.Raw)
	return ok && bytes.Equal(sum[:], c.Hash)
}

// digests are those that ESSCertIDv2 may hold. Their lengths tell them apart.
func digests(data []byte) [][]byte {
	a, b, c := sha256.Sum256(data), sha512.Sum384(data), sha512.Sum512(data)
	return [][]byte{a[:], b[:], c[:]}
}

// tsaPool reads tsaRoots: one PEM certificate each, as encoding/pem and openssl
// write it, and nothing around it.
func tsaPool(roots []string) (*x509.CertPool, error) {
	pool := x509.NewCertPool()
	for i, text := range roots {
		block, _ := pem.Decode([]byte(text))
		if block == nil || block.Type != "CERTIFICATE" || string(pem.EncodeToMemory(block)) != text {
			return nil, fmt.Errorf("tsaRoots[%d] is not one PEM certificate", i)
		}
		c, err := x509.ParseCertificate(block.Bytes)
		if err != nil {
			return nil, fmt.Errorf("tsaRoots[%d] is not a certificate that can be read", i)
		}
		pool.AddCert(c)
	}
	return pool, nil
}
