package sweep_test

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// canary stands in every key, metadata and body that must not show.
const canary = "Canary7Yb3nQx"

// canaries makes entries of each kind with the canary in all that they hold:
// those of a ZDR team, and those that tell no team.
func (r *real) canaries(batch string) []thing {
	r.t.Helper()
	sings := func(in *s3.PutObjectInput) {
		in.Metadata = map[string]string{zdrHeader: "true", "prompt": canary}
		in.Body = strings.NewReader(`{"prompt": "` + canary + `"}`)
		in.ContentType = aws.String("text/" + canary)
	}
	for _, key := range []string{"zdr/" + canary + batch, canary + batch, "zdr/" + canary + " +%2F/" + batch} {
		r.make(key, sings)
		r.hide(key)
		r.make(key, sings)
		r.begin(key)
	}
	return r.things()
}

func testCanaries(t *testing.T, b *bench) {
	for _, clear := range []bool{false, true} {
		t.Run(fmt.Sprintf("clear keys %v", clear), func(t *testing.T) {
			r := newReal(t, b.Server, enabled, locked)
			r.spec.ClearKeys, r.spec.AllTeams, r.spec.Purge = clear, true, true
			r.spec.Metadata = sweep.Metadata{Header: zdrHeader, Sample: 10}
			r.roster(since("zdr", time.Hour))
			secret := r.canaries("old")
			r.make("acme/plain")
			r.split()
			secret = append(secret, r.canaries("young")...)
			r.spec.Holds = []retention.Hold{hold("case", r.clock().Add(day), retention.HoldMatch{Keys: []string{canary + "old", "zdr/" + canary + "young"}})}

			r.req.Type = evidence.TypeAttestation
			r.run()
			r.req.PrefixOnly = true
			r.run()
			r.req.PrefixOnly, r.req.Type = false, evidence.TypeDryRun
			r.run()
			r.req.Type = evidence.TypeSweep
			limits := r.spec.Limits
			r.spec.Limits.MaxDeletions = 1
			if s := r.run(); s.Predicate.Result != evidence.ResultStopped {
				t.Errorf("the guard did not stop the run: %s", s.Predicate.Result)
			}
			r.spec.Limits = limits

			for _, speaks := range chatter() {
				var told atomic.Bool
				r.OnRequest(func(c buckettest.Call) buckettest.Verdict {
					v := speaks(c)
					if v != (buckettest.Verdict{}) {
						told.Store(true)
					}
					return v
				})
				if _, err := r.try(t.Context()); err != nil && sings(err.Error()) {
					t.Errorf("the error shows a key: %.1000s", err)
				}
				if !told.Load() {
					t.Error("a fault was never met")
				}
				r.verify()
			}
			r.OnRequest(nil)
			r.later(2 * day) // the plans that could still be applied go
			r.run()
			r.wantSilence(secret)
		})
	}
}

// chatter are the faults of a server that says in its answers what it was asked
// about.
func chatter() []func(buckettest.Call) buckettest.Verdict {
	said := "zdr/" + canary + " may not be touched"
	denied := buckettest.Refuse(http.StatusForbidden, "AccessDenied", said)
	on := func(v buckettest.Verdict, ops ...string) func(buckettest.Call) buckettest.Verdict {
		return func(c buckettest.Call) buckettest.Verdict {
			for _, op := range ops {
				if c.Op == op {
					return v
				}
			}
			return buckettest.Verdict{}
		}
	}
	// A delete without an answer is tried again, until it gets one.
	first := func(body string) func(buckettest.Call) buckettest.Verdict {
		var answered atomic.Bool
		return func(c buckettest.Call) buckettest.Verdict {
			switch {
			case c.Op == "DeleteObjects" && !answered.Swap(true):
				return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: body}}
			case c.Op == "DeleteObjects", c.Op == "AbortMultipartUpload":
				return denied
			default:
				return buckettest.Verdict{}
			}
		}
	}
	row := `<DeleteResult><Error><Key>zdr/` + canary + `</Key><Code>zdr/` + canary + `</Code><Message>` + canary + `</Message></Error></DeleteResult>`
	document := `<Error><Code>AccessDenied</Code><Message>` + said + `</Message><Key>` + canary + `</Key><Resource>/` + canary + `</Resource></Error>`
	return []func(buckettest.Call) buckettest.Verdict{
		on(denied, "DeleteObjects", "DeleteObject", "AbortMultipartUpload"),
		on(buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusForbidden, Body: document}}, "DeleteObjects", "DeleteObject", "AbortMultipartUpload", "GetObjectRetention"),
		first(row),
		first(canary),
		on(buckettest.Refuse(http.StatusBadRequest, "zdr/"+canary, said), "DeleteObjects", "AbortMultipartUpload", "ListParts"),
		on(buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: canary}}, "ListParts"),
		on(buckettest.Refuse(http.StatusForbidden, "zdr/"+canary, said), "ListParts", "HeadObject"),
		on(denied, "ListObjectVersions"),
		on(buckettest.Refuse(http.StatusForbidden, "zdr/"+canary, said), "ListMultipartUploads"),
		on(buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: "<ListVersionsResult><IsTruncated>false</IsTruncated>" +
			strings.Repeat("<Version><Key>zdr/"+canary+"</Key><VersionId>"+canary+"</VersionId><IsLatest>true</IsLatest><LastModified>2026-01-01T00:00:00Z</LastModified></Version>", 2) +
			"</ListVersionsResult>"}}, "ListObjectVersions"),
		on(buckettest.Refuse(http.StatusForbidden, "zdr/"+canary, said), "GetBucketVersioning"),
	}
}

// sings reports whether the canary can be read out of a text, in the clear or in
// base64.
func sings(text string) bool {
	if strings.Contains(text, canary) {
		return true
	}
	for skip := range 3 { // by where the canary begins among the groups of three bytes
		coded := base64.StdEncoding.EncodeToString([]byte("zdr"[:skip] + canary))
		if strings.Contains(text, coded[4:len(coded)-4]) {
			return true
		}
	}
	return false
}

// wantSilence searches all that the runs wrote for the canary, and for the ids
// of its entries.
func (r *real) wantSilence(secret []thing) {
	r.t.Helper()
	search := func(where, text string) {
		if at := strings.Index(text, canary); at >= 0 {
			r.t.Errorf("%s shows the canary: %q", where, text[max(0, at-200):min(len(text), at+100)])
		} else if sings(text) {
			r.t.Errorf("%s shows the canary in base64", where)
		}
		for _, e := range secret {
			if len(e.id) > len("null") && strings.Contains(text, e.id) && strings.Contains(e.key, canary) {
				r.t.Errorf("%s shows the id of a %s", where, e.kind)
			}
		}
	}
	text := r.logs.String()
	if !strings.Contains(text, "report sealed") {
		r.t.Error("there is no log to search")
	}
	search("the log", text)
	names, err := r.work.List(r.t.Context(), "")
	if err != nil {
		r.t.Fatal(err)
	}
	for _, name := range names {
		data, err := r.work.Get(r.t.Context(), name)
		if err != nil {
			r.t.Fatal(err)
		}
		if name != "lease.json" {
			r.t.Errorf("the work area still has %s", name)
		}
		search(name, string(data))
	}
	r.eachInVault(func(name string, data []byte) { search(name, string(bytes.TrimSpace(data))) })
}
