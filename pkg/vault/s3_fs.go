package vault

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// The rights that reading a vault takes; deploy/iam/auditor.json gives them.
const (
	rightList      = "s3:ListBucketVersions on the bucket"
	rightRead      = "s3:GetObject on its objects"
	rightRetention = "s3:GetObjectRetention on its objects"
)

// maxFile bounds what is read of one file, in bytes. No file of a vault is
// larger.
const maxFile = 128 << 20

// readTries is how often a file is asked for whose body breaks off.
const readTries = 3

// S3FS is a vault in a bucket as an fs.FS, for reading alone: it lists once,
// with versions and delete markers, and gets a file when it is read. What it
// keeps is the listing, some 200 bytes a file. Files are what a reader without
// a version id gets: the newest version, or nothing where that is a delete
// marker.
//
// A fault of the network, or a missing right, is no statement about the vault:
// after one every read fails with it, and Err returns it.
type S3FS struct {
	ctx   context.Context // of the whole reading: fs.FS has no place for one
	s     *S3
	files []file // that can be read, by name
	odd   []string
	count map[string]stack // of the odd ones

	mu    sync.Mutex
	fault error
}

var (
	_ fs.ReadDirFS  = (*S3FS)(nil)
	_ fs.ReadFileFS = (*S3FS)(nil)
	_ fs.StatFS     = (*S3FS)(nil)
)

// file is one that can be read.
type file struct {
	name, id, tag string
	size          int64
	modified      time.Time
}

// stack is what is stored under one name.
type stack struct{ versions, markers int }

// OpenS3FS lists the bucket's place that c names. c.Lock is not looked at. The
// context ends every later read, too.
func OpenS3FS(ctx context.Context, c S3Config) (*S3FS, error) {
	c.Lock = nil
	s, err := OpenS3(ctx, c)
	if err != nil {
		return nil, err
	}
	f := &S3FS{ctx: ctx, s: s, count: map[string]stack{}}
	rows, err := f.list()
	if err != nil {
		return nil, err
	}
	return f, f.fold(rows)
}

// Err returns the first fault: while it isn't nil, nothing that was read says
// anything about the vault.
func (f *S3FS) Err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.fault
}

// Odd returns the names, sorted, under which something else is stored than one
// version and no delete marker, and those that can't be shown as a file.
func (f *S3FS) Odd() []string { return slices.Clone(f.odd) }

// Versions counts what is stored under a name.
func (f *S3FS) Versions(name string) (versions, markers int) {
	if c, ok := f.count[name]; ok {
		return c.versions, c.markers
	}
	if _, ok := f.find(name); ok {
		return 1, 0
	}
	return 0, 0
}

// Retention asks for the lock of the version that a reader gets: compliance or
// governance, and its end; or "" if there is none.
func (f *S3FS) Retention(name string) (mode string, until time.Time, err error) {
	if err := f.Err(); err != nil {
		return "", until, err
	}
	found, ok := f.find(name)
	if !ok {
		return "", until, &fs.PathError{Op: "retention", Path: name, Err: fs.ErrNotExist}
	}
	got, err := f.s.askRetention(f.ctx, name, aws.String(found.id))
	switch {
	case errorCode(err) == "InvalidRequest", errorCode(err) == "ObjectLockConfigurationNotFoundError":
		return "", until, nil // the bucket knows no locks
	case err != nil:
		return "", until, f.failed("reading the lock of", name, rightRetention, err)
	case got.Mode == "" || got.RetainUntilDate == nil:
		return "", until, nil
	}
	return strings.ToLower(string(got.Mode)), got.RetainUntilDate.UTC(), nil
}

// Open implements fs.FS.
func (f *S3FS) Open(name string) (fs.File, error) {
	info, err := f.Stat(name)
	if err != nil {
		return nil, err
	}
	if info.IsDir() {
		entries, err := f.ReadDir(name)
		if err != nil {
			return nil, err
		}
		return &openDir{openInfo: openInfo{info}, left: entries}, nil
	}
	return &openFile{openInfo: openInfo{info}, f: f, name: name}, nil
}

// Stat implements fs.StatFS, from the listing.
func (f *S3FS) Stat(name string) (fs.FileInfo, error) {
	if !fs.ValidPath(name) {
		return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrInvalid}
	}
	if found, ok := f.find(name); ok {
		return fileInfo{name: path.Base(name), size: found.size, modified: found.modified}, nil
	}
	if name == "." || f.after(name+"/") < f.after(name+"0") {
		return fileInfo{name: path.Base(name), dir: true}, nil
	}
	return nil, &fs.PathError{Op: "stat", Path: name, Err: fs.ErrNotExist}
}

// ReadDir implements fs.ReadDirFS, from the listing.
func (f *S3FS) ReadDir(name string) ([]fs.DirEntry, error) {
	info, err := f.Stat(name)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return nil, &fs.PathError{Op: "readdir", Path: name, Err: errors.New("not a directory")}
	}
	prefix := name + "/"
	if name == "." {
		prefix = ""
	}
	var entries []fs.DirEntry
	for i := f.after(prefix); i < len(f.files) && strings.HasPrefix(f.files[i].name, prefix); {
		child, _, deeper := strings.Cut(f.files[i].name[len(prefix):], "/")
		if deeper {
			entries = append(entries, fs.FileInfoToDirEntry(fileInfo{name: child, dir: true}))
			i = f.after(prefix + child + "0") // '0' follows '/'
			continue
		}
		entries = append(entries, fs.FileInfoToDirEntry(fileInfo{name: child, size: f.files[i].size, modified: f.files[i].modified}))
		i++
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int { return strings.Compare(a.Name(), b.Name()) })
	return entries, nil
}

// ReadFile implements fs.ReadFileFS. The bytes are those that were listed: if
// the file was changed since, that is a fault.
func (f *S3FS) ReadFile(name string) ([]byte, error) {
	if err := f.Err(); err != nil {
		return nil, err
	}
	found, ok := f.find(name)
	switch {
	case !ok:
		return nil, &fs.PathError{Op: "read", Path: name, Err: fs.ErrNotExist}
	case found.size > maxFile:
		return nil, &fs.PathError{Op: "read", Path: name, Err: fmt.Errorf("it is larger than %d bytes", maxFile)}
	}
	var data []byte
	var err error
	for range readTries {
		if data, err = f.get(found); !errors.Is(err, errBroke) {
			break
		}
	}
	if err != nil {
		return nil, f.failed("reading", name, rightRead, err)
	}
	return data, nil
}

var errBroke = errors.New("the answer broke off")

func (f *S3FS) get(want file) ([]byte, error) {
	out, err := f.s.client.GetObject(f.ctx, &s3.GetObjectInput{Bucket: &f.s.bucket, Key: f.s.key(want.name)})
	if isNotFound(err) {
		return nil, errors.New("it is gone since the vault was listed; verify again")
	}
	if err != nil {
		return nil, err
	}
	data, err := io.ReadAll(io.LimitReader(out.Body, want.size+1))
	if err = errors.Join(err, out.Body.Close()); err != nil {
		return nil, fmt.Errorf("%w: %w", errBroke, err)
	}
	if strings.Trim(aws.ToString(out.ETag), `"`) != strings.Trim(want.tag, `"`) || int64(len(data)) != want.size {
		return nil, errors.New("it is another file since the vault was listed; verify again")
	}
	return data, nil
}

// failed keeps the first fault, in words that say what can be done.
func (f *S3FS) failed(doing, name, right string, err error) error {
	switch errorCode(err) {
	case "AccessDenied", "Forbidden", "AllAccessDisabled":
		err = fmt.Errorf("vault: %s %q in %v: %w; this identity needs %s (deploy/iam/auditor.json has all that reading a vault takes), "+
			"or name another one", doing, name, f.s, err, right)
	default:
		err = f.s.fail(doing, name, err)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.fault == nil {
		f.fault = err
	}
	return f.fault
}

// after is the place of the first file whose name is not before s.
func (f *S3FS) after(s string) int {
	i, _ := slices.BinarySearchFunc(f.files, s, func(a file, s string) int { return strings.Compare(a.name, s) })
	return i
}

func (f *S3FS) find(name string) (file, bool) {
	if i := f.after(name); i < len(f.files) && f.files[i].name == name {
		return f.files[i], true
	}
	return file{}, false
}
