// Package bucket is the hand on what is under retention: it asks a bucket what
// state it is in, lists what it holds (current objects, noncurrent versions,
// delete markers, incomplete uploads), and deletes what it is told to delete.
// Each S3 vendor's quirks live here (quirks.go), and so does the S3 SDK.
//
// It never decides: not what is old, not whether to delete again. A listing that
// could have missed something is an error and never an end, and a deletion is
// called Deleted only when the server said so of that very entry. It never
// sends a delete for a key outside the store's prefix, never lets the SDK send
// a delete or an abort twice, never bypasses a lock, never logs, and never puts
// an object's key into an error.
package bucket

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awshttp "github.com/aws/aws-sdk-go-v2/aws/transport/http"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go/logging"
)

// requestTimeout bounds one HTTP request, its answer's body included. It stays
// under the default lease TTL (60 s), which no request may outlast: a worker
// that lost its lease must not have a delete in flight for long.
const requestTimeout = 50 * time.Second

// Config says how to reach a store and how to treat it.
type Config struct {
	Name   string // the store's name, for errors
	Bucket string
	Prefix string // "" or ends in "/"; nothing outside it is listed or deleted

	Endpoint  string // URL; "" means AWS, whatever AWS_ENDPOINT_URL says
	Region    string // "" means the SDK's own sources, then us-east-1 for an Endpoint
	PathStyle bool

	// Profile and CredentialsFile choose the identity. With either set, keys in
	// the environment are not looked at: the identity named is the one used.
	Profile, CredentialsFile string

	Versioning string // "auto" (also ""), or "never": answers for a server that can't say
	Checksum   string // of DeleteObjects: "auto" (also ""), "crc32", "md5"

	// ListDecoder reads the answers to listings and DeleteObjects: "fast" (also ""),
	// or "sdk", which takes the same answers, checks them less and needs many times
	// the CPU.
	ListDecoder string

	Slots Slots // bound the requests in flight; stores may share them. nil: no bound

	// Patience is how long at most a listing puts up with a server that is busy or
	// away: what fails later than that after the first failure isn't tried again, and
	// neither is what has failed thirty times. 0: a minute.
	Patience time.Duration

	// OverwriteGuard "etag" makes the deletes of rewritable entries conditional;
	// anything else leaves the guarding to the caller.
	OverwriteGuard string
}

// Bucket is one store. It is safe for concurrent use, and remembers what it
// found out about its server.
type Bucket struct {
	cfg     Config
	client  *s3.Client
	patient patient // retries listings
	learned learned
	seen    seen
	proving chan struct{} // held by the one Delete that finds out about `null`
	unasked atomic.Int64
}

// Open loads the configuration of the SDK's standard chain and returns the
// store. It makes no request: a wrong key or a missing bucket shows in Inspect.
func Open(ctx context.Context, cfg Config) (*Bucket, error) {
	doing := fmt.Sprintf("store %q: opening bucket %q", cfg.Name, cfg.Bucket)
	if cfg.Bucket == "" {
		return nil, fmt.Errorf("%s: no bucket is named: set the store's `bucket`", doing)
	}
	switch cfg.Checksum {
	case "", checksumAuto, checksumCRC32, checksumMD5:
	default:
		return nil, fmt.Errorf("%s: checksum %q is not known: use auto, crc32 or md5", doing, cfg.Checksum)
	}
	switch cfg.ListDecoder {
	case "", decoderFast, decoderSDK:
	default:
		return nil, fmt.Errorf("%s: list decoder %q is not known: use fast or sdk", doing, cfg.ListDecoder)
	}
	loaded, err := loadConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", doing, err)
	}
	client := s3.NewFromConfig(loaded, func(o *s3.Options) {
		o.UsePathStyle = cfg.PathStyle
		// An endpoint from the environment must not redirect the deletes of a
		// store that is configured as AWS.
		o.BaseEndpoint = nil
		if cfg.Endpoint != "" {
			o.BaseEndpoint = aws.String(cfg.Endpoint)
		}
		if cfg.Slots != nil {
			o.HTTPClient = slotted{next: loaded.HTTPClient, slots: cfg.Slots} // requests for credentials take none
		}
		o.HTTPClient = breakable{o.HTTPClient}
		// Checksums only where the API demands them: many servers reject the rest.
		o.RequestChecksumCalculation = aws.RequestChecksumCalculationWhenRequired
		o.ResponseChecksumValidation = aws.ResponseChecksumValidationWhenRequired
		o.APIOptions = append(o.APIOptions, checkAnswers, hideWriterTo, newListDecoder(cfg.ListDecoder).install)
	})
	return &Bucket{cfg: cfg, client: client, patient: newPatient(cfg.Patience), proving: make(chan struct{}, 1)}, nil
}

// Unasked returns how many answers about keys that were never asked for came
// back from deletes since it was last called. They are ignored; more than none
// means that the server, or something in front of it, mixes up answers.
func (b *Bucket) Unasked() int64 { return b.unasked.Swap(0) }

// loadConfig reads the SDK's standard chain, narrowed to the identity that the
// store names.
func loadConfig(ctx context.Context, cfg Config) (aws.Config, error) {
	client := awshttp.NewBuildableClient().
		WithTimeout(requestTimeout).
		WithTransportOptions(func(t *http.Transport) {
			t.MaxIdleConnsPerHost = 64
			// Pages and batches have hundreds of kilobytes: 4 at a time are many system calls.
			t.ReadBufferSize, t.WriteBufferSize = 64<<10, 64<<10
		})
	options := []func(*config.LoadOptions) error{
		config.WithHTTPClient(client),
		config.WithLogger(logging.Nop{}), // a library doesn't write to stderr
	}
	if cfg.Region != "" {
		options = append(options, config.WithRegion(cfg.Region))
	}
	profile := cfg.Profile
	if cfg.CredentialsFile != "" {
		// The SDK ignores a file that isn't there and would go on to another identity.
		file, err := os.Open(cfg.CredentialsFile)
		if err != nil {
			return aws.Config{}, fmt.Errorf("reading credentials_file: %w", err)
		}
		_ = file.Close() // opened for reading only
		if profile == "" {
			profile = "default"
		}
		options = append(options,
			config.WithSharedCredentialsFiles([]string{cfg.CredentialsFile}),
			config.WithSharedConfigFiles([]string{}))
	}
	if profile != "" {
		options = append(options, config.WithSharedConfigProfile(profile))
	}
	loaded, err := config.LoadDefaultConfig(ctx, options...)
	if missing := (config.SharedConfigProfileNotExistError{}); errors.As(err, &missing) {
		return aws.Config{}, fmt.Errorf("profile %q is in no credentials file: check the store's `profile` and `credentials_file`", profile)
	}
	if err != nil {
		return aws.Config{}, fmt.Errorf("loading the AWS configuration: %w", err)
	}
	if loaded.Region == "" && cfg.Endpoint != "" {
		loaded.Region = "us-east-1" // what servers other than AWS expect
	}
	if loaded.Region == "" {
		return aws.Config{}, errors.New("no region is known: set the store's `region` or AWS_REGION")
	}
	return loaded, nil
}
