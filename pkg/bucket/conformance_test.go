package bucket_test

import (
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

func TestEmbeddedServerConformsWithEitherDecoder(t *testing.T) {
	eitherDecoder(t, func(t *testing.T, decoder string) {
		s := buckettest.Embedded(t)
		buckettest.Conformance(t, buckettest.Target{URL: s.URL, Region: "us-east-1", ListDecoder: decoder})
	})
}

func TestConformanceHoldsThroughTheProxy(t *testing.T) {
	g := buckettest.Proxy(t, buckettest.Embedded(t).URL)
	buckettest.Conformance(t, buckettest.Target{URL: g.URL, Region: "us-east-1"})
	if len(g.Calls("DeleteObjects")) == 0 {
		t.Error("the proxy saw no delete")
	}
}
