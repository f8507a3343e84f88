package containers

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// outcome is a test that writes down how it was ended.
type outcome struct {
	testing.TB
	failed, skipped string
}

func (o *outcome) Helper()                   {}
func (o *outcome) Fatalf(f string, a ...any) { o.failed = fmt.Sprintf(f, a...) }
func (o *outcome) Skipf(f string, a ...any)  { o.skipped = fmt.Sprintf(f, a...) }

func TestWithoutAnEngineCIFailsAndOthersSkipSayingWhy(t *testing.T) {
	reason := errors.New("no socket")
	for _, tt := range []struct {
		name, ci     string
		err          error
		fails, skips bool
	}{
		{"no-engine-on-ci", "true", reason, true, false},
		{"no-engine-elsewhere", "", reason, false, true},
		{"engine-on-ci", "true", nil, false, false},
		{"engine-elsewhere", "", nil, false, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Setenv("CI", tt.ci)
			var got outcome
			// A real Fatalf doesn't return; CI's must come first all the same.
			require(&got, tt.err)
			if failed := got.failed != ""; failed != tt.fails {
				t.Errorf("failed: %q, want a failure: %t", got.failed, tt.fails)
			}
			if skipped := got.skipped != ""; !tt.fails && skipped != tt.skips {
				t.Errorf("skipped: %q, want a skip: %t", got.skipped, tt.skips)
			}
			if tt.err != nil && !strings.Contains(got.failed+got.skipped, reason.Error()) {
				t.Errorf("failed %q, skipped %q: neither says why", got.failed, got.skipped)
			}
		})
	}
}
