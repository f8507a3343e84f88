package vault_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/vault"
	"github.com/sweeper-audit/sweeper/pkg/vault/vaulttest"
)

// embedded is the embedded server with the bucket that openS3 opens.
func embedded(t *testing.T) http.Handler {
	t.Helper()
	vaulttest.Credentials(t)
	h, _ := vaulttest.Handler(t, "vault")
	return h
}

// stripping drops these headers on the way to h, as a server does that doesn't
// know them.
func stripping(h http.Handler, headers ...string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for _, name := range headers {
			r.Header.Del(name)
		}
		h.ServeHTTP(w, r)
	})
}

// answering answers what match picks with a fixed body, and passes on the rest.
func answering(h http.Handler, match func(*http.Request) bool, status int, body string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !match(r) {
			h.ServeHTTP(w, r)
			return
		}
		w.Header().Set("Content-Type", "application/xml")
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	})
}

func query(name string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.URL.Query().Has(name) }
}

func method(name string) func(*http.Request) bool {
	return func(r *http.Request) bool { return r.Method == name }
}

func s3Error(code string) string {
	return `<?xml version="1.0"?><Error><Code>` + code + `</Code><Message>no</Message></Error>`
}

// wantOneLine demands an error in one line that says all of these.
func wantOneLine(t *testing.T, err error, want ...string) {
	t.Helper()
	if err == nil {
		t.Fatal("no error")
	}
	if strings.Contains(err.Error(), "\n") {
		t.Errorf("%q has more than one line", err)
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%q doesn't say %q", err, w)
		}
	}
}

func TestProbesRefuseAServerThatIgnoresConditions(t *testing.T) {
	const root = "trust/trust-root-0000.json"
	for name, c := range map[string]struct {
		headers []string
		probe   func(*testing.T, vault.Area) error
		says    string
		left    []string
	}{
		"work-area-without-if-none-match": {
			[]string{"If-None-Match"},
			func(t *testing.T, a vault.Area) error { return vault.Probe(t.Context(), a) },
			"ignores If-None-Match", nil,
		},
		"work-area-without-if-match": {
			[]string{"If-Match"},
			func(t *testing.T, a vault.Area) error { return vault.Probe(t.Context(), a) },
			"ignores If-Match", nil,
		},
		"vault-without-if-none-match": {
			[]string{"If-None-Match"},
			func(t *testing.T, a vault.Area) error { return vault.ProbeVault(t.Context(), a, root, []byte("root")) },
			"ignores If-None-Match", []string{root},
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := openS3(t, stripping(embedded(t), c.headers...), vault.S3Config{Prefix: "p/"})
			wantOneLine(t, c.probe(t, a), "s3://vault/p/", c.says, "use a server that honours conditional writes")
			names, err := a.List(t.Context(), "")
			if err != nil || strings.Join(names, " ") != strings.Join(c.left, " ") {
				t.Errorf("left behind: %q, %v; want %q", names, err, c.left)
			}
		})
	}
}

func TestProbeVaultNeverOverwritesEvenWhereItCould(t *testing.T) {
	a := openS3(t, stripping(embedded(t), "If-None-Match"), vault.S3Config{})
	if err := a.Put(t.Context(), "trust/trust-root-0000.json", []byte("theirs")); err != nil {
		t.Fatal(err)
	}
	err := vault.ProbeVault(t.Context(), a, "trust/trust-root-0000.json", []byte("ours"))
	wantOneLine(t, err, "another trust root")
	if data, err := a.Get(t.Context(), "trust/trust-root-0000.json"); err != nil || string(data) != "theirs" {
		t.Errorf("the stored trust root is now %q, %v", data, err)
	}
}

// dropping lets h do the work of the first n puts and loses the answers; before
// may change what h holds in between.
func dropping(h http.Handler, n int32, before func(r *http.Request)) http.Handler {
	var puts atomic.Int32
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPut || puts.Add(1) > n {
			h.ServeHTTP(w, r)
			return
		}
		if before != nil {
			before(r)
		}
		h.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	})
}

func TestPutWhoseAnswerWasLostFindsItsOwnBytesAndSucceeds(t *testing.T) {
	a := openS3(t, dropping(embedded(t), 1, nil), vault.S3Config{})
	if err := a.Put(t.Context(), "x", []byte("mine")); err != nil {
		t.Fatal(err)
	}
	// That is for retries only: a second call is refused.
	if err := a.Put(t.Context(), "x", []byte("mine")); !errors.Is(err, vault.ErrExists) {
		t.Fatalf("%v, want ErrExists", err)
	}
}

func TestSwapWhoseAnswerWasLostFindsItsOwnBytesAndSucceeds(t *testing.T) {
	h := embedded(t)
	plain := openS3(t, h, vault.S3Config{})
	tag, err := plain.Swap(t.Context(), "lease.json", "", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	lossy := openS3(t, dropping(h, 1, nil), vault.S3Config{})
	tag, err = lossy.Swap(t.Context(), "lease.json", tag, []byte("2"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := plain.Swap(t.Context(), "lease.json", tag, []byte("3")); err != nil {
		t.Fatalf("the tag that came back isn't the file's: %v", err)
	}
}

func TestRetryThatFindsOtherBytesLost(t *testing.T) {
	vaulttest.Credentials(t)
	h, backend := vaulttest.Handler(t, "vault")
	rival := func(r *http.Request) {
		key, data := strings.TrimPrefix(r.URL.Path, "/vault/"), "theirs"
		if _, err := backend.PutObject("vault", key, map[string]string{}, strings.NewReader(data), int64(len(data)), nil); err != nil {
			t.Error(err)
		}
	}
	a := openS3(t, dropping(h, 1, rival), vault.S3Config{})
	if err := a.Put(t.Context(), "x", []byte("mine")); !errors.Is(err, vault.ErrExists) {
		t.Errorf("Put: %v, want ErrExists", err)
	}
	a = openS3(t, dropping(h, 1, rival), vault.S3Config{})
	if _, err := a.Swap(t.Context(), "y", "", []byte("mine")); !errors.Is(err, vault.ErrConflict) {
		t.Errorf("Swap: %v, want ErrConflict", err)
	}
	for _, name := range []string{"x", "y"} {
		if data, err := a.Get(t.Context(), name); err != nil || string(data) != "theirs" {
			t.Errorf("%s = %q, %v; want the rival's bytes", name, data, err)
		}
	}
}

func TestConcurrentConditionalWritesAreAskedAgain(t *testing.T) {
	h := embedded(t)
	var puts atomic.Int32
	first := func(r *http.Request) bool { return r.Method == http.MethodPut && puts.Add(1) == 1 }
	a := openS3(t, answering(h, first, http.StatusConflict, s3Error("ConditionalRequestConflict")), vault.S3Config{})
	if err := a.Put(t.Context(), "x", []byte("1")); err != nil || puts.Load() != 2 {
		t.Fatalf("%v after %d puts, want success after 2", err, puts.Load())
	}
}

func TestListingThatLiesIsAnErrorAndNeverAShortList(t *testing.T) {
	page := func(body string) string {
		return `<?xml version="1.0"?><ListBucketResult>` + body + `</ListBucketResult>`
	}
	const a, more = `<Contents><Key>p/a</Key></Contents>`, `<IsTruncated>true</IsTruncated>`
	const end = `<IsTruncated>false</IsTruncated>`
	for name, body := range map[string]string{
		"truncated-without-a-token":  page(a + more),
		"the-same-token-again":       page(more + `<NextContinuationToken>t</NextContinuationToken>`),
		"the-same-page-again":        page(a + more + `<NextContinuationToken>t</NextContinuationToken>`),
		"a-key-outside-the-prefix":   page(`<Contents><Key>q/a</Key></Contents>` + end),
		"a-key-twice-in-a-page":      page(a + a + end),
		"no-word-whether-more-comes": page(a),
		"a-cut-off-body":             `<?xml version="1.0"?><ListBucketResult>` + a,
		"not-a-listing":              `{"keys":[]}`,
		"an-error-in-a-200":          s3Error("InternalError"),
	} {
		t.Run(name, func(t *testing.T) {
			s := openS3(t, answering(embedded(t), query("list-type"), http.StatusOK, body), vault.S3Config{Prefix: "p/"})
			if got, err := s.List(t.Context(), ""); err == nil {
				t.Errorf("List = %q", got)
			}
		})
	}
	t.Run("ever-new-tokens-and-no-keys", func(t *testing.T) {
		vaulttest.Credentials(t)
		var n atomic.Int32
		s := openS3(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			_, _ = io.WriteString(w, page(more+`<NextContinuationToken>`+strings.Repeat("t", int(n.Add(1)))+`</NextContinuationToken>`))
		}), vault.S3Config{})
		_, err := s.List(t.Context(), "")
		wantOneLine(t, err, "the listing doesn't end")
	})
}

func TestListLeavesOutOtherPrefixesAndTheFolderItself(t *testing.T) {
	vaulttest.Credentials(t)
	h, backend := vaulttest.Handler(t, "vault")
	for _, key := range []string{"p/", "p/x", "q/y", "pz"} {
		if _, err := backend.PutObject("vault", key, map[string]string{}, bytes.NewReader(nil), 0, nil); err != nil {
			t.Fatal(err)
		}
	}
	names, err := openS3(t, h, vault.S3Config{Prefix: "p/"}).List(t.Context(), "")
	if err != nil || len(names) != 1 || names[0] != "x" {
		t.Fatalf("List = %q, %v; want x alone", names, err)
	}
}

func TestNoRequestOutlastsItsTimeout(t *testing.T) {
	vaulttest.Credentials(t)
	stuck := make(chan struct{})
	a := openS3(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stuck:
		case <-r.Context().Done():
		}
	}), vault.S3Config{RequestTimeout: 50 * time.Millisecond})
	t.Cleanup(func() { close(stuck) })
	start := time.Now()
	if _, err := a.Get(t.Context(), "x"); err == nil || time.Since(start) > 10*time.Second {
		t.Fatalf("%v after %v", err, time.Since(start))
	}
}

func TestAPutThatSomethingElseThanS3AnswersIsNoSuccess(t *testing.T) {
	h := answering(embedded(t), method(http.MethodPut), http.StatusOK, "<!DOCTYPE html><html><body>Sign in</body></html>")
	if err := openS3(t, h, vault.S3Config{}).Put(t.Context(), "a", []byte("x")); err == nil {
		t.Error("a put that was answered by a web page is called done")
	}
}
