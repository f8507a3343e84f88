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
			// Port 1 refuses; a socket that isn't there would only make the library look for another.
			cmd.Env = append(os.Environ(), "CI="+tt.ci, "DOCKER_HOST=tcp://127.0.0.1:1")
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
