package containers_test

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
)

// onEach runs a test on a fresh server of every kind.
func onEach(t *testing.T, run func(*testing.T, *containers.Server)) {
	t.Helper()
	for _, kind := range containers.All() {
		t.Run(kind.Name, func(t *testing.T) { run(t, kind.Start(t)) })
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

// versions lists all that a bucket holds, but for uploads, with its times.
func versions(ctx context.Context, client *s3.Client, bucket string) (map[row]time.Time, error) {
	out, err := client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		return nil, err
	}
	got := map[row]time.Time{}
	for _, v := range out.Versions {
		got[row{*v.Key, *v.VersionId, false}] = v.LastModified.UTC()
	}
	for _, m := range out.DeleteMarkers {
		got[row{*m.Key, *m.VersionId, true}] = m.LastModified.UTC()
	}
	return got, nil
}

func wantVersions(t *testing.T, client *s3.Client, bucket string, want map[row]time.Time) {
	t.Helper()
	got, err := versions(t.Context(), client, bucket)
	if err != nil {
		t.Fatal(err)
	}
	if !maps.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("bucket %s lists %v,\nwant %v", bucket, got, want)
	}
}

func put(bucket, key string) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader(`{"role":"user"}`)}
}

// daysAgo is a whole second, as not every server keeps more.
func daysAgo(n int) time.Time { return time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -n) }

func TestEveryServerServesOnLoopbackAndKeepsStrangersOut(t *testing.T) {
	onEach(t, func(t *testing.T, server *containers.Server) {
		u, err := url.Parse(server.Endpoint)
		if err != nil || u.Scheme != "http" || u.Hostname() != "127.0.0.1" || u.Port() == "" {
			t.Errorf("endpoint %q (%v), want http://127.0.0.1:port", server.Endpoint, err)
		}
		name := "exchanges"
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
	})
}

// TestEntriesAreListedWithTheTimesTheyWereMadeAt is the promise of PutAt, HideAt
// and UploadAt, for each kind of entry and each state of a bucket.
func TestEntriesAreListedWithTheTimesTheyWereMadeAt(t *testing.T) {
	onEach(t, func(t *testing.T, server *containers.Server) {
		t.Run("never", func(t *testing.T) { neverVersioned(t, server) })
		t.Run("enabled", func(t *testing.T) { enabled(t, server) })
		t.Run("suspended", func(t *testing.T) { suspended(t, server) })
		t.Run("uploads", func(t *testing.T) { uploads(t, server) })
	})
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
		// MinIO takes the time of a part from its own clock.
		for _, p := range parts.Parts {
			if server.Name != "minio" && !p.LastModified.Equal(*u.Initiated) {
				t.Errorf("a part is of %s, its upload of %s", p.LastModified, u.Initiated)
			}
		}
	}
	if !maps.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("listed the uploads %v, want %v", got, want)
	}
}

// TestObjectsOfAnyAgeCanStillBeRead guards against a past that breaks what it dates.
func TestObjectsOfAnyAgeCanStillBeReadAndDeleted(t *testing.T) {
	onEach(t, func(t *testing.T, server *containers.Server) {
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
	})
}

func TestVersitygwTakesATimeForEveryEntryThatItHolds(t *testing.T) {
	server := containers.Versitygw(t)
	client, name := server.Admin(), "set"
	makeBucket(t, client, name, types.BucketVersioningStatusEnabled)
	want := map[row]time.Time{}
	for i := range 3 {
		out, err := client.PutObject(t.Context(), put(name, "k"))
		if err != nil {
			t.Fatal(err)
		}
		want[row{"k", *out.VersionId, false}] = daysAgo(90 - i)
	}
	for i := range 2 {
		out, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: aws.String("k")})
		if err != nil {
			t.Fatal(err)
		}
		want[row{"k", *out.VersionId, true}] = daysAgo(10 - i)
	}
	for entry, at := range want {
		server.SetVersionModified(t, name, entry.Key, entry.ID, at)
	}
	wantVersions(t, client, name, want)
}

func TestVersitygwTakesATimeForOnePartAlone(t *testing.T) {
	server := containers.Versitygw(t)
	client, name, key := server.Admin(), "parts", "acme/k"
	makeBucket(t, client, name)
	id := server.UploadAt(t, daysAgo(40), name, key, []byte("one"), []byte("two"))
	server.SetPartModified(t, name, key, id, 2, daysAgo(1))

	out, err := client.ListParts(t.Context(), &s3.ListPartsInput{Bucket: &name, Key: &key, UploadId: &id})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, p := range out.Parts {
		got = append(got, fmt.Sprint(*p.PartNumber, " ", p.LastModified.UTC()))
	}
	want := []string{fmt.Sprint(1, " ", daysAgo(40)), fmt.Sprint(2, " ", daysAgo(1))}
	if !slices.Equal(got, want) {
		t.Errorf("parts %q, want %q", got, want)
	}
	list, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &name})
	if err != nil || len(list.Uploads) != 1 || !list.Uploads[0].Initiated.Equal(daysAgo(40)) {
		t.Errorf("uploads %v, %v; want one begun at %s", list.Uploads, err, daysAgo(40))
	}
}
