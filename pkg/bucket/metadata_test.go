package bucket_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// putWith stores an object with user metadata and returns it as listed.
func (s *stand) putWith(key string, metadata map[string]string) retention.Entry {
	s.t.Helper()
	_, err := buckettest.Client(s.t, s.Server.URL, "us-east-1").PutObject(s.t.Context(), &s3.PutObjectInput{
		Bucket: aws.String(name), Key: &key, Body: strings.NewReader("of " + key), Metadata: metadata})
	if err != nil {
		s.t.Fatal(err)
	}
	return buckettest.List(s.t, s.open(), bucket.Range{UpTo: key})[0]
}

func TestAMetadataHeaderIsReadWhateverItsCase(t *testing.T) {
	s := newStand(t)
	b, e := s.open(), s.putWith("k", map[string]string{"zero-data-retention": "true"})
	for header, want := range map[string]string{"zero-data-retention": "true", "Zero-Data-Retention": "true", "zero-data": "", "x-amz-meta-zero-data-retention": ""} {
		value, ok, err := b.Metadata(t.Context(), e, header)
		if err != nil || value != want || ok != (want != "") {
			t.Errorf("%q: %q, %v, %v; want %q", header, value, ok, err, want)
		}
	}
	for _, c := range s.Calls("") {
		if c.Op == http.MethodGet {
			t.Errorf("an object was read: %v", c.Path)
		}
	}
}

func TestMetadataIsAskedOfTheVersion(t *testing.T) {
	s := newStand(t)
	s.OnRequest(only("HeadObject", buckettest.Refuse(404, "", "")))
	_, _, err := s.open().Metadata(t.Context(), retention.Entry{Key: "k", Kind: retention.Version, ID: "v1"}, "zdr")
	if !errors.Is(err, bucket.ErrGone) {
		t.Errorf("error is %v, want ErrGone", err)
	}
	if c := s.Calls("HeadObject")[0]; c.Query.Get("versionId") != "v1" {
		t.Errorf("asked with %v", c.Query)
	}
}

func TestMetadataOfWhatIsNoMoreThereIsGone(t *testing.T) {
	s := newStand(t)
	b, e := s.open(), s.putWith("k", map[string]string{"zdr": "true"})
	s.Put(name, "k", []byte("other bytes"), old)
	if _, ok, err := b.Metadata(t.Context(), e, "zdr"); !errors.Is(err, bucket.ErrGone) || ok {
		t.Errorf("replaced: %v, error %v, want ErrGone", ok, err)
	}
	s.Remove(name, "k")
	if _, _, err := b.Metadata(t.Context(), e, "zdr"); !errors.Is(err, bucket.ErrGone) {
		t.Errorf("removed: error %v, want ErrGone", err)
	}
	s.OnRequest(only("HeadObject", buckettest.Refuse(405, "", "")))
	e.ID = "null"
	if _, _, err := b.Metadata(t.Context(), e, "zdr"); !errors.Is(err, bucket.ErrGone) {
		t.Errorf("a marker took the name: error %v, want ErrGone", err)
	}
}

func TestMetadataThatIsNotKnownIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		verdict buckettest.Verdict
		alter   func(http.Header)
		want    string
	}{
		"denied":                 {verdict: buckettest.Refuse(403, "", ""), want: "s3:GetObject"},
		"a page":                 {verdict: buckettest.Verdict{Answer: &buckettest.Answer{Status: 200, Type: "text/html"}}, want: "not an S3 server"},
		"some of it is left out": {alter: func(h http.Header) { h.Set("x-amz-missing-meta", "1") }, want: "x-amz-missing-meta"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			b, e := s.open(), s.putWith("k", nil)
			s.OnRequest(only("HeadObject", c.verdict))
			s.OnResponse(func(op string, r *http.Response) {
				if c.alter != nil && op == "HeadObject" {
					c.alter(r.Header)
				}
			})
			_, ok, err := b.Metadata(t.Context(), e, "zdr")
			if ok || errors.Is(err, bucket.ErrGone) {
				t.Errorf("ok %v, error %v", ok, err)
			}
			wantError(t, err, c.want)
		})
	}
	s := newStand(t)
	for _, kind := range []retention.Kind{retention.Marker, retention.Upload} {
		_, _, err := s.open().Metadata(t.Context(), retention.Entry{Key: "k", Kind: kind, ID: "1"}, "zdr")
		wantError(t, err, "only versions of objects")
	}
}
