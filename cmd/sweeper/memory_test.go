package main

import (
	"runtime/debug"
	"testing"
)

func TestARunIsBoundToItsMemoryUnlessTheOperatorSaysOtherwise(t *testing.T) {
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1)
	t.Cleanup(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
	for _, tt := range []struct {
		streams int
		env     map[string]string
		percent int
		limit   int64
	}{
		{1, nil, 400, 133 << 18},
		{32, nil, 400, 72 << 20},
		{32, map[string]string{"GOGC": "50"}, 100, limit},
		{32, map[string]string{"GOMEMLIMIT": "1GiB"}, 100, limit},
	} {
		debug.SetGCPercent(100)
		debug.SetMemoryLimit(limit)
		boundMemory(tt.streams, func(name string) string { return tt.env[name] })
		if gotPercent, gotLimit := debug.SetGCPercent(100), debug.SetMemoryLimit(-1); gotPercent != tt.percent || gotLimit != tt.limit {
			t.Errorf("%d streams, %v: GC at %d %%, limit %d, want %d %% and %d", tt.streams, tt.env, gotPercent, gotLimit, tt.percent, tt.limit)
		}
	}
}
