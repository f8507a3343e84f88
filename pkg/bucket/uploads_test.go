package bucket_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

// uploadPage is one page of uploads; next "" ends the listing.
func uploadPage(next, nextID string, keys ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<ListMultipartUploadsResult><IsTruncated>%v</IsTruncated><NextKeyMarker>%s</NextKeyMarker><NextUploadIdMarker>%s</NextUploadIdMarker>",
		next != "", next, nextID)
	for i, k := range keys {
		fmt.Fprintf(&b, "<Upload><Key>%s</Key><UploadId>u%d</UploadId><Initiated>2026-11-01T00:00:00Z</Initiated></Upload>", k, i)
	}
	return b.String() + "</ListMultipartUploadsResult>"
}

func TestUploadsAreListedForTheWholeBucketAndFilteredByUs(t *testing.T) {
	s := newStand(t)
	cfg := s.config()
	cfg.Prefix = "in/"
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		switch {
		case c.Op != "ListMultipartUploads":
			return buckettest.Verdict{}
		case c.Query.Has("prefix"):
			return xml(uploadPage("", "")) // as MinIO does for a folder's prefix
		case c.Query.Get("key-marker") == "in/b" && c.Query.Get("upload-id-marker") == "u1":
			return xml(uploadPage("", "", "in/c", "zz/d"))
		case c.Query.Has("key-marker"):
			return buckettest.Refuse(400, "InvalidArgument", "a marker is missing")
		}
		return xml(uploadPage("in/b", "u1", "in/a", "in/b", "other/in/c"))
	})
	got := buckettest.List(t, open(t, cfg), bucket.Range{What: bucket.Uploads})
	if keys := buckettest.KeysOf(got); !slices.Equal(keys, []string{"in/a", "in/b", "in/c"}) {
		t.Errorf("listed %q", keys)
	}
}

func TestAnUploadListingThatCannotBeFinishedIsAnError(t *testing.T) {
	for name, page := range map[string]buckettest.Verdict{
		"denied":          buckettest.Refuse(403, "AccessDenied", ""),
		"not implemented": buckettest.Refuse(501, "NotImplemented", ""),
		"a loop":          xml(uploadPage("in/b", "u1")),
		"no marker":       xml("<ListMultipartUploadsResult><IsTruncated>true</IsTruncated></ListMultipartUploadsResult>"),
		"an empty body":   {Answer: &buckettest.Answer{Status: 200}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			s.OnRequest(only("ListMultipartUploads", page))
			wantError(t, listingError(t.Context(), s.open(), bucket.Range{What: bucket.Uploads}), "exchanges", "incomplete uploads")
		})
	}
}

func TestNoSuchUploadInMidListingIsNoEnd(t *testing.T) {
	s := newStand(t)
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "ListMultipartUploads" && c.Query.Has("key-marker") {
			return buckettest.Refuse(404, "NoSuchUpload", "")
		}
		return only("ListMultipartUploads", xml(uploadPage("in/b", "u1", "in/b")))(c)
	})
	wantError(t, listingError(t.Context(), s.open(), bucket.Range{What: bucket.Uploads}), "NoSuchUpload")
}
