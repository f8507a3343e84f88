package bucket_test

import (
	"context"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

var contents = regexp.MustCompile(`(?s)<Contents>.*?</Contents>`)

// shuffles makes the server list in no order.
func (s *stand) shuffles() {
	s.OnAnswer("ListObjectsV2", func(body string) string {
		rows := contents.FindAllString(body, -1)
		if len(rows) < 2 {
			return body
		}
		rest := contents.ReplaceAllString(body, "")
		slices.Reverse(rows)
		rand.Shuffle(len(rows)-1, func(i, j int) { rows[i+1], rows[j+1] = rows[j+1], rows[i+1] }) // never in order
		at := strings.Index(rest, "</ListBucketResult>")
		return rest[:at] + strings.Join(rows, "") + rest[at:]
	})
}

func TestAServerWithoutOrderIsListedInAnOpenRange(t *testing.T) {
	keys := numbered(2500)
	s := newStand(t, keys...)
	s.shuffles()
	b := s.open()
	var got []string
	for page, err := range b.Pages(t.Context(), bucket.Range{}) {
		if err != nil || !page.Unordered || page.Cuttable {
			t.Fatalf("error %v, unordered %v, cuttable %v", err, page.Unordered, page.Cuttable)
		}
		got = append(got, buckettest.KeysOf(page.Entries)...)
	}
	if slices.Sort(got); !slices.Equal(got, keys) {
		t.Errorf("listed %d keys, want %d", len(got), len(keys))
	}
	if cuts, requests, err := b.Cuts(t.Context(), bucket.Range{}, bucket.Hint{}, 3); len(cuts)+requests > 0 || err != nil {
		t.Errorf("%d cuts by %d requests, error %v; want none", len(cuts), requests, err)
	}
}

func TestAServerWithoutOrderIsNotListedInARangeUntilItIsKnown(t *testing.T) {
	s := newStand(t, numbered(30)...)
	s.shuffles()
	for _, r := range []bucket.Range{{UpTo: "z"}, {After: "a"}} {
		wantError(t, listingError(t.Context(), s.open(), r), "not in order")
	}
}

// Whoever cut a listing stops at the cut, which says nothing of what follows in no
// order.
func TestAServerThatLosesItsOrderAfterItsListingWasCutIsAnError(t *testing.T) {
	for cut, want := range map[bool]string{false: "", true: "not in order"} {
		s := newStand(t, append(numbered(1500), "l/1", "m/1", "n/1")...)
		b := s.open()
		var err error
		for page, e := range b.Pages(t.Context(), bucket.Range{}) {
			if err = e; err != nil || page.Unordered {
				break
			}
			s.shuffles() // from the second page on
			if !cut {
				continue
			}
			if cuts, _, err := b.Cuts(t.Context(), bucket.Range{After: page.Entries[len(page.Entries)-1].Key}, bucket.Hint{}, 3); err != nil || len(cuts) == 0 {
				t.Fatalf("cuts %q, error %v", cuts, err)
			}
		}
		if want == "" && err != nil {
			t.Errorf("a listing that wasn't cut: error %v", err)
		} else if want != "" {
			wantError(t, err, want)
		}
	}
}

// The search began before it was known that there is no order.
func TestNoCutsAreGivenOutOnceItIsKnownThatThereIsNoOrder(t *testing.T) {
	s := newStand(t, "a/1", "b/1", "c/1")
	b := s.open()
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Query.Has("delimiter") {
			s.shuffles()
			if err := listingError(t.Context(), b, bucket.Range{}); err != nil {
				t.Error(err)
			}
		}
		return buckettest.Verdict{}
	})
	cuts, requests, err := b.Cuts(t.Context(), bucket.Range{}, bucket.Hint{}, 3)
	if len(cuts) > 0 || requests != 1 || err != nil {
		t.Errorf("cuts %q by %d requests, error %v", cuts, requests, err)
	}
}

func TestVersionsWithoutOrderAreAnError(t *testing.T) {
	s := newStand(t)
	row := func(key string) string {
		return "<Version><Key>" + key + "</Key><VersionId>1</VersionId><IsLatest>true</IsLatest><LastModified>2026-09-01T00:00:00Z</LastModified></Version>"
	}
	s.OnRequest(only("ListObjectVersions", xml("<ListVersionsResult><IsTruncated>false</IsTruncated>"+row("b")+row("a")+"</ListVersionsResult>")))
	wantError(t, listingError(t.Context(), s.open(), bucket.Range{What: bucket.Versions}), "not in order")
}

func TestRangesOfAServerKnownToHaveNoOrderGiveExactlyTheirKeys(t *testing.T) {
	s := newStand(t, "a", "b", "c/1", "c/2", "c/3", "c/d/1", "e é/1", "e é/2")
	s.shuffles()
	b := s.open()
	list(t, b)
	key := rapid.OneOf(rapid.SampledFrom(s.Keys(name)), rapid.StringMatching(`[a-e]/?[0-9]?`))
	rapid.Check(t, func(t *rapid.T) {
		bounds := rapid.SliceOfDistinct(key, rapid.ID[string]).Draw(t, "bounds")
		slices.Sort(bounds)
		bounds = append(append([]string{""}, bounds...), "")
		var got []string
		for i := range len(bounds) - 1 {
			for page, err := range b.Pages(context.Background(), bucket.Range{After: bounds[i], UpTo: bounds[i+1]}) {
				if err != nil || !page.Unordered {
					t.Fatal(err, page.Unordered)
				}
				got = append(got, buckettest.KeysOf(page.Entries)...)
			}
		}
		if slices.Sort(got); !slices.Equal(got, s.Keys(name)) {
			t.Fatalf("ranges by %q give %q", bounds, got)
		}
	})
	for _, c := range s.Calls("ListObjectsV2") {
		if c.Query.Has("start-after") {
			t.Fatalf("start-after %q was sent", c.Query.Get("start-after"))
		}
	}
}

// The server acknowledges the delete of a version "null" and does nothing, which
// a look-up of the entry shows.
func TestEntriesAreLookedUpOnAServerWithoutOrder(t *testing.T) {
	s := newStand(t, append(numbered(1500), "a/k", "a/l")...)
	s.shuffles()
	b := s.open()
	entries := list(t, b)
	listed := len(s.Calls("ListObjectsV2"))
	for _, key := range []string{"a/k", "k1400"} {
		at := slices.IndexFunc(entries, func(e retention.Entry) bool { return e.Key == key })
		wantFates(t, b.Delete(t.Context(), entries[at:at+1]), gone)
		if slices.Contains(s.Keys(name), key) {
			t.Errorf("%q is still there", key)
		}
	}
	// As little is listed as can be: the entry's directory, in full pages.
	calls := s.Calls("ListObjectsV2")[listed:]
	if q := calls[0].Query; q.Get("prefix") != "a/" || q.Get("max-keys") != "1000" {
		t.Errorf("the look-up of a/k is %v", q)
	}
}

func TestWhatCannotBeTrueOfAListingWithoutOrderIsAnError(t *testing.T) {
	row := func(key string) string {
		return "<Contents><Key>" + key + "</Key><LastModified>2026-09-01T00:00:00Z</LastModified></Contents>"
	}
	answer := func(token string, keys ...string) string {
		for i := range keys {
			keys[i] = row(keys[i])
		}
		if token == "" {
			return "<ListBucketResult><IsTruncated>false</IsTruncated>" + strings.Join(keys, "") + "</ListBucketResult>"
		}
		return "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>" + token + "</NextContinuationToken>" + strings.Join(keys, "") + "</ListBucketResult>"
	}
	for name, c := range map[string]struct {
		next map[string]string // by the token
		want string
	}{
		"outside the prefix": {map[string]string{"": answer("", "p/b", "p/a", "q")}, "outside the prefix"},
		"twice on a page":    {map[string]string{"": answer("", "p/b", "p/a", "p/b")}, "listed twice"},
		"a circle":           {map[string]string{"": answer("1", "p/b", "p/a"), "1": answer("2", "p/c"), "2": answer("3", "p/a"), "3": answer("1", "p/b")}, "given twice"},
		"a circle of one":    {map[string]string{"": answer("1", "p/b", "p/a"), "1": answer("1", "p/c")}, "given twice"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			s.OnRequest(func(call buckettest.Call) buckettest.Verdict {
				return xml(c.next[call.Query.Get("continuation-token")])
			})
			config := s.config()
			config.Prefix = "p/"
			wantError(t, listingError(t.Context(), open(t, config), bucket.Range{}), c.want)
		})
	}
}
