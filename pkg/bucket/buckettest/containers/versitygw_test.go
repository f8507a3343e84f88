package containers_test

import (
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
)

const bucket = "exchanges"

// seeded starts a server with one bucket that holds the given keys, each put
// now, and returns the client of the account that may do everything.
func seeded(t *testing.T, keys ...string) (*containers.Server, *s3.Client) {
	t.Helper()
	server := containers.Versitygw(t)
	client := server.Admin()
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucket)}); err != nil {
		t.Fatal(err)
	}
	for _, key := range keys {
		_, err := client.PutObject(t.Context(), &s3.PutObjectInput{
			Bucket: aws.String(bucket), Key: aws.String(key), Body: strings.NewReader(`{"role":"user"}`),
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return server, client
}

func listed(t *testing.T, client *s3.Client) map[string]time.Time {
	t.Helper()
	out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]time.Time{}
	for _, o := range out.Contents {
		got[aws.ToString(o.Key)] = aws.ToTime(o.LastModified).UTC()
	}
	return got
}

func TestObjectsAreListedWithTheTimesTheyWereGiven(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	want := map[string]time.Time{
		"acme/2026/01/01/req-1.request.json":  now.AddDate(0, 0, -29),
		"acme/2026/01/01/req-2.response.json": now.AddDate(0, 0, -30),
		"umbrella/req-3.json":                 now.AddDate(0, 0, -31),
	}
	server, client := seeded(t, "acme/2026/01/01/req-1.request.json", "acme/2026/01/01/req-2.response.json", "umbrella/req-3.json")
	for key, at := range listed(t, client) {
		if now.Sub(at).Abs() > time.Minute {
			t.Fatalf("%s was put just now but is listed as of %s", key, at)
		}
	}
	for key, at := range want {
		server.SetModified(t, bucket, key, at)
	}
	if got := listed(t, client); !maps.EqualFunc(got, want, time.Time.Equal) {
		t.Errorf("listed %v, want %v", got, want)
	}
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

func TestVersionsLieInTheVersionsDirectory(t *testing.T) {
	server, client := seeded(t)
	_, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{
		Bucket:                  aws.String(bucket),
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled},
	})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String(bucket), Key: aws.String("k")}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := os.Stat(filepath.Join(server.Root, bucket, "k")); err != nil {
		t.Errorf("the current object is not under Root: %v", err)
	}
	if found, err := os.ReadDir(filepath.Join(server.Versions, bucket)); err != nil || len(found) == 0 {
		t.Errorf("the older version is not under Versions: %v, %v", found, err)
	}
}

func TestReaderMayLookButNotDelete(t *testing.T) {
	const access, secret = "reader", "reader-secret"
	server, root := seeded(t, "acme/a", "acme/b")
	server.AddReader(t, bucket, access, secret)
	reader := server.Client(access, secret)

	if got := listed(t, reader); len(got) != 2 {
		t.Errorf("the reader lists %d objects, want 2", len(got))
	}
	name := aws.String(bucket)
	if _, err := reader.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: name}); err != nil {
		t.Errorf("the reader may not ask for versioning: %v", err)
	}
	if _, err := reader.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: name}); err != nil {
		t.Errorf("the reader may not list uploads: %v", err)
	}
	_, err := reader.GetObjectLockConfiguration(t.Context(), &s3.GetObjectLockConfigurationInput{Bucket: name})
	if code(err) != "ObjectLockConfigurationNotFoundError" {
		t.Errorf("asked for the lock configuration, the reader got %v, want that there is none", err)
	}

	_, err = reader.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: name, Key: aws.String("acme/a")})
	if code(err) != "AccessDenied" {
		t.Errorf("a delete by the reader was answered with %v, want AccessDenied", err)
	}
	out, err := reader.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{
		Bucket: name,
		Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("acme/a")}, {Key: aws.String("acme/b")}}},
	})
	if code(err) != "AccessDenied" && (err != nil || len(out.Deleted) > 0) {
		t.Errorf("a batch delete by the reader was answered with %v, %v; want every key refused", out, err)
	}
	if got := listed(t, root); len(got) != 2 {
		t.Errorf("%d objects left after the reader's deletes, want 2", len(got))
	}

	// It was the missing right that refused: given it, the same request goes through.
	server.Allow(t, bucket, access, "s3:ListBucket", "s3:DeleteObject")
	if _, err := reader.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: name, Key: aws.String("acme/a")}); err != nil {
		t.Errorf("a delete that the policy allows was refused: %v", err)
	}
	if got := listed(t, root); len(got) != 1 {
		t.Errorf("%d objects left after the allowed delete, want 1", len(got))
	}
}

// code returns the S3 error code in err, "" if there is none.
func code(err error) string {
	var api smithy.APIError
	if errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}
