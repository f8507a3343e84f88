package bucket_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

func TestTheNewestPartCountsAndAnUploadWithoutPartsHasNone(t *testing.T) {
	s := newStand(t)
	u := s.begin("k")[0]
	b := s.open()
	if at, err := b.LastPart(t.Context(), u); err != nil || !at.IsZero() {
		t.Errorf("without parts: %v, %v; want the zero time", at, err)
	}
	client := buckettest.Client(t, s.Server.URL, "us-east-1")
	start := time.Now().Add(-2 * time.Second)
	for n := range int32(3) {
		if _, err := client.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: aws.String(name), Key: aws.String("k"), UploadId: &u.ID,
			PartNumber: aws.Int32(n + 1), Body: strings.NewReader("part")}); err != nil {
			t.Fatal(err)
		}
	}
	if at, err := b.LastPart(t.Context(), u); err != nil || at.Before(start) || at.Location() != time.UTC {
		t.Errorf("newest part is of %v, %v; want now, in UTC", at, err)
	}
}

// partsPage is one page of parts; next "" ends the listing.
func partsPage(next string, dates ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<ListPartsResult><IsTruncated>%v</IsTruncated><NextPartNumberMarker>%s</NextPartNumberMarker>", next != "", next)
	for i, d := range dates {
		fmt.Fprintf(&b, "<Part><PartNumber>%d</PartNumber><LastModified>%s</LastModified></Part>", i+1, d)
	}
	return b.String() + "</ListPartsResult>"
}

func TestAllPagesOfPartsAreRead(t *testing.T) {
	s := newStand(t)
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		switch c.Query.Get("part-number-marker") {
		case "":
			return only("ListParts", xml(partsPage("2", "2026-11-01T00:00:00Z", "2026-11-03T02:00:00+02:00")))(c)
		case "2":
			return xml(partsPage("3", "2026-11-09T00:00:00Z"))
		}
		return xml(partsPage("", "2026-11-02T00:00:00Z"))
	})
	u := s.begin("k")[0]
	at, err := s.open().LastPart(t.Context(), u)
	if want := time.Date(2026, 11, 9, 0, 0, 0, 0, time.UTC); err != nil || at != want {
		t.Errorf("newest part is of %v, %v; want %v", at, err, want)
	}
}

func TestPartsThatAreNotKnownAreAnError(t *testing.T) {
	for name, c := range map[string]struct {
		verdict buckettest.Verdict
		want    string
		gone    bool
	}{
		"no such upload": {buckettest.Refuse(404, "NoSuchUpload", ""), "isn't there", true},
		"denied":         {buckettest.Refuse(403, "AccessDenied", ""), "s3:ListMultipartUploadParts", false},
		"a loop":         {xml(partsPage("2")), "given twice", false},
		"no marker":      {xml("<ListPartsResult><IsTruncated>true</IsTruncated></ListPartsResult>"), "no marker", false},
		"no IsTruncated": {xml("<ListPartsResult/>"), "IsTruncated", false},
		"no date":        {xml("<ListPartsResult><IsTruncated>false</IsTruncated><Part><PartNumber>1</PartNumber></Part></ListPartsResult>"), "LastModified", false},
		"an empty body":  {buckettest.Verdict{Answer: &buckettest.Answer{Status: 200}}, "not an S3 server", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			u := s.begin("k")[0]
			s.OnRequest(only("ListParts", c.verdict))
			_, err := s.open().LastPart(t.Context(), u)
			wantError(t, err, `bucket "exchanges"`, c.want)
			if errors.Is(err, bucket.ErrGone) != c.gone {
				t.Errorf("error %v wraps ErrGone: %v", err, !c.gone)
			}
		})
	}
}
