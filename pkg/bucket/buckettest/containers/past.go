package containers

import (
	"bytes"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// past is how a server is made to hold entries from before now.
type past interface {
	// request changes a request that makes an entry, so that it is made as of at.
	request(at time.Time) []func(*s3.Options)
	// entry makes a version or delete marker that exists be of that time. The
	// id is empty in a bucket that never had versioning.
	entry(t testing.TB, bucket, key, id string, at time.Time)
	// upload does the same for an incomplete upload and its parts.
	upload(t testing.TB, bucket, key, id string, at time.Time)
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
	out, err := s.Admin().DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &bucket, Key: &key}, s.past.request(at)...)
	if err != nil {
		t.Fatalf("hide an object in bucket %s: %v", bucket, err)
	}
	if !aws.ToBool(out.DeleteMarker) {
		t.Fatalf("hide an object in bucket %s: the server made no delete marker; is the bucket versioned?", bucket)
	}
	id := aws.ToString(out.VersionId)
	s.past.entry(t, bucket, key, id, at)
	return id
}

// UploadAt begins an upload, gives it the parts, and leaves it incomplete, as
// if all that had happened at the given time. It returns the upload's id.
func (s *Server) UploadAt(t testing.TB, at time.Time, bucket, key string, parts ...[]byte) string {
	t.Helper()
	client := s.Admin()
	out, err := client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &bucket, Key: &key}, s.past.request(at)...)
	if err != nil {
		t.Fatalf("begin an upload in bucket %s: %v", bucket, err)
	}
	for i, part := range parts {
		_, err := client.UploadPart(t.Context(), &s3.UploadPartInput{
			Bucket: &bucket, Key: &key, UploadId: out.UploadId, PartNumber: aws.Int32(int32(i + 1)), Body: bytes.NewReader(part),
		}, s.past.request(at)...)
		if err != nil {
			t.Fatalf("upload part %d in bucket %s: %v", i+1, bucket, err)
		}
	}
	id := aws.ToString(out.UploadId)
	s.past.upload(t, bucket, key, id, at)
	return id
}
