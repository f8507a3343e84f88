package containers

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// touched is the past of a versitygw: an entry is made now, and then the time
// of its file is set. The server gives a version a new time when it stops
// being the current one, so the times given before are set again then.
type touched struct {
	server *Server

	mu    sync.Mutex
	given map[entryID]time.Time
}

type entryID struct{ bucket, key, id string }

func (*touched) request(time.Time) []func(*s3.Options) { return nil }

func (p *touched) entry(t testing.TB, bucket, key, id string, at time.Time) {
	t.Helper()
	if id == "" {
		id = "null"
	}
	p.server.SetModified(t, bucket, key, at) // just made, so the current one
	p.mu.Lock()
	defer p.mu.Unlock()
	p.given[entryID{bucket, key, id}] = at
	for e, at := range p.given {
		if e.bucket == bucket && e.key == key && p.server.isNoncurrent(bucket, key, e.id) {
			touch(t, p.server.Versions, bucket, at, path.Join(bucket, versionsOf(key), e.id))
		}
	}
}

func (*touched) begun(testing.TB, string, string, string, time.Time) {}

func (p *touched) uploaded(t testing.TB, bucket, key, id string, at time.Time) {
	t.Helper()
	p.server.SetInitiated(t, bucket, key, id, at)
}

// SetModified gives what stands at key, a current object or a delete marker
// that hides it, the LastModified that is given, to the second, as if it had
// been put then. For a versitygw only, as are all setters of this file.
func (s *Server) SetModified(t testing.TB, bucket, key string, at time.Time) {
	t.Helper()
	touch(t, s.Root, bucket, at, path.Join(bucket, key))
}

// SetVersionModified gives the version or delete marker of that id, current or
// not, "null" included, the LastModified that is given. The server lists the
// versions of a key in the order in which they were made, whatever their times,
// and gives new ones to those that a later put, delete or promotion moves.
func (s *Server) SetVersionModified(t testing.TB, bucket, key, id string, at time.Time) {
	t.Helper()
	if s.isNoncurrent(bucket, key, id) {
		touch(t, s.Versions, bucket, at, path.Join(bucket, versionsOf(key), id))
		return
	}
	if !s.isCurrent(t, bucket, key, id) {
		t.Fatalf("set the time of a version in bucket %s: it holds no version %s of that key", bucket, id)
	}
	s.SetModified(t, bucket, key, at)
}

// SetInitiated gives an incomplete upload, and all the parts that it has, the
// time that is given.
func (s *Server) SetInitiated(t testing.TB, bucket, key, uploadID string, at time.Time) {
	t.Helper()
	upload := path.Join(bucket, uploadsOf(key), uploadID)
	parts, err := fs.ReadDir(os.DirFS(s.Root), upload)
	if err != nil {
		t.Fatalf("find the parts of an upload in bucket %s: %v", bucket, err)
	}
	for _, part := range parts {
		touch(t, s.Root, bucket, at, path.Join(upload, part.Name()))
	}
	touch(t, s.Root, bucket, at, upload)
}

// SetPartModified gives one part of an incomplete upload the time that is given.
func (s *Server) SetPartModified(t testing.TB, bucket, key, uploadID string, part int, at time.Time) {
	t.Helper()
	touch(t, s.Root, bucket, at, path.Join(bucket, uploadsOf(key), uploadID, strconv.Itoa(part)))
}

func (s *Server) isNoncurrent(bucket, key, id string) bool {
	_, err := os.Stat(filepath.Join(s.Versions, bucket, versionsOf(key), id))
	return err == nil
}

// isCurrent asks the server, which alone knows the id of what stands at key.
func (s *Server) isCurrent(t testing.TB, bucket, key, id string) bool {
	t.Helper()
	out, err := s.Admin().ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket, Prefix: &key})
	if err != nil {
		t.Fatalf("list the versions of a key in bucket %s: %v", bucket, err)
	}
	for _, v := range out.Versions {
		if *v.Key == key && *v.VersionId == id && *v.IsLatest {
			return true
		}
	}
	for _, m := range out.DeleteMarkers {
		if *m.Key == key && *m.VersionId == id && *m.IsLatest {
			return true
		}
	}
	return false
}

// touch sets the time of a file under dir.
func touch(t testing.TB, dir, bucket string, at time.Time, name string) {
	t.Helper()
	// The root keeps an odd key of the test's from reaching another file.
	root, err := os.OpenRoot(dir)
	if err != nil {
		t.Fatalf("open the server's data: %v", err)
	}
	defer root.Close()
	if err := root.Chtimes(name, at, at); err != nil {
		t.Fatalf("set a time in bucket %s: %v", bucket, err)
	}
}

// versionsOf is the directory, inside that of the bucket, that holds the
// noncurrent versions of key, each under its id.
func versionsOf(key string) string {
	sum := fmt.Sprintf("%x", sha256.Sum256([]byte(key)))
	return path.Join(sum[:2], sum[2:4], sum[4:6], sum)
}

// uploadsOf is the directory, inside that of the bucket, that holds the
// incomplete uploads of key, each a directory with a file a part.
func uploadsOf(key string) string {
	return path.Join(".sgwtmp", "multipart", fmt.Sprintf("%x", sha256.Sum256([]byte(key))))
}
