package bucket_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
)

// guarded opens the place's store with conditional deletes.
func (p *place) guarded() *bucket.Bucket {
	p.t.Helper()
	return open(p.t, bucket.Config{Name: "store", Bucket: p.bucket, Endpoint: p.server.Endpoint, Region: p.server.Region, PathStyle: true,
		OverwriteGuard: "etag"})
}

func onServer(t *testing.T, server *containers.Server) *place {
	t.Helper()
	buckettest.Credentials(t)
	t.Setenv("AWS_ACCESS_KEY_ID", server.AccessKey)
	t.Setenv("AWS_SECRET_ACCESS_KEY", server.SecretKey)
	p := &place{t: t, server: server, client: server.Admin(), bucket: "guarded"}
	p.create(false)
	return p
}

func TestWhatWasOverwrittenSurvivesAConditionalDelete(t *testing.T) {
	p := onServer(t, containers.Seaweedfs(t))
	for i := range 20 {
		p.put(fmt.Sprintf("k%02d", i))
	}
	b := p.guarded()
	entries := buckettest.List(t, b, bucket.Range{})
	// The very first entry is the one that the server is tried with.
	for _, key := range []string{"k00", "k07"} {
		p.put(key, func(in *s3.PutObjectInput) { in.Body = strings.NewReader("other bytes") })
	}
	for i, d := range b.Delete(t.Context(), entries) {
		want := bucket.Deletion{Status: bucket.Deleted}
		if i == 0 || i == 7 {
			want = bucket.Deletion{Code: bucket.CodeChanged}
		}
		if d != want {
			t.Errorf("%s: %+v, want %+v", entries[i].Key, d, want)
		}
	}
	left := buckettest.List(t, b, bucket.Range{})
	if len(left) != 2 || left[0].Key != "k00" || left[1].Key != "k07" {
		t.Errorf("left are %v, want the two that were overwritten", left)
	}
}

func TestAServerThatIgnoresConditionsIsFoundOutWithTheFirstEntryThatIsToGo(t *testing.T) {
	for _, kind := range containers.All() {
		if kind.Name == "seaweedfs" { // it honours them: see the test above
			continue
		}
		t.Run(kind.Name, func(t *testing.T) {
			p := onServer(t, kind.Start(t))
			for i := range 5 {
				p.put(fmt.Sprintf("k%d", i))
			}
			b := p.guarded()
			entries := buckettest.List(t, b, bucket.Range{})
			first := b.Delete(t.Context(), entries)
			if first[0] != (bucket.Deletion{Status: bucket.Deleted, Code: bucket.CodeGuardIgnored}) {
				t.Fatalf("the first is %+v, want it deleted under a code", first[0])
			}
			if slices.ContainsFunc(first[1:], func(d bucket.Deletion) bool { return d.Code != bucket.CodeNotSent || !d.Retryable }) {
				t.Errorf("the others are %+v, want them not sent", first[1:])
			}
			wantFates(t, b.Delete(t.Context(), entries[1:]), gone, gone, gone, gone)
			if left := buckettest.List(t, b, bucket.Range{}); len(left) != 0 {
				t.Errorf("left are %v", left)
			}
			state, err := b.Inspect(t.Context())
			if err != nil || !bucket.IgnoresETag(state.Provider) {
				t.Errorf("%q is not known to ignore conditions (%v)", state.Provider, err)
			}
		})
	}
}
