//go:build unix

package vault_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/vault"
)

func openDirAt(t *testing.T) (*vault.Dir, string) {
	t.Helper()
	dir := t.TempDir()
	d, err := vault.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d, dir
}

// wantFolders demands these folders under dir, besides Dir's own.
func wantFolders(t *testing.T, dir string, want ...string) {
	t.Helper()
	var got []string
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err == nil && e.IsDir() && path != dir && e.Name() != ".sweeper" {
			rel, _ := filepath.Rel(dir, path)
			got = append(got, rel)
		}
		return err
	})
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("folders %q, %v; want %q", got, err, want)
	}
}

func TestRemovePrunesTheFoldersThatItLeavesEmptyAndNoOther(t *testing.T) {
	d, dir := openDirAt(t)
	for _, name := range []string{"run/a/b/1", "run/a/2", "top"} {
		if err := d.Put(t.Context(), name, nil); err != nil {
			t.Fatal(err)
		}
	}
	for _, step := range []struct {
		remove string
		left   []string
	}{
		{"run/a/b/absent", []string{"run", "run/a", "run/a/b"}},
		{"run/a/b/1", []string{"run", "run/a"}},
		{"run/a/2", nil},
		{"top", nil},
		{"never/there", nil},
	} {
		if err := d.Remove(t.Context(), step.remove); err != nil {
			t.Fatalf("Remove(%s): %v", step.remove, err)
		}
		wantFolders(t, dir, step.left...)
	}
	if err := d.Put(t.Context(), "run/again", nil); err != nil {
		t.Fatalf("the area is of no use any more: %v", err)
	}
}

// One that died between the removal of the file and that of its folders leaves
// the latter to whoever removes the file again.
func TestRemoveOfAnAbsentFilePrunesWhatADeadOneLeft(t *testing.T) {
	d, dir := openDirAt(t)
	if err := os.MkdirAll(filepath.Join(dir, "run", "a", "b"), 0o700); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if err := d.Remove(t.Context(), "run/a/b/c/gone"); err != nil {
			t.Fatal(err)
		}
		wantFolders(t, dir)
	}
}

func TestPruningNeverTakesAFileForAFolder(t *testing.T) {
	d, _ := openDirAt(t)
	if err := d.Put(t.Context(), "run", []byte("x")); err != nil {
		t.Fatal(err)
	}
	// An error or not: the file stays.
	err := d.Remove(t.Context(), "run/absent")
	if got, getErr := d.Get(t.Context(), "run"); getErr != nil || string(got) != "x" {
		t.Fatalf("Get = %q, %v after Remove: %v", got, getErr, err)
	}
}

func TestAFileInTheWayOfAFolderIsNotANameThatIsTaken(t *testing.T) {
	d, _ := openDirAt(t)
	if err := d.Put(t.Context(), "run", nil); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"run/a", "run/a/b"} {
		if err := d.Put(t.Context(), name, nil); err == nil || errors.Is(err, vault.ErrExists) {
			t.Errorf("Put(%s): %v, want an error that isn't ErrExists", name, err)
		}
	}
}

func TestWritesAndRemovesOfSiblingsNeverMeetAMissingFolder(t *testing.T) {
	d, dir := openDirAt(t)
	const writers, rounds = 4, 100
	// Another process's Remove, which has nothing to do but to prune.
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			for _, folder := range []string{"run/deep/er", "run/deep", "run"} {
				_ = syscall.Rmdir(filepath.Join(dir, folder))
			}
			select {
			case <-stop:
				return
			case <-time.After(50 * time.Microsecond): // a Remove's own syncs take longer
			}
		}
	}()
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for i := range rounds {
				name := fmt.Sprintf("run/deep/er/%d-%d", w, i)
				var err error
				if w == 0 {
					_, err = d.Swap(t.Context(), name, "", []byte(name))
				} else {
					err = d.Put(t.Context(), name, []byte(name))
				}
				if err != nil {
					t.Errorf("writing %s: %v", name, err)
					return
				}
				if got, err := d.Get(t.Context(), name); err != nil || string(got) != name {
					t.Errorf("Get(%s) = %q, %v", name, got, err)
				}
				if err := d.Remove(t.Context(), name); err != nil {
					t.Errorf("Remove(%s): %v", name, err)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	<-stopped
	wantFolders(t, dir)
}
