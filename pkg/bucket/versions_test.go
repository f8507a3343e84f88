package bucket_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// shelved is a stand whose versions come from a shelf.
func shelved(t *testing.T, s *shelf) *stand {
	t.Helper()
	at := newStand(t)
	at.OnRequest(s.serve)
	return at
}

func bothStyles(t *testing.T, run func(t *testing.T, versitygw bool)) {
	t.Helper()
	t.Run("S3", func(t *testing.T) { run(t, false) })
	t.Run("versitygw", func(t *testing.T) { run(t, true) })
}

func wantEntries(t *testing.T, got, want []retention.Entry) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("got %d entries %.600v, want %d %.600v", len(got), fmt.Sprint(got), len(want), fmt.Sprint(want))
	}
}

// Case 07: the page's edge lies inside one key.
func TestAKeyWithMoreVersionsThanAPageIsListedWhole(t *testing.T) {
	bothStyles(t, func(t *testing.T, versitygw bool) {
		ids := make([]string, 2500)
		for i := range ids {
			ids[i] = fmt.Sprintf("v%04d", 9999-i)
		}
		want := append(stack("k", ids...), stack("z", "v1")...)
		s := shelved(t, &shelf{versitygw: versitygw, size: 1000, rows: want})
		wantEntries(t, buckettest.List(t, s.open(), bucket.Range{What: bucket.Versions}), want)
		for i, c := range s.Calls("ListObjectVersions") {
			if c.Query.Get("max-keys") != "1000" || c.Query.Get("encoding-type") != "url" || c.Query.Has("version-id-marker") != (i > 0) {
				t.Errorf("request %d is %v", i, c.Query)
			}
		}
	})
}

// Case 08: pages that hold only delete markers.
func TestPagesOfMarkersOnlyAreNoEnd(t *testing.T) {
	bothStyles(t, func(t *testing.T, versitygw bool) {
		var want []retention.Entry
		for _, key := range numbered(20) {
			want = append(want, stack(key, "x1")...)
		}
		want = append(want, stack("z", "v1")...)
		s := shelved(t, &shelf{versitygw: versitygw, size: 10, rows: want})
		wantEntries(t, buckettest.List(t, s.open(), bucket.Range{What: bucket.Versions}), want)
	})
}

// versitygw can't go on from a noncurrent "null" version: here every page's edge
// is one, as in a bucket that got versioning after it was filled.
func TestANullVersionAtThePagesEdgeHidesNothing(t *testing.T) {
	bothStyles(t, func(t *testing.T, versitygw bool) {
		var want []retention.Entry
		for _, key := range numbered(25) {
			want = append(want, stack(key, "v9", "null")...)
		}
		s := shelved(t, &shelf{versitygw: versitygw, size: 10, rows: want})
		wantEntries(t, buckettest.List(t, s.open(), bucket.Range{What: bucket.Versions}), want)
	})
}

// A version that is deleted while a listing goes on from it is where versitygw
// loses its place. What it then leaves out is no empty rest.
func TestALostPlaceIsAnErrorAndNoEnd(t *testing.T) {
	for name, rows := range map[string][]retention.Entry{
		"nothing follows":             slices.Concat(stack("a", "v2", "v1"), stack("b", "v2", "v1"), stack("c", "v1")),
		"only null versions follow":   slices.Concat(stack("a", "v2", "v1"), stack("b", "v2", "v1"), stack("c", "v1", "null"), stack("d", "v1", "null")),
		"a page of them":              slices.Concat(stack("a", "v2", "v1"), stack("b", "v2", "v1"), stack("c", "v1", "null"), stack("d", "v1", "null"), stack("e", "v1", "null"), stack("f", "v1", "null")),
		"the next key is a marker":    slices.Concat(stack("a", "v2", "v1"), stack("b", "v2", "v1"), stack("c", "x1")),
		"the edge is a single object": slices.Concat(stack("a", "v3", "v2", "v1"), stack("b", "v1"), stack("c", "v4")),
	} {
		t.Run(name, func(t *testing.T) {
			shelf := &shelf{versitygw: true, size: 3, rows: slices.Clone(rows)}
			edge := rows[2]
			if name == "the edge is a single object" {
				shelf.size, edge = 4, rows[3]
			}
			s := shelved(t, shelf)
			var err error
			for _, err = range s.open().Pages(t.Context(), bucket.Range{What: bucket.Versions}) {
				shelf.remove(edge.Key, edge.ID)
			}
			wantError(t, err, "exchanges", "leaves out")
		})
	}
}

func TestAServerThatKeepsItsPlaceIsBelieved(t *testing.T) {
	// The last page has no other key: is that the end? It is.
	for _, versitygw := range []bool{false, true} {
		want := slices.Concat(stack("a", "v2"), stack("b", "v5", "v4", "v3", "v2", "v1"))
		s := shelved(t, &shelf{versitygw: versitygw, size: 3, rows: want})
		wantEntries(t, buckettest.List(t, s.open(), bucket.Range{What: bucket.Versions}), want)
		// Of another range's keys nothing has to be shown.
		want = want[:6]
		s = shelved(t, &shelf{versitygw: versitygw, size: 3, rows: slices.Concat(want, stack("c", "v1"))})
		wantEntries(t, buckettest.List(t, s.open(), bucket.Range{What: bucket.Versions, UpTo: "b"}), want)
	}
}

func TestABucketThatNeverHadVersioningListsItsObjectsAsNull(t *testing.T) {
	want := slices.Concat(stack("a", "null"), stack("b", "null"))
	s := shelved(t, &shelf{size: 10, rows: want})
	got := buckettest.List(t, s.open(), bucket.Range{What: bucket.Versions})
	wantEntries(t, got, want)
	if !got[0].Rewritable() || got[0].Kind != retention.Object {
		t.Errorf("entry is %+v", got[0])
	}
}

func TestAPrefixIsNarrowedButNeverLeft(t *testing.T) {
	rows := slices.Concat(stack("in/a", "v1"), stack("in/ab", "v1"), stack("in/b", "v1"), stack("out/a", "v1"))
	s := shelved(t, &shelf{size: 10, rows: rows})
	s.put("in/a", "in/ab", "in/b", "out/a")
	c := s.config()
	c.Prefix = "in/"
	b := open(t, c)
	for _, what := range []bucket.Listing{bucket.Current, bucket.Versions} {
		for prefix, want := range map[string][]string{"": {"in/a", "in/ab", "in/b"}, "in/": {"in/a", "in/ab", "in/b"}, "in/a": {"in/a", "in/ab"}, "in/z": {}} {
			if got := buckettest.KeysOf(buckettest.List(t, b, bucket.Range{What: what, Prefix: prefix})); !slices.Equal(got, want) {
				t.Errorf("listing %v of %q: %q, want %q", what, prefix, got, want)
			}
		}
	}
	for _, what := range []bucket.Listing{bucket.Current, bucket.Versions, bucket.Uploads} {
		for _, prefix := range []string{"out/", "in", "i"} {
			before := len(s.Calls(""))
			wantError(t, listingError(t.Context(), b, bucket.Range{What: what, Prefix: prefix}), "outside the store's")
			if len(s.Calls("")) != before {
				t.Error("a request went out")
			}
		}
	}
}

func TestAnswersThatAreNotAVersionListing(t *testing.T) {
	for name, c := range map[string]struct {
		verdict buckettest.Verdict
		want    string
	}{
		"another listing": {xml("<ListBucketResult><IsTruncated>false</IsTruncated></ListBucketResult>"), "not an S3 server"},
		"nothing":         {buckettest.Verdict{Answer: &buckettest.Answer{Status: 200}}, "not an S3 server"},
		"half a body":     {xml("<ListVersionsResult><IsTruncated>fal"), "can't be read"},
		"denied":          {buckettest.Refuse(403, "AccessDenied", ""), "s3:ListBucketVersions"},
		"can't":           {buckettest.Refuse(501, "NotImplemented", ""), "can't do this"},
		"no end in sight": {xml("<ListVersionsResult><Version><Key>a</Key><LastModified>2026-09-01T12:00:00Z</LastModified></Version></ListVersionsResult>"), "IsTruncated"},
	} {
		t.Run(name, func(t *testing.T) {
			eitherDecoder(t, func(t *testing.T, decoder string) {
				s := newStand(t)
				s.decoder = decoder
				s.OnRequest(only("ListObjectVersions", c.verdict))
				wantError(t, listingError(t.Context(), s.open(), bucket.Range{What: bucket.Versions}), `store "store-exchanges"`, `bucket "exchanges"`, c.want)
			})
		})
	}
}

// Any stacks under any keys, in pages of any size, in ranges that cover all:
// what comes over HTTP is what the server holds.
func TestVersionsOverHTTPAreWhatTheServerHolds(t *testing.T) {
	eitherDecoder(t, versionsOverHTTP)
}

func versionsOverHTTP(t *testing.T, decoder string) {
	s := newStand(t)
	s.decoder = decoder
	b := s.open()
	rapid.Check(t, func(t *rapid.T) {
		model := &shelf{versitygw: rapid.Bool().Draw(t, "versitygw"), size: rapid.IntRange(3, 9).Draw(t, "page size")}
		key := rapid.StringMatching(`[a-c/%+& é]{1,3}`)
		keys := rapid.SliceOfNDistinct(key, 0, 8, rapid.ID[string]).Draw(t, "keys")
		slices.Sort(keys)
		for _, k := range keys {
			n := rapid.IntRange(1, 6).Draw(t, "stack")
			null := rapid.IntRange(-1, n-1).Draw(t, "place of null")
			ids := make([]string, n)
			for i := range ids {
				if ids[i] = fmt.Sprintf("v%d", 99-i); i == null {
					ids[i] = "null"
				}
				if rapid.Bool().Draw(t, "marker") {
					ids[i] = "x" + ids[i]
				}
			}
			model.rows = append(model.rows, stack(k, ids...)...)
		}
		s.OnRequest(model.serve)
		bounds := rapid.SliceOfDistinct(key, rapid.ID[string]).Draw(t, "bounds")
		slices.Sort(bounds)
		bounds = append(append([]string{""}, bounds...), "")
		var got []retention.Entry
		for i := range len(bounds) - 1 {
			for page, err := range b.Pages(s.t.Context(), bucket.Range{After: bounds[i], UpTo: bounds[i+1], What: bucket.Versions}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, page.Entries...)
			}
		}
		if !slices.Equal(got, model.rows) {
			t.Fatalf("ranges by %q give %v, want %v", bounds, got, model.rows)
		}
	})
}

func TestNoKeyIsInAnErrorOfAVersionListing(t *testing.T) {
	rows := slices.Concat(stack("secret-b", "v1"), stack("secret-a", "v1"))
	s := shelved(t, &shelf{size: 10, rows: rows})
	err := listingError(t.Context(), s.open(), bucket.Range{What: bucket.Versions})
	wantError(t, err, "not in order")
	if strings.Contains(err.Error(), "secret") {
		t.Errorf("a key is in %q", err)
	}
}
