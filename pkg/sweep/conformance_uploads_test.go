package sweep_test

import (
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// uploadPoints are the points about incomplete multipart uploads.
func uploadPoints() []point {
	return []point{
		{"uploads-by-age", "old incomplete uploads are aborted, each of several of one key; young ones and those of other prefixes stay", testUploads},
		{"upload-active", "an old upload that got a part within the last day is aborted and named", testUploadActive},
		{"uploads-unlisted", "uploads that can't be listed to the end make the result inconclusive, and objects go all the same", testUploadsUnlisted},
	}
}

func testUploads(t *testing.T, b *bench) {
	r := newReal(t, b.Server, "")
	r.spec.Stores[0].Prefix = "logs/"
	r.make("logs/acme/old")
	r.make("other/acme/old")
	r.begin("logs/acme/a")
	r.begin("logs/acme/a")
	r.begin("logs/acme/b")
	r.begin("other/acme/a")
	r.split()
	young := r.begin("logs/acme/a")
	s := r.run()
	r.wantThings("object other/acme/old", "upload logs/acme/a", "upload other/acme/a")
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 4, Deleted: 1, Aborted: 3})
	r.wantPopulation(s, evidence.PopulationCounts{Objects: 1, Uploads: 4, Expired: 4, Kept: 1})
	r.wantResult(s, evidence.ResultKept, 0)
	for _, x := range r.things() {
		if x.kind == "upload" && x.key == "logs/acme/a" && x.id != young {
			t.Errorf("upload %s is left, want the young one, %s", x.id, young)
		}
	}
	for _, c := range r.Calls("ListMultipartUploads") {
		if c.Query.Get("prefix") != "" {
			t.Errorf("uploads are listed for the prefix %q, want the whole bucket", c.Query.Get("prefix"))
		}
	}
}

func testUploadActive(t *testing.T, b *bench) {
	for name, c := range map[string]struct {
		age  time.Duration
		text string
		fate string
	}{
		"a part 30 days ago": {30 * day, "30d", "aborted"},
		"a part an hour ago": {time.Hour, "1h", "aborted " + evidence.CodeUploadActive},
	} {
		t.Run(name, func(t *testing.T) {
			r := newReal(t, b.Server, "")
			r.spec.MaxAge, r.spec.MaxAgeText = c.age, c.text
			id := r.begin("acme/a")
			r.split()
			s := r.run()
			r.wantThings()
			if got := r.fateOf(s.Number, "upload", "acme/a", id); got != c.fate {
				t.Errorf("the report says %q of the upload, want %q", got, c.fate)
			}
			if named := exception(s, evidence.CodeUploadActive).Count == 1; named != strings.Contains(c.fate, evidence.CodeUploadActive) {
				t.Errorf("exceptions are %+v", s.Predicate.Exceptions)
			}
		})
	}
}

// exception is the report's exception with that code, empty if it has none.
func exception(s *sweep.Sealed, code string) evidence.Exception {
	for _, x := range s.Predicate.Exceptions {
		if x.Code == code {
			return x
		}
	}
	return evidence.Exception{}
}

func testUploadsUnlisted(t *testing.T, b *bench) {
	for name, refuse := range map[string]func(buckettest.Call) bool{
		"the list":        func(buckettest.Call) bool { return true },
		"its second page": func(c buckettest.Call) bool { return c.Query.Get("key-marker") != "" },
	} {
		t.Run(name, func(t *testing.T) {
			r := newReal(t, b.Server, "")
			r.make("acme/old")
			r.begin("acme/a")
			r.split()
			r.OnResponse(func(op string, answer *http.Response) {
				r.date(answer)
				if op == "ListMultipartUploads" {
					buckettest.EditBody(answer, truncated)
				}
			})
			r.OnRequest(func(c buckettest.Call) buckettest.Verdict {
				if c.Op == "ListMultipartUploads" && refuse(c) {
					return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
				}
				return buckettest.Verdict{}
			})
			s := r.run()
			r.wantThings("upload acme/a")
			r.wantResult(s, evidence.ResultInconclusive, 3, sweep.CodeUploadsUnseen)
			if p := s.Predicate.Population[0]; p.Complete {
				t.Error("the store is said to be complete")
			}
			if n := s.Predicate.Totals.Deleted; n != 1 {
				t.Errorf("%d entries are deleted, want the object", n)
			}
		})
	}
}

var nextMarkers = regexp.MustCompile(`<Next(Key|UploadId)Marker>[^<]*</Next(Key|UploadId)Marker>|<Next(Key|UploadId)Marker/>`)

// truncated makes the listing of all uploads the first page of a longer one.
func truncated(body string) string {
	return strings.Replace(nextMarkers.ReplaceAllString(body, ""), "<IsTruncated>false</IsTruncated>",
		"<IsTruncated>true</IsTruncated><NextKeyMarker>acme/a</NextKeyMarker><NextUploadIdMarker>last</NextUploadIdMarker>", 1)
}
