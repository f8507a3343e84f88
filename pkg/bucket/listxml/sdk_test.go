package listxml_test

import (
	"bytes"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// replay is an HTTP client that gives one answer to everything.
type replay []byte

func (body replay) Do(*http.Request) (*http.Response, error) {
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// sdk is a client of the SDK that is given body for an answer.
func sdk(body []byte) *s3.Client {
	return s3.New(s3.Options{Region: "us-east-1", HTTPClient: replay(body), BaseEndpoint: aws.String("http://replay"), UsePathStyle: true,
		Credentials: aws.AnonymousCredentials{}, Retryer: aws.NopRetryer{}})
}

// decodeSDK reads an answer with the SDK's decoder. The order of versions and
// markers is lost there: it is the one given.
func decodeSDK(t testing.TB, kind string, body []byte, order listxml.Order) (page, error) {
	t.Helper()
	bucket := aws.String("bucket")
	switch kind {
	case "ListBucketResult":
		out, err := sdk(body).ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket})
		if err != nil {
			return page{}, err
		}
		return ofObjects(out), nil
	case "ListVersionsResult":
		out, err := sdk(body).ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: bucket})
		if err != nil {
			return page{}, err
		}
		return ofVersions(out, order), nil
	}
	out, err := sdk(body).ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: bucket})
	if err != nil {
		return page{}, err
	}
	return ofUploads(out), nil
}
