package bucket_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

// listingError lists to the end and returns the error of the last step.
func listingError(ctx context.Context, b *bucket.Bucket, r bucket.Range) (err error) {
	for _, err = range b.Pages(ctx, r) {
	}
	return err
}

func TestServersThatLieWhileListingGiveAnErrorThatNamesStoreAndBucket(t *testing.T) {
	replace := func(old, new string) func(string) string {
		return func(body string) string { return strings.Replace(body, old, new, 1) }
	}
	for name, rewrite := range map[string]func(string) string{
		"an empty body":             func(string) string { return "" },
		"half a body":               func(body string) string { return body[:len(body)/2] },
		"a body cut after an entry": func(body string) string { return body[:strings.LastIndex(body, "</Contents>")+len("</Contents>")] },
		"a body without its last tag": func(body string) string {
			return strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(body), "</ListBucketResult>"))
		},
		"an error under 200": func(string) string { return "<Error><Code>InternalError</Code></Error>" },
		"a page of HTML":     func(string) string { return "<!DOCTYPE html><html><body>Login</body></html>" },
		"JSON":               func(string) string { return `{"Contents":[]}` },
		"another answer's root": func(body string) string {
			return strings.ReplaceAll(body, "ListBucketResult", "ListAllMyBucketsResult")
		},
		"truncated without a token": func(body string) string {
			return strings.Replace(strings.Replace(body, "NextContinuationToken>", "X>", 2), "<IsTruncated>false", "<IsTruncated>true", 1)
		},
		"no IsTruncated": func(body string) string { return strings.ReplaceAll(body, "IsTruncated>", "X>") },
		"an empty IsTruncated": func(body string) string {
			return strings.Replace(strings.Replace(body, "true</IsT", "</IsT", 1), "false</IsT", "</IsT", 1)
		},
		"an entry without a key":        replace("<Key>k0001</Key>", ""),
		"an entry without LastModified": replace("LastModified>", "X>"),
		"an entry out of order":         replace("<Key>k0001</Key>", "<Key>z</Key>"),
		"an entry twice":                replace("<Key>k0001</Key>", "<Key>k0000</Key>"),
	} {
		t.Run(name, func(t *testing.T) {
			eitherDecoder(t, func(t *testing.T, decoder string) {
				s := newStand(t, numbered(3)...)
				s.decoder = decoder
				b := s.open()
				s.OnAnswer("ListObjectsV2", func(body string) string {
					if name == "an entry without LastModified" {
						return strings.Replace(strings.Replace(body, "<LastModified>", "<X>", 1), "</LastModified>", "</X>", 1)
					}
					return rewrite(body)
				})
				// With an end: a listing without may come in no order.
				err := listingError(t.Context(), b, bucket.Range{UpTo: "zz"})
				wantError(t, err, `store "store-exchanges"`, `bucket "exchanges"`)
				if strings.Contains(err.Error(), "k000") {
					t.Errorf("a key is in the error: %v", err)
				}
			})
		})
	}
}

func TestARepeatedTokenEndsInAnError(t *testing.T) {
	s := newStand(t, numbered(2500)...)
	b := s.open()
	var token string
	s.OnAnswer("ListObjectsV2", func(body string) string {
		start, end := strings.Index(body, "<NextContinuationToken>"), strings.Index(body, "</NextContinuationToken>")
		if token == "" {
			token = body[start:end]
		}
		return body[:start] + token + body[end:]
	})
	wantError(t, listingError(t.Context(), b, bucket.Range{}), "exchanges", "given twice")
	if n := len(s.Calls("ListObjectsV2")); n != 2 {
		t.Errorf("%d requests, want 2", n)
	}
}

func TestListingPassesOnWhatItNeedsAndNoMore(t *testing.T) {
	s := newStand(t, numbered(1500)...)
	list(t, s.open())
	calls := s.Calls("ListObjectsV2")
	if len(calls) != 2 {
		t.Fatalf("%d requests for 1500 keys, want 2", len(calls))
	}
	first, second := calls[0].Query, calls[1].Query
	if first.Get("encoding-type") != "url" || first.Get("max-keys") != "1000" || first.Has("start-after") || first.Has("prefix") || first.Has("delimiter") || first.Has("continuation-token") {
		t.Errorf("first request: %v", first)
	}
	if second.Get("continuation-token") == "" || second.Get("encoding-type") != "url" {
		t.Errorf("second request: %v", second)
	}
}

func TestAStartOutsideThePrefixIsNeverSent(t *testing.T) {
	s := newStand(t, "a/1", "b/1", "b/2", "c/1")
	c := s.config()
	c.Prefix = "b/"
	b := open(t, c)
	for _, r := range []struct {
		bucket.Range
		want []string
	}{
		{bucket.Range{After: "a/1"}, []string{"b/1", "b/2"}},
		{bucket.Range{After: "b"}, []string{"b/1", "b/2"}},
		{bucket.Range{After: "b/1"}, []string{"b/2"}},
		{bucket.Range{After: "c"}, nil},
		{bucket.Range{UpTo: "a/9"}, nil},
		{bucket.Range{After: "b/1", UpTo: "b/1"}, nil},
		{bucket.Range{After: "b/2", UpTo: "b/1"}, nil},
		{bucket.Range{UpTo: "b/1"}, []string{"b/1"}},
	} {
		if got := buckettest.KeysOf(buckettest.List(t, b, r.Range)); !slices.Equal(got, r.want) {
			t.Errorf("%+v lists %q, want %q", r.Range, got, r.want)
		}
	}
	for _, c := range s.Calls("ListObjectsV2") {
		if start := c.Query.Get("start-after"); start != "" && !strings.HasPrefix(start, "b/") {
			t.Errorf("start-after %q was sent with prefix b/: MinIO answers that with nothing", start)
		}
	}
}

func TestABrokenConnectionWhileListingIsAnError(t *testing.T) {
	s := newStand(t, numbered(1500)...)
	b := s.open()
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		return buckettest.Verdict{Drop: c.Query.Has("continuation-token")}
	})
	err := listingError(t.Context(), b, bucket.Range{})
	wantError(t, err, "exchanges")
	for ; err != nil; err = errors.Unwrap(err) { // whoever prints a cause prints no URL: it holds keys
		if strings.Contains(err.Error(), "list-type") {
			t.Errorf("the request's URL is in the error: %v", err)
		}
	}
}

func TestABusyServerIsAskedAgainWhileListing(t *testing.T) {
	s := newStand(t, "a", "b")
	b := s.open()
	asked := 0
	s.OnRequest(func(buckettest.Call) buckettest.Verdict {
		if asked++; asked == 1 {
			return buckettest.Refuse(http.StatusServiceUnavailable, "SlowDown", "")
		}
		return buckettest.Verdict{}
	})
	if got := buckettest.KeysOf(list(t, b)); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("listed %q", got)
	}
}

func TestAnInterruptedListingIsNoEnd(t *testing.T) {
	s := newStand(t, numbered(1500)...)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var err error
	for _, err = range s.open().Pages(ctx, bucket.Range{}) {
		cancel()
	}
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error is %v, want context.Canceled", err)
	}
}

func TestALoopThatStopsEarlyStopsTheListing(t *testing.T) {
	s := newStand(t, numbered(2500)...)
	for range s.open().Pages(t.Context(), bucket.Range{}) {
		break
	}
	if n := len(s.Calls("ListObjectsV2")); n != 1 {
		t.Errorf("%d requests, want 1", n)
	}
}

func TestDisjointRangesThatCoverAllGiveExactlyTheWholeListing(t *testing.T) {
	s := newStand(t)
	b := s.open()
	seeded := map[string]bool{}
	rapid.Check(t, func(t *rapid.T) {
		key := rapid.StringMatching(`[a-c/~ é]{1,4}`)
		for _, k := range rapid.SliceOfN(key, 0, 8).Draw(t, "keys") {
			s.put(k)
			seeded[k] = true
		}
		bounds := rapid.SliceOfDistinct(key, rapid.ID[string]).Draw(t, "bounds")
		slices.Sort(bounds)
		bounds = append(append([]string{""}, bounds...), "")
		var got []string
		for i := range len(bounds) - 1 {
			for page, err := range b.Pages(context.Background(), bucket.Range{After: bounds[i], UpTo: bounds[i+1]}) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, buckettest.KeysOf(page.Entries)...)
			}
		}
		if want := s.Keys(name); !slices.Equal(got, want) || len(want) != len(seeded) {
			t.Fatalf("ranges by %q give %q, want %q", bounds, got, want)
		}
	})
}
