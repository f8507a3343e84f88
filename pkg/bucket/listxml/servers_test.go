package listxml_test

import (
	"bytes"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// With -record the answers of the servers take the place of those in testdata.
var record = flag.Bool("record", false, "keep the servers' answers under testdata/recorded")

// tap is an HTTP client that keeps the last answer's body.
type tap struct{ last []byte }

func (c *tap) Do(r *http.Request) (*http.Response, error) {
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil, err
	}
	if c.last, err = io.ReadAll(answer.Body); err != nil {
		return nil, err
	}
	answer.Body = io.NopCloser(bytes.NewReader(c.last))
	return answer, nil
}

func TestAnswersOfRealServersAreReadAsTheSDKReadsThem(t *testing.T) {
	for _, kind := range containers.All() {
		t.Run(kind.Name, func(t *testing.T) { compare(t, kind.Name, kind.Start(t).Admin(), true) })
	}
	t.Run("embedded", func(t *testing.T) {
		server := buckettest.Embedded(t)
		compare(t, "embedded", buckettest.Client(t, server.URL, "us-east-1"), false)
	})
}

// compare fills a bucket and reads each of its listings in pages of a few.
func compare(t *testing.T, server string, client *s3.Client, versioned bool) {
	name := "recorded"
	must := func(_ any, err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	must(client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &name}))
	if versioned {
		must(client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &name,
			VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}))
	}
	keys := []string{"a", "a&<b>\"'", "b c+d%25", "in/ключ", "in/z", "tab\tbed", "z"}
	for _, key := range keys {
		for range 2 {
			must(client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: &name, Key: &key, Body: strings.NewReader(key)}))
		}
		if !strings.HasSuffix(key, "/z") {
			must(client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: &name, Key: aws.String("up-" + key)}))
		}
	}
	if versioned {
		must(client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: &name, Key: aws.String("b c+d%25")}))
	}

	through := new(tap)
	tapped := func(o *s3.Options) { o.HTTPClient = through }
	for _, encoding := range []types.EncodingType{"", types.EncodingTypeUrl} {
		check := func(what, kind string, sdk page) {
			t.Helper()
			if what = strings.TrimSuffix(fmt.Sprintf("%s-%s-%s", server, what, encoding), "-"); *record {
				must(nil, os.WriteFile("testdata/recorded/"+what+".xml", through.last, 0o644))
			}
			if got, err := decode(kind, through.last); err != nil || !reflect.DeepEqual(got, sdk) {
				t.Errorf("%s: %v\n got %+v\nwant %+v\n%s", what, err, got, sdk, through.last)
			}
		}
		for _, delimiter := range []string{"", "/"} {
			what := map[string]string{"": "objects", "/": "objects-prefixes"}[delimiter]
			out, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &name, EncodingType: encoding, MaxKeys: aws.Int32(5),
				Delimiter: aws.String(delimiter)}, tapped)
			must(nil, err)
			check(what, "ListBucketResult", ofObjects(out))
		}
		if versioned {
			out, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &name, EncodingType: encoding, MaxKeys: aws.Int32(9)}, tapped)
			must(nil, err)
			// The SDK loses the order: it is taken from the package, and has to cover all.
			_, order, err := listxml.Versions(through.last)
			must(nil, err)
			check("versions", "ListVersionsResult", ofVersions(out, order))
		}
		out, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &name, EncodingType: encoding, MaxUploads: aws.Int32(4)}, tapped)
		must(nil, err)
		check("uploads", "ListMultipartUploadsResult", ofUploads(out))
	}
}
