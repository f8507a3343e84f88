package bucket_test

import (
	"crypto/md5"
	"encoding/base64"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

var old = time.Date(2026, 9, 1, 12, 0, 0, 0, time.UTC)

// stand is the embedded server behind a proxy, with one bucket that holds keys.
type stand struct {
	*buckettest.Server
	*buckettest.Gate
	t       *testing.T
	decoder string // of listings; "" for the usual one
}

const name = "exchanges"

func newStand(t *testing.T, keys ...string) *stand {
	t.Helper()
	server := buckettest.Embedded(t)
	server.CreateBucket(name)
	s := &stand{Server: server, Gate: buckettest.Proxy(t, server.URL), t: t}
	s.put(keys...)
	return s
}

func (s *stand) put(keys ...string) {
	s.t.Helper()
	for _, k := range keys {
		s.Put(name, k, []byte("of "+k), old)
	}
}

func (s *stand) config() bucket.Config {
	c := s.Server.Config(name)
	c.Endpoint, c.ListDecoder = s.Gate.URL, s.decoder
	c.Patience = time.Second // enough for what goes wrong once; what always does must not take a minute
	return c
}

func (s *stand) open() *bucket.Bucket { s.t.Helper(); return open(s.t, s.config()) }

// settled is a bucket that knows already that its server doesn't take "null".
func (s *stand) settled() *bucket.Bucket {
	s.t.Helper()
	b := s.open()
	s.put("!settle")
	entries := buckettest.List(s.t, b, bucket.Range{UpTo: "!settle"})
	wantFates(s.t, b.Delete(s.t.Context(), entries), gone)
	return b
}

func (s *stand) wantKeys(want ...string) {
	s.t.Helper()
	if got := s.Keys(name); !slices.Equal(got, want) {
		s.t.Errorf("the bucket holds %.300q, want %.300q", got, want)
	}
}

func open(t *testing.T, c bucket.Config) *bucket.Bucket {
	t.Helper()
	b, err := bucket.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// eitherDecoder runs a test with each of the decoders of listings.
func eitherDecoder(t *testing.T, run func(t *testing.T, decoder string)) {
	t.Helper()
	for _, decoder := range []string{"fast", "sdk"} {
		t.Run(decoder, func(t *testing.T) { run(t, decoder) })
	}
}

func list(t *testing.T, b *bucket.Bucket) []retention.Entry {
	t.Helper()
	return buckettest.List(t, b, bucket.Range{})
}

func numbered(n int) []string {
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("k%04d", i)
	}
	return keys
}

var gone = bucket.Deletion{Status: bucket.Deleted}

func failed(code string, retryable bool) bucket.Deletion {
	return bucket.Deletion{Status: bucket.Failed, Code: code, Retryable: retryable}
}

// refused is a refusal that may be due to Object Lock.
func refused(code string) bucket.Deletion {
	return bucket.Deletion{Status: bucket.Failed, Code: code, MayBeLocked: true}
}

func unknown(code string, retryable bool) bucket.Deletion {
	return bucket.Deletion{Status: bucket.Unknown, Code: code, Retryable: retryable}
}

func wantFates(t *testing.T, got []bucket.Deletion, want ...bucket.Deletion) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("fates are %+v, want %+v", got, want)
	}
}

// wantError checks that err has all parts in its words, and none of the keys.
func wantError(t *testing.T, err error, parts ...string) {
	t.Helper()
	if err == nil {
		t.Fatalf("no error, want one with %q", parts)
	}
	for _, p := range parts {
		if !strings.Contains(err.Error(), p) {
			t.Errorf("error is %q, want %q in it", err, p)
		}
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("error has more than one line: %q", err)
	}
}

// only makes a request hook that applies to one operation.
func only(op string, v buckettest.Verdict) func(buckettest.Call) buckettest.Verdict {
	return func(c buckettest.Call) buckettest.Verdict {
		if c.Op == op {
			return v
		}
		return buckettest.Verdict{}
	}
}

func xml(body string) buckettest.Verdict {
	return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: `<?xml version="1.0"?>` + body}}
}

func md5Of(body string) string {
	sum := md5.Sum([]byte(body))
	return base64.StdEncoding.EncodeToString(sum[:])
}
