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

// Listing says which of a bucket's entries a listing shows.
type Listing int

const (
	// Current lists the current objects (ListObjectsV2). In a bucket that never
	// had versioning that is all there is, but for uploads.
	Current Listing = iota
	// Versions lists current objects, noncurrent versions and delete markers
	// (ListObjectVersions).
	Versions
	// Uploads lists the incomplete multipart uploads (ListMultipartUploads).
	Uploads
)

// Range is what a listing covers: keys in (After, UpTo], compared as bytes, ""
// being an open end. The store's prefix applies besides.
type Range struct {
	After, UpTo string
	// Prefix narrows the store's prefix: "" or a key prefix that begins with the
	// store's. It need not end in "/".
	Prefix string
	What   Listing
}

// Page is one answer of a listing. It may be empty.
type Page struct {
	Entries []retention.Entry // whoever keeps it over the next page copies it
	// Repeated counts rows of the page before that came again and were dropped.
	Repeated int
	// Cuttable says that the listing may be cut into ranges that are listed side by
	// side (Cuts): names come encoded (encoding-type=url), so that every entry's
	// place is known, and in order. Uploads never are.
	Cuttable bool
	// Unordered says that the server lists current objects in no order, as was seen
	// on this page or before.
	Unordered bool
}

// Pages lists the range. Only an iteration that ends without an error saw all
// of it; after an error it ends. A server whose answers can't be true gives an
// error that names store and bucket. Each iteration lists afresh.
//
// Current: keys are strictly increasing, in a page and across pages. Where a
// listing of a range without ends (After and UpTo empty) shows that the server
// has no order, its pages are Unordered from there on, and this Bucket's later
// ones from the start, whatever their range: all under the prefix is listed and
// what lies in the range kept. Then a key comes once in a page; that it comes
// once in all can't be known. In a range with ends, on a server of which nothing
// is known, and where Cuts were given out since the listing began, it is an error.
//
// Versions: keys never decrease, and a key may span pages. Within a key what is
// the latest comes first, then the newer first; of a marker and a version of
// the same second the marker comes first.
//
// Uploads: the order is the server's. The whole bucket is asked for.
//
// An entry whose key the server can't spell is Opaque. It stands where the
// server put it, and no order holds for it.
func (b *Bucket) Pages(ctx context.Context, r Range) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		prefix := b.cfg.Prefix
		if r.Prefix != "" {
			prefix = r.Prefix
		}
		if !strings.HasPrefix(prefix, b.cfg.Prefix) {
			yield(Page{}, &Error{Store: b.cfg.Name, Bucket: b.cfg.Bucket, Doing: listing,
				Words: "the prefix that was asked for lies outside the store's: nothing was listed"})
			return
		}
		var pages iter.Seq2[Page, error]
		switch r.What {
		case Versions:
			pages = b.versions(ctx, r, prefix)
		case Uploads:
			pages = b.uploads(ctx, r, prefix)
		default:
			pages = b.current(ctx, r, prefix)
		}
		pages(yield)
	}
}

// current lists current objects.
func (b *Bucket) current(ctx context.Context, r Range, prefix string) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		for s, err := range b.steps(ctx, r, prefix, pageSize, b.patiently) {
			if !yield(s.page, err) {
				return
			}
		}
	}
}

// steps lists current objects in pages of at most size entries.
func (b *Bucket) steps(ctx context.Context, r Range, prefix string, size int32, options ...func(*s3.Options)) iter.Seq2[step, error] {
	return func(yield func(step, error) bool) {
		start, some := r.under(prefix)
		if !some {
			return
		}
		unordered, cuts := b.learned.order()
		if unordered {
			prefix, start, size = r.common(prefix), "", pageSize
		}
		w := walk{prefix: prefix, within: r, last: r.After, unordered: unordered}
		in := &s3.ListObjectsV2Input{
			Bucket: &b.cfg.Bucket, EncodingType: types.EncodingTypeUrl, MaxKeys: aws.Int32(size),
			Prefix: optional(prefix), StartAfter: optional(start),
		}
		ctx, room := inOneRoom(ctx) // what a walk has read it has copied
		for {
			out, err := b.client.ListObjectsV2(ctx, in, options...)
			if err != nil {
				yield(step{}, b.fail(listing, "s3:ListBucket", err))
				return
			}
			s, lie := w.read(out, room.Objects)
			if lie != "" {
				yield(step{}, b.lie(listing, lie))
				return
			}
			if w.unordered && !unordered {
				if unordered = b.learned.setUnordered(cuts); !unordered {
					yield(step{}, b.lie(listing, disorder))
					return
				}
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
