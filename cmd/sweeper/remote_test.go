package main

import (
	"encoding/pem"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/rs/zerolog"

	"github.com/sweeper-audit/sweeper/pkg/schedule"
	"github.com/sweeper-audit/sweeper/pkg/telemetry"
)

// listBucket is where scripts put rosters, beside the bucket under retention.
const listBucket = "lists"

// web is an HTTPS server that gives out what scripts publish, under exactly the
// URL that they name: a query that is missing or another is not found.
type web struct {
	mu    sync.Mutex
	pages map[string]page
}

type page struct{ contentType, text string }

func (s *web) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	p, ok := s.pages[r.URL.RequestURI()]
	if !ok {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	w.Header().Set("Content-Type", p.contentType)
	_, _ = io.WriteString(w, p.text)
}

// startWeb starts the server for one script. Its URL is in $HTTPS, and its
// certificate in the file that $SSL_CERT_FILE names.
func startWeb(t testing.TB, env *testscript.Env) (*web, error) {
	s := &web{pages: map[string]page{}}
	server := httptest.NewUnstartedServer(s)
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	path := filepath.Join(env.WorkDir, "trusted.pem")
	env.Setenv("HTTPS", server.URL)
	env.Setenv("SSL_CERT_FILE", path)
	return s, os.WriteFile(path, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw}), 0o600)
}

// rosterText is a file with NOW replaced by the script's time.
func rosterText(ts *testscript.TestScript, file string) string {
	return strings.ReplaceAll(ts.ReadFile(file), "NOW", ts.Getenv("NOW"))
}

func cmdPublish(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 && len(args) != 3 {
		ts.Fatalf("usage: publish PATH FILE [CONTENT-TYPE]")
	}
	p := page{"application/octet-stream", rosterText(ts, args[1])}
	if len(args) == 3 {
		p.contentType = args[2]
	}
	w := theWorld(ts).web
	w.mu.Lock()
	defer w.mu.Unlock()
	w.pages[args[0]] = p
}

func cmdUpload(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: upload KEY FILE")
	}
	theWorld(ts).server.Put(listBucket, args[0], []byte(rosterText(ts, args[1])), theWorld(ts).now)
}

// A roster is a claim with a date: one that serve kept from its start would be
// stale by the next night.
func TestServeReadsARemoteRosterAnewForEachRun(t *testing.T) {
	t.Parallel()
	server, gate := embedded(t)
	server.CreateBucket(listBucket)
	text := strings.NewReplacer("    region:", "    credentials_file: credentials\n    region:", "zdr-teams.yaml", "s3://lists/teams.yaml").
		Replace(configFor(gate.URL, dirVault)) + "schedule: {cron: \"* * * * *\", timezone: UTC}\n"
	b := install(t, text, "", "")
	b.write(t, "credentials", "[default]\naws_access_key_id = test\naws_secret_access_key = testtest\n")
	slots, err := schedule.Parse("* * * * *", "UTC")
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{app: &app{configPath: filepath.Join(b.dir, "sweeper.yaml")}, metrics: telemetry.NewMetrics(),
		health: telemetry.NewHealth(), log: zerolog.Nop()}
	now := time.Now().UTC()
	for n, teams := range []string{"{id: zeta, zdr_since: 2020-01-01T00:00:00Z}", "{id: zeta, zdr_since: 2020-01-01T00:00:00Z}, {id: eta, zdr_since: 2020-01-01T00:00:00Z}"} {
		server.Put(listBucket, "teams.yaml", fmt.Appendf(nil, "as_of: %s\nteams: [%s]\n", now.Format(time.RFC3339), teams), now)
		if err := d.slot(t.Context(), slots, now.Truncate(time.Minute), nil); err != nil {
			t.Fatal(err)
		}
		if p := b.sealed(t, int64(n)).predicate; p.ZDR.TeamCount != int64(n+1) || p.ZDR.RosterSource != "s3://lists/teams.yaml" {
			t.Errorf("run %d: %d teams of %s", n, p.ZDR.TeamCount, p.ZDR.RosterSource)
		}
	}
	server.Remove(listBucket, "teams.yaml")
	if err := d.slot(t.Context(), slots, now.Truncate(time.Minute), nil); statusOf(err) != exitFailed || !strings.Contains(err.Error(), "zdr.roster") {
		t.Errorf("without its roster the slot ended with %v", err)
	}
}
