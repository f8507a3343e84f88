package vault_test

import (
	"net/http"
	"testing"

	"github.com/johannesboyne/gofakes3"

	"github.com/sweeper-audit/sweeper/pkg/vault"
	"github.com/sweeper-audit/sweeper/pkg/vault/vaulttest"
)

func TestRemoveLeavesNoVersionAndNoMarker(t *testing.T) {
	vaulttest.Credentials(t)
	h, backend := vaulttest.Handler(t, "vault")
	a := openS3(t, h, vault.S3Config{Prefix: "work/"})
	tag, err := a.Swap(t.Context(), "plan", "", []byte("before versioning"))
	if err != nil {
		t.Fatal(err)
	}
	if err := backend.SetVersioningConfiguration("vault", gofakes3.VersioningConfiguration{Status: gofakes3.VersioningEnabled}); err != nil {
		t.Fatal(err)
	}
	for _, data := range []string{"1", "2", "3"} {
		if tag, err = a.Swap(t.Context(), "plan", tag, []byte(data)); err != nil {
			t.Fatal(err)
		}
	}
	if err := a.Put(t.Context(), "plan-2", []byte("neighbour")); err != nil {
		t.Fatal(err)
	}
	if _, err := backend.DeleteObject("vault", "work/plan"); err != nil { // hides it behind a marker
		t.Fatal(err)
	}
	if err := a.Remove(t.Context(), "plan"); err != nil {
		t.Fatal(err)
	}
	left, err := backend.ListBucketVersions("vault", nil, nil)
	if err != nil || len(left.Versions) != 1 {
		t.Fatalf("%d versions and markers left, %v; want the neighbour's one", len(left.Versions), err)
	}
}

func TestRemoveWorksOnAServerThatKnowsNoVersions(t *testing.T) {
	h := answering(embedded(t), query("versions"), http.StatusNotImplemented, s3Error("NotImplemented"))
	a := openS3(t, h, vault.S3Config{})
	if err := vault.Probe(t.Context(), a); err != nil {
		t.Fatal(err)
	}
}

func TestRemoveThatOnlyHidesOrDoesNothingIsAnError(t *testing.T) {
	versionless := func(h http.Handler) http.Handler {
		return answering(h, query("versions"), http.StatusNotImplemented, s3Error("NotImplemented"))
	}
	marking := func(h http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Method == http.MethodDelete {
				w.Header().Set("x-amz-delete-marker", "true")
				w.Header().Set("x-amz-version-id", "v2")
				w.WriteHeader(http.StatusNoContent)
				return
			}
			h.ServeHTTP(w, r)
		})
	}
	for name, wrap := range map[string]func(http.Handler) http.Handler{
		"deletes-nothing": func(h http.Handler) http.Handler {
			return answering(h, method(http.MethodDelete), http.StatusNoContent, "")
		},
		"deletes-nothing-without-versions": func(h http.Handler) http.Handler {
			return versionless(answering(h, method(http.MethodDelete), http.StatusNoContent, ""))
		},
		"hides-behind-a-marker": func(h http.Handler) http.Handler { return versionless(marking(h)) },
		"lists-no-versions": func(h http.Handler) http.Handler {
			return answering(h, query("versions"), http.StatusOK,
				`<?xml version="1.0"?><ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>`)
		},
		"endless-versions": func(h http.Handler) http.Handler {
			return answering(h, query("versions"), http.StatusOK,
				`<?xml version="1.0"?><ListVersionsResult><IsTruncated>true</IsTruncated><NextKeyMarker>x</NextKeyMarker></ListVersionsResult>`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			a := openS3(t, wrap(embedded(t)), vault.S3Config{})
			if err := a.Put(t.Context(), "x", []byte("x")); err != nil {
				t.Fatal(err)
			}
			if err := a.Remove(t.Context(), "x"); err == nil {
				t.Error("Remove says that the file is gone")
			}
			if err := vault.Probe(t.Context(), a); err == nil {
				t.Error("Probe passes an area that can't be erased")
			}
		})
	}
}
