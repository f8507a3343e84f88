package bucket_test

import (
	"net/http"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestADeleteByIdWhoseAnswerNamesAMarker(t *testing.T) {
	for name, c := range map[string]struct {
		kind    retention.Kind
		id      string
		version string // in the answer
		marker  bool
		want    bucket.Deletion
	}{
		"a marker, its own":                   {retention.Marker, "1", "1", true, gone},
		"a marker, not called one":            {retention.Marker, "1", "1", false, gone},
		"a marker, but another was made":      {retention.Marker, "1", "2", true, failed(bucket.CodeVersioningChanged, false)},
		"a version":                           {retention.Version, "1", "1", false, gone},
		"a version, no id in the answer":      {retention.Version, "1", "", false, gone},
		"a version, but a marker was made":    {retention.Version, "1", "2", true, failed(bucket.CodeVersioningChanged, false)},
		"null, but a marker was made":         {retention.Version, "null", "2", true, failed(bucket.CodeVersioningChanged, false)},
		"null, but a marker had that name":    {retention.Version, "null", "null", true, unknown(bucket.CodeChanged, false)},
		"a marker called null":                {retention.Marker, "null", "null", true, gone},
		"the current version, null, goes too": {retention.Object, "null", "null", false, gone},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			b := s.open()
			markerID := ""
			if c.marker {
				markerID = "<DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>" + c.version + "</DeleteMarkerVersionId>"
			}
			s.OnRequest(only("DeleteObjects", xml("<DeleteResult><Deleted><Key>k</Key><VersionId>"+c.id+"</VersionId>"+markerID+"</Deleted></DeleteResult>")))
			s.OnResponse(func(op string, r *http.Response) {
				if op == "DeleteObject" {
					r.StatusCode = http.StatusNoContent
					r.Header.Set("x-amz-version-id", c.version)
					if c.marker {
						r.Header.Set("x-amz-delete-marker", "true")
					}
				}
			})
			wantFates(t, b.Delete(t.Context(), []retention.Entry{{Key: "k", Kind: c.kind, ID: c.id}}), c.want)
			wantFates(t, b.Delete(t.Context(), []retention.Entry{{Key: "k\x01", Kind: c.kind, ID: c.id}}), c.want)
		})
	}
}

// SeaweedFS names a deleted marker as a marker, and not as a version.
func TestAMarkerThatIsNamedAsSuchAloneIsFound(t *testing.T) {
	s := newStand(t)
	b := s.open()
	s.OnRequest(only("DeleteObjects", xml(`<DeleteResult>
		<Deleted><Key>k</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>2</DeleteMarkerVersionId></Deleted>
		<Deleted><Key>k</Key><VersionId>1</VersionId></Deleted>
		<Deleted><Key>k</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>new</DeleteMarkerVersionId></Deleted></DeleteResult>`)))
	wantFates(t, b.Delete(t.Context(), []retention.Entry{
		{Key: "k", Kind: retention.Version, ID: "3"}, {Key: "k", Kind: retention.Marker, ID: "2"}, {Key: "k", Kind: retention.Version, ID: "1"},
	}), unknown(bucket.CodeNotMentioned, true), gone, gone)
	if n := b.Unasked(); n != 1 {
		t.Errorf("%d answers counted as unasked, want that of the new marker", n)
	}
}
