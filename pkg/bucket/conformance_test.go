package bucket_test

import (
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

func TestEmbeddedServerConforms(t *testing.T) {
	s := buckettest.Embedded(t)
	buckettest.Conformance(t, buckettest.Target{URL: s.URL, Region: "us-east-1"})
}

func TestConformanceHoldsThroughTheProxy(t *testing.T) {
	g := buckettest.Proxy(t, buckettest.Embedded(t).URL)
	buckettest.Conformance(t, buckettest.Target{URL: g.URL, Region: "us-east-1"})
	if len(g.Calls("DeleteObjects")) == 0 {
		t.Error("the proxy saw no delete")
	}
}
