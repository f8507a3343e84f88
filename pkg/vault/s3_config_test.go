package vault_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/vault"
	"github.com/sweeper-audit/sweeper/pkg/vault/vaulttest"
)

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
