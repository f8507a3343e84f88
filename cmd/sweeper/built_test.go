package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// built is the sweeper binary, as an operator runs it.
type built struct {
	dir string // working directory: config, keys, vault
	env []string
}

// binary builds it once for all tests.
var binary = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "sweeper-built-")
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "sweeper")
	out, err := exec.Command("go", "build", "-o", path, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// install makes a folder with keys, a roster of one team and the given config.
func install(t *testing.T, config, accessKey, secretKey string) *built {
	t.Helper()
	b := &built{dir: t.TempDir(), env: append(os.Environ(), "AWS_ACCESS_KEY_ID="+accessKey, "AWS_SECRET_ACCESS_KEY="+secretKey,
		"AWS_CONFIG_FILE=/nowhere", "AWS_SHARED_CREDENTIALS_FILE=/nowhere", "AWS_EC2_METADATA_DISABLED=true")}
	now := time.Now().UTC()
	if err := generateKeys(filepath.Join(b.dir, "keys"), now.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	b.write(t, "zdr-teams.yaml", fmt.Sprintf("as_of: %s\nteams:\n  - {id: zeta, zdr_since: 2020-01-01T00:00:00Z}\n", now.Format(time.RFC3339)))
	b.write(t, "sweeper.yaml", config)
	return b
}

func (b *built) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(b.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// command is the binary with arguments, not started.
func (b *built) command(t *testing.T, args ...string) *exec.Cmd {
	t.Helper()
	path, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = b.dir, b.env
	return cmd
}

// run runs it to its end and demands an exit status.
func (b *built) run(t *testing.T, want int, args ...string) (stdout, stderr string) {
	t.Helper()
	cmd := b.command(t, args...)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err := cmd.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	if got := cmd.ProcessState.ExitCode(); got != want {
		t.Fatalf("sweeper %s: exit status %d, not %d\nstdout:\n%s\nstderr:\n%s", strings.Join(args, " "), got, want, out.String(), errs.String())
	}
	if strings.Contains(errs.String(), "panic:") {
		t.Fatalf("a panic reached the user:\n%s", errs.String())
	}
	return out.String(), errs.String()
}

// report parses what --json printed.
func report(t *testing.T, stdout string) printed {
	t.Helper()
	var p printed
	if err := json.Unmarshal([]byte(stdout), &p); err != nil {
		t.Fatalf("--json printed no report: %v\n%s", err, stdout)
	}
	return p
}

// verified demands that the vault checks out, by the binary itself.
func (b *built) verified(t *testing.T) evidence.Verification {
	t.Helper()
	out, _ := b.run(t, 0, "verify", "vault", "--trust", "keys/trust-root.json", "--json")
	var v evidence.Verification
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// sealed reads report n of a vault in the folder.
func (b *built) sealed(t *testing.T, n int64) stored {
	t.Helper()
	r, err := readReport(t.Context(), b.vault(t), n)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func (b *built) vault(t *testing.T) vault.Area {
	t.Helper()
	v, err := vault.OpenDir(filepath.Join(b.dir, "vault"))
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// configFor is a config for one store "exchanges" on a server.
func configFor(endpoint, vault string) string {
	return fmt.Sprintf(`organization: {name: Example Inc., contact: privacy@example.com}
retention: {max_age: 30d}
stores:
  - name: exchanges
    bucket: exchanges
    whole_bucket: true
    endpoint: %s
    region: us-east-1
    path_style: true
    layout: "{team}/{request}.{part}.json"
zdr: {roster: zdr-teams.yaml}
limits: {max_share: 1}
vault:
%s`, endpoint, vault)
}

const dirVault = "  dir: ./vault\n"
