package containers_test

import (
	"bytes"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
)

// TestEveryServer holds each server to what the helpers promise of all of them.
// A server takes seconds to start, so the rules share one, each in its buckets.
func TestEveryServer(t *testing.T) {
	rules := []struct {
		name  string
		holds func(*testing.T, *containers.Server)
	}{
		{"serves on loopback and keeps strangers out", serves},
		{"lists what never had versioning with the times given", neverVersioned},
		{"lists versions and delete markers with the times given", enabled},
		{"lists null versions and null markers with the times given", suspended},
		{"lists incomplete uploads with the times given, or says that it can't", uploads},
		{"gives back and deletes what it dates", readable},
		{"keeps what is locked, with the time given", locked},
	}
	for _, kind := range containers.All() {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			server := kind.Start(t)
			if server.Name != kind.Name {
				t.Errorf("%s calls itself %s", kind.Name, server.Name)
			}
			for _, rule := range rules {
				t.Run(rule.name, func(t *testing.T) { rule.holds(t, server) })
			}
		})
	}
}

func makeBucket(t *testing.T, client *s3.Client, name string, states ...types.BucketVersioningStatus) {
	t.Helper()
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}); err != nil {
		t.Fatal(err)
	}
	for _, state := range states {
		version(t, client, name, state)
	}
}

func version(t *testing.T, client *s3.Client, name string, state types.BucketVersioningStatus) {
	t.Helper()
	_, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket: &name, VersioningConfiguration: &types.VersioningConfiguration{Status: state},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// row is one listed version or delete marker.
type row struct {
	Key, ID string
	Marker  bool
}

// wantVersions compares all that a bucket holds, but for uploads, with want.
func wantVersions(t *testing.T, client *s3.Client, bucket string, want map[row]time.Time) {
	t.Helper()
	out, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	got := map[row]time.Time{}
	for _, v := range out.Versions {
		got[row{*v.Key, *v.VersionId, false}] = v.LastModified.UTC()
	}
	for _, m := range out.DeleteMarkers {
		got[row{*m.Key, *m.VersionId, true}] = m.LastModified.UTC()
	}
	if !maps.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("bucket %s lists %v,\nwant %v", bucket, got, want)
	}
}

func put(bucket, key string) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(`{"role":"user"}`)}
}

// daysAgo is the same instant all through a test: a midnight.
func daysAgo(n int) time.Time { return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -n) }

func serves(t *testing.T, server *containers.Server) {
	u, err := url.Parse(server.Endpoint)
	if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Port() == "" {
		t.Errorf("endpoint %q (%v), want http://127.0.0.1:port", server.Endpoint, err)
	}
	name := "serves"
	makeBucket(t, server.Admin(), name)
	if _, err := server.Admin().PutObject(t.Context(), put(name, "k")); err != nil {
		t.Errorf("the first put of a fresh server failed: %v", err)
	}
	_, err = server.Client(server.AccessKey, "wrong").ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &name})
	if code(err) != "SignatureDoesNotMatch" {
		t.Errorf("a wrong secret was answered with %v, want SignatureDoesNotMatch", err)
	}
	resp, err := http.Get(server.Endpoint + "/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("a request without a signature was answered with %s, want 403", resp.Status)
	}
}

func neverVersioned(t *testing.T, server *containers.Server) {
	client, name := server.Admin(), "never"
	makeBucket(t, client, name)
	want := map[row]time.Time{}
	for days, key := range []string{"now", "acme/young", "acme/2026/deep/old", "at last"} {
		want[row{key, "null", false}] = daysAgo(days * 15)
		if id := server.PutAt(t, daysAgo(days*15), put(name, key)); id != "" {
			t.Errorf("an object of a bucket without versioning has the id %s", id)
		}
	}
	wantVersions(t, client, name, want)
}

func enabled(t *testing.T, server *containers.Server) {
	client, name := server.Admin(), "enabled"
	makeBucket(t, client, name, types.BucketVersioningStatusEnabled)
	want := map[row]time.Time{}
	for _, days := range []int{90, 60, 5} {
		want[row{"acme/k", server.PutAt(t, daysAgo(days), put(name, "acme/k")), false}] = daysAgo(days)
	}
	want[row{"acme/k", server.HideAt(t, daysAgo(4), name, "acme/k"), true}] = daysAgo(4)
	want[row{"acme/k", server.PutAt(t, daysAgo(3), put(name, "acme/k")), false}] = daysAgo(3)
	want[row{"hidden", server.PutAt(t, daysAgo(80), put(name, "hidden")), false}] = daysAgo(80)
	want[row{"hidden", server.HideAt(t, daysAgo(70), name, "hidden"), true}] = daysAgo(70)
	if len(want) != 7 {
		t.Fatalf("two entries have the same id: %v", want)
	}
	wantVersions(t, client, name, want)

	out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &name})
	if err != nil {
		t.Fatal(err)
	}
	if len(out.Contents) != 1 || !out.Contents[0].LastModified.Equal(daysAgo(3)) {
		t.Errorf("the plain listing has %d objects, %v; want one of %s", len(out.Contents), out.Contents, daysAgo(3))
	}
}

func suspended(t *testing.T, server *containers.Server) {
	client, name := server.Admin(), "suspended"
	makeBucket(t, client, name)
	server.PutAt(t, daysAgo(100), put(name, "kept"))
	version(t, client, name, types.BucketVersioningStatusEnabled)
	want := map[row]time.Time{
		{"kept", "null", false}: daysAgo(100),
		{"kept", server.PutAt(t, daysAgo(50), put(name, "kept")), false}:         daysAgo(50),
		{"replaced", server.PutAt(t, daysAgo(49), put(name, "replaced")), false}: daysAgo(49),
		{"hidden", server.PutAt(t, daysAgo(48), put(name, "hidden")), false}:     daysAgo(48),
	}
	version(t, client, name, types.BucketVersioningStatusSuspended)
	server.PutAt(t, daysAgo(40), put(name, "replaced"))
	want[row{"replaced", "null", false}] = daysAgo(40)
	server.HideAt(t, daysAgo(39), name, "hidden")
	want[row{"hidden", "null", true}] = daysAgo(39)
	wantVersions(t, client, name, want)
}

func uploads(t *testing.T, server *containers.Server) {
	if !server.UploadAges {
		notAged(t, server)
		return
	}
	client, name := server.Admin(), "uploads"
	makeBucket(t, client, name)
	want := map[string]time.Time{}
	for i, key := range []string{"acme/two", "acme/two", "one"} {
		id := server.UploadAt(t, daysAgo(20*i+1), name, key, slices.Repeat([][]byte{[]byte("part")}, i)...)
		want[key+" "+id] = daysAgo(20*i + 1)
	}
	out, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &name})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]time.Time{}
	for _, u := range out.Uploads {
		got[*u.Key+" "+*u.UploadId] = u.Initiated.UTC()
		parts, err := client.ListParts(t.Context(), &s3.ListPartsInput{Bucket: &name, Key: u.Key, UploadId: u.UploadId})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range parts.Parts {
			if !p.LastModified.Equal(*u.Initiated) {
				t.Errorf("a part is of %s, its upload of %s", p.LastModified, u.Initiated)
			}
		}
	}
	if !maps.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("listed the uploads %v, want %v", got, want)
	}
}

// ending is a test that writes down why it was ended.
type ending struct {
	testing.TB
	why string
}

func (e *ending) Fatalf(f string, a ...any) {
	e.why = fmt.Sprintf(f, a...)
	runtime.Goexit()
}

func (e *ending) run(step func()) {
	var ended sync.WaitGroup
	ended.Go(step)
	ended.Wait()
}

// notAged guards against a test that takes an upload of today for an old one.
func notAged(t *testing.T, server *containers.Server) {
	client, name := server.Admin(), "uploads"
	makeBucket(t, client, name)
	ended := &ending{TB: t}
	ended.run(func() { server.UploadAt(ended, daysAgo(40), name, "k") })
	if !strings.Contains(ended.why, server.Name) {
		t.Errorf("asked for an old upload, it ended the test with %q; want words that name %s", ended.why, server.Name)
	}
	out, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &name})
	if err != nil || len(out.Uploads) != 0 {
		t.Errorf("uploads %v, %v; want none", out.Uploads, err)
	}
}

// readable guards against a past that breaks what it dates.
func readable(t *testing.T, server *containers.Server) {
	client, name, body := server.Admin(), "read", bytes.Repeat([]byte("exchange "), 1<<16)
	makeBucket(t, client, name, types.BucketVersioningStatusEnabled)
	var ids []string
	for _, days := range []int{60, 45} {
		ids = append(ids, server.PutAt(t, daysAgo(days), &s3.PutObjectInput{
			Bucket: &name, Key: aws.String("k"), Body: bytes.NewReader(body), Metadata: map[string]string{"zero-data-retention": "true"},
		}))
	}
	for _, id := range ids {
		out, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &name, Key: aws.String("k"), VersionId: &id})
		if err != nil {
			t.Fatal(err)
		}
		var got bytes.Buffer
		_, err = got.ReadFrom(out.Body)
		if err != nil || !bytes.Equal(got.Bytes(), body) || out.Metadata["zero-data-retention"] != "true" {
			t.Errorf("read %d bytes, %v, %v; want %d bytes", got.Len(), out.Metadata, err, len(body))
		}
	}
	for _, id := range ids {
		if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: aws.String("k"), VersionId: &id}); err != nil {
			t.Fatal(err)
		}
	}
	wantVersions(t, client, name, map[row]time.Time{})
}

func locked(t *testing.T, server *containers.Server) {
	client, name := server.Admin(), "locked"
	_, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name, ObjectLockEnabledForBucket: aws.Bool(true)})
	if err != nil {
		t.Fatal(err)
	}
	want := map[row]time.Time{}
	for days, mode := range []types.ObjectLockMode{types.ObjectLockModeGovernance, types.ObjectLockModeCompliance, ""} {
		in := put(name, "k"+string(mode))
		if mode != "" {
			in.ObjectLockMode, in.ObjectLockRetainUntilDate = mode, aws.Time(time.Now().Add(time.Hour))
		}
		want[row{*in.Key, server.PutAt(t, daysAgo(50+days), in), false}] = daysAgo(50 + days)
	}
	for entry := range want {
		id := entry.ID
		if entry.Key == "k" {
			_, err := client.PutObjectLegalHold(t.Context(), &s3.PutObjectLegalHoldInput{
				Bucket: &name, Key: &entry.Key, VersionId: &id, LegalHold: &types.ObjectLockLegalHold{Status: types.ObjectLockLegalHoldStatusOn},
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		if _, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: &entry.Key, VersionId: &id}); err == nil {
			t.Errorf("a delete of %s was not refused", entry.Key)
		}
	}
	wantVersions(t, client, name, want)
}
