package vault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	lockFile   = reserved + "/lock"
	tempPrefix = "tmp-"
	// lockWait is how long a writer waits for another one's few system calls.
	lockWait = 10 * time.Second
	// staleAfter keeps clearStale away from a writer that has created its file
	// but not yet locked it: microseconds of work.
	staleAfter = time.Minute
	// linkTries is how often a writer makes its folder anew: each time, a Remove
	// must have pruned it within the few microseconds before the file is in it.
	linkTries = 100
)

// Put implements Area: the bytes go to a file of Dir's own, are synced, and get
// their name by a hard link, which fails if the name is taken.
func (d *Dir) Put(ctx context.Context, name string, data []byte) error {
	if err := errors.Join(checkName(name), ctx.Err()); err != nil {
		return err
	}
	return d.create(name, data)
}

func (d *Dir) create(name string, data []byte) error {
	temp, done, err := d.stage(data)
	if err != nil {
		return d.fail("writing", name, err)
	}
	defer done()
	taken, err := d.link(temp, name)
	if err != nil {
		return d.fail("writing", name, err)
	}
	// The loser syncs too: it will act on a file that the winner has perhaps
	// not synced yet.
	if err := d.syncFolder(path.Dir(name)); err != nil {
		return d.fail("syncing the folder of", name, err)
	}
	if taken {
		return fmt.Errorf("vault: %s in %v: %w", name, d, ErrExists)
	}
	return nil
}

// link gives the staged file its name, unless that is taken, in a folder that it
// creates if need be. Only the link itself can find the name taken: MkdirAll says
// "exists", too, of a folder that was pruned between its two looks.
func (d *Dir) link(temp, name string) (taken bool, err error) {
	for range linkTries {
		if err = d.root.MkdirAll(path.Dir(name), 0o700); err == nil {
			if err = d.root.Link(temp, name); errors.Is(err, fs.ErrExist) {
				return true, nil
			}
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrExist) {
			return false, err // nil, mostly
		}
	}
	return false, err
}

// Swap implements Area. The comparison and the rename happen under a lock that
// the kernel frees when its holder dies.
func (d *Dir) Swap(ctx context.Context, name, old string, data []byte) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	unlock, err := d.lock(ctx)
	if err != nil {
		return "", d.fail("replacing", name, err)
	}
	defer unlock()
	conflict := fmt.Errorf("vault: %s in %v: %w", name, d, ErrConflict)
	if old == "" {
		err := d.create(name, data)
		if errors.Is(err, ErrExists) {
			return "", conflict
		}
		return contentTag(data), err
	}
	current, err := d.root.ReadFile(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && contentTag(current) != old {
		return "", conflict
	}
	if err != nil {
		return "", d.fail("reading", name, err)
	}
	temp, done, err := d.stage(data)
	if err != nil {
		return "", d.fail("writing", name, err)
	}
	defer done()
	if err := d.root.Rename(temp, name); err != nil {
		return "", d.fail("replacing", name, err)
	}
	if err := d.syncFolder(path.Dir(name)); err != nil {
		return "", d.fail("syncing the folder of", name, err)
	}
	return contentTag(data), nil
}

// stage writes data to a file of its own in the reserved folder and syncs it.
// The file is locked while its writer lives, so that clearStale can tell.
func (d *Dir) stage(data []byte) (temp string, done func(), err error) {
	if err := d.makeReserved(); err != nil {
		return "", nil, err
	}
	temp = reserved + "/" + tempPrefix + uuid.NewString()
	f, err := d.root.OpenFile(temp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return "", nil, err
	}
	done = func() {
		// Best effort: what stays is cleared by the next OpenDir. After a
		// rename the name is gone already.
		_ = d.root.Remove(temp)
		_ = f.Close()
	}
	if _, err := tryLock(f); err != nil {
		done()
		return "", nil, err
	}
	if _, err := f.Write(data); err != nil {
		done()
		return "", nil, err
	}
	if err := f.Sync(); err != nil {
		done()
		return "", nil, err
	}
	return temp, done, nil
}

// clearStale removes files that a writer which died did not live to name or to
// remove. In a work area they hold what must not outlive a run.
func (d *Dir) clearStale() error {
	entries, err := fs.ReadDir(d.root.FS(), reserved)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return d.fail("reading", reserved, err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !strings.HasPrefix(e.Name(), tempPrefix) || time.Since(info.ModTime()) < staleAfter {
			continue
		}
		name := reserved + "/" + e.Name()
		if err := d.removeIfOrphan(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return d.fail("clearing the leftover", name, err)
		}
	}
	return nil
}

func (d *Dir) removeIfOrphan(name string) error {
	f, err := d.root.OpenFile(name, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // nothing was written through it
	free, err := tryLock(f)
	if err != nil || !free {
		return err
	}
	return d.root.Remove(name)
}

// lock takes the directory's own lock. The returned function frees it; so does
// the end of the process.
func (d *Dir) lock(ctx context.Context) (unlock func(), err error) {
	if err := d.makeReserved(); err != nil {
		return nil, err
	}
	f, err := d.root.OpenFile(lockFile, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeoutCause(ctx, lockWait,
		fmt.Errorf("another process has kept %s/%s locked for %v: is it stopped or stuck?", d.path, lockFile, lockWait))
	defer cancel()
	for {
		free, err := tryLock(f)
		if err == nil && ctx.Err() != nil {
			err = context.Cause(ctx)
		}
		if err != nil {
			return nil, errors.Join(err, f.Close())
		}
		if free {
			return func() { _ = f.Close() }, nil // closing frees the lock
		}
		select {
		case <-ctx.Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func (d *Dir) makeReserved() error {
	err := d.root.Mkdir(reserved, 0o700)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	return err
}

// syncFolder makes the names in a folder durable, and those of the folders above
// it, which may be just as new. A folder that is gone holds no names: whoever
// pruned it had removed all.
func (d *Dir) syncFolder(name string) error {
	for {
		f, err := d.root.Open(name)
		if err == nil {
			err = errors.Join(f.Sync(), f.Close())
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
		if name == "." {
			return nil
		}
		name = path.Dir(name)
	}
}

// makeDir is os.MkdirAll that syncs each folder in which it created another.
func makeDir(dir string) error {
	if info, err := os.Stat(dir); err == nil {
		if !info.IsDir() {
			return errors.New("a file of that name is in the way")
		}
		return nil
	}
	parent := filepath.Dir(dir)
	if parent != dir {
		if err := makeDir(parent); err != nil {
			return err
		}
	}
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	f, err := os.Open(parent)
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
