package listxml_test

import (
	"bytes"
	"encoding/xml"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	smithytime "github.com/aws/smithy-go/time"
	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// char is any character that XML can carry.
var char = rapid.OneOf(rapid.Rune().Filter(func(r rune) bool {
	return r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000
}), rapid.SampledFrom([]rune("<>&'\"]-\t\n\r abc/%+")))

// spell writes text in one of the ways that XML has, piece by piece.
func spell(t *rapid.T, text string) string {
	var b strings.Builder
	for _, r := range text {
		switch how := rapid.IntRange(0, 9).Draw(t, "spelling"); {
		case how == 0:
			fmt.Fprintf(&b, "&#%d;", r)
		case how == 1:
			fmt.Fprintf(&b, "&#x%X;", r)
		case how == 2 && r != '\r':
			fmt.Fprintf(&b, "<![CDATA[%c]]>", r)
		case how == 3:
			b.WriteString("<!-- & -->")
			fallthrough
		default:
			var escaped bytes.Buffer
			if err := xml.EscapeText(&escaped, []byte(string(r))); err != nil {
				t.Fatal(err)
			}
			b.Write(escaped.Bytes())
		}
	}
	return b.String()
}

// shuffled writes elements in any order, with what may stand between them.
func shuffled(t *rapid.T, elements ...string) string {
	var b strings.Builder
	for _, e := range rapid.Permutation(elements).Draw(t, "order") {
		b.WriteString(rapid.SampledFrom([]string{"", " ", "\n\t", "<!-- x -->", "<Owner><ID>1</ID><Key>no</Key></Owner>", "<New/>"}).Draw(t, "between"))
		b.WriteString(e)
	}
	return b.String()
}

func tagged(name, text string) string { return "<" + name + ">" + text + "</" + name + ">" }

// Any keys, ids and dates, in any spelling and order, come out as they went in.
func TestEveryVersionAndMarkerComesOutAsItWentIn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var doc strings.Builder
		var want []row
		for range rapid.IntRange(0, 6).Draw(t, "entries") {
			text := rapid.StringOfN(char, 1, 12, -1)
			key, id, etag := text.Draw(t, "key"), text.Draw(t, "id"), text.Draw(t, "etag")
			size, latest := rapid.Int64().Draw(t, "size"), rapid.Bool().Draw(t, "latest")
			date := time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999).Draw(t, "millis")*1e6).UTC()
			r := row{Kind: "DeleteMarker", Key: key, Date: date, VersionID: &id, Latest: &latest}
			elements := []string{tagged("Key", spell(t, key)), tagged("VersionId", spell(t, id)),
				tagged("IsLatest", fmt.Sprint(latest)), tagged("LastModified", date.Format("2006-01-02T15:04:05.000Z"))}
			if rapid.Bool().Draw(t, "is a version") {
				r.Kind, r.ETag, r.Size = "Version", &etag, &size
				elements = append(elements, tagged("ETag", spell(t, etag)), tagged("Size", fmt.Sprint(size)))
			}
			want = append(want, r)
			doc.WriteString(tagged(r.Kind, shuffled(t, elements...)))
		}
		body := tagged("ListVersionsResult", doc.String())
		got, err := decode("ListVersionsResult", []byte(body))
		if err != nil || !reflect.DeepEqual(got.Entries, want) {
			t.Fatalf("%s\n error %v\n  got %+v\n want %+v", body, err, got.Entries, want)
		}
	})
}

// A date of any spelling that servers use, or nearly one, is what the SDK reads.
func TestADateIsWhatTheSDKReads(t *testing.T) {
	digits := func(most int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string { return fmt.Sprintf("%02d", rapid.IntRange(0, most).Draw(t, "digits")) })
	}
	rapid.Check(t, func(t *rapid.T) {
		text := fmt.Sprintf("%s%s-%s-%sT%s:%s:%s%s%s", digits(99).Draw(t, "century"), digits(99).Draw(t, "year"), digits(13).Draw(t, "month"), digits(32).Draw(t, "day"),
			digits(24).Draw(t, "hour"), digits(60).Draw(t, "minute"), digits(60).Draw(t, "second"),
			rapid.OneOf(rapid.Just(""), rapid.StringMatching(`[.,][0-9]{0,10}`)).Draw(t, "fraction"), rapid.SampledFrom([]string{"Z", "", "+02:00", "z", "-00:00"}).Draw(t, "zone"))
		if rapid.Bool().Draw(t, "bent") {
			i := rapid.IntRange(0, len(text)-1).Draw(t, "at")
			text = text[:i] + rapid.StringMatching(`[0-9A-Z:. -]?`).Draw(t, "instead") + text[i+1:]
		}
		want, refused := smithytime.ParseDateTime(text)
		out, err := listxml.Objects(entry("<Key>k</Key>" + tagged("LastModified", text)))
		if (err != nil) != (refused != nil) {
			t.Fatalf("%q: error is %v, the SDK's %v", text, err, refused)
		}
		if err == nil && (!out.Contents[0].LastModified.Equal(want) || out.Contents[0].LastModified.UnixNano() != want.UnixNano()) {
			t.Fatalf("%q: got %v, want %v", text, out.Contents[0].LastModified, want)
		}
	})
}
