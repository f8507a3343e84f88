package containers

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// outcome is a test that writes down how it was ended.
type outcome struct {
	testing.TB
	failed, skipped string
}

func (o *outcome) Helper() {}

func (o *outcome) Fatalf(f string, a ...any) {
	o.failed = fmt.Sprintf(f, a...)
	runtime.Goexit()
}

func (o *outcome) Skipf(f string, a ...any) {
	o.skipped = fmt.Sprintf(f, a...)
	runtime.Goexit()
}

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
			var ended sync.WaitGroup
			ended.Go(func() { require(&got, tt.err) })
			ended.Wait()
			if failed := got.failed != ""; failed != tt.fails {
				t.Errorf("failed: %q, want a failure: %t", got.failed, tt.fails)
			}
			if skipped := got.skipped != ""; skipped != tt.skips {
				t.Errorf("skipped: %q, want a skip: %t", got.skipped, tt.skips)
			}
			if tt.err != nil && !strings.Contains(got.failed+got.skipped, reason.Error()) {
				t.Errorf("failed %q, skipped %q: neither says why", got.failed, got.skipped)
			}
		})
	}
}
