// Package rig tests the programs that measure, which live under testdata, where
// `go test ./...` doesn't look: a benchmark that no longer builds, or whose
// server no longer behaves as S3 does, should show before someone needs a number.
package rig

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// root is the folder of the project's go.mod.
func root(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMOD").Output()
	if err != nil {
		t.Fatalf("ask the go command for the module's root: %v", err)
	}
	return filepath.Dir(strings.TrimSpace(string(out)))
}

// goCommand runs the go command in a folder of the project.
func goCommand(t *testing.T, dir string, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", args...)
	cmd.Dir = filepath.Join(root(t), dir)
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s in %s: %v\n%s", cmd, dir, err, out)
	}
}

func TestTheNullServersOwnTestsPass(t *testing.T) {
	goCommand(t, "testdata/servers/null", "test", "./...")
}

func TestTheBenchmarkProgramsOwnTestsPass(t *testing.T) {
	goCommand(t, ".", "test", "./testdata/bench/...")
}

// The driver checks what it measures: that each program listed all keys, that
// exactly the expired ones are gone, and that no record says more than the
// server did. Here it does so on a small scale, and refreshes a copy of the page
// that shows its tables.
func TestASmallMeasurementFindsEverythingRightAndRefreshesItsPage(t *testing.T) {
	if testing.Short() {
		t.Skip("several runs of the binary, stopped ones among them: the run of all tests makes them")
	}
	text, err := os.ReadFile(filepath.Join(root(t), "docs", "performance.md"))
	if err != nil {
		t.Fatal(err)
	}
	// Emptied first, so that a table that is left out shows.
	tables := regexp.MustCompile(`(?s)(<!-- bench:[a-z-]+ -->\n).*?(<!-- /bench:)`)
	if len(tables.FindAll(text, -1)) == 0 {
		t.Fatal("docs/performance.md has no place for a table")
	}
	page := filepath.Join(t.TempDir(), "performance.md")
	if err := os.WriteFile(page, tables.ReplaceAll(text, []byte("$1$2")), 0o600); err != nil {
		t.Fatal(err)
	}
	goCommand(t, ".", "run", "./testdata/bench/drive", "-list", "-sweep", "-n", "1", "-keys", "3000", "-most", "10000", "-sweep-keys", "20000",
		"-latency", "1ms", "-rivals=false", "-update", page)
	got, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	if left := regexp.MustCompile(`<!-- bench:[a-z-]+ -->\n<!--`).FindAllString(string(got), -1); len(left) > 0 {
		t.Errorf("these tables were not measured: %q", left)
	}
	if strings.Contains(string(got), root(t)) {
		t.Error("the page names a folder of this machine")
	}
}
