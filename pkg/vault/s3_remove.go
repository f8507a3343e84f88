package vault

import (
	"context"
	"fmt"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// removeRounds bounds how often Remove lists again what it has just removed.
const removeRounds = 3

// Remove implements Area. What it deletes it names by version, so that a bucket
// in which someone switches versioning on keeps nothing behind a marker; a
// plain delete goes only to a server that has no versions. Then it looks again.
func (s *S3) Remove(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	left := 0
	for range removeRounds {
		found, versioned, err := s.versions(ctx, name)
		if err != nil {
			return err
		}
		if !versioned {
			return s.removePlain(ctx, name)
		}
		if left = len(found); left == 0 {
			return s.confirmGone(ctx, name)
		}
		for _, v := range found {
			in := &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.key(name)}
			if v.id != "" {
				in.VersionId = aws.String(v.id)
			}
			if err := s.delete(ctx, name, in); err != nil {
				return err
			}
		}
	}
	return s.fail("removing", name, fmt.Errorf("the server accepts the deletion, yet %d version(s) stay", left))
}

func (s *S3) removePlain(ctx context.Context, name string) error {
	if err := s.delete(ctx, name, &s3.DeleteObjectInput{Bucket: &s.bucket, Key: s.key(name)}); err != nil {
		return err
	}
	return s.confirmGone(ctx, name)
}

func (s *S3) delete(ctx context.Context, name string, in *s3.DeleteObjectInput) error {
	out, err := s.client.DeleteObject(ctx, in)
	if isNotFound(err) {
		return nil
	}
	if err != nil {
		return s.fail("removing", name, err)
	}
	if in.VersionId == nil && (aws.ToBool(out.DeleteMarker) || aws.ToString(out.VersionId) != "") {
		return s.fail("removing", name, fmt.Errorf("the bucket hid the file behind a delete marker instead: it has versioning, and its list of versions doesn't say so"))
	}
	return nil
}

func (s *S3) confirmGone(ctx context.Context, name string) error {
	_, err := s.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &s.bucket, Key: s.key(name)})
	if statusCode(err) == http.StatusNotFound { // the answer to HEAD has no body, and so no code
		return nil
	}
	if err == nil {
		err = fmt.Errorf("the server accepts the deletion, yet the file stays")
	}
	return s.fail("removing", name, err)
}
