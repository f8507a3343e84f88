package vault_test

import (
	"crypto/sha256"
	"encoding/base64"
	"errors"
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
	aged time.Duration // how long ago every file was put, as HEAD tells it
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
		if until != "" {
			until = "<RetainUntilDate>" + until + "</RetainUntilDate>"
		}
		_, _ = fmt.Fprintf(w, `<Retention><Mode>%s</Mode>%s</Retention>`, mode, until)
		return
	}
	switch {
	case r.Method == http.MethodHead && l.aged != 0:
		w.Header().Set("Last-Modified", time.Now().Add(-l.aged).UTC().Format(http.TimeFormat))
		w.WriteHeader(http.StatusOK)
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
	wantOneLine(t, vault.ProbeVault(t.Context(), s, name, []byte("root")), "the server says no lock", "use a new prefix")
}

// That a name is taken tells a caller to go on with the file that is there. It
// must be no less safe than one that was put now.
func TestANameThatIsTakenByAFileLockedTooLittleIsAnErrorAndNotErrExists(t *testing.T) {
	const day = 24 * time.Hour
	const report, manifest = "reports/0000000001/report.json", "reports/0000000001/manifest-0000-00000.jsonl.gz"
	in := func(d time.Duration) string { return time.Now().Add(d).UTC().Format(time.RFC3339) }
	for name, c := range map[string]struct {
		file, mode, until string
		aged              time.Duration
		says              string // empty: locked well enough, so ErrExists
	}{
		"put-just-now":                {report, "COMPLIANCE", in(2557 * day), 0, ""},
		"put-long-ago":                {report, "COMPLIANCE", in(2257 * day), 300 * day, ""},
		"by-a-clock-behind":           {report, "COMPLIANCE", in(2556*day + time.Hour), 0, ""},
		"longer":                      {report, "COMPLIANCE", in(9999 * day), 0, ""},
		"manifest":                    {manifest, "COMPLIANCE", in(400 * day), 0, ""},
		"no-lock":                     {report, "", "", 0, "says no lock"},
		"weaker-mode":                 {report, "GOVERNANCE", in(2557 * day), 0, "says GOVERNANCE until 20"},
		"no-date":                     {report, "COMPLIANCE", "", 0, "says COMPLIANCE without a date"},
		"two-days-short":              {report, "COMPLIANCE", in(2555 * day), 0, "says COMPLIANCE until 20"},
		"put-long-ago-two-days-short": {report, "COMPLIANCE", in(2255 * day), 300 * day, "says COMPLIANCE until 20"},
		"manifest-two-days-short":     {manifest, "COMPLIANCE", in(398 * day), 0, "says COMPLIANCE until 20"},
	} {
		t.Run(name, func(t *testing.T) {
			s, server := openLocked(t, nil)
			if err := s.Put(t.Context(), c.file, []byte("{}")); err != nil {
				t.Fatal(err)
			}
			server.lie = func(string, string) (string, string) { return c.mode, c.until }
			server.aged = c.aged
			for try, data := range []string{"{}", `{"a":1}`} {
				err := s.Put(t.Context(), c.file, []byte(data))
				if c.says == "" {
					if !errors.Is(err, vault.ErrExists) {
						t.Errorf("Put %d: %v, want ErrExists", try, err)
					}
					continue
				}
				if errors.Is(err, vault.ErrExists) {
					t.Errorf("Put %d: %v, which tells the caller to go on", try, err)
				}
				wantOneLine(t, err, c.file, "asks for COMPLIANCE until 20", c.says)
			}
		})
	}
}

// The same bytes put by an earlier run count as ours, and have that run's date.
func TestAPutSentAgainThatFindsItsBytesFromLongAgoSucceeds(t *testing.T) {
	s, server := openLocked(t, nil)
	if err := s.Put(t.Context(), "trust/root.json", []byte("root")); err != nil {
		t.Fatal(err)
	}
	earlier := time.Now().Add(2257 * 24 * time.Hour).UTC().Format(time.RFC3339)
	server.lie = func(mode, _ string) (string, string) { return mode, earlier }
	server.aged = 300 * 24 * time.Hour
	again := openS3(t, dropping(server, 1, nil), vault.S3Config{Lock: &vault.Lock{Mode: "compliance", Days: 2557, ManifestDays: 400}})
	if err := again.Put(t.Context(), "trust/root.json", []byte("root")); err != nil {
		t.Fatal(err)
	}
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
