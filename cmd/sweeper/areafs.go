package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// areaFS shows the files of an area, as they were listed once, as a read-only
// file system. It holds the file that was read last, since whoever reads one has
// mostly asked for its size first.
type areaFS struct {
	ctx   context.Context
	area  vault.Area
	names []string // sorted

	mu   sync.Mutex
	last string
	data []byte
}

// openAreaFS lists what begins with one of the prefixes.
func openAreaFS(ctx context.Context, area vault.Area, prefixes ...string) (*areaFS, error) {
	a := &areaFS{ctx: ctx, area: area}
	for _, prefix := range prefixes {
		names, err := area.List(ctx, prefix)
		if err != nil {
			return nil, err
		}
		a.names = append(a.names, names...)
	}
	slices.Sort(a.names)
	return a, nil
}

// Open implements fs.FS.
func (a *areaFS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrInvalid}
	}
	if _, found := slices.BinarySearch(a.names, name); found {
		data, err := a.get(name)
		if err != nil {
			return nil, &fs.PathError{Op: "open", Path: name, Err: err}
		}
		return areaFile{bytes.NewReader(data), areaInfo{name: path.Base(name), size: int64(len(data))}}, nil
	}
	entries := a.entries(name)
	if len(entries) == 0 && name != "." {
		return nil, &fs.PathError{Op: "open", Path: name, Err: fs.ErrNotExist}
	}
	return &areaFolder{areaInfo{name: path.Base(name), folder: true}, entries}, nil
}

func (a *areaFS) get(name string) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if name == a.last {
		return a.data, nil
	}
	data, err := a.area.Get(a.ctx, name)
	if errors.Is(err, vault.ErrNotFound) {
		err = fs.ErrNotExist
	}
	if err == nil {
		a.last, a.data = name, data
	}
	return data, err
}

// entries are those of a folder, sorted.
func (a *areaFS) entries(folder string) (all []fs.DirEntry) {
	prefix := folder + "/"
	if folder == "." {
		prefix = ""
	}
	start, _ := slices.BinarySearch(a.names, prefix)
	for _, name := range a.names[start:] {
		rest, inside := strings.CutPrefix(name, prefix)
		if !inside {
			break
		}
		base, _, deeper := strings.Cut(rest, "/")
		if n := len(all); n == 0 || all[n-1].Name() != base {
			all = append(all, areaEntry{areaInfo{name: base, folder: deeper}, a, prefix + base})
		}
	}
	slices.SortFunc(all, func(x, y fs.DirEntry) int { return strings.Compare(x.Name(), y.Name()) })
	return all
}

// areaEntry reads the file only where its size is asked for.
type areaEntry struct {
	areaInfo
	area *areaFS
	path string
}

func (e areaEntry) Type() fs.FileMode { return e.Mode().Type() }

// Info implements fs.DirEntry.
func (e areaEntry) Info() (fs.FileInfo, error) { return fs.Stat(e.area, e.path) }

type areaFile struct {
	*bytes.Reader
	info areaInfo
}

func (f areaFile) Stat() (fs.FileInfo, error) { return f.info, nil }
func (areaFile) Close() error                 { return nil }

type areaFolder struct {
	info areaInfo
	rest []fs.DirEntry
}

func (f *areaFolder) Stat() (fs.FileInfo, error) { return f.info, nil }
func (*areaFolder) Close() error                 { return nil }

func (f *areaFolder) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: f.info.name, Err: errors.New("is a directory")}
}

// ReadDir implements fs.ReadDirFile.
func (f *areaFolder) ReadDir(n int) ([]fs.DirEntry, error) {
	if n > 0 && len(f.rest) == 0 {
		return nil, io.EOF
	}
	if n <= 0 || n > len(f.rest) {
		n = len(f.rest)
	}
	all := f.rest[:n]
	f.rest = f.rest[n:]
	return all, nil
}

type areaInfo struct {
	name   string
	size   int64 // bytes
	folder bool
}

func (i areaInfo) Name() string     { return i.name }
func (i areaInfo) Size() int64      { return i.size }
func (areaInfo) ModTime() time.Time { return time.Time{} }
func (i areaInfo) IsDir() bool      { return i.folder }
func (areaInfo) Sys() any           { return nil }
func (i areaInfo) Mode() fs.FileMode {
	if i.folder {
		return fs.ModeDir | 0o500
	}
	return 0o400
}
