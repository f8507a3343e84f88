package bucket_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// place is a bucket of its own on a real server.
type place struct {
	t      *testing.T
	server *containers.Server
	client *s3.Client
	bucket string
	made   int // entries that stack made
}

// Every point on every server, each in a fresh bucket.
func TestRealServersHoldAllFourKinds(t *testing.T) {
	points := []struct {
		name string
		run  func(*place)
	}{
		{"versions and markers are listed whole over a page edge at null", (*place).versionsListed},
		{"listings are cut between directories and in flat ones", (*place).cut},
		{"what is deleted by id makes no marker", (*place).versionsDeleted},
		{"null is deleted by its name in a suspended bucket", (*place).nullDeleted},
		{"a lock is told from a missing right", (*place).locked},
		{"a bucket without locks has none", (*place).unlocked},
		{"uploads are listed, dated and aborted", (*place).uploads},
		{"metadata is read of each version", (*place).metadata},
	}
	for _, kind := range containers.All() {
		t.Run(kind.Name, func(t *testing.T) {
			server := kind.Start(t)
			buckettest.Credentials(t)
			t.Setenv("AWS_ACCESS_KEY_ID", server.AccessKey)
			t.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretKey)
			for i, point := range points {
				t.Run(point.name, func(t *testing.T) {
					point.run(&place{t: t, server: server, client: server.Admin(), bucket: fmt.Sprintf("point-%d", i)})
				})
			}
		})
	}
}

func (p *place) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

func (p *place) create(lock bool) {
	p.t.Helper()
	_, err := p.client.CreateBucket(p.t.Context(), &s3.CreateBucketInput{Bucket: &p.bucket, ObjectLockEnabledForBucket: aws.Bool(lock)})
	p.must(err)
}

func (p *place) versioning(status types.BucketVersioningStatus) {
	p.t.Helper()
	_, err := p.client.PutBucketVersioning(p.t.Context(), &s3.PutBucketVersioningInput{Bucket: &p.bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: status}})
	p.must(err)
}

func (p *place) put(key string, change ...func(*s3.PutObjectInput)) {
	p.t.Helper()
	p.must(p.tryPut(key, change...))
}

func (p *place) tryPut(key string, change ...func(*s3.PutObjectInput)) error {
	in := &s3.PutObjectInput{Bucket: &p.bucket, Key: &key, Body: bytes.NewReader([]byte("of " + key))}
	for _, c := range change {
		c(in)
	}
	_, err := p.client.PutObject(p.t.Context(), in)
	return err
}

// stack gives a key one entry after another: "put" an object, "hide" it with a
// delete marker. Each is a minute younger than the one that p made before.
func (p *place) stack(key string, steps ...string) {
	p.t.Helper()
	for _, step := range steps {
		p.made++
		at := old.Add(time.Duration(p.made) * time.Minute)
		if step == "hide" {
			p.server.HideAt(p.t, at, p.bucket, key)
			continue
		}
		p.server.PutAt(p.t, at, &s3.PutObjectInput{Bucket: &p.bucket, Key: &key, Body: bytes.NewReader([]byte("of " + key))})
	}
}

func (p *place) open() *bucket.Bucket {
	p.t.Helper()
	return open(p.t, p.config())
}

func (p *place) config() bucket.Config {
	return bucket.Config{Name: "store", Bucket: p.bucket, Endpoint: p.server.Endpoint, Region: p.server.Region, PathStyle: true}
}

// list lists the bucket with both decoders, which have to agree.
func (p *place) list(what bucket.Listing) []retention.Entry {
	p.t.Helper()
	entries := buckettest.List(p.t, p.open(), bucket.Range{What: what})
	c := p.config()
	c.ListDecoder = "sdk"
	if sdk := buckettest.List(p.t, open(p.t, c), bucket.Range{What: what}); !slices.Equal(sdk, entries) {
		p.t.Errorf("the SDK's decoder lists %d entries %.1000v, the fast one %d %.1000v", len(sdk), sdk, len(entries), entries)
	}
	return entries
}

// wantKinds checks what a key's stack is made of, newest first. Below the latest,
// a server that doesn't tell the order of markers and versions may have its
// markers taken to lie higher than they do, but never lower.
func (p *place) wantKinds(entries []retention.Entry, key string, want ...retention.Kind) {
	p.t.Helper()
	var got []retention.Kind
	for _, e := range entries {
		if e.Key != key {
			continue
		}
		if got = append(got, e.Kind); e.Latest != (len(got) == 1) || e.ID == "" || e.LastModified.IsZero() {
			p.t.Errorf("entry %d of %q is %+v", len(got), key, e)
		}
	}
	if len(got) != len(want) || slices.ContainsFunc([]int{1, 2, 3, 4, 5, 6}, func(n int) bool {
		n = min(n, len(want))
		return markersIn(got[:n]) < markersIn(want[:n])
	}) || markersIn(got) != markersIn(want) {
		p.t.Errorf("%q holds %v, want %v", key, got, want)
	}
}

func markersIn(kinds []retention.Kind) (n int) {
	for _, k := range kinds {
		if k == retention.Marker {
			n++
		}
	}
	return n
}

func (p *place) versionsListed() {
	const keys = 520 // two rows a key: the edge of the first page is a noncurrent null
	p.create(false)
	fill := func() {
		p.t.Helper()
		var group errgroup.Group
		group.SetLimit(8)
		for _, key := range numbered(keys) {
			group.Go(func() error { return p.tryPut(key) })
		}
		p.must(group.Wait())
	}
	fill()
	p.versioning(types.BucketVersioningStatusEnabled)
	fill()
	p.stack("z", "put", "hide", "put", "hide")
	entries := p.list(bucket.Versions)
	seen := map[[2]string]bool{}
	for _, e := range entries {
		seen[[2]string{e.Key, e.ID}] = true
	}
	if len(entries) != 2*keys+4 || len(seen) != len(entries) {
		p.t.Fatalf("%d entries are listed, %d apart, want %d", len(entries), len(seen), 2*keys+4)
	}
	p.wantKinds(entries, "z", retention.Marker, retention.Version, retention.Marker, retention.Version)
	p.wantKinds(entries, "k0499", retention.Object, retention.Version)
	for i, at := range []string{"", "k0100", "k0499", "zz"} { // ranges that cover all
		if at == "" {
			continue
		}
		from := []string{"", "k0100", "k0499"}[i-1]
		part := buckettest.List(p.t, p.open(), bucket.Range{After: from, UpTo: at, What: bucket.Versions})
		if entries = entries[min(len(part), len(entries)):]; len(part) == 0 || part[0].Key <= from || part[len(part)-1].Key > at {
			p.t.Errorf("the range after %q up to %q has %d entries", from, at, len(part))
		}
	}
	if len(entries) != 0 {
		p.t.Errorf("the ranges leave out %d entries", len(entries))
	}
}

func (p *place) cut() {
	p.create(false)
	for i := range 60 {
		p.put(fmt.Sprintf("team-%d/2026/%05d.json", i%3, i))
	}
	buckettest.Cuts(p.t, p.open(), bucket.Current, buckettest.KeysOf(p.list(bucket.Current)))
	p.versioning(types.BucketVersioningStatusEnabled)
	p.stack("team-1/2026/00001.json", "put", "hide")
	p.stack("team-2/2026/00002.json", "hide", "put")
	buckettest.Cuts(p.t, p.open(), bucket.Versions, buckettest.KeysOf(p.list(bucket.Versions)))
}

func (p *place) versionsDeleted() {
	p.create(false)
	p.stack("a", "put")
	p.versioning(types.BucketVersioningStatusEnabled)
	p.stack("a", "put", "put", "put")
	p.stack("b", "put", "hide", "put", "hide", "put", "hide")
	entries := p.list(bucket.Versions)
	p.wantKinds(entries, "a", retention.Object, retention.Version, retention.Version, retention.Version)
	p.wantKinds(entries, "b", retention.Marker, retention.Version, retention.Marker, retention.Version, retention.Marker, retention.Version)
	b := p.open()
	// Each version goes alone, and the others stay.
	first := slices.IndexFunc(entries, func(e retention.Entry) bool { return e.Kind == retention.Version && e.ID == "null" })
	if first < 0 {
		p.t.Fatalf("no null version is listed: %v", entries)
	}
	wantFates(p.t, b.Delete(p.t.Context(), entries[first:first+1]), gone)
	entries = slices.Delete(entries, first, first+1)
	if left := p.list(bucket.Versions); !maps.Equal(names(left), names(entries)) {
		p.t.Errorf("left are %v, want %v", left, entries)
	}
	for i, d := range b.Delete(p.t.Context(), entries) {
		if d != gone {
			p.t.Errorf("%s %d: %+v", entries[i].Kind, i, d)
		}
	}
	if left := p.list(bucket.Versions); len(left) != 0 {
		p.t.Errorf("%d entries are left or were made: %v", len(left), left)
	}
	if n := b.Unasked(); n != 0 {
		p.t.Errorf("%d answers were about nothing that was asked", n)
	}
}

func names(entries []retention.Entry) map[[2]string]bool {
	set := map[[2]string]bool{}
	for _, e := range entries {
		set[[2]string{e.Key, e.ID}] = true
	}
	return set
}

func (p *place) nullDeleted() {
	p.create(false)
	p.versioning(types.BucketVersioningStatusEnabled)
	p.stack("a", "put")
	p.stack("b", "put")
	p.versioning(types.BucketVersioningStatusSuspended)
	p.stack("a", "put")
	p.stack("b", "hide")
	entries := p.list(bucket.Versions)
	p.wantKinds(entries, "a", retention.Object, retention.Version)
	p.wantKinds(entries, "b", retention.Marker, retention.Version)
	nulls := slices.DeleteFunc(slices.Clone(entries), func(e retention.Entry) bool { return e.ID != "null" })
	wantFates(p.t, p.open().Delete(p.t.Context(), nulls), gone, gone)
	left := names(p.list(bucket.Versions))
	want := names(slices.DeleteFunc(slices.Clone(entries), func(e retention.Entry) bool { return e.ID == "null" }))
	if p.server.Name == "seaweedfs" { // it acknowledges the delete of a null marker, and keeps the marker
		want[[2]string{"b", "null"}] = true
	}
	if !maps.Equal(left, want) {
		p.t.Errorf("left are %v, want %v", left, want)
	}
}

func (p *place) locked() {
	until := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
	p.create(true)
	p.put("free")
	for key, mode := range map[string]types.ObjectLockMode{"governance": types.ObjectLockModeGovernance, "compliance": types.ObjectLockModeCompliance} {
		p.put(key, func(in *s3.PutObjectInput) { in.ObjectLockMode, in.ObjectLockRetainUntilDate = mode, &until })
	}
	p.put("held", func(in *s3.PutObjectInput) { in.ObjectLockLegalHoldStatus = types.ObjectLockLegalHoldStatusOn })
	p.put("hidden", func(in *s3.PutObjectInput) { in.ObjectLockLegalHoldStatus = types.ObjectLockLegalHoldStatusOn })
	_, err := p.client.DeleteObject(p.t.Context(), &s3.DeleteObjectInput{Bucket: &p.bucket, Key: aws.String("hidden")})
	p.must(err)
	entries := p.list(bucket.Versions)
	b := p.open()
	want := map[string]bucket.Lock{"free": {}, "held": {LegalHold: true}, "hidden": {LegalHold: true},
		"governance": {Mode: bucket.ModeGovernance, Until: until}, "compliance": {Mode: bucket.ModeCompliance, Until: until}}
	for _, e := range entries {
		if lock, err := b.Lock(p.t.Context(), e); err != nil || lock != want[e.Key] && e.Kind != retention.Marker {
			p.t.Errorf("%s of %q: lock %+v, error %v, want %+v", e.Kind, e.Key, lock, err, want[e.Key])
		}
	}
	fates := b.Delete(p.t.Context(), entries)
	for i, e := range entries {
		if stays := want[e.Key] != (bucket.Lock{}) && e.Kind != retention.Marker; stays {
			if fates[i].Status != bucket.Failed || !fates[i].MayBeLocked || fates[i].Retryable {
				p.t.Errorf("%s of %q: %+v, want a refusal that may be a lock", e.Kind, e.Key, fates[i])
			}
		} else if fates[i] != gone {
			p.t.Errorf("%s of %q: %+v, want deleted", e.Kind, e.Key, fates[i])
		}
	}
	if left := buckettest.KeysOf(p.list(bucket.Versions)); !slices.Equal(left, []string{"compliance", "governance", "held", "hidden"}) {
		p.t.Errorf("left are %q", left)
	}
}

func (p *place) unlocked() {
	p.create(false)
	p.put("a")
	for _, what := range []bucket.Listing{bucket.Current, bucket.Versions} {
		if what == bucket.Versions {
			p.versioning(types.BucketVersioningStatusEnabled)
			p.put("a")
		}
		for _, e := range p.list(what) {
			if lock, err := p.open().Lock(p.t.Context(), e); err != nil || lock != (bucket.Lock{}) {
				p.t.Errorf("lock of %+v is %+v, error %v", e, lock, err)
			}
		}
	}
}

func (p *place) uploads() {
	p.create(false)
	p.put("a")
	start := time.Now().Add(-2 * time.Second)
	var ids []*string
	for _, key := range []string{"a", "a", "in/b"} {
		out, err := p.client.CreateMultipartUpload(p.t.Context(), &s3.CreateMultipartUploadInput{Bucket: &p.bucket, Key: &key})
		p.must(err)
		ids = append(ids, out.UploadId)
	}
	_, err := p.client.UploadPart(p.t.Context(), &s3.UploadPartInput{Bucket: &p.bucket, Key: aws.String("in/b"), UploadId: ids[2],
		PartNumber: aws.Int32(1), Body: bytes.NewReader(make([]byte, 1<<10))})
	p.must(err)
	b := p.open()
	entries := p.list(bucket.Uploads)
	if keys := buckettest.KeysOf(entries); !slices.Equal(keys, []string{"a", "a", "in/b"}) {
		p.t.Fatalf("uploads of %q are listed", keys)
	}
	if keys := buckettest.KeysOf(buckettest.List(p.t, b, bucket.Range{What: bucket.Uploads, Prefix: "in/"})); !slices.Equal(keys, []string{"in/b"}) {
		p.t.Errorf("under a prefix uploads of %q are listed", keys)
	}
	for _, e := range entries {
		at, err := b.LastPart(p.t.Context(), e)
		if err != nil || at.IsZero() == (e.Key == "in/b") || !at.IsZero() && at.Before(start) || e.LastModified.Before(start) {
			p.t.Errorf("upload of %q, begun %v: last part %v, error %v", e.Key, e.LastModified, at, err)
		}
	}
	wantFates(p.t, b.Delete(p.t.Context(), entries), gone, gone, gone)
	if left := p.list(bucket.Uploads); len(left) != 0 {
		p.t.Errorf("left are %v", left)
	}
	again := b.Delete(p.t.Context(), entries[2:])
	if again[0] != unknown("NoSuchUpload", false) && again[0] != gone {
		p.t.Errorf("a second abort: %+v", again)
	}
	if _, err := b.LastPart(p.t.Context(), entries[2]); !errors.Is(err, bucket.ErrGone) {
		p.t.Errorf("last part of an aborted upload: error %v, want ErrGone", err)
	}
	if left := buckettest.KeysOf(p.list(bucket.Current)); !slices.Equal(left, []string{"a"}) {
		p.t.Errorf("objects left are %q", left)
	}
}

func (p *place) metadata() {
	p.create(false)
	with := func(value string) func(*s3.PutObjectInput) {
		return func(in *s3.PutObjectInput) { in.Metadata = map[string]string{"zero-data-retention": value} }
	}
	p.put("a", with("null"))
	b := p.open()
	current := p.list(bucket.Current)[0]
	if value, ok, err := b.Metadata(p.t.Context(), current, "Zero-Data-Retention"); value != "null" || !ok || err != nil {
		p.t.Errorf("never versioned: %q, %v, %v", value, ok, err)
	}
	p.versioning(types.BucketVersioningStatusEnabled)
	p.put("a", with("new"))
	p.put("b")
	for _, e := range p.list(bucket.Versions) {
		want := map[string]string{"atrue": "new", "afalse": "null", "btrue": ""}[e.Key+fmt.Sprint(e.Latest)]
		if value, ok, err := b.Metadata(p.t.Context(), e, "zero-data-retention"); value != want || ok != (want != "") || err != nil {
			p.t.Errorf("%s of %q: %q, %v, %v; want %q", e.Kind, e.Key, value, ok, err, want)
		}
	}
	entries := p.list(bucket.Versions)
	wantFates(p.t, b.Delete(p.t.Context(), entries[:1]), gone)
	if _, _, err := b.Metadata(p.t.Context(), entries[0], "zero-data-retention"); !errors.Is(err, bucket.ErrGone) {
		p.t.Errorf("of a version that is gone: error %v, want ErrGone", err)
	}
}
