package vault

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
)

// Dir is an Area in a directory of a file system that has hard links, locks
// and a working fsync: any local one. Its files have mode 0600, its folders
// 0700. All access goes through an os.Root, so no symbolic link leads out.
type Dir struct {
	path string
	root *os.Root
}

var _ Area = (*Dir)(nil)

// OpenDir opens the directory and creates it, with its parents, if need be. It
// also clears away what writers that died left half-written.
func OpenDir(dir string) (*Dir, error) {
	if dir == "" {
		return nil, errors.New("vault: no directory given: name one under vault.dir or vault.work.dir")
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("vault: directory %s: %w", dir, err)
	}
	if err := makeDir(abs); err != nil {
		return nil, fmt.Errorf("vault: creating directory %s: %w; create it yourself, or give a path that this user may write to", abs, err)
	}
	root, err := os.OpenRoot(abs)
	if err != nil {
		return nil, fmt.Errorf("vault: opening directory %s: %w; it must be a directory that this user may read and write", abs, err)
	}
	d := &Dir{path: abs, root: root}
	if err := d.clearStale(); err != nil {
		return nil, errors.Join(err, root.Close())
	}
	return d, nil
}

// String names the directory in messages.
func (d *Dir) String() string { return "directory " + d.path }

// Get implements Area.
func (d *Dir) Get(ctx context.Context, name string) ([]byte, error) {
	data, _, err := d.Read(ctx, name)
	return data, err
}

// Read implements Area. The tag is the SHA-256 of the bytes in hex.
func (d *Dir) Read(ctx context.Context, name string) ([]byte, string, error) {
	if err := errors.Join(checkName(name), ctx.Err()); err != nil {
		return nil, "", err
	}
	data, err := d.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, "", fmt.Errorf("vault: %s in %v: %w", name, d, ErrNotFound)
	}
	if err != nil {
		return nil, "", d.fail("reading", name, err)
	}
	return data, contentTag(data), nil
}

// contentTag needs no clock and no counter. That equal bytes have equal tags is
// harmless: a Swap is then from a state to that same state.
func contentTag(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// List implements Area. Whatever is not a folder is listed, so that nothing
// foreign hides; only Dir's own folder is left out.
func (d *Dir) List(ctx context.Context, prefix string) ([]string, error) {
	if err := checkPrefix(prefix); err != nil {
		return nil, err
	}
	start := "."
	if i := strings.LastIndexByte(prefix, '/'); i >= 0 {
		start = prefix[:i]
	}
	var names []string
	err := fs.WalkDir(d.root.FS(), start, func(name string, e fs.DirEntry, err error) error {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil // never there, or removed while we were looking
		case err != nil:
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case name == reserved:
			return fs.SkipDir
		case !e.IsDir() && strings.HasPrefix(name, prefix):
			names = append(names, name)
		}
		return nil
	})
	if err != nil {
		return nil, d.fail("listing", prefix, err)
	}
	slices.Sort(names) // WalkDir sorts by folder: "a/b" before "a.c"
	return names, nil
}

// Remove implements Area. The folders that it leaves empty go too, lest a work
// area collects one with each run.
func (d *Dir) Remove(ctx context.Context, name string) error {
	if err := checkName(name); err != nil {
		return err
	}
	unlock, err := d.lock(ctx)
	if err != nil {
		return d.fail("removing", name, err)
	}
	defer unlock()
	if err := d.root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return d.fail("removing", name, err)
	}
	// A file that was absent may have been removed by one who died before this.
	if err := d.syncFolder(path.Dir(name)); err != nil {
		return d.fail("removing", name, err)
	}
	d.prune(path.Dir(name))
	return nil
}

// prune removes the folder if it is empty, and then those above it, but never
// the area's own. The caller holds the lock, and folders go only under it: what
// is a folder when it is looked at can't be a file when it is removed. The file
// system refuses a folder that holds anything; that, and any other refusal, is
// the end of it: the file is gone all the same.
func (d *Dir) prune(folder string) {
	for ; folder != "."; folder = path.Dir(folder) {
		info, err := d.root.Lstat(folder)
		if errors.Is(err, fs.ErrNotExist) {
			continue // pruned by one who died before those above it
		}
		if err != nil || !info.IsDir() || d.root.Remove(folder) != nil {
			return
		}
	}
}

// fail says what was being done where. The parts of err that repeat a path are
// left as they are: they hold names of our own files only.
func (d *Dir) fail(doing, name string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, fs.ErrPermission):
		hint = "; give this user the right to read and write there"
	case errors.Is(err, errors.ErrUnsupported):
		hint = "; use a file system with hard links and file locks"
	}
	return fmt.Errorf("vault: %s %s in %v: %w%s", doing, name, d, err, hint)
}
