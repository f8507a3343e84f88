package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/demo"
)

// block is a fenced block of the README.
type block struct{ lang, text string }

func readme(t *testing.T) []block {
	t.Helper()
	data, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var blocks []block
	for _, m := range regexp.MustCompile("(?ms)^```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(data), -1) {
		blocks = append(blocks, block{m[1], m[2]})
	}
	return blocks
}

// Every command of the README runs as it stands there, in its order, in one
// folder, with the config that it shows. Only the server's address and the
// roster's date are set to those of the test.
func TestEveryCommandOfTheREADMERuns(t *testing.T) {
	t.Parallel()
	server, err := demo.Start(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC()
	if _, err := server.Seed(now); err != nil {
		t.Fatal(err)
	}
	b := &built{dir: t.TempDir(), env: append(os.Environ(), "AWS_ACCESS_KEY_ID=test", "AWS_SECRET_ACCESS_KEY=testtest",
		"AWS_CONFIG_FILE=/nowhere", "AWS_SHARED_CREDENTIALS_FILE=/nowhere", "TMPDIR="+t.TempDir())}
	ran := 0
	defer func() { b.moreSettings(t) }()
	for _, block := range readme(t) {
		switch block.lang {
		case "yaml":
			name, ok := strings.CutPrefix(strings.SplitN(block.text, "\n", 2)[0], "# ")
			if !ok {
				t.Fatalf("a yaml block does not say which file it is:\n%s", block.text)
			}
			text := strings.ReplaceAll(block.text, "http://127.0.0.1:9000", server.Endpoint)
			b.write(t, name, regexp.MustCompile(`as_of: \S+`).ReplaceAllString(text, "as_of: "+now.Format(time.RFC3339)))
		case "sh":
			for line := range strings.Lines(block.text) {
				b.readmeLine(t, strings.TrimSpace(line))
				ran++
			}
		case "bash":
			b.recipe(t, block.text)
			ran++
		default:
			t.Errorf("a block of language %q is run by nothing", block.lang)
		}
	}
	if ran < 14 {
		t.Errorf("only %d commands were found in the README", ran)
	}
}

// readmeLine runs one line of an sh block.
func (b *built) readmeLine(t *testing.T, line string) {
	t.Helper()
	line, _, _ = strings.Cut(line, "  #")
	args := strings.Fields(line)
	switch {
	case line == "go test ./...": // that is what runs this
	case line == "go run ./cmd/sweeper demo":
		b.run(t, 0, "demo")
	case line == "sweeper serve":
		b.serve(t)
	case args[0] == "sweeper":
		b.run(t, 0, args[1:]...)
	default:
		t.Errorf("the README's %q is run by nothing", line)
	}
}

// serve starts the daemon and stops it as systemd would.
func (b *built) serve(t *testing.T) {
	t.Helper()
	cmd := b.command(t, "serve")
	var errs safeBuffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, 30*time.Second, func() bool { return strings.Contains(errs.String(), `"serving"`) })
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("serve: %v\n%s", err, errs.String())
	}
}

// recipe runs the auditor's script over each sweep in the vault, one in which
// nothing expired among them.
func (b *built) recipe(t *testing.T, script string) {
	t.Helper()
	for _, tool := range []string{"bash", "openssl", "jq", "sha256sum"} {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("the auditor's recipe needs %s: %v", tool, err)
			}
			t.Logf("the auditor's recipe is not run: it needs %s", tool)
			return
		}
	}
	sweeps := 0
	dirs, err := filepath.Glob(filepath.Join(b.dir, "vault/reports/*"))
	if err != nil {
		t.Fatal(err)
	}
	for n, dir := range dirs {
		if b.sealed(t, int64(n)).predicate.ReportType != "sweep" {
			continue
		}
		sweeps++
		cmd := exec.Command("bash", "-c", script)
		cmd.Dir, cmd.Env = b.dir, append(b.env, "N="+filepath.Base(dir))
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Verified OK") {
			t.Errorf("%s: %v\n%s", dir, err, out)
		}
	}
	if sweeps < 2 {
		t.Errorf("the recipe ran over %d sweeps, want two or more", sweeps)
	}
}

// moreSettings checks that the README's further settings load beside its
// sweeper.yaml, and its holds with them.
func (b *built) moreSettings(t *testing.T) {
	t.Helper()
	first, err := os.ReadFile(filepath.Join(b.dir, "sweeper.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	more, err := os.ReadFile(filepath.Join(b.dir, "more.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	b.write(t, "sweeper.yaml", string(first)+string(more))
	b.run(t, 0, "run", "--dry-run")
}
