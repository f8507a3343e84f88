package vault_test

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/johannesboyne/gofakes3"

	"github.com/sweeper-audit/sweeper/pkg/vault"
	"github.com/sweeper-audit/sweeper/pkg/vault/vaulttest"
)

func openDir(t *testing.T) vault.Area {
	t.Helper()
	d, err := vault.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// openS3 opens the bucket "vault" behind the handler, under the prefix.
func openS3(t *testing.T, h http.Handler, c vault.S3Config) *vault.S3 {
	t.Helper()
	c.Bucket, c.PathStyle = "vault", true
	c.Endpoint = vaulttest.Serve(t, h)
	s, err := vault.OpenS3(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// shared returns an opener of new prefixes of one server's bucket.
func shared(t *testing.T, versioning gofakes3.VersioningStatus) func(*testing.T) vault.Area {
	t.Helper()
	vaulttest.Credentials(t)
	h, backend := vaulttest.Handler(t, "vault")
	if versioning != gofakes3.VersioningNone {
		if err := backend.SetVersioningConfiguration("vault", gofakes3.VersioningConfiguration{Status: versioning}); err != nil {
			t.Fatal(err)
		}
	}
	url := vaulttest.Serve(t, h)
	var n atomic.Int32
	return func(t *testing.T) vault.Area {
		t.Helper()
		s, err := vault.OpenS3(t.Context(), vault.S3Config{
			Bucket: "vault", Prefix: fmt.Sprintf("area-%d/", n.Add(1)), Endpoint: url, PathStyle: true,
		})
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

func TestDirIsAnArea(t *testing.T) { vaulttest.RunArea(t, openDir) }

func TestS3IsAnArea(t *testing.T) { vaulttest.RunArea(t, shared(t, gofakes3.VersioningNone)) }

func TestS3WithVersionsIsAnArea(t *testing.T) {
	vaulttest.RunArea(t, shared(t, gofakes3.VersioningEnabled))
}

func TestLeaseInDir(t *testing.T) { vaulttest.RunLease(t, time.Second, openDir) }

func TestLeaseInS3(t *testing.T) {
	vaulttest.RunLease(t, 2*time.Second, shared(t, gofakes3.VersioningNone))
}
