package bucket

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"iter"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// uploads lists the incomplete multipart uploads of the range under prefix. The
// whole bucket is listed and filtered here: MinIO answers a folder's prefix with
// nothing.
func (b *Bucket) uploads(ctx context.Context, r Range, prefix string) iter.Seq2[Page, error] {
	const doing = "listing the incomplete uploads of"
	return func(yield func(Page, error) bool) {
		w := newUploadWalk(prefix, r)
		in := &s3.ListMultipartUploadsInput{Bucket: &b.cfg.Bucket, EncodingType: types.EncodingTypeUrl}
		for {
			out, err := b.client.ListMultipartUploads(ctx, in, b.patiently)
			if in.KeyMarker == nil && noUploads(Code(err)) {
				return
			}
			if err != nil {
				yield(Page{}, b.fail(doing, "s3:ListBucketMultipartUploads", err))
				return
			}
			page, lie := w.read(out)
			if lie != "" {
				yield(Page{}, b.lie(doing, lie))
				return
			}
			if !yield(page, nil) || w.done {
				return
			}
			// Both markers: a key may have more uploads than a page holds.
			in.KeyMarker, in.UploadIdMarker = &w.next.key, optional(w.next.id)
		}
	}
}

// uploadWalk checks the pages of an upload listing as they come. Uploads of a
// key come in no order that servers agree on, and MinIO has an order of keys that
// is its own. So as long as keys never decrease, the uploads of the present key
// are remembered, and the markers given since the key moved on: a listing that
// comes back to one of them can't be trusted. Once a key is less than one before,
// all from there on are remembered, in 16 bytes each. An upload that was listed
// before that, and comes again, isn't noticed; a listing that goes round is, when
// it comes round again.
type uploadWalk struct {
	prefix    string
	within    Range
	unordered bool                  // a key was less than one before
	last      string                // the greatest key so far
	markers   map[uploadID]struct{} // since the key moved on
	seen      map[uploadID]struct{} // uploads, since the key moved on
	next      marker                // where the next page starts
	empty     int                   // pages in a row without an upload
	done      bool
}

// marker is a place in a listing that goes by key and id.
type marker struct{ key, id string }

// uploadID is a hash of a place, for want of memory for the place.
type uploadID [16]byte

func (m marker) hash() uploadID {
	text := binary.AppendUvarint(make([]byte, 0, binary.MaxVarintLen64+len(m.key)+len(m.id)), uint64(len(m.key)))
	sum := sha256.Sum256(append(append(text, m.key...), m.id...))
	return uploadID(sum[:len(uploadID{})])
}

func newUploadWalk(prefix string, within Range) *uploadWalk {
	return &uploadWalk{prefix: prefix, within: within, markers: map[uploadID]struct{}{}, seen: map[uploadID]struct{}{}}
}

// move goes on to an upload's key, if that is known.
func (w *uploadWalk) move(key string) {
	w.unordered = w.unordered || key < w.last
	if !w.unordered && key > w.last {
		w.last = key
		clear(w.seen)
		clear(w.markers)
	}
}

// again notes a place and reports whether it was noted before.
func again(places map[uploadID]struct{}, at marker) bool {
	id := at.hash()
	_, known := places[id]
	places[id] = struct{}{}
	return known
}

// read checks one answer. lie says in words what can't be true of it, "" when
// all is well.
func (w *uploadWalk) read(out *s3.ListMultipartUploadsOutput) (page Page, lie string) {
	if len(out.CommonPrefixes) > 0 {
		return page, "an answer hides uploads behind common prefixes, though no delimiter was asked for"
	}
	if out.IsTruncated == nil {
		return page, "an answer doesn't say whether the listing goes on (no IsTruncated)"
	}
	if w.empty++; len(out.Uploads) > 0 {
		w.empty = 0
	}
	if w.empty > maxEmptyPages {
		return page, "thousands of pages in a row are empty, and still there is a next one"
	}
	encoded := out.EncodingType == types.EncodingTypeUrl
	for i := range out.Uploads {
		e, lie := w.entry(&out.Uploads[i], encoded)
		if lie != "" {
			return page, lie
		}
		if w.wanted(e) {
			page.Entries = append(page.Entries, e)
		}
	}
	if w.done = !*out.IsTruncated; w.done {
		return page, ""
	}
	if w.next, lie = nextMarker(out.NextKeyMarker, out.NextUploadIdMarker, encoded); lie != "" {
		return page, lie
	}
	if again(w.markers, w.next) {
		return page, "a marker to go on with was given twice"
	}
	return page, ""
}

func (w *uploadWalk) entry(u *types.MultipartUpload, encoded bool) (e retention.Entry, lie string) {
	if u.Key == nil || *u.Key == "" || u.UploadId == nil || *u.UploadId == "" {
		return e, "an upload has no key or no id"
	}
	if u.Initiated == nil || u.Initiated.IsZero() {
		return e, "an upload has no Initiated"
	}
	key, err := decodeName(*u.Key, encoded)
	if err != nil {
		return e, "a key is not encoded as the answer says (encoding-type=url)"
	}
	opaque := misspelt(key, encoded)
	if !opaque {
		w.move(key)
	}
	if again(w.seen, marker{key, *u.UploadId}) {
		return e, "an upload is listed twice"
	}
	// The upload's own id tells apart those whose key isn't known, too.
	return retention.Entry{Key: key, Kind: retention.Upload, ID: *u.UploadId, LastModified: u.Initiated.UTC(), Opaque: opaque}, ""
}

// wanted reports whether an upload belongs to the listing. Of an opaque one only
// what comes before the first lost character is known: it belongs unless that
// rules it out.
func (w *uploadWalk) wanted(e retention.Entry) bool {
	under := strings.HasPrefix(e.Key, w.prefix)
	if e.Opaque {
		known, _, _ := strings.Cut(e.Key, string(utf8.RuneError))
		under = strings.HasPrefix(known, w.prefix) || strings.HasPrefix(w.prefix, known)
	}
	return under && e.Key > w.within.After && (w.within.UpTo == "" || e.Key <= w.within.UpTo)
}

// nextMarker reads the markers of a truncated answer. Encoding covers the key's
// alone. One that the server couldn't spell names another place: what lies
// between the two would be missed.
func nextMarker(key, id *string, encoded bool) (at marker, lie string) {
	if key == nil || *key == "" {
		return at, "an answer is truncated, but has no marker to go on with"
	}
	var err error
	if at.key, err = decodeName(*key, encoded); err != nil {
		return at, "a marker is not encoded as the answer says (encoding-type=url)"
	}
	if misspelt(at.key, encoded) {
		return at, "the key to go on with is one that the server can't spell"
	}
	if id != nil {
		at.id = *id
	}
	return at, ""
}
