package bucket

import (
	"context"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

const pageSize = 1000 // the most that S3 gives

const listing = "listing"

// Range is a range of keys, (After, UpTo], compared as bytes. "" is an open
// end. The store's prefix applies besides.
type Range struct{ After, UpTo string }

// Page is one answer of a listing, in key order. It may be empty.
type Page struct{ Entries []retention.Entry }

// Pages lists the current objects of the range. Only an iteration that ends
// without an error saw all of them; after an error it ends. Keys are strictly
// increasing, in a page and across pages: a server that lists in another order,
// or whose answers can't be true, gives an error that names store and bucket.
// Each iteration lists afresh.
//
// It lists what a bucket that never had versioning holds; in any other bucket
// noncurrent versions and delete markers are not in it.
func (b *Bucket) Pages(ctx context.Context, r Range) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		for s, err := range b.steps(ctx, r, pageSize) {
			if !yield(s.page, err) {
				return
			}
		}
	}
}

// steps is Pages with pages of at most size entries.
func (b *Bucket) steps(ctx context.Context, r Range, size int32) iter.Seq2[step, error] {
	return func(yield func(step, error) bool) {
		start, some := r.under(b.cfg.Prefix)
		if !some {
			return
		}
		w := walk{prefix: b.cfg.Prefix, within: r, last: r.After}
		in := &s3.ListObjectsV2Input{
			Bucket: &b.cfg.Bucket, EncodingType: types.EncodingTypeUrl, MaxKeys: aws.Int32(size),
			Prefix: optional(b.cfg.Prefix), StartAfter: optional(start),
		}
		for {
			out, err := b.client.ListObjectsV2(ctx, in)
			if err != nil {
				yield(step{}, b.fail(listing, "s3:ListBucket", err))
				return
			}
			s, lie := w.read(out)
			if lie != "" {
				yield(step{}, b.lie(listing, lie))
				return
			}
			if !yield(s, nil) || s.done {
				return
			}
			in.ContinuationToken = &s.token
		}
	}
}

// under returns where a listing of prefix has to start, and whether any key of
// the range can have that prefix. A start that lacks the prefix is never sent:
// MinIO answers it with an empty listing that claims to be complete.
func (r Range) under(prefix string) (start string, some bool) {
	switch {
	case r.UpTo != "" && (r.UpTo <= r.After || r.UpTo < prefix):
		return "", false
	case strings.HasPrefix(r.After, prefix):
		return r.After, true
	}
	return "", r.After < prefix
}

// optional leaves a parameter out of the request when it is empty.
func optional(s string) *string {
	if s == "" {
		return nil
	}
	return &s
}
