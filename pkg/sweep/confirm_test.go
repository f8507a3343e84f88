package sweep_test

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// A state that was not read is no state that differs.
func TestTheVersioningStateAfterTheSweepIsCalledWhatItIs(t *testing.T) {
	status := func(is string) buckettest.Verdict {
		return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK,
			Body: "<VersioningConfiguration><Status>" + is + "</Status></VersioningConfiguration>"}}
	}
	for name, c := range map[string]struct {
		op    string
		from  int32 // which question after the sweep is answered so, and all that follow
		is    buckettest.Verdict
		code  string
		other string // what would be untrue
	}{
		"503": {"GetBucketVersioning", 1, buckettest.Refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "later"),
			sweep.CodeVersioningUnknown, bucket.CodeVersioningChanged},
		"503 for the uploads alone": {"GetBucketVersioning", 2, buckettest.Refuse(http.StatusServiceUnavailable, "ServiceUnavailable", "later"),
			sweep.CodeVersioningUnknown, bucket.CodeVersioningChanged},
		"403": {"GetBucketVersioning", 1, buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no"),
			sweep.CodeVersioningUnknown, bucket.CodeVersioningChanged},
		"501": {"GetBucketVersioning", 1, buckettest.Refuse(http.StatusNotImplemented, "NotImplemented", "what?"),
			sweep.CodeVersioningUnknown, bucket.CodeVersioningChanged},
		"not S3": {"GetBucketVersioning", 1, buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Type: "text/html", Body: "<html>Welcome</html>"}},
			sweep.CodeVersioningUnknown, bucket.CodeVersioningChanged},
		"no answer":          {"GetBucketVersioning", 1, buckettest.Verdict{Drop: true}, sweep.CodeVersioningUnknown, bucket.CodeVersioningChanged},
		"neither on nor off": {"GetBucketVersioning", 1, status("Perhaps"), sweep.CodeVersioningUnknown, bucket.CodeVersioningChanged},
		"enabled":            {"GetBucketVersioning", 1, status("Enabled"), bucket.CodeVersioningChanged, sweep.CodeVersioningUnknown},
		"suspended":          {"GetBucketVersioning", 1, status("Suspended"), bucket.CodeVersioningChanged, sweep.CodeVersioningUnknown},
		"read, and then the server is gone": {"GetObjectLockConfiguration", 1, buckettest.Verdict{Drop: true},
			sweep.CodeUnreachable, sweep.CodeVersioningUnknown},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.CreateBucket("other")
			w.spec.Stores = append(w.spec.Stores, w.store("other"))
			w.seed("acme", 40*day, "a")
			var asked atomic.Int32
			var last atomic.Value // of the client's attempts
			w.OnRequest(func(call buckettest.Call) buckettest.Verdict {
				if call.Op != c.op || !strings.HasPrefix(call.Path, "/"+store1) || len(w.Keys(store1)) > 0 {
					return buckettest.Verdict{}
				}
				if id := call.Header.Get("Amz-Sdk-Invocation-Id"); last.Swap(id) != id {
					asked.Add(1)
				}
				if asked.Load() < c.from {
					return buckettest.Verdict{}
				}
				return c.is
			})
			s := w.run()
			w.wantKeys()
			w.wantResult(s, evidence.ResultInconclusive, 3)
			for code, want := range map[string]int64{c.code: 1, sweep.CodeConfirmIncomplete: 1, c.other: 0} {
				if n := reason(s, code); n != want {
					t.Errorf("%s counts %d, want %d for one of two stores (reasons %v)", code, n, want, s.Predicate.Reasons)
				}
			}
			if s.Predicate.Confirmation.Complete {
				t.Error("the second listing is called complete")
			}
		})
	}
}
