//go:build unix

package vault_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// childEnv names the directory for a test binary that was started as a child,
// to be killed; childJob says what it does there.
const childEnv, childJob = "VAULT_TEST_DIR", "VAULT_TEST_JOB"

func TestMain(m *testing.M) {
	if dir := os.Getenv(childEnv); dir != "" {
		fmt.Fprintln(os.Stderr, child(dir, os.Getenv(childJob)))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func child(dir, job string) error {
	d, err := vault.OpenDir(dir)
	if err != nil {
		return err
	}
	ctx := context.Background()
	if job == "lease" {
		if _, err := vault.Acquire(ctx, d, vault.LeaseOptions{TTL: time.Hour}); err != nil {
			return err
		}
		fmt.Println("held")
		select {}
	}
	for i := 0; ; i++ {
		name := fmt.Sprintf("w/%d-%d", os.Getpid(), i)
		if err := d.Put(ctx, name, wholeFile(name)); err != nil {
			return err
		}
		if _, tag, err := d.Read(ctx, name); err != nil {
			return err
		} else if _, err := d.Swap(ctx, name, tag, wholeFile(name)); err != nil {
			return err
		}
		if i == 0 {
			fmt.Println("writing")
		}
	}
}

func wholeFile(name string) []byte { return bytes.Repeat([]byte(name+"\n"), 20_000) }

// startChild starts a child and waits for its first line.
func startChild(t *testing.T, dir, job string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+dir, childJob+"="+job)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { kill(cmd) })
	if n, err := out.Read(make([]byte, 64)); n == 0 {
		t.Fatalf("the child said nothing: %v", err)
	}
	return cmd
}

func kill(cmd *exec.Cmd) {
	_ = cmd.Process.Kill()
	_ = cmd.Wait()
}

func TestDirHoldsWholeFilesOnlyWhenItsWritersAreKilled(t *testing.T) {
	dir := t.TempDir()
	for i := range 8 {
		cmd := startChild(t, dir, "put")
		time.Sleep(time.Duration(i*7) * time.Millisecond)
		kill(cmd)
	}
	d, err := vault.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	names, err := d.List(t.Context(), "")
	if err != nil || len(names) < 8 {
		t.Fatalf("%d files, %v; want one of each child at least", len(names), err)
	}
	for _, name := range names {
		if data, err := d.Get(t.Context(), name); err != nil || !bytes.Equal(data, wholeFile(name)) {
			t.Errorf("%s: %d bytes, %v; want all %d", name, len(data), err, len(wholeFile(name)))
		}
	}
	// None of the dead holds the lock.
	if _, err := d.Swap(t.Context(), "after", "", nil); err != nil {
		t.Fatal(err)
	}
}

func TestOpenDirClearsWhatDeadWritersLeftAndNothingElse(t *testing.T) {
	dir := t.TempDir()
	d, err := vault.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "x", []byte("x")); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-time.Hour)
	own := filepath.Join(dir, ".sweeper")
	leftover := func(name string, when time.Time) *os.File {
		f, err := os.Create(filepath.Join(own, name))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = f.Close() })
		if err := os.Chtimes(f.Name(), when, when); err != nil {
			t.Fatal(err)
		}
		return f
	}
	leftover("tmp-dead", old)
	leftover("tmp-new", time.Now())
	leftover("foreign", old)
	alive := leftover("tmp-alive", old)
	if err := syscall.Flock(int(alive.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	if _, err := vault.OpenDir(dir); err != nil {
		t.Fatal(err)
	}
	var got []string
	entries, err := os.ReadDir(own)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if want := []string{"foreign", "tmp-alive", "tmp-new"}; !slices.Equal(got, want) {
		t.Errorf("left: %q, want %q", got, want)
	}
	names, err := d.List(t.Context(), "")
	if err != nil || !slices.Equal(names, []string{"x"}) {
		t.Errorf("List = %q, %v; want the file alone", names, err)
	}
}

func TestWritesLeaveNoFileOfTheirOwnBehind(t *testing.T) {
	dir := t.TempDir()
	d, err := vault.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := d.Swap(t.Context(), "a/lease.json", "", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err = d.Swap(t.Context(), "a/lease.json", tag, []byte("2")); err != nil {
		t.Fatal(err)
	}
	if err := d.Put(t.Context(), "a/lease.json", nil); !errors.Is(err, vault.ErrExists) {
		t.Fatal(err)
	}
	var files []string
	walkErr := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if info, infoErr := e.Info(); infoErr == nil && info.Mode().Perm()&0o077 != 0 && path != dir {
			t.Errorf("%s has mode %v: others may read it", path, info.Mode())
		}
		if !e.IsDir() {
			rel, _ := filepath.Rel(dir, path)
			files = append(files, rel)
		}
		return err
	})
	if want := []string{".sweeper/lock", "a/lease.json"}; walkErr != nil || !slices.Equal(files, want) {
		t.Errorf("files %q, %v; want %q", files, walkErr, want)
	}
}

func TestOpenDirCreatesAPrivateDirectoryWithItsParents(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "some", "vault")
	if _, err := vault.OpenDir(dir); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("%v, %v; want mode 0700", info, err)
	}
}

func TestOpenDirRefusesWhatIsNoDirectoryAndSaysWhatToDo(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for dir, want := range map[string][]string{
		"":                         {"name one under vault.dir"},
		file:                       {file, "in the way", "or give a path"},
		filepath.Join(file, "sub"): {file, "or give a path"},
	} {
		_, err := vault.OpenDir(dir)
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("OpenDir(%q): %v; want it to say %q", dir, err, w)
			}
		}
	}
}

func TestDirFollowsNoLinkOutOfItself(t *testing.T) {
	outside, dir := t.TempDir(), t.TempDir()
	if err := os.WriteFile(filepath.Join(outside, "secret"), []byte("s"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	d, err := vault.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	if data, err := d.Get(t.Context(), "link/secret"); err == nil {
		t.Errorf("read %q from outside", data)
	}
	if err := d.Put(t.Context(), "link/new", []byte("x")); err == nil {
		t.Error("a file was put outside")
	}
	if err := d.Remove(t.Context(), "link/secret"); err == nil {
		t.Error("a file was removed outside")
	}
	if entries, err := os.ReadDir(outside); err != nil || len(entries) != 1 {
		t.Errorf("outside: %v, %v", entries, err)
	}
}

func TestDirGivesUpOnALockThatAStuckProcessKeeps(t *testing.T) {
	dir := t.TempDir()
	d, err := vault.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	tag, err := d.Swap(t.Context(), "x", "", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	stuck, err := os.Open(filepath.Join(dir, ".sweeper", "lock"))
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	if err := syscall.Flock(int(stuck.Fd()), syscall.LOCK_EX); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := d.Swap(ctx, "x", tag, []byte("2")); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Swap: %v, want its context's end", err)
	}
	// Put needs no lock.
	if err := d.Put(t.Context(), "y", nil); err != nil {
		t.Error(err)
	}
	if data, err := d.Get(t.Context(), "x"); err != nil || string(data) != "1" {
		t.Errorf("x = %q, %v", data, err)
	}
}
