package bucket

import (
	"fmt"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// maxEmptyPages is how many pages without an entry may follow each other. Some
// servers give a few while they step over deleted keys; one that gives ever new
// tokens and never an entry would keep us listing for ever.
const maxEmptyPages = 10_000

const (
	twice    = "an entry is listed twice"
	disorder = "keys are not in order"
)

// walk checks the pages of one listing as they come. It knows nothing of the
// network: it is a function of the answers so far.
type walk struct {
	prefix    string
	within    Range
	unordered bool // keys come in no order: all under the prefix is listed, and what lies in the range taken
	loop      loop
	last      string              // the greatest key so far; within.After before the first
	opaque    int                 // entries whose key the server could not spell
	seen      bool                // an entry was seen
	tokens    map[string]struct{} // since the last page with an entry, and the one before it
	empty     int
	entries   []retention.Entry // of the page: the next has the same room
}

// step is what an answer leads to: a page, and either a token to go on with or
// the end.
type step struct {
	page    Page
	token   string
	encoded bool // names came with encoding-type=url
	done    bool
}

// read checks one answer, whose objects are given besides. lie says in words what
// can't be true of it, "" when all is well.
func (w *walk) read(out *s3.ListObjectsV2Output, objects []listxml.Object) (s step, lie string) {
	if len(out.CommonPrefixes) > 0 {
		return s, "an answer hides keys behind common prefixes, though no delimiter was asked for"
	}
	if out.IsTruncated == nil {
		return s, "an answer doesn't say whether the listing goes on (no IsTruncated)"
	}
	s.encoded = out.EncodingType == types.EncodingTypeUrl
	s.page.Entries = slices.Grow(w.entries[:0], len(objects))
	opaque := w.opaque
	past := false // an entry beyond UpTo was seen: the rest is another range's
	for i := range objects {
		n := len(s.page.Entries)
		s.page.Entries = append(s.page.Entries, retention.Entry{}) // filled in where it lies
		e := &s.page.Entries[n]
		lie := w.entry(e, &objects[i], s.encoded)
		if lie == disorder && w.within.open() {
			w.unordered, w.opaque = true, opaque
			return w.read(out, objects)
		}
		if lie != "" {
			return s, lie
		}
		if past = past || w.past(e); past || w.unordered && !w.within.holds(e.Key) {
			s.page.Entries = s.page.Entries[:n]
		}
	}
	w.entries = s.page.Entries
	s.page.Unordered, s.page.Cuttable = w.unordered, s.encoded && !w.unordered
	if w.unordered && doubled(s.page.Entries) {
		return s, twice
	}
	if s.done = past || !*out.IsTruncated; s.done {
		return s, ""
	}
	s.token, lie = w.next(out, len(objects) > 0)
	return s, lie
}

// entry reads one row and moves the walk on to its key.
func (w *walk) entry(e *retention.Entry, o *listxml.Object, encoded bool) (lie string) {
	key, err := decodeName(o.Key, encoded)
	e.Key, e.Kind, e.Latest = key, retention.Object, true
	e.LastModified, e.ETag, e.Size = o.LastModified.UTC(), o.ETag, o.Size
	switch {
	case o.Key == "":
		return "an entry has no key"
	case err != nil:
		return "a key is not encoded as the answer says (encoding-type=url)"
	case o.LastModified.IsZero():
		return "an entry has no LastModified"
	case !strings.HasPrefix(key, w.prefix):
		return "an entry lies outside the prefix"
	case misspelt(key, encoded):
		// It stands where its true key belongs, which its spelling doesn't tell.
		w.opaque++
		e.Opaque, e.ID = true, fmt.Sprintf("opaque-%d", w.opaque)
		return ""
	case w.unordered:
		return ""
	case key > w.last:
		w.last, w.seen = key, true
		return ""
	case !w.seen:
		return "an entry lies outside the range that was asked for"
	case key == w.last:
		return twice
	}
	return disorder
}

// past reports whether an entry lies beyond the range. One whose key is not
// known is taken to lie right after the last that is.
func (w *walk) past(e *retention.Entry) bool {
	if w.unordered {
		return false
	}
	if e.Opaque {
		return w.within.UpTo != "" && w.last >= w.within.UpTo
	}
	return w.within.UpTo != "" && e.Key > w.within.UpTo
}

// next takes the token of a truncated answer, if it can lead anywhere. Where
// keys must increase only a run of empty pages can loop: the tokens of such a run
// are all known.
func (w *walk) next(out *s3.ListObjectsV2Output, progress bool) (token, lie string) {
	if out.NextContinuationToken == nil || *out.NextContinuationToken == "" {
		return "", "an answer is truncated, but has no token to go on with"
	}
	token = *out.NextContinuationToken // opaque: encoding-type=url doesn't cover it
	if _, ok := w.tokens[token]; ok || w.loop.closed(token) {
		return "", "a token to go on with was given twice"
	}
	if progress || w.tokens == nil {
		w.empty = 0
		w.tokens = make(map[string]struct{}, 1)
	}
	w.tokens[token] = struct{}{}
	if w.empty++; w.empty > maxEmptyPages {
		return "", "thousands of pages in a row are empty, and still there is a next one"
	}
	return token, ""
}
