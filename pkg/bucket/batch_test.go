package bucket

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"
)

// captor is an HTTP client that keeps the last request and answers none.
type captor struct {
	header http.Header
	length int64
	body   []byte
}

func (c *captor) Do(request *http.Request) (_ *http.Response, err error) {
	c.header, c.length = request.Header, request.ContentLength
	if c.body, err = io.ReadAll(request.Body); err != nil {
		return nil, err
	}
	return nil, errors.New("no answer")
}

// Whatever the entries and the checksum, what goes out is what the SDK sends.
func TestABatchGoesOutAsTheSDKWouldSendIt(t *testing.T) {
	t.Setenv("AWS_ACCESS_KEY_ID", "key")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	some := rapid.OneOf(rapid.String(), rapid.StringMatching(`[a-z&<>"'\n\t\r /]{0,9}`), rapid.SampledFrom([]string{"\x01", "\xff", "\u0085", "\u2028", "\uFFFE", "\uFFFD", "~\x7f"}))
	rapid.Check(t, func(r *rapid.T) {
		checksum := rapid.SampledFrom([]string{checksumAuto, checksumCRC32, checksumMD5}).Draw(r, "checksum")
		store, err := Open(t.Context(), Config{Name: "s", Bucket: "b", Endpoint: "http://127.0.0.1:1", PathStyle: true, Checksum: checksum})
		if err != nil {
			r.Fatal(err)
		}
		ours, theirs := new(captor), new(captor)
		through := func(c *captor) func(*s3.Options) { return func(o *s3.Options) { o.HTTPClient = c } }
		batch, objects := newBatch(0), []types.ObjectIdentifier{}
		for range rapid.IntRange(1, 5).Draw(r, "entries") {
			key, version, etag := "k"+some.Draw(r, "key"), some.Draw(r, "version"), some.Draw(r, "etag")
			batch.add(key, version, etag)
			objects = append(objects, types.ObjectIdentifier{Key: &key, VersionId: optional(version), ETag: optional(etag)})
		}
		_, _ = store.deleteObjects(t.Context(), batch, once, through(ours))
		in := &s3.DeleteObjectsInput{Bucket: aws.String("b"), Delete: &types.Delete{Objects: objects}}
		_, _ = store.client.DeleteObjects(t.Context(), in, once, through(theirs), func(o *s3.Options) { store.applyChecksum(in, o) })
		if theirs.body == nil || !bytes.Equal(ours.body, theirs.body) || ours.length != theirs.length {
			r.Fatalf("%d bytes are announced and\n%s\nis sent, the SDK sends\n%s", ours.length, ours.body, theirs.body)
		}
		for name := range theirs.header {
			if got, want := ours.header.Get(name), theirs.header.Get(name); got != want && name != "Amz-Sdk-Invocation-Id" && name != "X-Amz-Date" && name != "Authorization" {
				r.Fatalf("%s is %q, the SDK sends %q", name, got, want)
			}
		}
		if len(ours.header) != len(theirs.header) {
			r.Fatalf("headers are %v, the SDK sends %v", ours.header, theirs.header)
		}
	})
}
