package bucket_test

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// begin starts an upload of each key on the server and returns what is listed.
func (s *stand) begin(keys ...string) []retention.Entry {
	s.t.Helper()
	client := buckettest.Client(s.t, s.Server.URL, "us-east-1")
	for _, key := range keys {
		if _, err := client.CreateMultipartUpload(s.t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String(name), Key: aws.String(key)}); err != nil {
			s.t.Fatal(err)
		}
	}
	return buckettest.List(s.t, s.open(), bucket.Range{What: bucket.Uploads})
}

func (s *stand) wantUploads(want ...string) {
	s.t.Helper()
	got := buckettest.KeysOf(buckettest.List(s.t, s.open(), bucket.Range{What: bucket.Uploads}))
	if fmt.Sprint(got) != fmt.Sprint(want) {
		s.t.Errorf("uploads left are %q, want %q", got, want)
	}
}

func TestUploadsAreAbortedOneByOneAndNothingElseGoes(t *testing.T) {
	s := newStand(t, "a", "b")
	uploads := s.begin("a", "b", "c")
	wantFates(t, s.open().Delete(t.Context(), uploads[:2]), gone, gone)
	s.wantUploads("c")
	s.wantKeys("a", "b")
	if n := len(s.Calls("AbortMultipartUpload")); n != 2 {
		t.Errorf("%d aborts, want 2", n)
	}
	if n := len(s.Calls("DeleteObjects")) + len(s.Calls("DeleteObject")); n != 0 {
		t.Errorf("%d deletes of objects, want none", n)
	}
}

func TestAnswersToAnAbort(t *testing.T) {
	for name, c := range map[string]struct {
		verdict buckettest.Verdict
		want    bucket.Deletion
	}{
		"no such upload":       {buckettest.Refuse(404, "NoSuchUpload", ""), unknown("NoSuchUpload", false)},
		"denied":               {buckettest.Refuse(403, "AccessDenied", ""), failed("AccessDenied", false)},
		"no bucket":            {buckettest.Refuse(404, "NoSuchBucket", ""), failed("NoSuchBucket", false)},
		"can't":                {buckettest.Refuse(501, "NotImplemented", ""), unknown("NotImplemented", true)},
		"slow down":            {buckettest.Refuse(503, "SlowDown", ""), unknown("SlowDown", true)},
		"an error under a 200": {buckettest.Refuse(200, "InternalError", ""), unknown("InternalError", true)},
		"a login page":         {buckettest.Verdict{Answer: &buckettest.Answer{Status: 200, Type: "text/html", Body: "<html/>"}}, unknown(bucket.CodeNoAnswer, false)},
		"a lost request":       {buckettest.Verdict{Drop: true}, unknown(bucket.CodeNoAnswer, true)},
		"a lost answer":        {buckettest.Verdict{Lose: true}, unknown(bucket.CodeNoAnswer, true)},
		"204":                  {buckettest.Verdict{Answer: &buckettest.Answer{Status: 204}}, gone},
		"200 without a body":   {buckettest.Verdict{Answer: &buckettest.Answer{Status: 200}}, gone},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			uploads := s.begin("a")
			s.OnRequest(only("AbortMultipartUpload", c.verdict))
			wantFates(t, s.open().Delete(t.Context(), uploads), c.want)
			if n := len(s.Calls("AbortMultipartUpload")); n != 1 {
				t.Errorf("the request went out %d times, want once", n)
			}
		})
	}
}

func TestAnAbortedUploadIsUnknownTheSecondTime(t *testing.T) {
	s := newStand(t)
	uploads := s.begin("a")
	b := s.open()
	wantFates(t, b.Delete(t.Context(), uploads), gone)
	wantFates(t, b.Delete(t.Context(), uploads), unknown("NoSuchUpload", false))
}

func TestAPoisonKeyIsNoTroubleForAnAbort(t *testing.T) {
	s := newStand(t)
	s.OnRequest(only("AbortMultipartUpload", buckettest.Verdict{Answer: &buckettest.Answer{Status: 204}}))
	uploads := []retention.Entry{{Key: "b\x01c", Kind: retention.Upload, ID: "u1"}}
	wantFates(t, s.open().Delete(t.Context(), uploads), gone)
	if c := s.Calls("AbortMultipartUpload")[0]; c.Path != "/"+name+"/b\x01c" || c.Query.Get("uploadId") != "u1" {
		t.Errorf("asked for %q %v", c.Path, c.Query)
	}
}

func TestAnUploadWhoseKeyIsNotKnownIsRefusedHere(t *testing.T) {
	s := newStand(t)
	wantFates(t, s.open().Delete(t.Context(), []retention.Entry{{Key: "a\uFFFD", Kind: retention.Upload, ID: "u", Opaque: true}}),
		failed(bucket.CodeKeyUnrepresentable, false))
	if n := len(s.Calls("")); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func TestAtMostEightAbortsAreOnTheirWay(t *testing.T) {
	s := newStand(t)
	var now, most atomic.Int64
	s.OnRequest(func(buckettest.Call) buckettest.Verdict {
		for n := now.Add(1); ; {
			if seen := most.Load(); n <= seen || most.CompareAndSwap(seen, n) {
				break
			}
		}
		time.Sleep(10 * time.Millisecond)
		now.Add(-1)
		return buckettest.Verdict{Answer: &buckettest.Answer{Status: 204}}
	})
	uploads := make([]retention.Entry, 40)
	for i := range uploads {
		uploads[i] = retention.Entry{Key: "k", Kind: retention.Upload, ID: fmt.Sprint(i)}
	}
	for i, d := range s.open().Delete(t.Context(), uploads) {
		if d != gone {
			t.Errorf("upload %d: %+v", i, d)
		}
	}
	if n := most.Load(); n < 2 || n > 8 {
		t.Errorf("%d at a time, want several and at most 8", n)
	}
}

func TestUploadsThatWereNotSentSaySo(t *testing.T) {
	s := newStand(t)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var sent atomic.Int64
	s.OnRequest(func(buckettest.Call) buckettest.Verdict {
		sent.Add(1)
		cancel()
		return buckettest.Verdict{Drop: true}
	})
	uploads := make([]retention.Entry, 40)
	for i := range uploads {
		uploads[i] = retention.Entry{Key: "k", Kind: retention.Upload, ID: fmt.Sprint(i)}
	}
	unsent := 0
	for i, d := range s.open().Delete(ctx, uploads) {
		switch d {
		case failed(bucket.CodeNotSent, true):
			unsent++
		case unknown(bucket.CodeNoAnswer, true):
		default:
			t.Errorf("upload %d: %+v", i, d)
		}
	}
	if unsent == 0 || unsent > 40-int(sent.Load()) {
		t.Errorf("%d of 40 say that they weren't sent, %d were", unsent, sent.Load())
	}
}

func TestAllFourKindsKeepTheirPlaces(t *testing.T) {
	s := newStand(t)
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		switch c.Op {
		case "AbortMultipartUpload":
			return buckettest.Refuse(404, "NoSuchUpload", "")
		case "DeleteObjects":
			return xml(`<DeleteResult><Deleted><Key>a</Key><VersionId>3</VersionId></Deleted>
				<Error><Key>a</Key><VersionId>2</VersionId><Code>AccessDenied</Code></Error>
				<Error><Key>a</Key><VersionId>1</VersionId><Code>SlowDown</Code></Error></DeleteResult>`)
		}
		return buckettest.Verdict{}
	})
	got := s.open().Delete(t.Context(), []retention.Entry{
		{Key: "a", Kind: retention.Upload, ID: "u"}, {Key: "a", Kind: retention.Object, ID: "3", Latest: true},
		{Key: "a", Kind: retention.Version, ID: "2"}, {Key: "a", Kind: retention.Marker, ID: "1"},
	})
	wantFates(t, got, unknown("NoSuchUpload", false), gone, refused("AccessDenied"), failed("SlowDown", true))
}
