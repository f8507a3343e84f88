package containers_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
)

// TestWithoutAnEngine runs one container test in a process that can reach no
// Docker Engine: on CI that must not pass for a green run.
func TestWithoutAnEngine(t *testing.T) {
	tests := []struct{ name, ci, want string }{
		{"fails-on-ci", "true", "--- FAIL: TestServerListensOnLoopbackOnly"},
		{"skips-elsewhere-and-says-why", "", "skipped: no Docker Engine is reachable"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestServerListensOnLoopbackOnly$", "-test.v")
			// An empty home, so that no settings file of the user's names another engine.
			cmd.Env = append(os.Environ(), "CI="+tt.ci, "DOCKER_HOST=unix:///nonexistent/docker.sock", "HOME="+t.TempDir())
			out, err := cmd.CombinedOutput()
			if failed := err != nil; failed != (tt.ci == "true") {
				t.Errorf("the test process ended with %v", err)
			}
			if !strings.Contains(string(out), tt.want) {
				t.Errorf("output lacks %q:\n%s", tt.want, out)
			}
		})
	}
}
