package bucket

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// versionWalk checks the pages of one version listing as they come. It knows
// nothing of the network: it is a function of the answers so far. Of a key it
// remembers the rows of two pages, so that memory doesn't grow with a key.
type versionWalk struct {
	prefix string
	within Range
	opaque int // entries whose key the server could not spell

	last string // the greatest key so far; within.After before the first
	seen bool   // a row was seen
	// The rows of key last, by version id: those of this page, and those that the
	// next page may repeat.
	page, before keyRows
	named        string // of key last: the latest version id to go on from that isn't "null"

	resumed marker // where this page went on; zero for the first
	beyond  marker // this page's first row past that key; zero if there is none
	latest  bool   // this page has the latest of a key past that one

	next    marker              // where the next page starts
	markers map[marker]struct{} // all of them, since the key last moved on
	empty   int                 // pages in a row that brought nothing new
	done    bool

	// Of the page: the next has the same room.
	entries                       []retention.Entry
	versionsListed, markersListed []row
}

// read checks one answer. lie says in words what can't be true of it, "" when
// all is well.
func (w *versionWalk) read(out *s3.ListObjectVersionsOutput, order listxml.Order) (page Page, lie string) {
	if len(out.CommonPrefixes) > 0 {
		return page, "an answer hides keys behind common prefixes, though no delimiter was asked for"
	}
	if out.IsTruncated == nil {
		return page, "an answer doesn't say whether the listing goes on (no IsTruncated)"
	}
	encoded := out.EncodingType == types.EncodingTypeUrl
	page.Cuttable = encoded
	versions, markers, lie := w.rows(out, order, encoded)
	if lie != "" {
		return page, lie
	}
	w.turn()
	listed := len(versions) + len(markers)
	versions, markers = w.unrepeated(versions), w.unrepeated(markers)
	page.Repeated = listed - len(versions) - len(markers)
	page.Entries = slices.Grow(w.entries[:0], len(versions)+len(markers))
	key := w.last
	past, progress := false, false // past: an entry beyond UpTo was seen: the rest is another range's
	for e := range merged(versions, markers) {
		if lie := w.take(&e); lie != "" {
			return page, lie
		}
		progress = true
		if past = past || w.past(e); !past && !w.first(e) {
			page.Entries = append(page.Entries, e)
		}
	}
	w.entries = page.Entries
	if w.done = past || !*out.IsTruncated; w.done {
		return page, ""
	}
	return page, w.goOn(out, encoded, progress, w.last != key)
}

// turn begins a page: what it may repeat are the rows of the page before it. A
// "null" version may come again later still.
func (w *versionWalk) turn() {
	w.resumed, w.beyond, w.latest = w.next, marker{}, false
	if len(w.page.rows) == 0 {
		return
	}
	null, ok := w.before.find(nullID)
	w.before, w.page = w.page, w.before
	w.page.reset()
	if ok && !w.before.has(nullID) {
		w.before.put(&null)
	}
}

// rows reads the two lists of an answer. Each keeps the server's order, but for
// what is the latest of its key.
func (w *versionWalk) rows(out *s3.ListObjectVersionsOutput, order listxml.Order, encoded bool) (versions, markers []row, lie string) {
	versions, markers = slices.Grow(w.versionsListed[:0], len(out.Versions)), slices.Grow(w.markersListed[:0], len(out.DeleteMarkers))
	for i := range out.Versions {
		v := &out.Versions[i]
		e, lie := w.common(v.Key, v.VersionId, v.LastModified, v.IsLatest, encoded)
		if lie != "" {
			return nil, nil, lie
		}
		e.Kind = retention.Version
		if e.Latest {
			e.Kind = retention.Object
		}
		e.ETag, e.Size = aws.ToString(v.ETag), aws.ToInt64(v.Size)
		versions = append(versions, row{Entry: e})
	}
	for i := range out.DeleteMarkers {
		m := &out.DeleteMarkers[i]
		e, lie := w.common(m.Key, m.VersionId, m.LastModified, m.IsLatest, encoded)
		if lie != "" {
			return nil, nil, lie
		}
		e.Kind = retention.Marker
		markers = append(markers, row{Entry: e})
	}
	w.versionsListed, w.markersListed = versions, markers
	number(versions, order.Versions)
	number(markers, order.Markers)
	latestFirst(versions)
	latestFirst(markers)
	return versions, markers, ""
}

// common reads what versions and markers have in common.
func (w *versionWalk) common(name, id *string, modified *time.Time, latest *bool, encoded bool) (e retention.Entry, lie string) {
	switch {
	case name == nil || *name == "":
		return e, "an entry has no key"
	case id == nil || *id == "":
		return e, "an entry has no version id"
	case modified == nil || modified.IsZero():
		return e, "an entry has no LastModified"
	case latest == nil:
		return e, "an entry doesn't say whether it is the latest of its key (no IsLatest)"
	}
	key, err := decodeName(*name, encoded)
	switch {
	case err != nil:
		return e, "a key is not encoded as the answer says (encoding-type=url)"
	case !strings.HasPrefix(key, w.prefix):
		return e, "an entry lies outside the prefix"
	}
	return retention.Entry{Key: key, ID: *id, LastModified: modified.UTC(), Latest: *latest, Opaque: misspelt(key, encoded)}, ""
}

// unrepeated drops from the head of a list what repeats a row of the page
// before, and nothing but that: versitygw repeats the row at a page's edge, and
// the "null" version of a key once a page.
func (w *versionWalk) unrepeated(rows []row) []row {
	for len(rows) > 0 && rows[0].Key == w.last && !rows[0].Opaque {
		old, ok := w.before.find(rows[0].ID)
		if !ok || !sameRow(old, rows[0].Entry) {
			break
		}
		rows = rows[1:]
	}
	return rows
}

// sameRow compares all but whether the row is the latest of its key: a newer one
// may have come between two pages.
func sameRow(a, b retention.Entry) bool {
	return a.ID == b.ID && (a.Kind == retention.Marker) == (b.Kind == retention.Marker) &&
		a.LastModified.Equal(b.LastModified) && a.ETag == b.ETag && a.Size == b.Size
}

// take moves the walk on to a row.
func (w *versionWalk) take(e *retention.Entry) (lie string) {
	if e.Opaque {
		// It stands where its true key belongs, which its spelling doesn't tell.
		w.opaque++
		e.ID = fmt.Sprintf("opaque-%d", w.opaque)
		return ""
	}
	switch {
	case e.Key < w.last && !w.seen:
		return "an entry lies outside the range that was asked for"
	case e.Key < w.last:
		return "keys are not in order"
	case e.Key > w.last:
		w.last, w.named = e.Key, ""
		w.page.reset()
		w.before.reset()
	}
	if w.page.has(e.ID) || w.before.has(e.ID) {
		return "an entry is listed twice"
	}
	w.page.put(e)
	w.seen = true
	if e.ID != nullID {
		w.named = e.ID
	}
	if e.Key > w.resumed.key {
		if w.beyond == (marker{}) {
			w.beyond = marker{e.Key, e.ID}
		}
		w.latest = w.latest || e.Latest
	}
	return ""
}

// first reports whether an entry is of the key after which the range begins:
// versitygw starts with the key that others start after.
func (w *versionWalk) first(e retention.Entry) bool { return !e.Opaque && e.Key == w.within.After }

// past reports whether an entry lies beyond the range. One whose key is not
// known is taken to lie right after the last that is.
func (w *versionWalk) past(e retention.Entry) bool {
	if e.Opaque {
		return w.within.UpTo != "" && w.last >= w.within.UpTo
	}
	return w.within.UpTo != "" && e.Key > w.within.UpTo
}

// goOn takes the markers of a truncated answer, if they can lead anywhere. Keys
// never decrease, so only pages that stay at one key can loop: it is enough to
// know the markers of those.
func (w *versionWalk) goOn(out *s3.ListObjectVersionsOutput, encoded, progress, moved bool) (lie string) {
	if w.next, lie = nextMarker(out.NextKeyMarker, out.NextVersionIdMarker, encoded); lie != "" {
		return lie
	}
	if moved || w.markers == nil {
		w.markers = map[marker]struct{}{}
	}
	// From a noncurrent "null" version versitygw doesn't find on: it lists nothing
	// more and says that this is the end. Any server goes on from the row before.
	if null, ok := w.page.find(nullID); ok && !null.Latest && w.named != "" && w.next == (marker{w.last, nullID}) {
		before := marker{w.last, w.named}
		if _, given := w.markers[before]; !given {
			w.next = before
		}
	}
	if _, ok := w.markers[w.next]; ok {
		return "a marker to go on with was given twice"
	}
	w.markers[w.next] = struct{}{}
	if w.empty++; progress {
		w.empty = 0
	}
	if w.empty > maxEmptyPages {
		return "thousands of pages in a row bring nothing new, and still there is a next one"
	}
	return ""
}

// doubtful reports whether a server that lost its place may have given this
// page: it went on from a version, left that version's key, or ended, and shows
// no other key from its latest on.
func (w *versionWalk) doubtful() bool {
	return w.resumed.id != "" && !w.latest && (w.done || w.beyond != (marker{}))
}

// compare looks at what the server lists past the key where a doubtful page
// went on: it has to begin as that page did past that key.
func (w *versionWalk) compare(out *s3.ListObjectVersionsOutput, order listxml.Order) (lie string) {
	const lost = "an answer leaves out what follows the version from which it goes on"
	versions, markers, lie := w.rows(out, order, out.EncodingType == types.EncodingTypeUrl)
	if lie != "" {
		return lie
	}
	for e := range merged(versions, markers) {
		switch {
		case e.Opaque, w.beyond == (marker{}) && w.past(e):
			return ""
		case w.beyond != (marker{e.Key, e.ID}):
			return lost
		}
		return ""
	}
	if w.beyond != (marker{}) {
		return lost
	}
	return ""
}
