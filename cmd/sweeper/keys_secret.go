package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/sweeper-audit/sweeper/pkg/config"
)

// secretFile is the file of the identifier secret, its symbolic links followed.
//
// It is replaced so that a crash at any point leaves a whole secret under its
// name, and so that the old one can be found and overwritten afterwards: the new
// one is written to FILE.new, the old one gets the second name FILE.old, the new
// one takes the name, and what FILE.old names is overwritten and removed. Each
// step is durable before the next.
type secretFile string

func secretFileOf(c *config.Config) (secretFile, error) {
	path, err := filepath.EvalSymlinks(c.Identifiers.SecretFile)
	if err != nil {
		return "", fmt.Errorf("identifiers.secret_file: %w", err)
	}
	return secretFile(path), nil
}

func (f secretFile) made() string { return string(f) + ".new" }
func (f secretFile) old() string  { return string(f) + ".old" }

// replace puts a new secret in place of the old one, with the same mode and owner,
// and overwrites the old one: as far as a file system lets it.
func (f secretFile) replace(text []byte) error {
	info, err := os.Stat(string(f))
	if err != nil {
		return err
	}
	if err := overwritable(string(f)); err != nil {
		return err
	}
	if err := writeNew(f.made(), text, 0o600); err != nil {
		return err
	}
	err = likeBefore(f.made(), info)
	if err == nil {
		err = os.Link(string(f), f.old())
	}
	if err == nil {
		err = syncDir(filepath.Dir(string(f)))
	}
	if err == nil {
		err = os.Rename(f.made(), string(f))
	}
	if err != nil {
		return errors.Join(fmt.Errorf("the secret was not replaced, and stands as before: %w", err), f.clear())
	}
	_, err = f.finish()
	return err
}

// likeBefore gives a new file the owner and the mode of the one that it replaces.
func likeBefore(path string, before fs.FileInfo) error {
	if err := giveTo(path, before); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return errors.Join(f.Chmod(before.Mode().Perm()), f.Sync(), f.Close())
}

// finish brings a replacement that was cut short to its end, and says whether it
// destroyed an old secret. Where the new one had not taken the name yet, nothing
// had happened.
func (f secretFile) finish() (destroyed bool, err error) {
	old, err := os.Stat(f.old())
	if errors.Is(err, fs.ErrNotExist) {
		return false, f.clear()
	}
	if err != nil {
		return false, err
	}
	now, err := os.Stat(string(f))
	if err != nil {
		return false, err
	}
	if os.SameFile(old, now) {
		return false, f.clear()
	}
	if err := syncDir(filepath.Dir(string(f))); err != nil { // before the old one is beyond reading
		return false, err
	}
	if err := overwrite(f.old()); err != nil {
		return false, fmt.Errorf("the old secret was replaced, and could not be overwritten: %w", err)
	}
	return true, f.clear()
}

// overwritable makes sure, before anything is done, that overwrite will be allowed.
func overwritable(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return f.Close()
}

func overwrite(path string) error {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err == nil {
		_, err = f.WriteAt(make([]byte, info.Size()), 0)
	}
	return errors.Join(err, f.Sync(), f.Close())
}

// clear removes the second names.
func (f secretFile) clear() error {
	for _, name := range []string{f.made(), f.old()} {
		if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return syncDir(filepath.Dir(string(f)))
}
