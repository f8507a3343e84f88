package containers

import (
	"bytes"
	"cmp"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// past is how a server is made to hold entries from before now.
type past interface {
	// request changes a request that makes an entry, so that it is made as of at.
	request(at time.Time) []func(*s3.Options)
	// entry makes the object or delete marker that was just made be of that
	// time. The id is empty where the server gave none.
	entry(t testing.TB, bucket, key, id string, at time.Time)
	// begun and uploaded do the same for an incomplete upload: before it has
	// parts, and when it has all of them.
	begun(t testing.TB, bucket, key, id string, at time.Time)
	uploaded(t testing.TB, bucket, key, id string, at time.Time)
}

// PutAt puts an object as if that had happened at the given time, to the
// second, and returns its version id, "" where the server gives none. Put the
// versions of a key oldest first: not every server orders them by their times.
func (s *Server) PutAt(t testing.TB, at time.Time, in *s3.PutObjectInput) string {
	t.Helper()
	out, err := s.Admin().PutObject(t.Context(), in, s.past.request(at)...)
	if err != nil {
		t.Fatalf("put an object in bucket %s: %v", aws.ToString(in.Bucket), err)
	}
	id := aws.ToString(out.VersionId)
	s.past.entry(t, aws.ToString(in.Bucket), aws.ToString(in.Key), id, at)
	return id
}

// HideAt deletes the key without naming a version, in a versioned bucket, as
// if that had happened at the given time. It returns the delete marker's id.
func (s *Server) HideAt(t testing.TB, at time.Time, bucket, key string) string {
	t.Helper()
	client := s.Admin()
	state, err := client.GetBucketVersioning(t.Context(), &s3.GetBucketVersioningInput{Bucket: &bucket})
	if err != nil || state.Status == "" {
		t.Fatalf("hide an object in bucket %s: it must be versioned, but its state is %+v, %v", bucket, state, err)
	}
	out, err := client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}, s.past.request(at)...)
	if err != nil {
		t.Fatalf("hide an object in bucket %s: %v", bucket, err)
	}
	id := cmp.Or(aws.ToString(out.VersionId), "null") // MinIO doesn't name the null marker
	s.past.entry(t, bucket, key, id, at)
	return id
}

// UploadAt begins an upload, gives it the parts, and leaves it incomplete, as
// if all that had happened at the given time. It returns the upload's id. The
// server must be one with UploadAges.
func (s *Server) UploadAt(t testing.TB, at time.Time, bucket, key string, parts ...[]byte) string {
	t.Helper()
	if !s.UploadAges {
		t.Fatalf("begin an upload in bucket %s: %s can't be given an upload's age", bucket, s.Name)
	}
	client := s.Admin()
	out, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}, s.past.request(at)...)
	if err != nil {
		t.Fatalf("begin an upload in bucket %s: %v", bucket, err)
	}
	id := aws.ToString(out.UploadId)
	s.past.begun(t, bucket, key, id, at)
	for i, part := range parts {
		_, err := client.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: &bucket, Key: &key, UploadId: out.UploadId, PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(part),
		}, s.past.request(at)...)
		if err != nil {
			t.Fatalf("upload part %d in bucket %s: %v", i+1, bucket, err)
		}
	}
	s.past.uploaded(t, bucket, key, id, at)
	return id
}
