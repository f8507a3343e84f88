package containers

import (
	"context"
	"path"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// rewritten is the past of a SeaweedFS: an entry is made now, and then its
// times are changed in the filer.
type rewritten struct{ filer filer }

func (rewritten) request(time.Time) []func(*s3.Options) { return nil }

func (p rewritten) entry(t testing.TB, bucket, key, id string, at time.Time) {
	t.Helper()
	dir, name := path.Split(path.Join("/buckets", bucket, key))
	dir = strings.TrimSuffix(dir, "/")
	if id == "" {
		p.set(t, bucket, dir, name, at)
		return
	}
	name += ".versions"
	p.set(t, bucket, path.Join(dir, name), "v_"+id, at)
	if err := p.latest(t.Context(), dir, name, id, at); err != nil {
		t.Fatalf("set the time of the current version in bucket %s: %v", bucket, err)
	}
}

func (p rewritten) begun(t testing.TB, bucket, _, id string, at time.Time) {
	t.Helper()
	dir := path.Join("/buckets", bucket, ".uploads")
	upload, err := p.filer.lookup(t.Context(), dir, id)
	if err == nil {
		err = p.filer.replace(t.Context(), dir, id, upload, times(at, timeCreated, nanosCreated))
	}
	if err != nil {
		t.Fatalf("set the time of an upload in bucket %s: %v", bucket, err)
	}
}

func (p rewritten) uploaded(t testing.TB, bucket, _, id string, at time.Time) {
	t.Helper()
	dir := path.Join("/buckets", bucket, ".uploads", id)
	parts, err := p.filer.names(t.Context(), dir)
	if err != nil {
		t.Fatalf("find the parts of an upload in bucket %s: %v", bucket, err)
	}
	for _, part := range parts {
		p.set(t, bucket, dir, part, at)
	}
}

// set gives what the filer has under that name the time.
func (p rewritten) set(t testing.TB, bucket, dir, name string, at time.Time) {
	t.Helper()
	entry, err := p.filer.lookup(t.Context(), dir, name)
	if err == nil {
		err = p.filer.update(t.Context(), dir, entry, times(at, timeModified, nanosModified))
	}
	if err != nil {
		t.Fatalf("set a time in bucket %s: %v", bucket, err)
	}
}

// times is a change of one of an entry's times to a whole second.
func times(at time.Time, seconds, nanos uint64) []byte {
	return text(nil, entryTimes, string(number(number(nil, seconds, uint64(at.Unix())), nanos, 0)))
}

// latest sets the time that the directory of a key's versions repeats of the
// current one, if that is the version of the given id.
func (p rewritten) latest(ctx context.Context, dir, name, id string, at time.Time) error {
	entry, err := p.filer.lookup(ctx, dir, name)
	if err != nil {
		return err
	}
	for field, pair := range fields(entry) {
		if field == entryExtended && string(first(pair, 1)) == "Seaweed-X-Amz-Latest-Version-Id" && string(first(pair, 2)) == id {
			modified := text(text(nil, 1, "Seaweed-X-Amz-Latest-Version-Mtime"), 2, strconv.FormatInt(at.Unix(), 10))
			return p.filer.update(ctx, dir, entry, text(nil, entryExtended, string(modified)))
		}
	}
	return nil
}
