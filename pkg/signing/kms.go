package signing

import (
	"context"
	"crypto"
	"crypto/ecdsa"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/arn"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/kms"
	"github.com/aws/aws-sdk-go-v2/service/kms/types"
	"github.com/aws/smithy-go/logging"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// kmsTimeout bounds one request to KMS; the SDK makes up to three.
const kmsTimeout = 20 * time.Second

// KMSScheme begins the name of a key of AWS KMS: awskms:///ARN.
const KMSScheme = "awskms:///"

// ParseKMS returns the ARN in awskms:///ARN, and its region. It must be a key's,
// not an alias's: an alias may be moved to another key, which no trust root names.
func ParseKMS(url string) (keyARN, region string, err error) {
	text, is := strings.CutPrefix(url, KMSScheme)
	a, err := arn.Parse(text)
	if !is || err != nil || a.Service != "kms" || a.Region == "" || !strings.HasPrefix(a.Resource, "key/") {
		return "", "", fmt.Errorf("%q is not a key of AWS KMS: want %sarn:aws:kms:REGION:ACCOUNT:key/ID", url, KMSScheme)
	}
	return text, a.Region, nil
}

// kmsSigner signs with an ECDSA P-256 key that never leaves KMS.
type kmsSigner struct {
	client *kms.Client
	key    string
	public *ecdsa.PublicKey
	ctx    context.Context
}

// OpenKMS asks KMS for the public half of a key (awskms:///ARN) and returns a
// signer. The identity is that of the SDK's standard chain; it needs
// kms:GetPublicKey and kms:Sign on this key. AWS_ENDPOINT_URL_KMS is honoured. For
// a key that the trust root names, a false service can give no signature that
// counts. A new key (`sweeper keys rotate --new-key`) is whatever the service says
// that it is, and the next trust root names it: there the service must be the
// right one. The signer outlives ctx: a run that is told to stop still signs its
// report.
func OpenKMS(ctx context.Context, url string) (evidence.Signer, error) {
	key, region, err := ParseKMS(url)
	if err != nil {
		return nil, err
	}
	cfg, err := config.LoadDefaultConfig(ctx, config.WithRegion(region), config.WithLogger(logging.Nop{}),
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(kmsTimeout)))
	if err != nil {
		return nil, fmt.Errorf("AWS KMS: loading the AWS settings: %w; check the AWS_* variables", err)
	}
	client := kms.NewFromConfig(cfg)
	out, err := client.GetPublicKey(ctx, &kms.GetPublicKeyInput{KeyId: aws.String(key)})
	if err != nil {
		return nil, fmt.Errorf("AWS KMS: GetPublicKey of %s: %w; the identity needs kms:GetPublicKey and kms:Sign on it", key, err)
	}
	if out.KeyUsage != types.KeyUsageTypeSignVerify || out.KeySpec != types.KeySpecEccNistP256 {
		return nil, fmt.Errorf("AWS KMS: key %s is %s for %s: want ECC_NIST_P256 for SIGN_VERIFY", key, out.KeySpec, out.KeyUsage)
	}
	pub, err := x509.ParsePKIXPublicKey(out.PublicKey)
	if err != nil {
		return nil, fmt.Errorf("AWS KMS: key %s: its public key can't be read: %w", key, err)
	}
	public, ok := pub.(*ecdsa.PublicKey)
	if !ok {
		return nil, fmt.Errorf("AWS KMS: key %s: its public key is a %T", key, pub)
	}
	if _, err := evidence.Algorithm(public); err != nil {
		return nil, fmt.Errorf("AWS KMS: key %s: %w", key, err)
	}
	return &kmsSigner{client: client, key: key, public: public, ctx: context.WithoutCancel(ctx)}, nil
}

// Public is the key's public half, as KMS gave it when the signer was opened.
func (s *kmsSigner) Public() crypto.PublicKey { return s.public }

// Sign has a SHA-256 digest signed. Two signatures of one digest differ.
func (s *kmsSigner) Sign(_ io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	if opts.HashFunc() != crypto.SHA256 || len(digest) != crypto.SHA256.Size() {
		return nil, errors.New("AWS KMS: only a SHA-256 digest is signed")
	}
	out, err := s.client.Sign(s.ctx, &kms.SignInput{KeyId: aws.String(s.key), Message: digest,
		MessageType: types.MessageTypeDigest, SigningAlgorithm: types.SigningAlgorithmSpecEcdsaSha256})
	if err != nil {
		return nil, fmt.Errorf("AWS KMS: Sign with %s: %w", s.key, err)
	}
	if !ecdsa.VerifyASN1(s.public, digest, out.Signature) {
		return nil, fmt.Errorf("AWS KMS: key %s: its signature does not verify with its own public key, and is not used", s.key)
	}
	return out.Signature, nil
}
