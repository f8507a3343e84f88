package vault

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Put implements Area by If-None-Match: *. In a vault with Lock the file is
// then asked for its lock; a file that isn't locked as it should be is an error,
// though it stays. That holds for a file that was there before, too: such an
// error doesn't wrap ErrExists, so that nobody goes on with that file.
func (s *S3) Put(ctx context.Context, name string, data []byte) error {
	if err := checkName(name); err != nil {
		return err
	}
	in := s.newPut(name, data)
	in.IfNoneMatch = aws.String("*")
	if s.lock != nil {
		in.ObjectLockMode = s.lock.mode()
		in.ObjectLockRetainUntilDate = aws.Time(s.lock.until(name, s.now()))
	}
	out, retried, err := s.send(ctx, in)
	if isPrecondition(err) {
		tag, err := s.ours(ctx, name, data, retried)
		if err != nil {
			return err
		}
		if err := s.checkLocked(ctx, name); err != nil {
			return err
		}
		if tag == "" {
			return fmt.Errorf("vault: %s in %v: %w", name, s, ErrExists)
		}
		return nil // ours, or the same bytes put long ago
	}
	if err != nil {
		return s.fail("writing", name, err)
	}
	if aws.ToString(out.ETag) == "" { // something else than S3 can say 200
		return s.fail("writing", name, errors.New("the answer has no ETag"))
	}
	if s.lock == nil {
		return nil
	}
	return s.checkRetention(ctx, name, out.VersionId, in.ObjectLockMode, *in.ObjectLockRetainUntilDate)
}

// Swap implements Area by If-Match, or If-None-Match: * for the first state.
func (s *S3) Swap(ctx context.Context, name, old string, data []byte) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	if s.lock != nil {
		return "", fmt.Errorf("vault: replacing %s in %v: nothing is replaced in a write-once vault", name, s)
	}
	in := s.newPut(name, data)
	if old == "" {
		in.IfNoneMatch = aws.String("*")
	} else {
		in.IfMatch = aws.String(old)
	}
	out, retried, err := s.send(ctx, in)
	switch {
	case isPrecondition(err), old != "" && isNotFound(err), errorCode(err) == codeConditionalConflict:
		tag, err := s.ours(ctx, name, data, retried)
		if err != nil {
			return "", err
		}
		if tag == "" {
			return "", fmt.Errorf("vault: %s in %v: %w", name, s, ErrConflict)
		}
		return tag, nil
	case err != nil:
		return "", s.fail("replacing", name, err)
	case aws.ToString(out.ETag) == "":
		return "", s.fail("replacing", name, errors.New("the answer has no ETag"))
	}
	return *out.ETag, nil
}

// ours decides what a refused condition means. If the request went out once, it
// was refused, and that is that: the tag is empty. If it was sent again, the
// first one may have been carried out and its answer lost; then our own bytes
// stand there, and refuse us. So those who find their very bytes have succeeded,
// and get their tag. (Someone else may have written the same bytes: the file is
// as the caller wants it all the same.)
func (s *S3) ours(ctx context.Context, name string, data []byte, retried bool) (tag string, err error) {
	if !retried {
		return "", nil
	}
	found, tag, err := s.Read(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return "", s.fail("writing", name, errors.New("refused because of a file that is no longer there"))
	}
	if err != nil || !bytes.Equal(found, data) {
		return "", err
	}
	return tag, nil
}

func (s *S3) newPut(name string, data []byte) *s3.PutObjectInput {
	sum := sha256.Sum256(data)
	return &s3.PutObjectInput{
		Bucket:            &s.bucket,
		Key:               s.key(name),
		Body:              bytes.NewReader(data),
		ContentLength:     aws.Int64(int64(len(data))),
		ChecksumAlgorithm: types.ChecksumAlgorithmSha256,
		ChecksumSHA256:    aws.String(base64.StdEncoding.EncodeToString(sum[:])),
	}
}

// send puts, and says whether the SDK sent the request more than once.
func (s *S3) send(ctx context.Context, in *s3.PutObjectInput) (out *s3.PutObjectOutput, retried bool, err error) {
	var retries atomic.Int32
	out, err = s.client.PutObject(ctx, in, func(o *s3.Options) {
		o.Retryer = &countingRetryer{Retryer: o.Retryer, retries: &retries}
	})
	return out, retries.Load() > 0, err
}

// countingRetryer counts the retries of one operation.
type countingRetryer struct {
	aws.Retryer
	retries *atomic.Int32
}

// RetryDelay is asked for once before each retry, and never otherwise.
func (r *countingRetryer) RetryDelay(attempt int, err error) (time.Duration, error) {
	r.retries.Add(1)
	return r.Retryer.RetryDelay(attempt, err)
}

// GetAttemptToken keeps the wrapped retryer's rate limit, if it has one.
func (r *countingRetryer) GetAttemptToken(ctx context.Context) (func(error) error, error) {
	if v2, ok := r.Retryer.(aws.RetryerV2); ok {
		return v2.GetAttemptToken(ctx)
	}
	return r.GetInitialToken(), nil
}
