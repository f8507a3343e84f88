package vault

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// ReadObject returns an object of any bucket, whole: a list that a run is given,
// not evidence. It may be up to limit bytes and have any key. c.Prefix is not
// looked at, and nothing is asked of the bucket but this object.
func ReadObject(ctx context.Context, c S3Config, key string, limit int64) ([]byte, error) {
	where := fmt.Sprintf("reading object %q in bucket %s", key, c.Bucket)
	c.Prefix, c.Lock = "", nil
	s, err := OpenS3(ctx, c)
	if err != nil {
		return nil, err
	}
	out, err := s.client.GetObject(ctx, &s3.GetObjectInput{Bucket: &c.Bucket, Key: &key})
	switch {
	case isNotFound(err):
		return nil, fmt.Errorf("%s: %w; put it there, or correct its key", where, ErrNotFound)
	case errorCode(err) == "AccessDenied" || errorCode(err) == "Forbidden":
		return nil, fmt.Errorf("%s: %w; correct its key, give this identity s3:GetObject on it, or name another profile", where, err)
	case err != nil:
		if hint := s.hint(err); hint != "" {
			return nil, fmt.Errorf("%s: %w; %s", where, err, hint)
		}
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	data, err := io.ReadAll(io.LimitReader(out.Body, limit+1))
	if err = errors.Join(err, out.Body.Close()); err != nil {
		return nil, fmt.Errorf("%s: %w", where, err)
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: it is larger than %d bytes; is it the right one?", where, limit)
	}
	if out.ContentLength != nil && *out.ContentLength != int64(len(data)) {
		return nil, fmt.Errorf("%s: %d bytes came of %d", where, len(data), *out.ContentLength)
	}
	return data, nil
}
