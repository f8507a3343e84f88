// Package vaulttest holds the suites that every vault.Area must pass, whatever
// it is made of, and an embedded S3 server to run them on. The same suites run
// on real servers in containers.
//
// It never runs against a bucket that holds anything else: each suite wants
// areas that are empty and its own.
package vaulttest

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Handler is an embedded S3 server with these buckets. It honours conditional
// puts and knows versions, but no Object Lock.
func Handler(t testing.TB, buckets ...string) (http.Handler, *s3mem.Backend) {
	t.Helper()
	backend := s3mem.New()
	for _, b := range buckets {
		if err := backend.CreateBucket(b); err != nil {
			t.Fatal(err)
		}
	}
	return gofakes3.New(backend).Server(), backend
}

// Serve serves h over HTTP until the test ends, and returns its URL.
func Serve(t testing.TB, h http.Handler) string {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	return server.URL
}

// Credentials sets any, which the embedded server accepts, and keeps the
// machine's own out of the test.
func Credentials(t testing.TB) {
	t.Helper()
	for name, value := range map[string]string{
		"AWS_ACCESS_KEY_ID":           "test",
		"AWS_SECRET_ACCESS_KEY":       "test",
		"AWS_SESSION_TOKEN":           "",
		"AWS_PROFILE":                 "",
		"AWS_CONFIG_FILE":             "/nonexistent",
		"AWS_SHARED_CREDENTIALS_FILE": "/nonexistent",
		"AWS_EC2_METADATA_DISABLED":   "true",
	} {
		t.Setenv(name, value)
	}
}
