package main

import (
	"fmt"
	"io/fs"
	"os"
)

// copied are the files of a vault's copy. Whoever made the copy may have put
// anything into it: a pipe would keep us waiting for ever, and a device never
// ends, so nothing but a regular file is read.
func copied(dir string) fs.FS { return regularFiles{os.DirFS(dir)} }

// regularFiles shows the regular files and the directories of another file
// system, and refuses to open anything else.
type regularFiles struct{ all fs.FS }

func (r regularFiles) Open(name string) (fs.File, error) {
	info, err := fs.Stat(r.all, name)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() && !info.IsDir() {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fmt.Errorf("it is not a regular file (%s)", info.Mode().Type())}
	}
	return r.all.Open(name)
}

// Stat looks at a file without opening it.
func (r regularFiles) Stat(name string) (fs.FileInfo, error) { return fs.Stat(r.all, name) }
