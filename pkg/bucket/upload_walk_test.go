package bucket

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

func upload(key, id string) types.MultipartUpload {
	return types.MultipartUpload{Key: &key, UploadId: &id, Initiated: aws.Time(time.Unix(1e9, 0))}
}

func uploadsPage(next [2]string, uploads ...types.MultipartUpload) *s3.ListMultipartUploadsOutput {
	return &s3.ListMultipartUploadsOutput{IsTruncated: aws.Bool(next[0] != ""), Uploads: uploads,
		NextKeyMarker: optional(next[0]), NextUploadIdMarker: optional(next[1])}
}

func TestUploadListingThatCannotBeTrueIsAnError(t *testing.T) {
	type out = s3.ListMultipartUploadsOutput
	for name, c := range map[string]struct {
		answers []*out
		want    string
	}{
		"IsTruncated missing":      {[]*out{{}}, "IsTruncated"},
		"truncated, no key marker": {[]*out{{IsTruncated: aws.Bool(true)}}, "no marker"},
		"markers given twice":      {[]*out{uploadsPage([2]string{"k", "1"}), uploadsPage([2]string{"k", "2"}), uploadsPage([2]string{"k", "1"})}, "given twice"},
		"an upload twice":          {[]*out{uploadsPage([2]string{"k", "1"}, upload("k", "1")), uploadsPage([2]string{}, upload("k", "1"))}, "listed twice"},
		"in a circle": {[]*out{uploadsPage([2]string{"a", "1"}, upload("a", "1")), uploadsPage([2]string{"b", "1"}, upload("b", "1")),
			uploadsPage([2]string{"a", "1"}, upload("a", "1")), uploadsPage([2]string{"b", "1"}, upload("b", "1"))}, "listed twice"},
		"twice, in no order": {[]*out{uploadsPage([2]string{"b", "1"}, upload("b", "1"), upload("a", "1"), upload("c", "1")), uploadsPage([2]string{}, upload("a", "1"))}, "listed twice"},
		"no key":             {[]*out{uploadsPage([2]string{}, upload("", "1"))}, "no key"},
		"no id":              {[]*out{uploadsPage([2]string{}, upload("k", ""))}, "no id"},
		"no date":            {[]*out{uploadsPage([2]string{}, types.MultipartUpload{Key: aws.String("k"), UploadId: aws.String("1")})}, "Initiated"},
		"a marker not spelt": {[]*out{uploadsPage([2]string{"k\uFFFD", "1"})}, "can't spell"},
		"common prefixes":    {[]*out{{IsTruncated: aws.Bool(false), CommonPrefixes: make([]types.CommonPrefix, 1)}}, "common prefixes"},
	} {
		t.Run(name, func(t *testing.T) {
			w := newUploadWalk("", Range{})
			for i, answer := range c.answers {
				_, lie := w.read(answer)
				if last := i == len(c.answers)-1; !last && (lie != "" || w.done) || last && !strings.Contains(lie, c.want) {
					t.Errorf("answer %d: lie %q, done %v, want in the end %q", i, lie, w.done, c.want)
				}
			}
		})
	}
}

func TestUploadMarkersAreBothPassedOnDecoded(t *testing.T) {
	w := newUploadWalk("", Range{})
	out := uploadsPage([2]string{"a%2Fb+c", "id%2F"}, upload("a%2Fb+c", "id%2F"))
	out.EncodingType = types.EncodingTypeUrl
	page, lie := w.read(out)
	if lie != "" || page.Entries[0].Key != "a/b c" || w.next != (marker{"a/b c", "id%2F"}) {
		t.Errorf("entries %v, next %q, lie %q", page.Entries, w.next, lie)
	}
}

func TestUploadsOfTheRangeAreKeptAndTheOthersLeftOut(t *testing.T) {
	for name, c := range map[string]struct {
		prefix string
		within Range
		want   []string
	}{
		"all":                 {"", Range{}, []string{"a", "in/b", "in/c\uFFFD", "in/d", "i\uFFFDx", "j"}},
		"a prefix":            {"in/", Range{}, []string{"in/b", "in/c\uFFFD", "in/d", "i\uFFFDx"}},
		"a prefix, no folder": {"in/d", Range{}, []string{"in/d", "i\uFFFDx"}},
		"a range":             {"", Range{After: "a", UpTo: "in/d"}, []string{"in/b", "in/c\uFFFD", "in/d"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newUploadWalk(c.prefix, c.within)
			var rows []types.MultipartUpload
			for _, key := range []string{"a", "in/b", "in/c\uFFFD", "in/d", "i\uFFFDx", "j"} {
				rows = append(rows, upload(key, "1"))
			}
			page, lie := w.read(uploadsPage([2]string{}, rows...))
			var got []string
			for _, e := range page.Entries {
				if got = append(got, e.Key); e.Opaque != strings.Contains(e.Key, "\uFFFD") || e.ID != "1" {
					t.Errorf("%q: opaque %v, id %q", e.Key, e.Opaque, e.ID)
				}
			}
			if lie != "" || !slices.Equal(got, c.want) {
				t.Errorf("lie %q, got %q, want %q", lie, got, c.want)
			}
		})
	}
}

func TestUploadsInOrderAreForgottenOnceTheirKeyIsPast(t *testing.T) {
	w := newUploadWalk("", Range{})
	for i := range 1000 {
		key := fmt.Sprintf("k%04d", i)
		if _, lie := w.read(uploadsPage([2]string{key, "2"}, upload(key, "2"), upload(key, "1"))); lie != "" {
			t.Fatal(lie)
		}
		if len(w.seen) > 2 || len(w.markers) > 1 {
			t.Fatalf("after %d keys %d uploads and %d markers are remembered", i+1, len(w.seen), len(w.markers))
		}
	}
}

func TestUploadsInNoOrderAreToldApart(t *testing.T) {
	w := newUploadWalk("", Range{})
	page, lie := w.read(uploadsPage([2]string{}, upload("b", "1"), upload("a", "21"), upload("a2", "1"), upload("b", "2")))
	if lie != "" || len(page.Entries) != 4 || page.Cuttable {
		t.Errorf("%d entries, lie %q", len(page.Entries), lie)
	}
}
