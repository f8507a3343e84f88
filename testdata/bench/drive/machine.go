package main

import (
	"fmt"
	"os"
	"runtime"
	"strings"
	"time"
)

// machine says where and when it was measured.
func (r *rig) machine() table {
	return table{name: "machine", head: []string{"day", "processor", "cores", "system", "Go"}, rows: [][]string{{
		time.Now().UTC().Format(time.DateOnly), field("/proc/cpuinfo", "model name"), fmt.Sprint(runtime.NumCPU()),
		runtime.GOOS + "/" + runtime.GOARCH, strings.TrimPrefix(runtime.Version(), "go"),
	}}}
}

// field reads a value from a file of "name : value" lines.
func field(path, name string) string {
	text, err := os.ReadFile(path)
	if err != nil {
		return runtime.GOARCH
	}
	for line := range strings.Lines(string(text)) {
		if key, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(key) == name {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}
