package buckettest_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

func get(t *testing.T, url, host string) (int, string, error) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if host != "" {
		request.Host = host
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, "", err
	}
	defer func() { _ = answer.Body.Close() }() // only read
	body, err := io.ReadAll(answer.Body)
	return answer.StatusCode, string(body), err
}

// echo answers with the request as it arrived.
func echo(t *testing.T) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.Host+" "+r.RequestURI)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

func TestTheProxyChangesNothingThatASignatureCovers(t *testing.T) {
	g := buckettest.Proxy(t, echo(t))
	for _, uri := range []string{"/b/a//b", "/b//lead", "/b/a%2Fb%20c", "/b/..%2F.", "/b?x=%zz;y&z=a%20b+c", "/b?delete="} {
		_, body, err := get(t, g.URL+uri, "signed.example:9000")
		if err != nil || body != "signed.example:9000 "+uri {
			t.Errorf("%s arrived as %q, error %v", uri, body, err)
		}
	}
}

func TestVerdictsAreCarriedOut(t *testing.T) {
	arrived := 0
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { arrived++ }))
	t.Cleanup(server.Close)
	g := buckettest.Proxy(t, server.URL)
	for name, c := range map[string]struct {
		verdict buckettest.Verdict
		arrives int
		broken  bool
		status  int
		body    string
	}{
		"pass":   {buckettest.Verdict{}, 1, false, 200, ""},
		"drop":   {buckettest.Verdict{Drop: true}, 0, true, 0, ""},
		"lose":   {buckettest.Verdict{Lose: true}, 1, true, 0, ""},
		"refuse": {buckettest.Refuse(403, "AccessDenied", "no"), 0, false, 403, "<Code>AccessDenied</Code><Message>no</Message>"},
		"delay":  {buckettest.Verdict{Delay: 50 * time.Millisecond}, 1, false, 200, ""},
	} {
		t.Run(name, func(t *testing.T) {
			arrived = 0
			g.OnRequest(func(buckettest.Call) buckettest.Verdict { return c.verdict })
			start := time.Now()
			// A GET would be sent again by net/http after a break.
			answer, err := http.Post(g.URL+"/b?delete", "", strings.NewReader("body"))
			if (err != nil) != c.broken {
				t.Fatalf("error is %v, want one: %v", err, c.broken)
			}
			if arrived != c.arrives {
				t.Errorf("%d requests arrived, want %d", arrived, c.arrives)
			}
			if took := time.Since(start); took < c.verdict.Delay {
				t.Errorf("took %v, want at least %v", took, c.verdict.Delay)
			}
			if err != nil {
				return
			}
			defer func() { _ = answer.Body.Close() }() // only read
			body, err := io.ReadAll(answer.Body)
			if err != nil || answer.StatusCode != c.status || !strings.Contains(string(body), c.body) {
				t.Errorf("answer %d %q, error %v", answer.StatusCode, body, err)
			}
		})
	}
	if calls := g.Calls("DeleteObjects"); len(calls) != 5 || calls[0].Body != "body" {
		t.Errorf("the log holds %v", calls)
	}
}

func TestOperationsAreNamedAsTheAPINamesThem(t *testing.T) {
	for want, r := range map[string]*http.Request{
		"ListObjectsV2":              httptest.NewRequest("GET", "/b?list-type=2", nil),
		"GetBucketVersioning":        httptest.NewRequest("GET", "/b?versioning", nil),
		"GetObjectLockConfiguration": httptest.NewRequest("GET", "/b?object-lock", nil),
		"ListMultipartUploads":       httptest.NewRequest("GET", "/b?uploads", nil),
		"DeleteObjects":              httptest.NewRequest("POST", "/b?delete", nil),
		"DeleteObject":               httptest.NewRequest("DELETE", "/b/k", nil),
		"PUT":                        httptest.NewRequest("PUT", "/b/k", nil),
		"GET":                        httptest.NewRequest("GET", "/b/k", nil),
	} {
		if got := buckettest.Op(r); got != want {
			t.Errorf("%s %s is %q, want %q", r.Method, r.URL, got, want)
		}
	}
}

func TestSeededEntriesHaveTheAgeTheyWereGiven(t *testing.T) {
	s := buckettest.Embedded(t)
	s.CreateBucket("b")
	ages := map[string]time.Time{"old": time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC), "future": time.Date(2101, 2, 3, 4, 5, 6, 0, time.FixedZone("x", 3600))}
	for key, at := range ages {
		s.Put("b", key, []byte("12345"), at)
	}
	b, err := bucket.Open(t.Context(), s.Config("b"))
	if err != nil {
		t.Fatal(err)
	}
	entries := buckettest.List(t, b, bucket.Range{})
	if len(entries) != len(ages) {
		t.Fatalf("%d entries, want %d", len(entries), len(ages))
	}
	for _, e := range entries {
		if !e.LastModified.Equal(ages[e.Key]) || e.Size != 5 {
			t.Errorf("entry %+v, want the age %v", e, ages[e.Key])
		}
	}
}
