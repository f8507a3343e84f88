package vault

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"time"
)

type fileInfo struct {
	name     string
	size     int64
	modified time.Time
	dir      bool
}

func (i fileInfo) Name() string       { return i.name }
func (i fileInfo) Size() int64        { return i.size }
func (i fileInfo) ModTime() time.Time { return i.modified }
func (i fileInfo) IsDir() bool        { return i.dir }
func (i fileInfo) Sys() any           { return nil }
func (i fileInfo) Mode() fs.FileMode {
	if i.dir {
		return fs.ModeDir | 0o555
	}
	return 0o444
}

type openInfo struct{ info fs.FileInfo }

func (o openInfo) Stat() (fs.FileInfo, error) { return o.info, nil }
func (openInfo) Close() error                 { return nil }

// openFile gets the file with its first Read.
type openFile struct {
	openInfo
	f    *S3FS
	name string
	data *bytes.Reader
}

func (o *openFile) Read(p []byte) (int, error) {
	if o.data == nil {
		data, err := o.f.ReadFile(o.name)
		if err != nil {
			return 0, err
		}
		o.data = bytes.NewReader(data)
	}
	return o.data.Read(p)
}

// openDir hands out the entries that are left.
type openDir struct {
	openInfo
	left []fs.DirEntry
}

func (o *openDir) Read([]byte) (int, error) {
	return 0, &fs.PathError{Op: "read", Path: o.info.Name(), Err: errors.New("it is a directory")}
}

// ReadDir implements fs.ReadDirFile.
func (o *openDir) ReadDir(n int) ([]fs.DirEntry, error) {
	if n <= 0 || n > len(o.left) {
		if n > 0 && len(o.left) == 0 {
			return nil, io.EOF
		}
		n = len(o.left)
	}
	some := o.left[:n]
	o.left = o.left[n:]
	return some, nil
}
