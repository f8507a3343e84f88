package bucket

import (
	"context"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// maxAborts is how many uploads are aborted at a time: S3 has no batch for it.
const maxAborts = 8

// abort aborts uploads, each with one request that is sent once.
func (b *Bucket) abort(ctx context.Context, uploads []retention.Entry) []Deletion {
	out := make([]Deletion, len(uploads))
	var group errgroup.Group
	group.SetLimit(maxAborts)
	for i, u := range uploads {
		group.Go(func() error {
			out[i] = b.abortOne(ctx, u)
			return nil
		})
	}
	_ = group.Wait() // each fate is in its place
	return out
}

func (b *Bucket) abortOne(ctx context.Context, u retention.Entry) Deletion {
	if ctx.Err() != nil {
		return Deletion{Status: Failed, Code: CodeNotSent, Retryable: true}
	}
	_, err := b.client.AbortMultipartUpload(ctx,
		&s3.AbortMultipartUploadInput{Bucket: &b.cfg.Bucket, Key: &u.Key, UploadId: &u.ID}, once)
	if err != nil {
		return b.fateOf(err)
	}
	return Deletion{Status: Deleted}
}
