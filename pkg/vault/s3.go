package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// DefaultRequestTimeout bounds one request of an S3 area, all of its body
// included, where S3Config gives no other bound.
const DefaultRequestTimeout = time.Minute

// S3Config says which place in which bucket, and as whom.
type S3Config struct {
	Bucket string
	// Prefix is empty or ends in "/". Names are relative to it.
	Prefix string
	// Endpoint is a URL; empty means AWS, whatever AWS_ENDPOINT_URL says.
	Endpoint string
	// Region may be empty where the environment or the profile names one; with
	// an Endpoint the default is us-east-1.
	Region    string
	PathStyle bool
	// Profile and CredentialsFile pick the identity. Either of them comes before
	// what the environment says; without them it is the SDK's standard chain.
	Profile, CredentialsFile string
	// Lock, if not nil, makes this the write-once vault: see Lock.
	Lock *Lock
	// RequestTimeout bounds one request, each retry anew; 0 means
	// DefaultRequestTimeout. Give the lease's ttl: no request of its holder
	// may outlast the lease.
	RequestTimeout time.Duration
}

// S3 is an Area under a prefix of a bucket whose server honours If-None-Match
// and If-Match on puts: Probe and ProbeVault find out.
type S3 struct {
	client         *s3.Client
	bucket, prefix string
	lock           *Lock
	now            func() time.Time // for retention dates only
}

var _ Area = (*S3)(nil)

// OpenS3 loads the configuration of the SDK. It makes no request to the bucket:
// a wrong name or right shows in Probe, ProbeVault and CheckWork.
func OpenS3(ctx context.Context, c S3Config) (*S3, error) {
	switch {
	case c.Bucket == "":
		return nil, errors.New("vault: no bucket given: set bucket under vault.s3 or vault.work.s3")
	case c.Prefix != "" && !strings.HasSuffix(c.Prefix, "/"):
		return nil, fmt.Errorf("vault: bucket %s: prefix %q must end in a slash", c.Bucket, c.Prefix)
	case c.RequestTimeout < 0:
		return nil, fmt.Errorf("vault: bucket %s: a negative request timeout", c.Bucket)
	}
	if err := c.Lock.check(); err != nil {
		return nil, fmt.Errorf("vault: bucket %s: %w", c.Bucket, err)
	}
	cfg, err := loadConfig(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("vault: bucket %s: loading the AWS settings: %w; check profile, credentials_file and the AWS_* variables", c.Bucket, err)
	}
	if cfg.Region == "" {
		if c.Endpoint == "" {
			return nil, fmt.Errorf("vault: bucket %s: no region given: set region, or AWS_REGION", c.Bucket)
		}
		cfg.Region = "us-east-1"
	}
	client := s3.NewFromConfig(cfg, func(o *s3.Options) {
		o.UsePathStyle = c.PathStyle
		// An endpoint from the environment must not redirect the evidence of a
		// vault that is configured as AWS.
		o.BaseEndpoint = nil
		if c.Endpoint != "" {
			o.BaseEndpoint = aws.String(c.Endpoint)
		}
		// Puts carry their SHA-256. A second checksum would only meet servers
		// that reject what they don't know.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
	})
	return &S3{client: client, bucket: c.Bucket, prefix: c.Prefix, lock: c.Lock, now: time.Now}, nil
}

func loadConfig(ctx context.Context, c S3Config) (aws.Config, error) {
	timeout := c.RequestTimeout
	if timeout == 0 {
		timeout = DefaultRequestTimeout
	}
	options := []func(*config.LoadOptions) error{
		config.WithLogger(logging.Nop{}), // a library doesn't write to stderr
		config.WithHTTPClient(awshttp.NewBuildableClient().WithTimeout(timeout)),
		config.WithRetryer(func() aws.Retryer {
			// S3's answer to two conditional writes at the same moment: one of
			// them has to ask again.
			return retry.AddWithErrorCodes(retry.NewStandard(), codeConditionalConflict)
		}),
	}
	if c.Region != "" {
		options = append(options, config.WithRegion(c.Region))
	}
	profile := c.Profile
	if c.CredentialsFile != "" {
		if _, err := os.Stat(c.CredentialsFile); err != nil { // the SDK would go on without it
			return aws.Config{}, err
		}
		options = append(options, config.WithSharedCredentialsFiles([]string{c.CredentialsFile}))
		if profile == "" {
			profile = "default" // named, or the environment's keys would win over the file's
		}
	}
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	return config.LoadDefaultConfig(ctx, options...)
}

// String names the place in messages.
func (s *S3) String() string { return "s3://" + s.bucket + "/" + s.prefix }

func (s *S3) key(name string) *string { return aws.String(s.prefix + name) }

// Get implements Area.
func (s *S3) Get(ctx context.Context, name string) ([]byte, error) {
	data, _, err := s.Read(ctx, name)
	return data, err
}

// Read implements Area. The tag is the ETag.
func (s *S3) Read(ctx context.Context, name string) ([]byte, string, error) {
	if err := checkName(name); err != nil {
		return nil, "", err
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &s.bucket, Key: s.key(name)})
	if isNotFound(err) {
		return nil, "", fmt.Errorf("vault: %s in %v: %w", name, s, ErrNotFound)
	}
	if err != nil {
		return nil, "", s.fail("reading", name, err)
	}
	data, err := io.ReadAll(out.Body)
	if err = errors.Join(err, out.Body.Close()); err != nil {
		return nil, "", s.fail("reading", name, err)
	}
	if out.ContentLength != nil && *out.ContentLength != int64(len(data)) {
		return nil, "", s.fail("reading", name, fmt.Errorf("%d bytes came of %d", len(data), *out.ContentLength))
	}
	tag := aws.ToString(out.ETag)
	if tag == "" {
		return nil, "", s.fail("reading", name, errors.New("the answer has no ETag"))
	}
	return data, tag, nil
}
