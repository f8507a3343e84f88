package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// asked is what the null server was asked, by operation.
type asked struct {
	ListObjects   int64 `json:"listObjects"`
	ListVersions  int64 `json:"listVersions"`
	ListUploads   int64 `json:"listUploads"`
	DeleteObjects int64 `json:"deleteObjects"`
	DeleteObject  int64 `json:"deleteObject"`
	HeadObject    int64 `json:"headObject"`
	GetObject     int64 `json:"getObject"`
	Others        int64 `json:"others"`
	Total         int64 `json:"total"`
}

// nullServer is an S3 server that computes its keys and counts its requests.
func nullServer(t *testing.T, flags ...string) (endpoint string, requests func() asked) {
	t.Helper()
	program := filepath.Join(t.TempDir(), "null")
	build := exec.Command("go", "build", "-o", program, ".")
	build.Dir = filepath.Join("..", "..", "testdata", "servers", "null")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", build, err, out)
	}
	server := exec.CommandContext(t.Context(), program, append([]string{"-bucket", "exchanges"}, flags...)...)
	stdout, err := server.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Wait() }) // its context has ended
	line := bufio.NewScanner(stdout)
	if !line.Scan() {
		t.Fatalf("the null server says nothing: %v", line.Err())
	}
	endpoint = line.Text()
	return endpoint, func() asked {
		resp, err := http.Get(endpoint + "/_/stats")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		var s struct{ Requests asked }
		if err := json.NewDecoder(resp.Body).Decode(&s); err != nil {
			t.Fatal(err)
		}
		return s.Requests
	}
}

func pagesOf(keys int64) int64 { return (keys + 999) / 1000 }

// Lists: ceil(keys/1000)+2 a range and pass. Deletes: ceil(expired/batch)+2 a
// segment. Nothing is asked about a single object.
func TestARunAsksForNoMoreThanItsPagesAndBatches(t *testing.T) {
	const keys = 50_400
	for _, c := range []struct {
		name        string
		concurrency int
		flags       []string
		confirm     bool
	}{
		{"one stream", 1, nil, true},
		{"one stream and one listing", 1, nil, false},
		{"one stream of versions", 1, []string{"-versioned"}, true},
		{"many streams", 16, []string{"-latency", "2ms"}, true},
		{"many streams of versions", 16, []string{"-versioned", "-latency", "2ms"}, true},
		{"many streams, and most keys in one prefix", 16, []string{"-layout", "skewed", "-latency", "2ms"}, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			endpoint, requests := nullServer(t, append(c.flags, "-keys", fmt.Sprint(keys), "-expired-every", "3")...)
			confirm := "full"
			if !c.confirm {
				confirm = "none"
			}
			config := strings.Replace(configFor(endpoint, dirVault), "limits: {max_share: 1}",
				fmt.Sprintf("confirm: %s\nlimits: {max_share: 1, concurrency: %d}", confirm, c.concurrency), 1)
			b := install(t, strings.Replace(config, "{team}/", "{team}/{yyyy}/{mm}/{dd}/", 1), "a", "b")
			status := 0
			if !c.confirm {
				status = 3
			}
			out, _ := b.run(t, status, "run", "--json")
			p := report(t, out)
			got := requests()
			expired, segments := p.Totals.Deleted, p.Manifest.PartCount
			if p.Totals.Listed != keys || expired < keys/4 {
				t.Fatalf("%d listed, %d deleted", p.Totals.Listed, expired)
			}
			lists := pagesOf(keys) + 2
			if c.confirm {
				lists += pagesOf(keys-expired) + 2
			}
			if c.concurrency > 1 { // each range has two to itself in each pass, and so short a listing has no more than two a stream
				lists += 2 * 2 * int64(2*c.concurrency)
			}
			if n := got.ListObjects + got.ListVersions; n > lists {
				t.Errorf("%d listings of %d keys, want at most %d", n, keys, lists)
			}
			if most := (expired+999)/1000 + 2*segments; got.DeleteObjects > most {
				t.Errorf("%d deletes of %d keys in %d segments, want at most %d", got.DeleteObjects, expired, segments, most)
			}
			if got.HeadObject+got.GetObject+got.DeleteObject > 0 || got.ListUploads > 2 || got.Others > 8 {
				t.Errorf("single objects were asked for, or more than is needed: %+v", got)
			}
		})
	}
}
