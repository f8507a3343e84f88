package vault_test

import (
	"bytes"
	"errors"
	"net/http"
	"strings"
	"testing"

	"github.com/johannesboyne/gofakes3"

	"github.com/sweeper-audit/sweeper/pkg/vault"
	"github.com/sweeper-audit/sweeper/pkg/vault/vaulttest"
)

// listed is a server whose bucket "lists" holds data under key, and how to reach it.
func listed(t *testing.T, key string, data []byte, wrap func(http.Handler) http.Handler) vault.S3Config {
	t.Helper()
	vaulttest.Credentials(t)
	h, backend := vaulttest.Handler(t, "lists")
	if _, err := backend.PutObject("lists", key, map[string]string{}, bytes.NewReader(data), int64(len(data)), &gofakes3.PutConditions{}); err != nil {
		t.Fatal(err)
	}
	return vault.S3Config{Bucket: "lists", Prefix: "not/looked/at/", Endpoint: vaulttest.Serve(t, wrap(h)), PathStyle: true}
}

func asIs(h http.Handler) http.Handler { return h }

func TestAnObjectOfAnyKeyIsReadAndNothingElseIsAsked(t *testing.T) {
	for _, key := range []string{"roster.yaml", "zdr/dt=2026-11-25/teams + more.yaml", ".hidden/100%.csv", "a?b#c.json"} {
		var asked []string
		c := listed(t, key, []byte("as_of"), func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				asked = append(asked, r.Method+" "+r.URL.Path)
				h.ServeHTTP(w, r)
			})
		})
		data, err := vault.ReadObject(t.Context(), c, key, 5)
		if err != nil || string(data) != "as_of" {
			t.Errorf("%s: %q, %v", key, data, err)
		}
		if want := "GET /lists/" + key; len(asked) != 1 || asked[0] != want {
			t.Errorf("%s: asked for %q, want %q alone", key, asked, want)
		}
	}
}

func TestAnObjectThatCannotBeReadWholeIsAnErrorWithAWayOut(t *testing.T) {
	for _, c := range []struct {
		name, key string
		limit     int64
		wrap      func(http.Handler) http.Handler
		want      string
	}{
		{"absent", "other.yaml", 100, asIs, "put it there"},
		{"too large", "roster.yaml", 4, asIs, "larger than 4 bytes"},
		{"denied", "roster.yaml", 100, func(h http.Handler) http.Handler {
			return answering(h, method(http.MethodGet), http.StatusForbidden, s3Error("AccessDenied"))
		}, "s3:GetObject"},
		{"no such bucket", "roster.yaml", 100, func(h http.Handler) http.Handler {
			return answering(h, method(http.MethodGet), http.StatusNotFound, s3Error("NoSuchBucket"))
		}, "create the bucket"},
		{"not an S3 server", "roster.yaml", 100, func(h http.Handler) http.Handler {
			return http.NotFoundHandler()
		}, "check the endpoint"},
		{"cut off", "roster.yaml", 100, func(http.Handler) http.Handler {
			return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Length", "9")
				_, _ = w.Write([]byte("as_of"))
			})
		}, "unexpected EOF"},
	} {
		t.Run(c.name, func(t *testing.T) {
			data, err := vault.ReadObject(t.Context(), listed(t, "roster.yaml", []byte("as_of"), c.wrap), c.key, c.limit)
			if err == nil || data != nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), c.key) || !strings.Contains(err.Error(), "lists") {
				t.Errorf("%q, %v; want %q, the key and the bucket", data, err, c.want)
			}
			if errors.Is(err, vault.ErrNotFound) != (c.name == "absent") {
				t.Errorf("%v: is it absent?", err)
			}
		})
	}
}
