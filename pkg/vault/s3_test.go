package vault_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"

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

func TestRemoveLeavesNoVersionAndNoMarker(t *testing.T) {
	vaulttest.Credentials(t)
	h, backend := vaulttest.Handler(t, "vault")
	a := openS3(t, h, vault.S3Config{Prefix: "work/"})
	tag, err := a.Swap(t.Context(), "plan", "", []byte("before versioning"))
	if err != nil {
		t.Fatal(err)
	}
	if err := backend.SetVersioningConfiguration("vault", gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"1", "2", "3"} {
		if tag, err = a.Swap(t.Context(), "plan", tag, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Put(t.Context(), "plan-2", []byte("neighbour")); err != nil {
		t.Fatal(err)
	}
	if _, err := backend.DeleteObject("vault", "work/plan"); err != nil { // hides it behind a marker
		t.Fatal(err)
	}
	if err := a.Remove(t.Context(), "plan"); err != nil {
		t.Fatal(err)
	}
	left, err := backend.ListBucketVersions("vault", nil, nil)
	if err != nil || len(left.Versions) != 1 {
		t.Fatalf("%d versions and markers left, %v; want the neighbour's one", len(left.Versions), err)
	}
}

func TestRemoveWorksOnAServerThatKnowsNoVersions(t *testing.T) {
	h := answering(embedded(t), query("versions"), http.StatusNotImplemented, s3Error("NotImplemented"))
	a := openS3(t, h, vault.S3Config{})
	if err := vault.Probe(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func TestRemoveThatOnlyHidesOrDoesNothingIsAnError(t *testing.T) {
	versionless := func(h http.Handler) http.Handler {
		return answering(h, query("versions"), http.StatusNotImplemented, s3Error("NotImplemented"))
	}
	marking := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				w.Header().Set("x-amz-delete-marker", "true")
				w.Header().Set("x-amz-version-id", "v2")
				w.WriteHeader(http.StatusNoContent)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"deletes-nothing": func(h http.Handler) http.Handler {
			return answering(h, method(http.MethodDelete), http.StatusNoContent, "")
		},
		"deletes-nothing-without-versions": func(h http.Handler) http.Handler {
			return versionless(answering(h, method(http.MethodDelete), http.StatusNoContent, ""))
		},
		"hides-behind-a-marker": func(h http.Handler) http.Handler { return versionless(marking(h)) },
		"lists-no-versions": func(h http.Handler) http.Handler {
			return answering(h, query("versions"), http.StatusOK,
				`<?xml version="1.0"?><ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>`)
		},
		"endless-versions": func(h http.Handler) http.Handler {
			return answering(h, query("versions"), http.StatusOK,
				`<?xml version="1.0"?><ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>x</NextKeyMarker></ListVersionsResult>`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := openS3(t, wrap(embedded(t)), vault.S3Config{})
			if err := a.Put(t.Context(), "x", []byte("x")); err != nil {
				t.Fatal(err)
			}
			if err := a.Remove(t.Context(), "x"); err == nil {
				t.Error("Remove says that the file is gone")
			}
			if err := vault.Probe(t.Context(), a); err == nil {
				t.Error("Probe passes an area that can't be erased")
			}
		})
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

func TestFailuresSayWhatWhereAndTheWayOut(t *testing.T) {
	forbid := func(code string) func(http.Handler) http.Handler {
		return func(h http.Handler) http.Handler {
			return answering(h, func(*http.Request) bool { return true }, http.StatusForbidden, s3Error(code))
		}
	}
	for name, c := range map[string]struct {
		wrap func(http.Handler) http.Handler
		says []string
	}{
		"no-such-bucket": {func(http.Handler) http.Handler { h, _ := vaulttest.Handler(t, "other"); return h },
			[]string{"s3://vault/p/", "create the bucket, or correct its name"}},
		"no-right":          {forbid("AccessDenied"), []string{"s3://vault/p/", "give this identity the rights"}},
		"wrong-key":         {forbid("InvalidAccessKeyId"), []string{"doesn't accept the credentials"}},
		"wrong-clock":       {forbid("RequestTimeTooSkewed"), []string{"the local clock is wrong"}},
		"not-an-s3-server":  {func(http.Handler) http.Handler { return http.NotFoundHandler() }, []string{"s3://vault/p/", "check the endpoint"}},
		"a-page-of-its-own": {func(h http.Handler) http.Handler { return answering(h, query("list-type"), 200, "<html>") }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			a := openS3(t, c.wrap(embedded(t)), vault.S3Config{Prefix: "p/"})
			_, listErr := a.List(t.Context(), "")
			wantOneLine(t, listErr, c.says...)
			if name == "a-page-of-its-own" {
				return // the rest works
			}
			_, getErr := a.Get(t.Context(), "x")
			for call, err := range map[string]error{"Put": a.Put(t.Context(), "x", nil), "Get": getErr, "Remove": a.Remove(t.Context(), "x")} {
				wantOneLine(t, err, "x")
				if errors.Is(err, vault.ErrNotFound) || errors.Is(err, vault.ErrExists) {
					t.Errorf("%s: %v reads as an answer about the file", call, err)
				}
			}
			wantOneLine(t, vault.Probe(t.Context(), a), c.says...)
			wantOneLine(t, vault.ProbeVault(t.Context(), a, "trust/trust-root-0000.json", nil), c.says...)
		})
	}
}

func TestUnreachableEndpointSaysSo(t *testing.T) {
	vaulttest.Credentials(t)
	server := httptest.NewServer(nil)
	server.Close()
	a, err := vault.OpenS3(t.Context(), vault.S3Config{Bucket: "vault", Endpoint: server.URL, PathStyle: true})
	if err != nil {
		t.Fatal(err)
	}
	wantOneLine(t, vault.Probe(t.Context(), a), "check the endpoint and the network")
}

func TestOpenS3RefusesWhatItCannotMean(t *testing.T) {
	vaulttest.Credentials(t)
	t.Setenv("AWS_REGION", "")
	t.Setenv("AWS_DEFAULT_REGION", "")
	for name, c := range map[string]struct {
		config vault.S3Config
		says   string
	}{
		"no-bucket":           {vault.S3Config{Endpoint: "http://x"}, "no bucket given"},
		"half-a-prefix":       {vault.S3Config{Bucket: "b", Prefix: "p", Endpoint: "http://x"}, "must end in a slash"},
		"no-region":           {vault.S3Config{Bucket: "b"}, "set region"},
		"no-such-profile":     {vault.S3Config{Bucket: "b", Region: "r", Profile: "none"}, "check profile"},
		"no-such-credentials": {vault.S3Config{Bucket: "b", Region: "r", CredentialsFile: "/nonexistent/c"}, "/nonexistent/c"},
		"negative-timeout":    {vault.S3Config{Bucket: "b", Region: "r", RequestTimeout: -1}, "negative"},
		"lock-mode":           {vault.S3Config{Bucket: "b", Region: "r", Lock: &vault.Lock{Mode: "strict", Days: 1, ManifestDays: 1}}, "compliance or governance"},
		"lock-days":           {vault.S3Config{Bucket: "b", Region: "r", Lock: &vault.Lock{Mode: "compliance", ManifestDays: 1}}, "at least 1"},
		"lock-manifest-days":  {vault.S3Config{Bucket: "b", Region: "r", Lock: &vault.Lock{Mode: "compliance", Days: 1}}, "at least 1"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := vault.OpenS3(t.Context(), c.config)
			wantOneLine(t, err, c.says)
		})
	}
}

func TestNamedCredentialsComeBeforeTheEnvironment(t *testing.T) {
	h := embedded(t)
	file := filepath.Join(t.TempDir(), "credentials")
	const content = "[default]\naws_access_key_id = FILEKEY\naws_secret_access_key = s\n" +
		"[evidence]\naws_access_key_id = PROFILEKEY\naws_secret_access_key = s\n"
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config vault.S3Config
		key    string
	}{
		"neither":          {vault.S3Config{}, "test"},
		"file":             {vault.S3Config{CredentialsFile: file}, "FILEKEY"},
		"file-and-profile": {vault.S3Config{CredentialsFile: file, Profile: "evidence"}, "PROFILEKEY"},
	} {
		t.Run(name, func(t *testing.T) {
			var mu sync.Mutex
			var got string
			a := openS3(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				mu.Lock()
				got = r.Header.Get("Authorization")
				mu.Unlock()
				h.ServeHTTP(w, r)
			}), c.config)
			if _, err := a.List(t.Context(), ""); err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			defer mu.Unlock()
			if !strings.Contains(got, "Credential="+c.key+"/") {
				t.Errorf("signed as %q, want %s", got, c.key)
			}
		})
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
