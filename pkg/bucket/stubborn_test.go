package bucket_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

func TestAnEntryThatFailsInEveryBatchGoesAlone(t *testing.T) {
	s := newStand(t, "a", "long", "z")
	b := s.settled()
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op != "DeleteObjects" || !strings.Contains(c.Body, ">long<") {
			return buckettest.Verdict{}
		}
		return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: "<DeleteResult><Deleted><Key>a</Key></Deleted>" +
			"<Deleted><Key>z</Key></Deleted><Error><Key>long</Key><Code>InternalError</Code></Error></DeleteResult>"}}
	})
	entries := list(t, b)
	busy := bucket.Deletion{Status: bucket.Failed, Code: "InternalError", Retryable: true}
	for _, want := range []bucket.Deletion{busy, busy, gone} {
		wantFates(t, b.Delete(t.Context(), entries)[1:2], want)
	}
	if n := len(s.Calls("DeleteObject")); n != 1 {
		t.Errorf("%d single deletes, want one", n)
	}
}
