//go:build unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A pipe has no end to wait for, a device none to read to.
func TestOfACopyNothingButRegularFilesIsRead(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "file"), []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, target := range map[string]string{"device": "/dev/zero", "linked": "file"} {
		if err := os.Symlink(target, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	files := copied(dir)
	for _, name := range []string{"file", "linked"} {
		if data, err := fs.ReadFile(files, name); err != nil || string(data) != "x" {
			t.Errorf("%s: %q, %v", name, data, err)
		}
	}
	for _, name := range []string{"pipe", "device"} {
		if _, err := fs.ReadFile(files, name); err == nil || !strings.Contains(err.Error(), "not a regular file") {
			t.Errorf("%s: %v", name, err)
		}
	}
	if entries, err := fs.ReadDir(files, "."); err != nil || len(entries) != 4 {
		t.Errorf("the folder has %d entries, %v", len(entries), err)
	}
}
