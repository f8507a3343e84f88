package bucket_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

// listed is a kind of listing and its request.
type listed struct {
	what bucket.Listing
	op   string
}

func kindsOfListing() []listed {
	return []listed{{bucket.Current, "ListObjectsV2"}, {bucket.Versions, "ListObjectVersions"}, {bucket.Uploads, "ListMultipartUploads"}}
}

// newListable is a stand, behind one more proxy, at which each kind of listing
// shows keys. Its requests are those that come to the further proxy.
func newListable(t *testing.T, keys ...string) *stand {
	t.Helper()
	s := newStand(t, keys...)
	versions := &shelf{size: 1000}
	for _, k := range keys {
		versions.rows = append(versions.rows, stack(k, "v1")...)
	}
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "ListMultipartUploads" {
			return xml(uploadPage("", "", keys...))
		}
		return versions.serve(c)
	})
	s.Gate = buckettest.Proxy(t, s.Gate.URL)
	return s
}

func everyListing(t *testing.T, run func(t *testing.T, decoder string, l listed)) {
	t.Helper()
	eitherDecoder(t, func(t *testing.T, decoder string) {
		for _, l := range kindsOfListing() {
			t.Run(l.op, func(t *testing.T) { run(t, decoder, l) })
		}
	})
}

// lists returns the keys of a whole listing, or its error.
func lists(ctx context.Context, b *bucket.Bucket, what bucket.Listing) (keys []string, err error) {
	for page, err := range b.Pages(ctx, bucket.Range{What: what}) {
		if err != nil {
			return keys, err
		}
		keys = append(keys, buckettest.KeysOf(page.Entries)...)
	}
	return keys, nil
}

func TestListingsAreCompleteAfterASecondInWhichEveryRequestIsRefused(t *testing.T) {
	keys := numbered(20)
	for _, streams := range []int{1, 8} {
		s := newListable(t, keys...)
		c := s.config()
		c.Patience = 0 // the usual one
		b := open(t, c)
		begun := sync.OnceValue(time.Now)
		s.OnRequest(func(buckettest.Call) buckettest.Verdict {
			if time.Since(begun()) < time.Second {
				return buckettest.Refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "")
			}
			return buckettest.Verdict{}
		})
		var all sync.WaitGroup
		for _, l := range kindsOfListing() {
			for range streams {
				all.Go(func() {
					if got, err := lists(t.Context(), b, l.what); err != nil || !slices.Equal(got, keys) {
						t.Errorf("%d streams: %s lists %q, %v", streams, l.op, got, err)
					}
				})
			}
		}
		all.Wait()
	}
}

type brokenWay struct {
	name string
	cut  func(*http.Response)
}

// breaks are ways in which a body ends too early. Half of a page is more than
// what is looked at before a decoder reads it.
func breaks() []brokenWay {
	part := func(r *http.Response, n int) (part []byte, whole int) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		_ = r.Body.Close()
		r.Header.Del("Content-Length")
		if n == 0 {
			n = len(body) / 2
		}
		return body[:n], len(body)
	}
	tooShort := func(r *http.Response, n int) {
		some, whole := part(r, n)
		r.Body = io.NopCloser(bytes.NewReader(some))
		r.Header.Set("Content-Length", strconv.Itoa(whole))
	}
	return []brokenWay{
		{"too short", func(r *http.Response) { tooShort(r, 0) }},
		{"too short at its head", func(r *http.Response) { tooShort(r, 100) }},
		{"chunks without an end", func(r *http.Response) {
			some, _ := part(r, 0)
			r.Body = io.NopCloser(io.MultiReader(bytes.NewReader(some), brokenReader{}))
		}},
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { panic(http.ErrAbortHandler) }

func TestAListingWhoseAnswerBreaksOffIsAskedForAgain(t *testing.T) {
	keys := numbered(300)
	for _, way := range breaks() {
		t.Run(way.name, func(t *testing.T) {
			everyListing(t, func(t *testing.T, decoder string, l listed) {
				s := newListable(t, keys...)
				s.decoder = decoder
				var once sync.Once
				s.OnResponse(func(_ string, r *http.Response) { once.Do(func() { way.cut(r) }) })
				got, err := lists(t.Context(), s.open(), l.what)
				if n := len(s.Calls(l.op)); err != nil || !slices.Equal(got, keys) || n != 2 {
					t.Errorf("%d keys, error %v, after %d requests; want all %d after a second one", len(got), err, n, len(keys))
				}
			})
		})
	}
}

func TestAListingWhoseAnswersAllBreakOffIsAnErrorAndNoEnd(t *testing.T) {
	for _, way := range breaks() {
		t.Run(way.name, func(t *testing.T) {
			everyListing(t, func(t *testing.T, decoder string, l listed) {
				s := newListable(t, numbered(300)...)
				s.decoder = decoder
				s.OnResponse(func(_ string, r *http.Response) { way.cut(r) })
				got, err := lists(t.Context(), s.open(), l.what)
				wantError(t, err, `store "store-exchanges"`, `bucket "exchanges"`, "broke before the answer was complete")
				if n := len(s.Calls(l.op)); len(got) > 0 || n < 2 {
					t.Errorf("%d keys after %d requests, want none after some", len(got), n)
				}
			})
		})
	}
}

func TestWhatWouldBeAnsweredTheSameWayIsAskedOnce(t *testing.T) {
	for name, verdict := range map[string]buckettest.Verdict{
		"denied":         buckettest.Refuse(http.StatusForbidden, "AccessDenied", ""),
		"no bucket":      buckettest.Refuse(http.StatusNotFound, "NoSuchBucket", ""),
		"a bad request":  buckettest.Refuse(http.StatusBadRequest, "InvalidArgument", ""),
		"a web page":     {Answer: &buckettest.Answer{Status: http.StatusOK, Type: "text/html", Body: "<html><body>Login</body></html>"}},
		"an empty body":  {Answer: &buckettest.Answer{Status: http.StatusOK}},
		"half a listing": {},
	} {
		t.Run(name, func(t *testing.T) {
			everyListing(t, func(t *testing.T, decoder string, l listed) {
				s := newListable(t, numbered(300)...)
				s.decoder = decoder
				if verdict == (buckettest.Verdict{}) { // in a body that is whole as HTTP goes
					s.OnAnswer(l.op, func(body string) string { return body[:len(body)/2] })
				} else {
					s.OnRequest(only(l.op, verdict))
				}
				_, err := lists(t.Context(), s.open(), l.what)
				if n := len(s.Calls(l.op)); err == nil || n != 1 {
					t.Errorf("error %v after %d requests, want one after the first", err, n)
				}
			})
		})
	}
}

func TestAListingThatIsInterruptedIsNotAskedForAgain(t *testing.T) {
	for _, l := range kindsOfListing() {
		s := newListable(t, "a")
		ctx, cancel := context.WithCancel(t.Context())
		s.OnRequest(func(buckettest.Call) buckettest.Verdict {
			if len(s.Calls(l.op)) == 2 {
				cancel()
			}
			return buckettest.Refuse(http.StatusServiceUnavailable, "SlowDown", "")
		})
		_, err := lists(ctx, s.open(), l.what)
		if n := len(s.Calls(l.op)); !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "interrupted") || n != 2 {
			t.Errorf("%s: error %v after %d requests, want %v after two", l.op, err, n, context.Canceled)
		}
	}
}

func TestADeleteWhoseAnswerBreaksOffIsSentOnce(t *testing.T) {
	for _, way := range breaks() {
		t.Run(way.name, func(t *testing.T) {
			eitherDecoder(t, func(t *testing.T, decoder string) {
				s := newStand(t, numbered(300)...)
				s.decoder = decoder
				b := s.settled()
				entries := list(t, b)
				before := len(s.Calls("DeleteObjects"))
				s.OnResponse(func(op string, r *http.Response) {
					if op == "DeleteObjects" {
						way.cut(r)
					}
				})
				wantFates(t, b.Delete(t.Context(), entries), repeat(unknown(bucket.CodeNoAnswer, true), len(entries))...)
				if n := len(s.Calls("DeleteObjects")) - before; n != 1 {
					t.Errorf("the request went out %d times, want once", n)
				}
			})
		})
	}
}
