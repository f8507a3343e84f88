package vault_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
	"github.com/sweeper-audit/sweeper/pkg/vault"
	"github.com/sweeper-audit/sweeper/pkg/vault/vaulttest"
)

// server is a real one in a container: a bucket without locks, one with
// versions, and one with Object Lock.
type server struct {
	*containers.Server
	client *s3.Client
	places atomic.Int32
}

func startServer(t *testing.T, kind containers.Kind) *server {
	t.Helper()
	s := &server{Server: kind.Start(t)}
	s.client = s.Admin()
	vaulttest.Credentials(t)
	t.Setenv("AWS_ACCESS_KEY_ID", s.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", s.SecretKey)
	for _, b := range []string{"plain", "versions", "locked"} {
		_, err := s.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &b, ObjectLockEnabledForBucket: aws.Bool(b == "locked")})
		must(t, err)
	}
	_, err := s.client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: aws.String("versions"),
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}})
	must(t, err)
	return s
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// place is an empty one of its own in the bucket.
func (s *server) place(bucket string) vault.S3Config {
	return vault.S3Config{Bucket: bucket, Prefix: fmt.Sprintf("place-%d/", s.places.Add(1)), Endpoint: s.Endpoint, Region: s.Region, PathStyle: true}
}

func (s *server) open(t *testing.T, c vault.S3Config) *vault.S3 {
	t.Helper()
	a, err := vault.OpenS3(t.Context(), c)
	must(t, err)
	return a
}

func (s *server) area(bucket string) func(*testing.T) vault.Area {
	return func(t *testing.T) vault.Area { return s.open(t, s.place(bucket)) }
}

func TestRealServersKeepThePromisesOfAnAreaAVaultAndALease(t *testing.T) {
	for _, kind := range containers.All() {
		t.Run(kind.Name, func(t *testing.T) {
			s := startServer(t, kind)
			t.Run("area", func(t *testing.T) { vaulttest.RunArea(t, s.area("plain")) })
			t.Run("area-with-versions", func(t *testing.T) { vaulttest.RunArea(t, s.area("versions")) })
			t.Run("lease", func(t *testing.T) { vaulttest.RunLease(t, 4*time.Second, s.area("plain")) })
			t.Run("locked", func(t *testing.T) {
				vaulttest.RunLocked(t, func(t *testing.T, lock vault.Lock) *vault.S3 {
					c := s.place("locked")
					c.Lock = &lock
					return s.open(t, c)
				})
			})
			t.Run("a-lock-that-the-bucket-can-not-keep-is-refused", func(t *testing.T) {
				for _, bucket := range []string{"plain", "versions"} {
					c := s.place(bucket)
					c.Lock = &vault.Lock{Mode: "governance", Days: 2, ManifestDays: 1}
					err := vault.ProbeVault(t.Context(), s.open(t, c), "trust/trust-root-0000.json", []byte("root"))
					wantOneLine(t, err, bucket, "ock")
				}
			})
			t.Run("manifest-parts-are-locked-shorter", func(t *testing.T) { manifestShorter(t, s) })
			t.Run("a-listing-of-more-than-a-page-shows-every-file-once", func(t *testing.T) { manyPages(t, s) })
			t.Run("a-copy-in-a-bucket-without-locks-has-none", func(t *testing.T) { unlockedCopy(t, s) })
			t.Run("what-lies-over-a-file-shows", func(t *testing.T) { overlays(t, s) })
		})
	}
}

func manifestShorter(t *testing.T, s *server) {
	c := s.place("locked")
	c.Lock = &vault.Lock{Mode: "governance", Days: 20, ManifestDays: 3}
	a := s.open(t, c)
	want := map[string]int{"r/manifest-0000-00000.jsonl.gz": 3, "r/parts.jsonl": 20}
	before := time.Now()
	for name := range want {
		must(t, a.Put(t.Context(), name, []byte(name)))
	}
	f, err := vault.OpenS3FS(t.Context(), c)
	must(t, err)
	for name, days := range want {
		mode, until, err := f.Retention(name)
		least := before.Add(time.Duration(days) * 24 * time.Hour)
		if err != nil || mode != "governance" || until.Before(least) || until.After(least.Add(time.Minute)) {
			t.Errorf("%s: %s until %s, %v; want %d days", name, mode, until, err, days)
		}
	}
}

func unlockedCopy(t *testing.T, s *server) {
	for _, bucket := range []string{"plain", "versions"} {
		c := s.place(bucket)
		must(t, s.open(t, c).Put(t.Context(), "r/file", []byte("copied")))
		f, err := vault.OpenS3FS(t.Context(), c)
		must(t, err)
		mode, until, err := f.Retention("r/file")
		data, readErr := f.ReadFile("r/file")
		if mode != "" || !until.IsZero() || err != nil || string(data) != "copied" || readErr != nil || len(f.Odd()) > 0 {
			t.Errorf("%s: lock %q until %s, %v; %q, %v; odd %q", bucket, mode, until, err, data, readErr, f.Odd())
		}
	}
}

// overlays does to a vault what its lock doesn't prevent.
func overlays(t *testing.T, s *server) {
	c := s.place("locked")
	c.Lock = &vault.Lock{Mode: "governance", Days: 2, ManifestDays: 1}
	a := s.open(t, c)
	for _, name := range []string{"r/alone", "r/hidden", "r/newer", "r/twice"} {
		must(t, a.Put(t.Context(), name, []byte("first")))
	}
	put := func(name, data string) {
		_, err := s.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &c.Bucket, Key: aws.String(c.Prefix + name), Body: strings.NewReader(data)})
		must(t, err)
	}
	hide := func(name string) {
		_, err := s.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &c.Bucket, Key: aws.String(c.Prefix + name)})
		must(t, err)
	}
	put("r/newer", "second")
	put("r/extra", "extra")
	hide("r/hidden")
	hide("r/twice")
	put("r/twice", "after")

	f, err := vault.OpenS3FS(t.Context(), c)
	must(t, err)
	for name, want := range map[string]struct {
		versions, markers int
		data, mode        string
	}{
		"r/alone": {1, 0, "first", "governance"}, "r/hidden": {1, 1, "", ""}, "r/newer": {2, 0, "second", ""},
		"r/twice": {2, 1, "after", ""}, "r/extra": {1, 0, "extra", ""}, "r/none": {0, 0, "", ""},
	} {
		versions, markers := f.Versions(name)
		data, _ := f.ReadFile(name)
		mode, _, _ := f.Retention(name)
		if versions != want.versions || markers != want.markers || string(data) != want.data || mode != want.mode {
			t.Errorf("%s: %d versions, %d markers, %q, lock %q; want %+v", name, versions, markers, data, mode, want)
		}
	}
	if odd := strings.Join(f.Odd(), " "); odd != "r/hidden r/newer r/twice" || f.Err() != nil {
		t.Errorf("odd: %s; %v", odd, f.Err())
	}
}

// manyPages is a vault of some years: all of its files must show, once.
func manyPages(t *testing.T, s *server) {
	c := s.place("versions")
	a := s.open(t, c)
	const n = 1100
	names := make(chan string, n)
	for i := range n {
		names <- fmt.Sprintf("reports/%010d/report.sigstore.json", i)
	}
	close(names)
	errs := make(chan error, 8)
	for range cap(errs) {
		go func() { errs <- putAll(t.Context(), a, names) }()
	}
	for range cap(errs) {
		must(t, <-errs)
	}
	f, err := vault.OpenS3FS(t.Context(), c)
	must(t, err)
	reports, err := f.ReadDir("reports")
	if err != nil || len(reports) != n || len(f.Odd()) != 0 {
		t.Errorf("%d reports, odd %q, %v", len(reports), f.Odd(), err)
	}
}

func putAll(ctx context.Context, a vault.Area, names <-chan string) error {
	for name := range names {
		if err := a.Put(ctx, name, nil); err != nil {
			return err
		}
	}
	return nil
}
