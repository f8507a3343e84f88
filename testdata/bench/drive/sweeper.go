package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"
)

// settings are what differs between the configs of measured runs.
type settings struct {
	concurrency int // 0: what Sweeper itself takes
	confirm     string
	keys        string // in the evidence: hashed or clear
}

const configText = `organization: {name: Bench, contact: bench@example.com}
retention: {max_age: 30d}
stores:
  - name: bench
    bucket: %s
    prefix: ""
    whole_bucket: true
    endpoint: %s
    region: us-east-1
    path_style: true
    layout: "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json"
zdr: {roster: zdr-teams.yaml}
limits: {max_share: 1%s}
vault: {dir: ./vault}
identifiers: {secret_file: keys/identifiers.secret, keys: %s}
confirm: %s
`

// credentials are any: the null server checks none. The SDK shall not look for
// others, which takes time and depends on the machine.
func credentials() []string {
	return append(os.Environ(), "AWS_ACCESS_KEY_ID=bench", "AWS_SECRET_ACCESS_KEY=bench", "AWS_SESSION_TOKEN=", "AWS_PROFILE=",
		"AWS_CONFIG_FILE="+os.DevNull, "AWS_SHARED_CREDENTIALS_FILE="+os.DevNull, "AWS_EC2_METADATA_DISABLED=true", "AWS_ENDPOINT_URL=")
}

// install makes a folder ready for sweeper: config, roster and keys.
func (r *rig) install(ctx context.Context, box, url string, s settings) error {
	concurrency := ""
	if s.concurrency > 0 {
		concurrency = fmt.Sprintf(", concurrency: %d", s.concurrency)
	}
	roster := fmt.Sprintf("as_of: %s\nteams:\n  - {id: team-zdr, zdr_since: 2020-01-01T00:00:00Z}\n", time.Now().UTC().Format(time.RFC3339))
	for name, text := range map[string]string{
		"sweeper.yaml":   fmt.Sprintf(configText, bucketName, url, concurrency, s.keys, s.confirm),
		"zdr-teams.yaml": roster,
	} {
		if err := os.WriteFile(filepath.Join(box, name), []byte(text), 0o600); err != nil {
			return err
		}
	}
	if out, err := r.sweeper(ctx, box, "keygen").CombinedOutput(); err != nil {
		return fmt.Errorf("sweeper keygen: %w\n%s", err, out)
	}
	return nil
}

// sweeper is the binary in a folder, with arguments, not started.
func (r *rig) sweeper(ctx context.Context, box string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, r.program("sweeper"), args...)
	cmd.Dir, cmd.Env = box, credentials()
	return cmd
}

// totals is what a report says of all stores together.
type totals struct {
	Result string
	Totals struct{ Listed, Expired, Planned, Deleted, Absent, Failed, Unconfirmed, Left, Retries int64 }
}

func readTotals(stdout []byte) (t totals, err error) {
	if err := json.Unmarshal(stdout, &t); err != nil {
		return t, fmt.Errorf("read the report on stdout: %w", err)
	}
	return t, nil
}

// dryRun is a run that lists, judges and seals a report, and deletes nothing.
func (r *rig) dryRun(name string, concurrency int) contender {
	return contender{name: name, start: func(ctx context.Context, box, url string) (*exec.Cmd, error) {
		return r.sweeper(ctx, box, "run", "--dry-run", "--json"), r.install(ctx, box, url, settings{concurrency: concurrency, confirm: "full", keys: "hashed"})
	}, check: func(stdout []byte, s stats) error {
		t, err := readTotals(stdout)
		if err == nil && (t.Totals.Listed != s.Keys || t.Totals.Expired != s.Expired) {
			err = fmt.Errorf("listed %d keys, %d of them expired, where %d and %d are", t.Totals.Listed, t.Totals.Expired, s.Keys, s.Expired)
		}
		return err
	}}
}

// wholeRun is a run that deletes. It says at the end that the outcome wasn't
// seen, since it lists once, like what it is compared with.
func (r *rig) wholeRun(name string, concurrency int) contender {
	return contender{name: name, start: func(ctx context.Context, box, url string) (*exec.Cmd, error) {
		return r.sweeper(ctx, box, "run", "--json"), r.install(ctx, box, url, settings{concurrency: concurrency, confirm: "none", keys: "hashed"})
	}, check: func(stdout []byte, s stats) error {
		t, err := readTotals(stdout)
		if err == nil && t.Totals.Deleted != s.KeysDeleted {
			err = fmt.Errorf("reported %d keys deleted, the server deleted %d", t.Totals.Deleted, s.KeysDeleted)
		}
		if err != nil {
			return err
		}
		return swept(stdout, s)
	}}
}

// swept checks that the server has exactly the young keys left.
func swept(_ []byte, s stats) error {
	if s.KeysDeleted != s.Expired || s.Left != s.Keys-s.Expired {
		return fmt.Errorf("deleted %d of %d expired keys, left %d of %d", s.KeysDeleted, s.Expired, s.Left, s.Keys)
	}
	return nil
}

// lister is one of the programs that only list.
func (r *rig) lister(name, program string) contender {
	return contender{name: name, start: func(ctx context.Context, box, url string) (*exec.Cmd, error) {
		cmd := exec.CommandContext(ctx, r.program(program), url, bucketName)
		cmd.Dir, cmd.Env = box, credentials()
		return cmd, nil
	}, check: func(stdout []byte, s stats) error {
		var found struct{ Keys int64 }
		if err := json.Unmarshal(stdout, &found); err != nil {
			return fmt.Errorf("read %q: %w", strings.TrimSpace(string(stdout)), err)
		}
		if found.Keys != s.Keys {
			return fmt.Errorf("listed %d keys of %d", found.Keys, s.Keys)
		}
		return nil
	}}
}
