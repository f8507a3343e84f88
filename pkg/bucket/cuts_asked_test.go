package bucket_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

// listings are those that can be cut, and the operations that they are.
var listings = map[bucket.Listing]string{bucket.Current: "ListObjectsV2", bucket.Versions: "ListObjectVersions"}

func TestCutsAreAskedForByDirectoryInOneRequest(t *testing.T) {
	for what, op := range listings {
		t.Run(op, func(t *testing.T) {
			s := newStand(t, "a/1/x", "in/1/2/x", "in/1/3/x", "in/2/x", "in/3/x", "in/4/x", "z/1/x")
			if what == bucket.Versions { // the embedded server doesn't list them as S3 does
				dirs := "<CommonPrefixes><Prefix>in/2/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>in/3/</Prefix></CommonPrefixes><CommonPrefixes><Prefix>in/4/</Prefix></CommonPrefixes>"
				s.OnRequest(only(op, xml("<ListVersionsResult><IsTruncated>false</IsTruncated>"+dirs+"</ListVersionsResult>")))
			}
			c := s.config()
			c.Prefix = "in/"
			cuts, requests, err := open(t, c).Cuts(t.Context(), bucket.Range{After: "in/1/2/x", What: what}, bucket.Hint{}, 2)
			if err != nil || requests != 1 || !slices.Equal(cuts, []string{"in/2/", "in/3/"}) {
				t.Errorf("cuts %q by %d requests, error %v", cuts, requests, err)
			}
			calls := s.Calls(op)
			if len(calls) != 1 {
				t.Fatalf("%d requests were sent, want 1", len(calls))
			}
			q := calls[0].Query
			if q.Get("delimiter") != "/" || q.Get("prefix") != "in/" || q.Get("start-after")+q.Get("key-marker") != "in/10" || q.Get("max-keys") != "1000" {
				t.Errorf("the request is %v", q)
			}
		})
	}
}

func TestCutsOfAFlatDirectoryAreAskedForWithPagesOfOne(t *testing.T) {
	var keys []string
	for i := range 256 {
		keys = append(keys, fmt.Sprintf("in/%02x-%d", i, i))
	}
	slices.Sort(keys)
	for what, op := range listings {
		t.Run(op, func(t *testing.T) {
			s := newStand(t, keys...)
			versions := shelf{size: 1000}
			for _, key := range keys {
				versions.rows = append(versions.rows, stack(key, "2", "1")...)
			}
			s.OnRequest(versions.serve)
			cuts, requests, err := s.open().Cuts(t.Context(), bucket.Range{After: keys[9], UpTo: "in/zz", What: what}, bucket.Hint{First: keys[0], Last: keys[9], Pages: 1}, 3)
			if err != nil || len(cuts) != 3 || requests > 3 || requests != len(s.Calls(op)) {
				t.Errorf("cuts %q by %d requests, error %v", cuts, requests, err)
			}
			for _, c := range s.Calls(op) {
				if c.Query.Get("max-keys") != "1" || c.Query.Has("delimiter") {
					t.Errorf("the request is %v", c.Query)
				}
			}
		})
	}
}

func TestWhatCannotBeCutIsNotAskedFor(t *testing.T) {
	s := newStand(t, "a/1", "b/1", "c/1")
	c := s.config()
	c.Prefix = "b/"
	for name, r := range map[string]bucket.Range{
		"uploads":                  {What: bucket.Uploads},
		"nothing has the prefix":   {After: "c"},
		"a prefix outside of ours": {Prefix: "a/"},
		"an empty range":           {After: "b/2", UpTo: "b/2"},
	} {
		if cuts, requests, err := open(t, c).Cuts(t.Context(), r, bucket.Hint{}, 3); len(cuts)+requests > 0 || err != nil {
			t.Errorf("%s: cuts %q by %d requests, error %v", name, cuts, requests, err)
		}
	}
	if n := len(s.Calls("")); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
}

func TestAFailedSearchForCutsSaysHowManyRequestsItCost(t *testing.T) {
	s := newStand(t, "a/1")
	s.OnRequest(func(buckettest.Call) buckettest.Verdict {
		return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "")
	})
	for what := range listings {
		cuts, requests, err := s.open().Cuts(t.Context(), bucket.Range{What: what}, bucket.Hint{}, 3)
		wantError(t, err, "exchanges", "AccessDenied")
		if len(cuts) > 0 || requests != 1 {
			t.Errorf("cuts %q by %d requests", cuts, requests)
		}
	}
}

func TestAListingIsCuttableOnlyWhereNamesComeEncoded(t *testing.T) {
	for what, op := range map[bucket.Listing]string{bucket.Current: "ListObjectsV2", bucket.Versions: "ListObjectVersions", bucket.Uploads: "ListMultipartUploads"} {
		for encoded, field := range map[bool]string{true: "<EncodingType>url</EncodingType>", false: ""} {
			s := newStand(t)
			root := map[bucket.Listing]string{bucket.Current: "ListBucketResult", bucket.Versions: "ListVersionsResult", bucket.Uploads: "ListMultipartUploadsResult"}[what]
			s.OnRequest(only(op, xml("<"+root+">"+field+"<IsTruncated>false</IsTruncated></"+root+">")))
			for page, err := range s.open().Pages(t.Context(), bucket.Range{What: what}) {
				if err != nil || page.Cuttable != (encoded && what != bucket.Uploads) {
					t.Errorf("%s, encoded %v: cuttable %v, error %v", op, encoded, page.Cuttable, err)
				}
			}
		}
	}
}
