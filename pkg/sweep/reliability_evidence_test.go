package sweep_test

import (
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// file is a kind of file of vault or work area whose writing can fail.
type file struct {
	name  string
	match func(name string) bool
	lease bool
}

func files() []file {
	ends := func(end string) func(string) bool {
		return func(name string) bool { return strings.HasSuffix(name, end) }
	}
	has := func(part string) func(string) bool {
		return func(name string) bool { return strings.Contains(name, part) }
	}
	vaults := func(file string) func(string) bool { return ends(evidence.ReportDir(0) + "/" + file) }
	return []file{
		{name: "work: run.json", match: ends("0000000000/run.json")},
		{name: "work: plan segment", match: ends(".jsonl.zst")},
		{name: "work: plan of a shard", match: ends("/plan-0000.json")},
		{name: "work: guard.json", match: ends("/guard.json")},
		{name: "work: mark that a segment was begun", match: has("/begun-")},
		{name: "work: what a manifest part does not hold", match: has("/swept-")},
		{name: "vault: manifest part", match: has("/manifest-")},
		{name: "work: second listing", match: has("/confirm-")},
		{name: "work: prepared report", match: has("/seal/")},
		{name: "vault: teams.csv", match: vaults(evidence.FileTeams)},
		{name: "vault: report (the bundle)", match: vaults(evidence.FileBundle)},
		{name: "work: renewal of the lease", match: ends(vault.LeaseFile), lease: true},
	}
}

// bucketRow lets one fault happen at the writing of one file to vault or work area in
// buckets.
func bucketRow(t *testing.T, at file, f fault, once bool) aftermath {
	c := newCell(t)
	server := buckettest.Embedded(plainTB{t})
	server.CreateBucket("vault")
	server.CreateBucket("work")
	gate := buckettest.Proxy(t, server.URL)
	c.vault, c.work = c.area(gate, "vault"), c.area(gate, "work")
	if at.lease {
		c.ttl = 8 * time.Second // of a machine that is busy with other cells
		c.slow(c.ttl)
	}
	var mu sync.Mutex
	failed := 0
	deletesAfter := c.deletesSince()
	gate.OnRequest(func(call buckettest.Call) buckettest.Verdict {
		mu.Lock()
		defer mu.Unlock()
		if call.Op != http.MethodPut || !at.match(call.Path) || at.lease && c.at() != "sweep" || once && failed > 0 {
			return buckettest.Verdict{}
		}
		failed++
		deletesAfter(true)
		return f.before
	})
	sealed, err := c.attempt()
	gate.OnRequest(nil)
	mu.Lock()
	defer mu.Unlock()
	if failed == 0 {
		t.Fatalf("the file was never written: %v\n%s", err, c.logs)
	}
	if n := deletesAfter(false); n > 0 && err != nil && !at.lease {
		t.Errorf("%d deletes were sent after %s could not be written", n, at.name)
	}
	c.heals()
	return c.settle(at.name, f.name, once, sealed, err)
}

// directoryRow makes the writing of one file to a directory fail, before or
// after it was done.
func directoryRow(t *testing.T, at file, after, once bool) aftermath {
	c := newCell(t)
	failed := 0
	deletesAfter := c.deletesSince()
	repair := c.sabotage(after, func(name string) bool {
		if !at.match(name) || once && failed > 0 {
			return false
		}
		failed++
		deletesAfter(true)
		return true
	})
	sealed, err := c.attempt()
	repair()
	if failed == 0 {
		t.Fatalf("the file was never written: %v\n%s", err, c.logs)
	}
	if n := deletesAfter(false); n > 0 {
		t.Errorf("%d deletes were sent after %s could not be written", n, at.name)
	}
	name := "directory: write fails"
	if after {
		name = "directory: written, and an error"
	}
	return c.settle(at.name, name, once, sealed, err)
}

// area is a place for files in a bucket behind the gate.
func (c *cell) area(gate *buckettest.Gate, bucket string) *vault.S3 {
	c.t.Helper()
	a, err := vault.OpenS3(c.t.Context(), vault.S3Config{Bucket: bucket, Endpoint: gate.URL, Region: "us-east-1", PathStyle: true,
		RequestTimeout: 3 * pause})
	if err != nil {
		c.t.Fatal(err)
	}
	return a
}

// slow makes the first delete of the run take that long.
func (c *cell) slow(d time.Duration) {
	var once sync.Once
	c.OnRequest(func(call buckettest.Call) (v buckettest.Verdict) {
		if c.at() == "sweep" && call.Op == "DeleteObjects" {
			once.Do(func() { v.Delay = d })
		}
		return v
	})
}

// deletesSince counts the deletes and aborts since it was last called with true.
func (c *cell) deletesSince() func(mark bool) int {
	at := 0
	return func(mark bool) int {
		n := 0
		for _, call := range c.Calls("") {
			if isDelete(call) || call.Op == "AbortMultipartUpload" {
				n++
			}
		}
		if mark {
			at = n
		}
		return n - at
	}
}

// hangs is a request that is never answered; the client gives up on it.
func hangs() fault {
	return fault{name: "silence", before: buckettest.Verdict{Delay: silence, Drop: true}}
}

// areaFaults are those of a put. To the vault a 500 is what a 503 is.
func areaFaults() []fault {
	return append(slices.DeleteFunc(commonFaults(), func(f fault) bool { return f.name == "500" }), hangs())
}
