package vault_test

import (
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/vault"
	"github.com/sweeper-audit/sweeper/pkg/vault/vaulttest"
)

// locking gives the embedded server, which knows no Object Lock, just the
// headers and the question that a vault uses; real ones are tested in
// containers. It says what it was asked for, changed by lie.
type locking struct {
	http.Handler
	lie func(mode, until string) (string, string)

	mu   sync.Mutex
	puts map[string]http.Header
}

func (l *locking) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case r.Method == http.MethodPut:
		if l.puts[r.URL.Path] == nil {
			l.puts[r.URL.Path] = r.Header.Clone()
		}
	case r.URL.Query().Has("retention"):
		h := l.puts[r.URL.Path]
		mode, until := h.Get("x-amz-object-lock-mode"), h.Get("x-amz-object-lock-retain-until-date")
		if l.lie != nil {
			mode, until = l.lie(mode, until)
		}
		if mode == "" {
			w.WriteHeader(http.StatusNotFound)
			_, _ = fmt.Fprint(w, s3Error("NoSuchObjectLockConfiguration"))
			return
		}
		_, _ = fmt.Fprintf(w, `<Retention><Mode>%s</Mode><RetainUntilDate>%s</RetainUntilDate></Retention>`, mode, until)
		return
	}
	switch {
	case r.URL.Query().Has("object-lock"):
		_, _ = fmt.Fprint(w, `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>`)
	case r.Method == http.MethodDelete:
		w.WriteHeader(http.StatusForbidden)
		_, _ = fmt.Fprint(w, s3Error("AccessDenied"))
	default:
		l.Handler.ServeHTTP(w, r)
	}
}

func TestS3WithLockIsAWriteOnceVault(t *testing.T) {
	vaulttest.RunLocked(t, func(t *testing.T, lock vault.Lock) *vault.S3 {
		t.Helper()
		return openS3(t, &locking{Handler: embedded(t), puts: map[string]http.Header{}}, vault.S3Config{Lock: &lock})
	})
}

func openLocked(t *testing.T, lie func(mode, until string) (string, string)) (*vault.S3, *locking) {
	t.Helper()
	l := &locking{Handler: embedded(t), lie: lie, puts: map[string]http.Header{}}
	return openS3(t, l, vault.S3Config{Lock: &vault.Lock{Mode: "compliance", Days: 2557, ManifestDays: 400}}), l
}

func TestEveryPutOfAVaultAsksForItsLock(t *testing.T) {
	s, server := openLocked(t, nil)
	for name, days := range map[string]int{
		"reports/0000000001/report.sigstore.json":         2557,
		"reports/0000000001/parts.jsonl":                  2557,
		"trust/trust-root-0000.json":                      2557,
		"reports/0000000001/manifest-0000-00000.jsonl.gz": 400,
		"manifest-0000-00000.jsonl.gz/report.json":        2557,
		"reports/0000000001/manifest-0000-00000.json":     2557,
	} {
		t.Run(name, func(t *testing.T) {
			before := time.Now()
			if err := s.Put(t.Context(), name, []byte(name)); err != nil {
				t.Fatal(err)
			}
			h := server.puts["/vault/"+name]
			until, err := time.Parse(time.RFC3339, h.Get("x-amz-object-lock-retain-until-date"))
			least := before.Add(time.Duration(days) * 24 * time.Hour)
			if err != nil || until.Before(least) || until.After(least.Add(time.Minute)) || until.Nanosecond() != 0 {
				t.Errorf("retained until %v, %v; want %d days, in whole seconds", until, err, days)
			}
			sum := sha256.Sum256([]byte(name))
			for header, want := range map[string]string{
				"x-amz-object-lock-mode": "COMPLIANCE",
				"If-None-Match":          "*",
				"x-amz-checksum-sha256":  base64.StdEncoding.EncodeToString(sum[:]),
			} {
				if got := h.Get(header); got != want {
					t.Errorf("%s: %q, want %q", header, got, want)
				}
			}
		})
	}
}

func TestAFileThatIsNotLockedAsAskedIsAnError(t *testing.T) {
	for name, lie := range map[string]func(mode, until string) (string, string){
		"no-lock":      func(string, string) (string, string) { return "", "" },
		"weaker-mode":  func(_, until string) (string, string) { return "GOVERNANCE", until },
		"earlier-date": func(mode, _ string) (string, string) { return mode, "2027-01-01T00:00:00Z" },
		"later-date":   func(mode, _ string) (string, string) { return mode, "2099-01-01T00:00:00Z" },
		"no-date":      func(mode, _ string) (string, string) { return mode, "" },
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := openLocked(t, lie)
			if err := s.Put(t.Context(), "x", []byte("x")); err == nil {
				t.Fatal("Put succeeds")
			}
		})
	}
	t.Run("a-server-that-knows-no-locks", func(t *testing.T) {
		s := openS3(t, embedded(t), vault.S3Config{Lock: &vault.Lock{Mode: "governance", Days: 1, ManifestDays: 1}})
		wantOneLine(t, s.Put(t.Context(), "x", []byte(`{"a":1}`)), "lock")
		wantOneLine(t, vault.ProbeVault(t.Context(), s, "trust/trust-root-0000.json", []byte("<root/>")), "lock")
	})
}

func TestProbeVaultPassesALockedVaultAndRefusesAnUnlockedTrustRoot(t *testing.T) {
	s, server := openLocked(t, nil)
	const name = "trust/trust-root-0000.json"
	for range 2 {
		if err := vault.ProbeVault(t.Context(), s, name, []byte("root")); err != nil {
			t.Fatal(err)
		}
	}
	server.puts["/vault/"+name] = http.Header{}
	wantOneLine(t, vault.ProbeVault(t.Context(), s, name, []byte("root")), "the file has none", "use a new prefix")
}

func TestNothingIsSwappedInAWriteOnceVault(t *testing.T) {
	s, _ := openLocked(t, nil)
	if _, err := s.Swap(t.Context(), "x", "", nil); err == nil || !strings.Contains(err.Error(), "write-once") {
		t.Fatalf("Swap: %v", err)
	}
}

func TestAWorkAreaMustBeKnownToHaveNoObjectLock(t *testing.T) {
	const enabled = `<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled>%s</ObjectLockConfiguration>`
	const rule = `<Rule><DefaultRetention><Mode>GOVERNANCE</Mode><Days>1</Days></DefaultRetention></Rule>`
	for name, c := range map[string]struct {
		status  int
		body    string
		refused string
	}{
		"no-lock":           {404, s3Error("ObjectLockConfigurationNotFoundError"), ""},
		"unknown-to-server": {501, s3Error("NotImplemented"), ""},
		"lock":              {200, fmt.Sprintf(enabled, ""), "has Object Lock"},
		"default-retention": {200, fmt.Sprintf(enabled, rule), "has Object Lock"},
		"retention-alone":   {200, `<ObjectLockConfiguration>` + rule + `</ObjectLockConfiguration>`, "has Object Lock"},
		"denied":            {403, s3Error("AccessDenied"), "allow s3:GetBucketObjectLockConfiguration"},
		"no-bucket":         {404, s3Error("NoSuchBucket"), "create the bucket"},
	} {
		t.Run(name, func(t *testing.T) {
			s := openS3(t, answering(embedded(t), query("object-lock"), c.status, c.body), vault.S3Config{})
			err := s.CheckWork(t.Context())
			if c.refused == "" {
				if err != nil {
					t.Fatal(err)
				}
				return
			}
			wantOneLine(t, err, "bucket vault", c.refused)
		})
	}
	t.Run("the-embedded-server", func(t *testing.T) {
		if err := openS3(t, embedded(t), vault.S3Config{}).CheckWork(t.Context()); err != nil {
			t.Fatal(err)
		}
	})
}
