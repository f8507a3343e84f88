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
	if id == "" || id == "null" {
		p.set(t, bucket, dir, name, at)
		return
	}
	p.set(t, bucket, dir+name+".versions", "v_"+id, at)
	if err := p.latest(t.Context(), dir, name+".versions", id, at); err != nil {
		t.Fatalf("set the time of the current version in bucket %s: %v", bucket, err)
	}
}

func (p rewritten) upload(t testing.TB, bucket, _, id string, at time.Time) {
	t.Helper()
	uploads := path.Join("/buckets", bucket, ".uploads")
	parts, err := p.filer.names(t.Context(), path.Join(uploads, id))
	if err != nil {
		t.Fatalf("find the parts of an upload in bucket %s: %v", bucket, err)
	}
	for _, part := range parts {
		p.set(t, bucket, path.Join(uploads, id), part, at)
	}
	p.set(t, bucket, uploads, id, at)
}

// set gives what the filer has under that name the time.
func (p rewritten) set(t testing.TB, bucket, dir, name string, at time.Time) {
	t.Helper()
	dir = strings.TrimSuffix(dir, "/")
	entry, err := p.filer.lookup(t.Context(), dir, name)
	if err == nil {
		seconds := uint64(at.Unix())
		times := number(number(nil, timeModified, seconds), timeCreated, seconds)
		times = number(number(times, nanosModified, 0), nanosCreated, 0)
		err = p.filer.change(t.Context(), dir, entry, text(nil, entryTimes, string(times)))
	}
	if err != nil {
		t.Fatalf("set a time in bucket %s: %v", bucket, err)
	}
}

// latest sets the time that the directory of a key's versions repeats of the
// current one, if that is the version of the given id.
func (p rewritten) latest(ctx context.Context, dir, name, id string, at time.Time) error {
	dir = strings.TrimSuffix(dir, "/")
	entry, err := p.filer.lookup(ctx, dir, name)
	if err != nil {
		return err
	}
	for field, pair := range fields(entry) {
		if field == entryExtended && string(first(pair, 1)) == "Seaweed-X-Amz-Latest-Version-Id" && string(first(pair, 2)) == id {
			modified := text(text(nil, 1, "Seaweed-X-Amz-Latest-Version-Mtime"), 2, strconv.FormatInt(at.Unix(), 10))
			return p.filer.change(ctx, dir, entry, text(nil, entryExtended, string(modified)))
		}
	}
	return nil
}
