package bucket

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

func objectRow(key string) types.Object {
	return types.Object{Key: &key, LastModified: aws.Time(time.Date(2026, 11, 1, 14, 0, 0, 0, time.FixedZone("x", 14*3600))),
		ETag: aws.String(`"e"`), Size: aws.Int64(3)}
}

// pageOf is an answer with the keys; token "" ends the listing.
func pageOf(token string, keys ...string) *s3.ListObjectsV2Output {
	out := &s3.ListObjectsV2Output{IsTruncated: aws.Bool(token != ""), NextContinuationToken: optional(token)}
	for _, k := range keys {
		out.Contents = append(out.Contents, objectRow(k))
	}
	return out
}

// answered is an answer and its objects, as a walk is given them.
func answered(out *s3.ListObjectsV2Output) (*s3.ListObjectsV2Output, []listxml.Object) {
	room := new(listxml.Room)
	room.Take(out)
	return out, room.Objects
}

func altered(out *s3.ListObjectsV2Output, alter func(*s3.ListObjectsV2Output)) *s3.ListObjectsV2Output {
	alter(out)
	return out
}

func TestListingThatCannotBeTrueIsAnErrorAndNeverAnEnd(t *testing.T) {
	type out = s3.ListObjectsV2Output
	for name, c := range map[string]struct {
		within  Range
		answers []*out
		want    string // part of the lie
	}{
		"truncated without a token": {answers: []*out{altered(pageOf("x", "p/a"), func(o *out) { o.NextContinuationToken = nil })}, want: "no token"},
		"truncated with an empty token": {
			answers: []*out{altered(pageOf("x", "p/a"), func(o *out) { o.NextContinuationToken = aws.String("") })}, want: "no token"},
		"IsTruncated missing":              {answers: []*out{altered(pageOf("", "p/a"), func(o *out) { o.IsTruncated = nil })}, want: "IsTruncated"},
		"nothing at all":                   {answers: []*out{{}}, want: "IsTruncated"},
		"a token at once again":            {answers: []*out{pageOf("x", "p/a"), pageOf("x", "p/b")}, want: "given twice"},
		"tokens in a circle of no entries": {answers: []*out{pageOf("x", "p/a"), pageOf("y"), pageOf("z"), pageOf("y")}, want: "given twice"},
		"tokens in a circle with entries":  {within: Range{UpTo: "p/z"}, answers: []*out{pageOf("x", "p/a"), pageOf("y", "p/b"), pageOf("x", "p/a")}, want: "not in order"},
		"outside the prefix":               {answers: []*out{pageOf("", "q/a")}, want: "outside the prefix"},
		"at the start of the range":        {within: Range{After: "p/b"}, answers: []*out{pageOf("", "p/b")}, want: "outside the range"},
		"before the range":                 {within: Range{After: "p/b"}, answers: []*out{pageOf("", "p/a")}, want: "outside the range"},
		"doubled in a page":                {answers: []*out{pageOf("", "p/a", "p/a")}, want: "listed twice"},
		"doubled across pages":             {answers: []*out{pageOf("x", "p/a"), pageOf("", "p/a")}, want: "listed twice"},
		"out of order in a page":           {within: Range{UpTo: "p/z"}, answers: []*out{pageOf("", "p/b", "p/a")}, want: "not in order"},
		"out of order across pages":        {within: Range{UpTo: "p/z"}, answers: []*out{pageOf("x", "p/b"), pageOf("", "p/a")}, want: "not in order"},
		"ordered as people sort":           {within: Range{UpTo: "p/z"}, answers: []*out{pageOf("", "p/a", "p/B")}, want: "not in order"},
		"out of order after the range":     {within: Range{UpTo: "p/b"}, answers: []*out{pageOf("", "p/a", "p/d", "p/c")}, want: "not in order"},
		"no key":                           {answers: []*out{altered(pageOf("", "p/a"), func(o *out) { o.Contents[0].Key = nil })}, want: "no key"},
		"an empty key":                     {answers: []*out{pageOf("", "")}, want: "no key"},
		"no LastModified":                  {answers: []*out{altered(pageOf("", "p/a"), func(o *out) { o.Contents[0].LastModified = nil })}, want: "LastModified"},
		"a zero LastModified":              {answers: []*out{altered(pageOf("", "p/a"), func(o *out) { o.Contents[0].LastModified = &time.Time{} })}, want: "LastModified"},
		"badly encoded":                    {answers: []*out{altered(pageOf("", "p/100%"), func(o *out) { o.EncodingType = types.EncodingTypeUrl })}, want: "not encoded"},
		"keys behind common prefixes":      {answers: []*out{altered(pageOf("", "p/a"), func(o *out) { o.CommonPrefixes = make([]types.CommonPrefix, 1) })}, want: "common prefixes"},
	} {
		t.Run(name, func(t *testing.T) {
			w := walk{prefix: "p/", within: c.within, last: c.within.After}
			for i, answer := range c.answers {
				s, lie := w.read(answered(answer))
				if last := i == len(c.answers)-1; !last && (lie != "" || s.done) {
					t.Fatalf("answer %d: lie %q, done %v, want to go on", i, lie, s.done)
				} else if last && !strings.Contains(lie, c.want) {
					t.Errorf("lie is %q, want %q in it", lie, c.want)
				}
			}
		})
	}
}

func TestEmptyPagesWithoutEndAreAnError(t *testing.T) {
	var w walk
	for i := range 2 * maxEmptyPages {
		if _, lie := w.read(answered(pageOf(strings.Repeat("x", i+1)))); lie != "" {
			if i < maxEmptyPages {
				t.Errorf("refused after %d empty pages, want %d allowed", i, maxEmptyPages)
			}
			return
		}
	}
	t.Error("empty pages may follow each other without end")
}

func TestEmptyPagesBetweenEntriesAreNoEnd(t *testing.T) {
	w := walk{prefix: "p/"}
	var keys []string
	for i, answer := range []*s3.ListObjectsV2Output{pageOf("1"), pageOf("2", "p/a"), pageOf("3"), pageOf("4"), pageOf("", "p/b")} {
		s, lie := w.read(answered(answer))
		if lie != "" || s.done != (i == 4) {
			t.Fatalf("answer %d: lie %q, done %v", i, lie, s.done)
		}
		for _, e := range s.page.Entries {
			keys = append(keys, e.Key)
		}
	}
	if !slices.Equal(keys, []string{"p/a", "p/b"}) {
		t.Errorf("keys are %q", keys)
	}
}

func TestEntriesOfAPageThatShowsThatThereIsNoOrderAreReadOnce(t *testing.T) {
	var w walk
	s, lie := w.read(answered(pageOf("", "b", "c\uFFFD", "c\uFFFD", "a")))
	if e := s.page.Entries; lie != "" || len(e) != 4 || e[1].ID != "opaque-1" || e[2].ID != "opaque-2" || !s.page.Unordered {
		t.Errorf("page %+v, lie %q", s.page, lie)
	}
}

func TestRangeEndIsCutByUsAndEndsTheListing(t *testing.T) {
	w := walk{within: Range{After: "a", UpTo: "c"}, last: "a"}
	s, lie := w.read(answered(pageOf("more", "b", "c", "d")))
	if lie != "" || !s.done || len(s.page.Entries) != 2 || s.page.Entries[1].Key != "c" {
		t.Errorf("step %+v, lie %q; want b and c and the end", s, lie)
	}
}

func TestNamesAreDecodedOnlyIfTheServerSaysThatItEncodedThem(t *testing.T) {
	encoded := pageOf("", "a%2Bb+c%20d%2525%0A%01")
	encoded.EncodingType = types.EncodingTypeUrl
	for want, answer := range map[string]*s3.ListObjectsV2Output{
		"a+b c d%25\n\x01": encoded,
		"a+b%20":           pageOf("", "a+b%20"),
	} {
		var w walk
		s, lie := w.read(answered(answer))
		if lie != "" || s.page.Entries[0].Key != want {
			t.Errorf("got %q, lie %q; want %q", s.page.Entries[0].Key, lie, want)
		}
	}
}

func TestTokensAreOpaque(t *testing.T) {
	out := pageOf("a%20b+c", "k")
	out.EncodingType = types.EncodingTypeUrl
	var w walk
	if s, lie := w.read(answered(out)); lie != "" || s.token != "a%20b+c" {
		t.Errorf("token %q, lie %q; want it as it came", s.token, lie)
	}
}

func TestListedTimesAreUTC(t *testing.T) {
	var w walk
	s, _ := w.read(answered(pageOf("", "k")))
	want := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)
	if got := s.page.Entries[0].LastModified; got != want {
		t.Errorf("LastModified is %v, want %v", got, want)
	}
}

func TestErrorsCarryStoreAndBucketAndNoKey(t *testing.T) {
	b := &Bucket{cfg: Config{Name: "exchanges", Bucket: "api-exchanges"}}
	for _, err := range []error{b.lie(listing, "x"), b.fail(listing, "r", errors.New("Get http://h/api-exchanges/secret-key: broken"))} {
		if text := err.Error(); !strings.Contains(text, `store "exchanges"`) || !strings.Contains(text, `bucket "api-exchanges"`) || strings.Contains(text, "secret-key") {
			t.Errorf("error is %q", text)
		}
	}
}
