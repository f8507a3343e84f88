package listxml_test

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// rowsOf are rows as servers write them, for each kind of answer.
var rowsOf = map[string][]string{
	"ListBucketResult": {
		"<Contents><Key>a</Key><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>3</Size><StorageClass>STANDARD</StorageClass></Contents>",
		"<Contents><ETag>e</ETag><Key>a%20b</Key><LastModified>2026-11-01T00:00:00Z</LastModified><Owner><ID>o</ID></Owner></Contents>",
	},
	"ListVersionsResult": {
		"<Version><Key>a</Key><VersionId>v</VersionId><IsLatest>true</IsLatest><LastModified>2026-11-01T00:00:00.000Z</LastModified><ETag>&quot;e&quot;</ETag><Size>3</Size><Owner><ID>o</ID></Owner></Version>",
		"<DeleteMarker><Key>a</Key><VersionId>v</VersionId><IsLatest>false</IsLatest><LastModified>2026-11-01T23:59:59.999Z</LastModified></DeleteMarker>",
	},
	"ListMultipartUploadsResult": {
		"<Upload><Key>a</Key><UploadId>u</UploadId><Initiator><ID>i</ID></Initiator><StorageClass>STANDARD</StorageClass><Initiated>2026-11-01T00:00:00.000Z</Initiated></Upload>",
	},
	"DeleteResult": {
		"<Deleted><Key>a</Key><VersionId>v</VersionId></Deleted>", "<Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>m</DeleteMarkerVersionId></Deleted>",
		"<Error><Key>a</Key><Code>SlowDown</Code><Message>m</Message></Error>",
	},
}

// bent changes a row a little: a value, a tag, anything at all.
func bent(t *rapid.T, row string) string {
	piece := rapid.SampledFrom([]string{"", "a", "<", ">", "&", "&quot;", "&amp;", "&bad;", "]]>", "]", "\"", "é", "\x01", "\xff", "\n", " ", "/", "7", "-", ".", ":", "T", "Z",
		"<!-- x -->", "<![CDATA[c]]>", "<Key>b</Key>", "<x/>", "<x>y</x>", "</Key>", "<Key/>", " xmlns='v'", "ETag", "<Size></Size>"})
	for range rapid.IntRange(0, 2).Draw(t, "changes") {
		from := rapid.IntRange(0, len(row)).Draw(t, "from")
		to := min(len(row), from+rapid.SampledFrom([]int{0, 0, 1, 1, 2, 5, 12, 40}).Draw(t, "less"))
		row = row[:from] + piece.Draw(t, "piece") + row[to:]
	}
	return row
}

// A row that looks like one before it is read, or refused, as it would be if it
// were the first.
func TestARowThatIsNearlyLikeAnotherIsReadAsEncodingXMLReadsIt(t *testing.T) {
	for kind, rows := range rowsOf {
		t.Run(kind, rapid.MakeCheck(func(t *rapid.T) {
			var inside strings.Builder
			row := rapid.SampledFrom(rows)
			like := row.Draw(t, "row")
			for range rapid.IntRange(1, 8).Draw(t, "rows") {
				inside.WriteString(like)
				if rapid.IntRange(0, 3).Draw(t, "another") == 0 {
					like = row.Draw(t, "row")
				}
				// Mostly the values, which keeps the document whole.
				for _, c := range [...][2]string{{">a<", ">b&amp;b<"}, {">a<", "><"}, {"e&quot;<", "&quot;<"}, {"&quot;", "&#34;"}, {"STANDARD", "GLACIER"}, {">3<", ">44<"}, {">3<", ">-4<"},
					{"01T00:00", "02T09:08"}, {"2026-11-01T", strings.Repeat("\x00", 11)}, {"00.000Z", "00+01:00"}, {":00.000Z", ":07.123Z"}, {"2026-11-01", "1969-12-31"}, {"<ID>o", "<ID>p"}, {">v<", ">null<"}} {
					if rapid.IntRange(0, 5).Draw(t, "change") == 0 {
						like = strings.Replace(like, c[0], c[1], 1)
					}
				}
				if rapid.IntRange(0, 7).Draw(t, "bent") == 0 {
					like = bent(t, like)
				}
			}
			doc := fmt.Appendf(nil, "<%s xmlns='u'>%s</%s>", kind, inside.String(), kind)
			if kind == "DeleteResult" {
				sameDeletes(t, doc)
				return
			}
			sameListing(t, kind, doc)
		}))
	}
}
