package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A vault that overwrites what is there is no vault, and a work area that does
// so can hold no lease: both are found out before anything is deleted.
func TestAVaultThatIgnoresIfNoneMatchIsRefused(t *testing.T) {
	t.Parallel()
	server, gate := embedded(t)
	server.CreateBucket("evidence")
	server.Put(scriptBucket, "acme/r1.request.json", []byte("{}"), time.Now().Add(-31*24*time.Hour))
	target, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	deaf := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		r.SetURL(target)
		r.Out.Header.Del("If-None-Match")
	}})
	t.Cleanup(deaf.Close)
	place := fmt.Sprintf(`{bucket: evidence, prefix: "%%s", endpoint: "%s", region: us-east-1, path_style: true}`, deaf.URL)
	for setting, vault := range map[string]string{
		"vault":      "  s3: " + fmt.Sprintf(place, "v/") + "\n  work: {dir: ./work}\n",
		"vault.work": "  dir: ./vault\n  work: {s3: " + fmt.Sprintf(place, "w/") + "}\n",
	} {
		b := install(t, configFor(gate.URL, vault), "test", "testtest")
		_, errs := b.run(t, 1, "run")
		if !strings.Contains(errs, setting+":") || !strings.Contains(errs, "If-None-Match") || !strings.Contains(errs, "evidence") {
			t.Errorf("the refusal of %s does not say which and why:\n%s", setting, errs)
		}
	}
	if left := server.Keys(scriptBucket); len(left) != 1 {
		t.Errorf("left are %q", left)
	}
}

func TestAVaultThatCannotBeWrittenStopsTheRunBeforeItDeletes(t *testing.T) {
	t.Parallel()
	server, gate := embedded(t)
	server.Put(scriptBucket, "acme/r1.request.json", []byte("{}"), time.Now().Add(-31*24*time.Hour))
	b := install(t, configFor(gate.URL, dirVault), "test", "testtest")
	if err := os.WriteFile(filepath.Join(b.dir, "vault"), []byte("a file in its place"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, errs := b.run(t, 1, "run")
	if !strings.Contains(errs, "vault") {
		t.Errorf("the error does not name the vault:\n%s", errs)
	}
	if left := server.Keys(scriptBucket); len(left) != 1 || len(gate.Calls("DeleteObjects")) != 0 {
		t.Errorf("left are %q", left)
	}
}

func TestAnEndpointThatIsNotS3IsNamed(t *testing.T) {
	t.Parallel()
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		fmt.Fprint(w, "<html><body>Welcome</body></html>")
	}))
	t.Cleanup(web.Close)
	b := install(t, configFor(web.URL, dirVault), "test", "testtest")
	_, errs := b.run(t, 1, "run")
	if !strings.Contains(errs, web.URL) || !strings.Contains(errs, "endpoint") {
		t.Errorf("the error does not name the endpoint:\n%s", errs)
	}
}
