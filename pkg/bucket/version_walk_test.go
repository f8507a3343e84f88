package bucket

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// entryOf reads "key id" as a noncurrent version, "key id!" as the latest one,
// "key id x" and "key id! x" as delete markers. at is in seconds.
func entryOf(text string, at int64) retention.Entry {
	f := strings.Fields(text)
	id, latest := strings.CutSuffix(f[1], "!")
	e := retention.Entry{Key: f[0], ID: id, Latest: latest, LastModified: time.Unix(at, 0).UTC()}
	switch {
	case len(f) > 2:
		e.Kind = retention.Marker
	case latest:
		e.Kind, e.ETag, e.Size = retention.Object, `"e"`, 3
	default:
		e.Kind, e.ETag, e.Size = retention.Version, `"e"`, 3
	}
	return e
}

// entriesOf reads rows that are ever older.
func entriesOf(rows ...string) []retention.Entry {
	entries := make([]retention.Entry, len(rows))
	for i, r := range rows {
		entries[i] = entryOf(r, int64(1e9-i))
	}
	return entries
}

// versionsPage is an answer with these rows; an empty next ends the listing.
func versionsPage(next marker, entries ...retention.Entry) *s3.ListObjectVersionsOutput {
	out := &s3.ListObjectVersionsOutput{IsTruncated: aws.Bool(next.key != ""), NextKeyMarker: optional(next.key), NextVersionIdMarker: optional(next.id)}
	for _, e := range entries {
		if e.Kind == retention.Marker {
			out.DeleteMarkers = append(out.DeleteMarkers, types.DeleteMarkerEntry{
				Key: &e.Key, VersionId: &e.ID, IsLatest: &e.Latest, LastModified: &e.LastModified})
			continue
		}
		out.Versions = append(out.Versions, types.ObjectVersion{
			Key: &e.Key, VersionId: &e.ID, IsLatest: &e.Latest, LastModified: &e.LastModified, ETag: &e.ETag, Size: &e.Size})
	}
	return out
}

func alteredVersions(alter func(*s3.ListObjectVersionsOutput)) *s3.ListObjectVersionsOutput {
	out := versionsPage(marker{}, entriesOf("p/a 1! x", "p/b 1!")...)
	alter(out)
	return out
}

func TestVersionListingThatCannotBeTrueIsAnErrorAndNeverAnEnd(t *testing.T) {
	type out = s3.ListObjectVersionsOutput
	pages := func(pages ...*out) []*out { return pages }
	alter := func(change func(*out)) []*out { return pages(alteredVersions(change)) }
	on := func(key, id string, rows ...string) *out { return versionsPage(marker{key, id}, entriesOf(rows...)...) }
	end := func(rows ...string) *out { return versionsPage(marker{}, entriesOf(rows...)...) }
	changed := entryOf("p/a 1!", 5)
	for name, c := range map[string]struct {
		within  Range
		answers []*out
		want    string // part of the lie
	}{
		"nothing at all":                 {answers: pages(&out{}), want: "IsTruncated"},
		"truncated without markers":      {answers: alter(func(o *out) { o.IsTruncated = aws.Bool(true) }), want: "no marker"},
		"truncated, an empty marker":     {answers: alter(func(o *out) { o.IsTruncated, o.NextKeyMarker = aws.Bool(true), aws.String("") }), want: "no marker"},
		"a marker that can't be spelt":   {answers: pages(on("p/b\uFFFD", "1", "p/a 1!")), want: "can't spell"},
		"a marker at once again":         {answers: pages(on("p/a", "1", "p/a 1!"), on("p/a", "1")), want: "given twice"},
		"markers in a circle":            {answers: pages(on("p/a", "1", "p/a 1!"), on("p/a", "2"), on("p/a", "3"), on("p/a", "2")), want: "given twice"},
		"a circle inside a key":          {answers: pages(on("p/a", "1", "p/a 1!"), on("p/a", "2", "p/a 2"), on("p/a", "3", "p/a 3"), on("p/a", "1", "p/a 1!")), want: "given twice"},
		"a circle over keys":             {answers: pages(on("p/a", "1", "p/a 1!"), on("p/b", "1", "p/b 1!"), on("p/a", "1", "p/a 1!")), want: "not in order"},
		"only the edge again and again":  {answers: pages(on("p/a", "1", "p/a 1!"), on("p/a", "1", "p/a 1!")), want: "given twice"},
		"outside the prefix":             {answers: pages(end("q/a 1!")), want: "outside the prefix"},
		"a marker outside the prefix":    {answers: pages(end("q/a 1! x")), want: "outside the prefix"},
		"before the range":               {within: Range{After: "p/b"}, answers: pages(end("p/a 1!")), want: "outside the range"},
		"doubled in a page":              {answers: pages(end("p/a 1!", "p/a 1")), want: "listed twice"},
		"doubled as marker and version":  {answers: pages(end("p/a 1!", "p/a 1 x")), want: "listed twice"},
		"doubled on the next page":       {answers: pages(on("p/a", "2", "p/a 1!", "p/a 2"), end("p/a 3", "p/a 1!")), want: "listed twice"},
		"an edge that changed":           {answers: pages(on("p/a", "1", "p/a 1!"), versionsPage(marker{}, changed)), want: "listed twice"},
		"an edge of another kind":        {answers: pages(on("p/a", "1", "p/a 1!"), end("p/a 1 x")), want: "listed twice"},
		"keys out of order in a page":    {answers: pages(end("p/b 1!", "p/a 1!")), want: "not in order"},
		"keys out of order across pages": {answers: pages(on("p/b", "1", "p/b 1!"), end("p/a 1! x")), want: "not in order"},
		"a key that comes back":          {answers: pages(end("p/a 1!", "p/b 1!", "p/a 2")), want: "not in order"},
		"no key":                         {answers: alter(func(o *out) { o.Versions[0].Key = nil }), want: "no key"},
		"an empty key":                   {answers: alter(func(o *out) { o.Versions[0].Key = aws.String("") }), want: "no key"},
		"no version id":                  {answers: alter(func(o *out) { o.Versions[0].VersionId = nil }), want: "no version id"},
		"a marker without an id":         {answers: alter(func(o *out) { o.DeleteMarkers[0].VersionId = aws.String("") }), want: "no version id"},
		"no LastModified":                {answers: alter(func(o *out) { o.Versions[0].LastModified = nil }), want: "LastModified"},
		"a marker with a zero date":      {answers: alter(func(o *out) { o.DeleteMarkers[0].LastModified = &time.Time{} }), want: "LastModified"},
		"no IsLatest":                    {answers: alter(func(o *out) { o.Versions[0].IsLatest = nil }), want: "IsLatest"},
		"badly encoded":                  {answers: alter(func(o *out) { o.EncodingType, o.Versions[0].Key = types.EncodingTypeUrl, aws.String("p/%") }), want: "not encoded"},
		"a marker badly encoded": {answers: alter(func(o *out) {
			o.EncodingType, o.IsTruncated, o.NextKeyMarker = types.EncodingTypeUrl, aws.Bool(true), aws.String("%")
		}), want: "not encoded"},
		"keys behind common prefixes": {answers: alter(func(o *out) { o.CommonPrefixes = make([]types.CommonPrefix, 1) }), want: "common prefixes"},
	} {
		t.Run(name, func(t *testing.T) {
			w := versionWalk{prefix: "p/", within: c.within, last: c.within.After}
			for i, answer := range c.answers {
				_, lie := w.read(answer, listxml.Order{})
				if last := i == len(c.answers)-1; !last && (lie != "" || w.done) {
					t.Fatalf("answer %d: lie %q, done %v, want to go on", i, lie, w.done)
				} else if last && !strings.Contains(lie, c.want) {
					t.Errorf("lie is %q, want %q in it", lie, c.want)
				}
			}
		})
	}
}

func TestPagesWithoutProgressHaveAnEnd(t *testing.T) {
	edge := entriesOf("a 1!")
	for name, again := range map[string][]retention.Entry{"empty": nil, "the edge's repeat alone": edge} {
		t.Run(name, func(t *testing.T) {
			var w versionWalk
			w.read(versionsPage(marker{"a", "1"}, edge...), listxml.Order{})
			for i := range 2 * maxEmptyPages {
				if _, lie := w.read(versionsPage(marker{"a", fmt.Sprint(i + 2)}, again...), listxml.Order{}); lie != "" {
					if i < maxEmptyPages-1 {
						t.Errorf("refused after %d pages, want %d allowed", i, maxEmptyPages)
					}
					return
				}
			}
			t.Error("pages that bring nothing new may follow each other without end")
		})
	}
}

func TestEmptyPagesBetweenVersionsAreNoEnd(t *testing.T) {
	var w versionWalk
	var got []string
	for i, answer := range []*s3.ListObjectVersionsOutput{
		versionsPage(marker{"a", "0"}), versionsPage(marker{"a", "1"}, entriesOf("a 1!")...), versionsPage(marker{"a", "2"}),
		versionsPage(marker{"b", ""}, entriesOf("a 1!")...), versionsPage(marker{}, entriesOf("a 3", "b 1! x")...),
	} {
		page, lie := w.read(answer, listxml.Order{})
		if lie != "" || w.done != (i == 4) {
			t.Fatalf("answer %d: lie %q, done %v", i, lie, w.done)
		}
		for _, e := range page.Entries {
			got = append(got, e.Key+e.ID)
		}
	}
	if want := []string{"a1", "a3", "b1"}; !slices.Equal(got, want) {
		t.Errorf("entries are %q, want %q", got, want)
	}
}

func TestVersionMarkersAreBothPassedOnAndTheKeysIsDecoded(t *testing.T) {
	out := versionsPage(marker{"a%2Fb+c", "id%2F"}, entriesOf("a%2Fb+c id%2F!")...)
	out.EncodingType = types.EncodingTypeUrl
	var w versionWalk
	page, lie := w.read(out, listxml.Order{})
	if lie != "" || page.Entries[0].Key != "a/b c" || page.Entries[0].ID != "id%2F" || w.next != (marker{"a/b c", "id%2F"}) {
		t.Errorf("entries %v, next %q, lie %q", page.Entries, w.next, lie)
	}
}

func TestAListingNeverGoesOnFromANoncurrentNullVersion(t *testing.T) {
	for name, c := range map[string]struct {
		rows []string
		next marker
		want marker
	}{
		"noncurrent null":         {[]string{"a 2!", "a null"}, marker{"a", "null"}, marker{"a", "2"}},
		"noncurrent null marker":  {[]string{"a 2!", "a null x"}, marker{"a", "null"}, marker{"a", "2"}},
		"under a marker":          {[]string{"a 2! x", "a null"}, marker{"a", "null"}, marker{"a", "2"}},
		"current null":            {[]string{"a 2!", "b null!", "b 1"}, marker{"b", "null"}, marker{"b", "null"}},
		"null is not at the edge": {[]string{"a null!", "a 2"}, marker{"a", "2"}, marker{"a", "2"}},
		"a key of its own choice": {[]string{"a 2!", "a null"}, marker{"c", "null"}, marker{"c", "null"}},
	} {
		t.Run(name, func(t *testing.T) {
			var w versionWalk
			if _, lie := w.read(versionsPage(c.next, entriesOf(c.rows...)...), listxml.Order{}); lie != "" || w.next != c.want {
				t.Errorf("goes on at %q, lie %q; want %q", w.next, lie, c.want)
			}
		})
	}
}

func TestAPageOfANullVersionAloneIsNoLoop(t *testing.T) {
	var w versionWalk
	for _, answer := range []*s3.ListObjectVersionsOutput{
		versionsPage(marker{"a", "2"}, entriesOf("a 3!", "a 2")...), versionsPage(marker{"a", "null"}, entryOf("a null", 1)),
	} {
		if _, lie := w.read(answer, listxml.Order{}); lie != "" {
			t.Fatal(lie)
		}
	}
	if want := (marker{"a", "null"}); w.next != want {
		t.Errorf("goes on at %q, want %q: from the row before it would begin again", w.next, want)
	}
}

func TestRangeEndsOfAVersionListing(t *testing.T) {
	w := versionWalk{within: Range{After: "a", UpTo: "c"}, last: "a"}
	// versitygw begins with the key that others begin after.
	page, lie := w.read(versionsPage(marker{"more", "1"}, entriesOf("a 1!", "a 2", "b 1!", "c 2! x", "c 1", "d 1!")...), listxml.Order{})
	if lie != "" || !w.done || len(page.Entries) != 3 || page.Entries[2].ID != "1" || page.Entries[2].Key != "c" {
		t.Errorf("page %+v, done %v, lie %q; want b, c, c and the end", page, w.done, lie)
	}
}

func TestKeysThatTheServerCannotSpellAreOpaqueVersions(t *testing.T) {
	rows := entriesOf("b 1!", "a\uFFFD null!", "a\uFFFD null!", "c 1!", "a\uFFFD 7! x")
	var w versionWalk
	page, lie := w.read(versionsPage(marker{}, rows...), listxml.Order{})
	ids := map[string]bool{}
	for _, e := range page.Entries {
		if e.Opaque != strings.Contains(e.Key, "\uFFFD") {
			t.Errorf("%q is opaque: %v", e.Key, e.Opaque)
		}
		if e.Opaque {
			ids[e.ID] = true
		}
	}
	if lie != "" || len(page.Entries) != 5 || len(ids) != 3 {
		t.Errorf("entries %v, lie %q; want all five and three ids apart", page.Entries, lie)
	}
}

func TestOrderOfVersionsAndMarkersOfAKey(t *testing.T) {
	at := entryOf
	for name, c := range map[string]struct{ versions, markers, want []retention.Entry }{
		"newer first":               {[]retention.Entry{at("k 3", 3), at("k 1", 1)}, []retention.Entry{at("k 4!", 4), at("k 2 x", 2)}, nil},
		"a tie, marker first":       {[]retention.Entry{at("k 1", 1)}, []retention.Entry{at("k 2 x", 1)}, []retention.Entry{at("k 2 x", 1), at("k 1", 1)}},
		"a tie, marker is latest":   {[]retention.Entry{at("k 1", 1)}, []retention.Entry{at("k 2! x", 1)}, []retention.Entry{at("k 2! x", 1), at("k 1", 1)}},
		"a tie, version is latest":  {[]retention.Entry{at("k 2!", 1)}, []retention.Entry{at("k 1 x", 1)}, []retention.Entry{at("k 2!", 1), at("k 1 x", 1)}},
		"latest, though it's older": {[]retention.Entry{at("k 2!", 1)}, []retention.Entry{at("k 1 x", 9)}, []retention.Entry{at("k 2!", 1), at("k 1 x", 9)}},
		"by key before date":        {[]retention.Entry{at("a 1!", 1), at("c 1!", 9)}, []retention.Entry{at("b 1! x", 5)}, []retention.Entry{at("a 1!", 1), at("b 1! x", 5), at("c 1!", 9)}},
		"latest, though it's last":  {[]retention.Entry{at("a 1", 1), at("k 7", 1), at("k null!", 9)}, []retention.Entry{at("k 8 x", 2)}, []retention.Entry{at("a 1", 1), at("k null!", 9), at("k 8 x", 2), at("k 7", 1)}},
		"each list as it came":      {[]retention.Entry{at("k 1!", 1), at("k 2", 7)}, nil, []retention.Entry{at("k 1!", 1), at("k 2", 7)}},
		"markers only":              {nil, []retention.Entry{at("k 2! x", 2), at("k 1 x", 1)}, []retention.Entry{at("k 2! x", 2), at("k 1 x", 1)}},
	} {
		t.Run(name, func(t *testing.T) {
			want := c.want
			if want == nil {
				want = []retention.Entry{c.markers[0], c.versions[0], c.markers[1], c.versions[1]}
			}
			versions, markers := rowsOf(c.versions), rowsOf(c.markers)
			latestFirst(versions)
			if got := slices.Collect(merged(versions, markers)); !slices.Equal(got, want) {
				t.Errorf("order is %v, want %v", got, want)
			}
		})
	}
}

func rowsOf(entries []retention.Entry) (rows []row) {
	for _, e := range entries {
		rows = append(rows, row{Entry: e})
	}
	return rows
}

// A marker is taken to lie above a version where the place or the date says so.
func TestAMarkerComesFirstUnlessPlaceAndDateBothSayOtherwise(t *testing.T) {
	at := entryOf
	for name, c := range map[string]struct {
		versionAt, markerAt    int
		versionDate, markerAge int64
		versionFirst           bool
	}{
		"both say the version":                      {2, 3, 9, 1, true},
		"the place says the marker, as versitygw's": {3, 2, 9, 1, false},
		"the date says the marker, as SeaweedFS's":  {2, 3, 1, 9, false},
		"both say the marker":                       {3, 2, 1, 9, false},
		"no place: the date alone":                  {0, 0, 9, 1, true},
	} {
		v, m := row{at("k 1", c.versionDate), c.versionAt}, row{at("k 2 x", c.markerAge), c.markerAt}
		if got := versionFirst(v, m); got != c.versionFirst {
			t.Errorf("%s: the version comes first: %t", name, got)
		}
	}
}

func TestPlacesOfAnotherNumberOfRowsAreNotBelieved(t *testing.T) {
	rows := rowsOf([]retention.Entry{entryOf("k 1", 1)})
	if number(rows, []int{2, 3}); rows[0].at != 0 {
		t.Errorf("the row stands at %d, want no place", rows[0].at)
	}
}

// Any stacks, in pages of any size, with or without the row at the edge
// repeated: every entry once, keys in order, and in a key the newest first.
func TestEveryVersionComesOutOnceAndInOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		stacks := drawStacks(t)
		size := rapid.IntRange(1, 7).Draw(t, "page size")
		repeats := size > 1 && rapid.Bool().Draw(t, "edges are repeated")
		var w versionWalk
		var got []retention.Entry
		sent, repeated := 0, 0
		for from := 0; !w.done; {
			to := min(from+size, len(stacks))
			next := marker{}
			if to < len(stacks) {
				next = marker{stacks[to-1].Key, stacks[to-1].ID}
			}
			page, lie := w.read(versionsPage(next, stacks[from:to]...), listxml.Order{})
			if lie != "" {
				t.Fatalf("rows %d to %d of %v: %s", from, to, stacks, lie)
			}
			got, sent, repeated = append(got, page.Entries...), sent+to-from, repeated+page.Repeated
			if w.done {
				break
			}
			from = 1 + slices.IndexFunc(stacks, func(e retention.Entry) bool { return e.Key == w.next.key && e.ID == w.next.id })
			if repeats {
				from--
			}
		}
		sameEntries(t, got, stacks)
		if sent-repeated != len(stacks) {
			t.Fatalf("%d rows came, of which %d are said to be repeated, for %d entries", sent, repeated, len(stacks))
		}
	})
}

// drawStacks draws rows as a server holds them.
func drawStacks(t *rapid.T) (rows []retention.Entry) {
	keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-c/]{1,3}`), 0, 6, rapid.ID[string]).Draw(t, "keys")
	slices.Sort(keys)
	for _, key := range keys {
		at, null := int64(1000), rapid.IntRange(-1, 8).Draw(t, "place of null")
		for i := range rapid.IntRange(1, 8).Draw(t, "stack") {
			at -= rapid.Int64Range(0, 2).Draw(t, "older by")
			id := fmt.Sprintf("v%d", 99-i)
			if i == null {
				id = nullID
			}
			text := key + " " + id
			if i == 0 {
				text += "!"
			}
			if rapid.Bool().Draw(t, "marker") {
				text += " x"
			}
			rows = append(rows, entryOf(text, at))
		}
	}
	return rows
}

// sameEntries checks that got has the rows of want, each once, in an order that
// keeps to keys, dates and each kind's own order.
func sameEntries(t *rapid.T, got, want []retention.Entry) {
	ordered := slices.IsSortedFunc(got, func(a, b retention.Entry) int {
		return cmp.Or(strings.Compare(a.Key, b.Key), b.LastModified.Compare(a.LastModified))
	})
	markers := func(marker bool) func(retention.Entry) bool {
		return func(e retention.Entry) bool { return (e.Kind == retention.Marker) == marker }
	}
	if len(got) != len(want) || !ordered {
		t.Fatalf("got %d entries %v, want %d %v, in order", len(got), got, len(want), want)
	}
	for _, kind := range []bool{true, false} {
		g, w := slices.DeleteFunc(slices.Clone(got), markers(!kind)), slices.DeleteFunc(slices.Clone(want), markers(!kind))
		if !slices.Equal(g, w) {
			t.Fatalf("got %v, want %v", g, w)
		}
	}
}
