package bucket

import (
	"context"
	"iter"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// uploads lists the incomplete multipart uploads under the prefix. The whole
// bucket is listed and filtered here: MinIO answers a folder's prefix with
// nothing. Only an iteration that ends without an error saw all of them.
func (b *Bucket) uploads(ctx context.Context) iter.Seq2[retention.Entry, error] {
	const doing = "listing the incomplete uploads of"
	return func(yield func(retention.Entry, error) bool) {
		w := uploadWalk{markers: map[[2]string]bool{}, seen: map[[2]string]bool{}}
		in := &s3.ListMultipartUploadsInput{Bucket: &b.cfg.Bucket, EncodingType: types.EncodingTypeUrl}
		for {
			out, err := b.client.ListMultipartUploads(ctx, in)
			if in.KeyMarker == nil && noUploads(Code(err)) {
				return
			}
			if err != nil {
				yield(retention.Entry{}, b.fail(doing, "s3:ListBucketMultipartUploads", err))
				return
			}
			entries, lie := w.read(out)
			if lie != "" {
				yield(retention.Entry{}, b.lie(doing, lie))
				return
			}
			for _, e := range entries {
				if strings.HasPrefix(e.Key, b.cfg.Prefix) && !yield(e, nil) {
					return
				}
			}
			if w.done {
				return
			}
			// Both markers: a key may have more uploads than a page holds.
			in.KeyMarker, in.UploadIdMarker = &w.key, optional(w.id)
		}
	}
}

// uploadWalk checks the pages of an upload listing as they come. Uploads of a
// key come in no order that servers agree on, so every marker and every upload
// is remembered: a listing that comes back to one of them can't be trusted.
type uploadWalk struct {
	markers, seen map[[2]string]bool
	key, id       string // where the next page starts
	done          bool
}

func (w *uploadWalk) read(out *s3.ListMultipartUploadsOutput) (entries []retention.Entry, lie string) {
	if len(out.CommonPrefixes) > 0 {
		return nil, "an answer hides uploads behind common prefixes, though no delimiter was asked for"
	}
	if out.IsTruncated == nil {
		return nil, "an answer doesn't say whether the listing goes on (no IsTruncated)"
	}
	encoded := out.EncodingType == types.EncodingTypeUrl
	for _, u := range out.Uploads {
		if u.Key == nil || *u.Key == "" || u.UploadId == nil || *u.UploadId == "" {
			return nil, "an upload has no key or no id"
		}
		if u.Initiated == nil || u.Initiated.IsZero() {
			return nil, "an upload has no Initiated"
		}
		key, err := decodeName(*u.Key, encoded)
		if err != nil {
			return nil, "a key is not encoded as the answer says (encoding-type=url)"
		}
		if w.seen[[2]string{key, *u.UploadId}] {
			return nil, "an upload is listed twice"
		}
		w.seen[[2]string{key, *u.UploadId}] = true
		entries = append(entries, retention.Entry{
			Key: key, Kind: retention.Upload, ID: *u.UploadId, LastModified: u.Initiated.UTC()})
	}
	if w.done = !*out.IsTruncated; w.done {
		return entries, ""
	}
	return entries, w.next(out, encoded)
}

// next takes the markers of a truncated answer, if they can lead anywhere.
func (w *uploadWalk) next(out *s3.ListMultipartUploadsOutput, encoded bool) (lie string) {
	if out.NextKeyMarker == nil || *out.NextKeyMarker == "" {
		return "an answer is truncated, but has no marker to go on with"
	}
	key, err := decodeName(*out.NextKeyMarker, encoded)
	if err != nil {
		return "a marker is not encoded as the answer says (encoding-type=url)"
	}
	w.key, w.id = key, ""
	if out.NextUploadIdMarker != nil {
		w.id = *out.NextUploadIdMarker
	}
	if w.markers[[2]string{w.key, w.id}] {
		return "a marker to go on with was given twice"
	}
	w.markers[[2]string{w.key, w.id}] = true
	return ""
}
