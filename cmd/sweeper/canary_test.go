package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/klauspost/compress/gzip"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/telemetry"
)

// canary stands in the keys, metadata and bodies of a ZDR team, and of nobody.
const canary = "Canary7Yb3nQx"

// canaries makes entries of all four kinds of each age, under keys of the ZDR
// team and under keys that tell no team.
func (g *gateway) canaries(t *testing.T) {
	t.Helper()
	g.versioned(t)
	for name, age := range map[string]time.Duration{"old": 31 * 24 * time.Hour, "young": time.Hour} {
		at := time.Now().Add(-age)
		for _, key := range []string{"zeta/" + canary + name + ".part.json", canary + name, "zeta/" + canary + " +%2F" + name + ".part.json"} {
			in := func() *s3.PutObjectInput {
				return &s3.PutObjectInput{Bucket: aws.String("exchanges"), Key: &key, Body: strings.NewReader(canary),
					Metadata: map[string]string{"zero-data-retention": "true", "prompt": canary}}
			}
			g.PutAt(t, at.Add(-2*time.Minute), in())
			g.HideAt(t, at.Add(-time.Minute), "exchanges", key)
			g.PutAt(t, at, in())
			g.UploadAt(t, at, "exchanges", key, []byte(canary))
		}
		g.PutAt(t, at, &s3.PutObjectInput{Bucket: aws.String("exchanges"), Key: aws.String("acme/" + name + ".part.json"), Body: strings.NewReader("{}")})
	}
}

// sings reports whether the canary can be read out of a text, in the clear or in
// base64.
func sings(text string) bool {
	for skip := range 3 { // by where the canary begins among the groups of three bytes
		coded := base64.StdEncoding.EncodeToString([]byte("zdr"[:skip] + canary))
		if strings.Contains(text, coded[4:len(coded)-4]) {
			return true
		}
	}
	return strings.Contains(text, canary)
}

// hears runs a command that must end with one of the statuses, and searches all
// that it says.
func (b *built) hears(t *testing.T, statuses string, args ...string) {
	t.Helper()
	cmd := b.command(t, args...)
	out, _ := cmd.CombinedOutput()
	said := string(out)
	if status := fmt.Sprint(cmd.ProcessState.ExitCode()); !strings.Contains(statuses, status) || said == "" {
		t.Errorf("sweeper %s: exit status %s, not one of %s\n%.3000s", strings.Join(args, " "), status, statuses, said)
	}
	if at := strings.Index(said, canary); at >= 0 {
		t.Errorf("sweeper %s shows a key: %q", strings.Join(args, " "), said[max(0, at-300):min(len(said), at+100)])
	} else if sings(said) {
		t.Errorf("sweeper %s shows a key in base64", strings.Join(args, " "))
	}
}

func TestOnARealServerNoKeyOfAZDRTeamNorOfNobodyIsEverShown(t *testing.T) {
	t.Parallel()
	for _, keys := range []string{"hashed", "clear"} {
		t.Run(keys, func(t *testing.T) {
			g := startGateway(t)
			g.canaries(t)
			gate := buckettest.Proxy(t, g.Endpoint)
			config := strings.Replace(configFor(gate.URL, dirVault), "zdr: {roster: zdr-teams.yaml}",
				"zdr: {roster: zdr-teams.yaml, purge_violations: true, metadata: {header: zero-data-retention, sample: 10}}\n"+
					"identifiers: {keys: "+keys+"}\nevidence: {teams: all}", 1)
			b := install(t, config, g.AccessKey, g.SecretKey)
			b.hears(t, "01", "check")
			b.hears(t, "01", "check", "--json", "--log-level", "trace")
			b.hears(t, "3", "attest", "--log-level", "trace")
			b.hears(t, "3", "attest", "--prefix-only", "--json", "--log-level", "trace", "--log-format", "console")
			b.hears(t, "3", "run", "--dry-run", "--log-level", "trace")
			b.write(t, "sweeper.yaml", strings.Replace(config, "limits: {", "limits: {max_deletions: 1, ", 1))
			b.hears(t, "4", "run", "--log-level", "trace", "--json")
			for _, format := range []string{"table", "csv", "json"} {
				b.hears(t, "0", "report", "show", "2", "--plan", "--show-keys", "--format", format) // of the dry run
				b.hears(t, "0", "report", "show", "3", "--plan", "--show-keys", "--format", format) // of the stopped one
			}
			b.write(t, "sweeper.yaml", config)
			for _, fault := range telltales() {
				gate.OnRequest(fault)
				b.hears(t, "13", "run", "--log-level", "trace")
				b.hears(t, "01", "check")
			}
			gate.OnRequest(nil)
			b.hears(t, "3", "apply", "2", "--reason", "REVIEWED", "--log-level", "trace")
			b.hears(t, "3", "run", "--json", "--log-level", "trace")
			b.hears(t, "0", "report", "list")
			b.hears(t, "0", "verify", "vault", "--trust", "keys/trust-root.json")
			b.hears(t, "0", "verify", "vault", "--trust", "keys/trust-root.json", "--json")
			reports := int64(len(b.verified(t).Reports))
			for n := range reports {
				b.hears(t, "0", "report", "show", fmt.Sprint(n))
				if text := scraped(t, b.sealed(t, n).predicate); sings(text) {
					t.Errorf("the metrics of report %d show a key:\n%s", n, text)
				}
			}
			b.silence(t)
			last := fmt.Sprintf("%010d", reports-1)
			if _, err := os.Stat(filepath.Join(b.dir, "vault", "work", last)); err == nil {
				t.Errorf("the work area still has the files of run %s, which was sealed", last)
			}
		})
	}
}

// telltales are the faults of a server that says in its answers what it was asked
// about.
func telltales() []func(buckettest.Call) buckettest.Verdict {
	said := "zeta/" + canary + ".part.json may not be touched"
	refuse := func(code string, ops ...string) func(buckettest.Call) buckettest.Verdict {
		return func(c buckettest.Call) buckettest.Verdict {
			for _, op := range ops {
				if c.Op == op {
					return buckettest.Refuse(http.StatusForbidden, code, said)
				}
			}
			return buckettest.Verdict{}
		}
	}
	return []func(buckettest.Call) buckettest.Verdict{
		refuse("AccessDenied", "DeleteObjects", "DeleteObject", "AbortMultipartUpload"),
		refuse("AccessDenied", "ListObjectVersions"),
		refuse("AccessDenied", "ListMultipartUploads", "ListParts", "HeadObject"),
		refuse("zeta/"+canary, "ListMultipartUploads", "ListParts", "HeadObject", "AbortMultipartUpload"),
		refuse("zeta/"+canary, "GetBucketVersioning"),
	}
}

// silence searches the vault: each file, what is inside a gzip file, and what a
// bundle signs.
func (b *built) silence(t *testing.T) {
	t.Helper()
	files := 0
	vault := os.DirFS(filepath.Join(b.dir, "vault"))
	err := fs.WalkDir(vault, "reports", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		data, err := fs.ReadFile(vault, name)
		if err != nil {
			return err
		}
		if filepath.Ext(name) == ".gz" {
			z, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				return err
			}
			if data, err = io.ReadAll(z); err != nil {
				return err
			}
		}
		payload, _, _, err := evidence.OpenBundle(data)
		if err == nil {
			data = payload
		}
		files++
		if sings(string(data)) {
			t.Errorf("%s shows a key", name)
		}
		return nil
	})
	if err != nil || files < 20 {
		t.Errorf("%d files of the vault were searched: %v", files, err)
	}
}

// scraped is what a scrape of the metrics of a report gives.
func scraped(t *testing.T, p evidence.Predicate) string {
	t.Helper()
	m := telemetry.NewMetrics()
	m.Sealed(p)
	w := httptest.NewRecorder()
	telemetry.Handler(m, telemetry.NewHealth()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil))
	if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), "sweeper_runs_total") {
		t.Fatalf("the metrics can't be scraped: %d\n%s", w.Code, w.Body)
	}
	return w.Body.String()
}
