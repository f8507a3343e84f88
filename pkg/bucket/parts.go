package bucket

import (
	"context"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// LastPart returns when the newest part of an upload arrived, in UTC; the zero
// time if it has none. The error wraps ErrGone if the upload isn't there any
// more.
func (b *Bucket) LastPart(ctx context.Context, e retention.Entry) (time.Time, error) {
	const doing = "listing the parts of an upload in"
	if err := b.named(doing, e); err != nil {
		return time.Time{}, err
	}
	var newest time.Time
	given := map[string]struct{}{} // markers: a listing that comes back to one never ends
	in := &s3.ListPartsInput{Bucket: &b.cfg.Bucket, Key: &e.Key, UploadId: &e.ID}
	for {
		out, err := b.client.ListParts(ctx, in)
		if err != nil {
			return time.Time{}, b.failOn(doing, "s3:ListMultipartUploadParts", err)
		}
		for _, p := range out.Parts {
			if p.LastModified == nil || p.LastModified.IsZero() {
				return time.Time{}, b.lie(doing, "a part has no LastModified")
			}
			if p.LastModified.After(newest) {
				newest = p.LastModified.UTC()
			}
		}
		switch {
		case out.IsTruncated == nil:
			return time.Time{}, b.lie(doing, "an answer doesn't say whether the listing goes on (no IsTruncated)")
		case !*out.IsTruncated:
			return newest, nil
		case out.NextPartNumberMarker == nil || *out.NextPartNumberMarker == "":
			return time.Time{}, b.lie(doing, "an answer is truncated, but has no marker to go on with")
		}
		in.PartNumberMarker = out.NextPartNumberMarker
		if _, ok := given[*in.PartNumberMarker]; ok {
			return time.Time{}, b.lie(doing, "a marker to go on with was given twice")
		}
		given[*in.PartNumberMarker] = struct{}{}
	}
}
