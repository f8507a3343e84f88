// Package buckettest holds what tests need to put a real S3 API in front of
// code: an embedded server with entries of any age, a proxy that makes a server
// lie, and one conformance suite for every server.
//
// Nothing in it is for use outside tests.
package buckettest

import (
	"bytes"
	"net/http/httptest"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/config"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
)

// Credentials points the AWS SDK of this test at the static keys "test" and
// "testtest", and away from the machine's own configuration and metadata
// service. It can't be used in a parallel test.
func Credentials(t testing.TB) {
	t.Helper()
	nowhere := filepath.Join(t.TempDir(), "none")
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtest", "AWS_SESSION_TOKEN": "",
		"AWS_PROFILE": "", "AWS_REGION": "us-east-1", "AWS_EC2_METADATA_DISABLED": "true",
		"AWS_CONFIG_FILE": nowhere, "AWS_SHARED_CREDENTIALS_FILE": nowhere,
	} {
		t.Setenv(name, value)
	}
}

// Server is an S3 server in this process: gofakes3 in memory, over real HTTP.
// It holds current objects; of versions it knows little, of locks nothing. A
// delete of the version "null" is acknowledged and does nothing.
type Server struct {
	// URL is the endpoint; path style only.
	URL string

	t       testing.TB
	backend *s3mem.Backend
	clock   *clock
}

// Embedded starts a server that ends with the test, and sets Credentials.
func Embedded(t testing.TB) *Server {
	t.Helper()
	Credentials(t)
	c := new(clock)
	backend := s3mem.New(s3mem.WithTimeSource(c))
	// Entries are seeded with old dates, so that clocks must be allowed to differ.
	fake := gofakes3.New(backend, gofakes3.WithTimeSource(c), gofakes3.WithTimeSkewLimit(0))
	server := httptest.NewServer(fake.Server())
	t.Cleanup(server.Close)
	return &Server{URL: server.URL, t: t, backend: backend, clock: c}
}

// CreateBucket makes a bucket that never had versioning.
func (s *Server) CreateBucket(name string) {
	s.t.Helper()
	if err := s.backend.CreateBucket(name); err != nil {
		s.t.Fatalf("creating bucket %q: %v", name, err)
	}
}

// SetVersioning switches versioning on, or (once it was on) to suspended.
func (s *Server) SetVersioning(name string, on bool) {
	s.t.Helper()
	status := gofakes3.VersioningSuspended
	if on {
		status = gofakes3.VersioningEnabled
	}
	if err := s.backend.SetVersioningConfiguration(name, gofakes3.VersioningConfiguration{Status: status}); err != nil {
		s.t.Fatalf("setting the versioning of bucket %q: %v", name, err)
	}
}

// Put stores an object that was last modified at the given time. Any key goes,
// also one that no request could name.
func (s *Server) Put(name, key string, body []byte, modified time.Time) {
	s.t.Helper()
	s.clock.at(modified, func() {
		_, err := s.backend.PutObject(name, key, map[string]string{}, bytes.NewReader(body), int64(len(body)), nil)
		if err != nil {
			s.t.Fatalf("putting %q into bucket %q: %v", key, name, err)
		}
	})
}

// Keys returns the keys of a bucket's current objects in byte order, read from
// memory: no listing can bend them.
func (s *Server) Keys(name string) []string {
	s.t.Helper()
	list, err := s.backend.ListBucket(name, nil, gofakes3.ListBucketPage{})
	if err != nil {
		s.t.Fatalf("listing bucket %q: %v", name, err)
	}
	keys := make([]string, 0, len(list.Contents))
	for _, c := range list.Contents {
		keys = append(keys, c.Key)
	}
	return keys
}

// Config reaches the bucket of that name, all of it.
func (s *Server) Config(name string) bucket.Config {
	return bucket.Config{Name: "store-" + name, Bucket: name, Endpoint: s.URL, Region: "us-east-1", PathStyle: true}
}

// clock is the server's clock: the real one, but while an entry is seeded.
type clock struct {
	seeding sync.Mutex // one seed at a time
	mu      sync.Mutex
	fixed   time.Time
}

func (c *clock) at(t time.Time, do func()) {
	c.seeding.Lock()
	defer c.seeding.Unlock()
	c.set(t)
	defer c.set(time.Time{})
	do()
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fixed = t
}

// Now is part of gofakes3.TimeSource.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fixed.IsZero() {
		return time.Now().UTC()
	}
	return c.fixed.UTC()
}

// Since is part of gofakes3.TimeSource.
func (c *clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

// Remove takes an object out of a bucket, past the API.
func (s *Server) Remove(name, key string) {
	s.t.Helper()
	if _, err := s.backend.DeleteObject(name, key); err != nil {
		s.t.Fatalf("removing %q from bucket %q: %v", key, name, err)
	}
}

// Client is a plain S3 client of the server at url, path style, with the AWS_*
// variables for credentials: for what a test does to a server beside the code
// under test.
func Client(t testing.TB, url, region string) *s3.Client {
	t.Helper()
	loaded, err := config.LoadDefaultConfig(t.Context(), config.WithRegion(region))
	if err != nil {
		t.Fatal(err)
	}
	return s3.NewFromConfig(loaded, func(o *s3.Options) { o.UsePathStyle, o.BaseEndpoint = true, aws.String(url) })
}
