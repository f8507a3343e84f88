package bucket

import (
	"context"
	"iter"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

const (
	listingVersions = "listing the versions in"
	rightVersions   = "s3:ListBucketVersions"
)

// versions lists current objects, noncurrent versions and delete markers.
func (b *Bucket) versions(ctx context.Context, r Range, prefix string) iter.Seq2[Page, error] {
	return func(yield func(Page, error) bool) {
		start, some := r.under(prefix)
		if !some {
			return
		}
		w := versionWalk{prefix: prefix, within: r, last: r.After}
		in := &s3.ListObjectVersionsInput{
			Bucket: &b.cfg.Bucket, EncodingType: types.EncodingTypeUrl, MaxKeys: aws.Int32(pageSize),
			Prefix: optional(prefix), KeyMarker: optional(start),
		}
		ctx, _ := inOneRoom(ctx) // what a walk has read it has copied
		for {
			asking, x := watched(ctx)
			out, err := b.client.ListObjectVersions(asking, in, b.patiently)
			if err != nil {
				yield(Page{}, b.fail(listingVersions, rightVersions, err))
				return
			}
			page, lie := w.read(out, x.order)
			if lie != "" {
				yield(Page{}, b.lie(listingVersions, lie))
				return
			}
			if w.doubtful() {
				if err := b.keptPlace(ctx, &w); err != nil {
					yield(Page{}, err)
					return
				}
			}
			if !yield(page, nil) || w.done {
				return
			}
			// Both markers: a key may have more versions than a page holds.
			in.KeyMarker, in.VersionIdMarker = &w.next.key, optional(w.next.id)
		}
	}
}

// keptPlace asks for what comes after the key at which the last page went on,
// by that key alone, and compares. versitygw looks for the version to go on
// from while it lists; if that version was deleted meanwhile it lists nothing
// more, or next to nothing, and says that this is the end.
func (b *Bucket) keptPlace(ctx context.Context, w *versionWalk) error {
	ctx, x := watched(ctx)
	out, err := b.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{
		Bucket: &b.cfg.Bucket, EncodingType: types.EncodingTypeUrl, MaxKeys: aws.Int32(1),
		Prefix: optional(w.prefix), KeyMarker: aws.String(w.resumed.key + "\t"), // past every version of the key, on servers that begin at the marker too
	}, b.patiently)
	if err != nil {
		return b.fail(listingVersions, rightVersions, err)
	}
	if lie := w.compare(out, x.order); lie != "" {
		return b.lie(listingVersions, lie)
	}
	return nil
}
