package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

// embedded starts an embedded server behind a gate, with one bucket.
func embedded(t *testing.T) (*buckettest.Server, *buckettest.Gate) {
	t.Helper()
	server := buckettest.Embedded(scriptTB{t})
	server.CreateBucket(scriptBucket)
	return server, buckettest.Proxy(t, server.URL)
}

// thirty is a server with thirty old objects, to be deleted in batches of ten.
func thirty(t *testing.T) (*buckettest.Server, *buckettest.Gate, *built) {
	t.Helper()
	server, gate := embedded(t)
	for i := range 30 {
		server.Put(scriptBucket, fmt.Sprintf("acme/r%02d.request.json", i), []byte("{}"), time.Now().Add(-31*24*time.Hour))
	}
	config := strings.Replace(configFor(gate.URL, dirVault), "    layout:", "    delete: {batch: 10}\n    layout:", 1)
	return server, gate, install(t, config, "test", "testtest")
}

func TestSIGTERMFinishesTheBatchInFlightAndSealsInterrupted(t *testing.T) {
	t.Parallel()
	server, gate, b := thirty(t)
	// The first real batch takes a while; the signal comes meanwhile.
	reached, deletes := make(chan struct{}), atomic.Int32{}
	gate.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "DeleteObjects" && strings.Contains(c.Body, "r0") && deletes.Add(1) == 1 {
			close(reached)
			return buckettest.Verdict{Delay: time.Second}
		}
		return buckettest.Verdict{}
	})
	cmd := b.command(t, "run", "--json")
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status is looked at below
	if got := cmd.ProcessState.ExitCode(); got != 1 {
		t.Fatalf("exit status %d, not 1\n%s", got, errs.String())
	}
	p := report(t, out.String())
	if p.Result != "interrupted" || p.Totals.Deleted != 10 || p.Totals.Left != 20 {
		t.Errorf("result %s, totals %+v", p.Result, p.Totals)
	}
	if left := server.Keys(scriptBucket); len(left) != 20 {
		t.Errorf("%d objects are left, want 20", len(left))
	}
	b.verified(t)
	// The next run goes on, and nothing is in two manifests as deleted.
	gate.OnRequest(nil)
	stdout, _ := b.run(t, 0, "run", "--json")
	if p := report(t, stdout); p.Totals.Deleted != 20 {
		t.Errorf("the next run: %+v", p.Totals)
	}
	b.verified(t)
}

// interrupt makes a run that is told to stop while it lists.
func (b *built) interrupt(t *testing.T, gate *buckettest.Gate) {
	t.Helper()
	reached := make(chan struct{}, 100)
	gate.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "ListObjectsV2" {
			reached <- struct{}{}
			return buckettest.Verdict{Delay: 500 * time.Millisecond}
		}
		return buckettest.Verdict{}
	})
	defer gate.OnRequest(nil)
	cmd := b.command(t, "run", "--slot", "auto")
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // the status is looked at next
	if got := cmd.ProcessState.ExitCode(); got != 1 {
		t.Fatalf("the interrupted run: exit status %d, not 1", got)
	}
}

func TestAKilledRunIsSealedByTheNextUnderItsOwnNumber(t *testing.T) {
	t.Parallel()
	server, gate, b := thirty(t)
	cmd := b.command(t, "run")
	deletes, started := atomic.Int32{}, make(chan *os.Process, 1)
	gate.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "DeleteObjects" && strings.Contains(c.Body, "acme/") && deletes.Add(1) == 2 {
			_ = (<-started).Kill()
			return buckettest.Verdict{Lose: true} // the server does the work, and nobody hears of it
		}
		return buckettest.Verdict{}
	})
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	started <- cmd.Process
	if err := cmd.Wait(); err == nil {
		t.Fatal("the run was not killed")
	}
	gate.OnRequest(nil)
	out, _ := b.run(t, 0, "run", "--json")
	p := report(t, out)
	v := b.verified(t)
	dead := b.sealed(t, 0).predicate.Totals
	// Whether the second batch reached the server before the kill is chance.
	if p.Chain.Sequence != 1 || p.Result != "kept" || dead.Absent+dead.Deleted+p.Totals.Deleted != 30 || dead.Left != p.Totals.Deleted {
		t.Errorf("the next run: sequence %d, result %s, totals %+v; the dead one: %+v", p.Chain.Sequence, p.Result, p.Totals, dead)
	}
	if len(v.Reports) != 2 || v.Reports[0].Type != "recovery" || v.Reports[0].Lines != 30 {
		t.Errorf("verified: %+v", v.Reports)
	}
	if left := server.Keys(scriptBucket); len(left) != 0 {
		t.Errorf("left are %q", left)
	}
}

func TestASecondRunMeanwhileExitsWithFiveAndTouchesNothing(t *testing.T) {
	t.Parallel()
	server, gate := embedded(t)
	server.Put(scriptBucket, "acme/r1.request.json", []byte("{}"), time.Now().Add(-31*24*time.Hour))
	b := install(t, configFor(gate.URL, dirVault), "test", "testtest")
	reached, release := make(chan struct{}), make(chan struct{})
	var once atomic.Bool
	gate.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "ListObjectsV2" && once.CompareAndSwap(false, true) {
			close(reached)
			<-release
		}
		return buckettest.Verdict{}
	})
	first := b.command(t, "run")
	if err := first.Start(); err != nil {
		t.Fatal(err)
	}
	<-reached
	_, errs := b.run(t, 5, "run")
	if !strings.Contains(errs, "lease") {
		t.Errorf("it does not say why:\n%s", errs)
	}
	close(release)
	if err := first.Wait(); err != nil {
		t.Errorf("the first run: %v", err)
	}
	if v := b.verified(t); len(v.Reports) != 1 {
		t.Errorf("reports: %+v", v.Reports)
	}
}

// safeBuffer is a buffer that a process writes while a test reads.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// free is an address on the loopback interface that nobody listens on.
func free(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

func get(t *testing.T, url string) (int, string) {
	t.Helper()
	r, err := http.Get(url)
	if err != nil {
		return 0, err.Error()
	}
	defer r.Body.Close()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Fatal(err)
	}
	return r.StatusCode, string(body)
}

// The schedule's shortest interval is a minute, so this takes up to one.
func TestServeRunsAtItsSlotAnswersHTTPAndStopsOnSIGTERM(t *testing.T) {
	t.Parallel()
	server, gate := embedded(t)
	server.Put(scriptBucket, "acme/r1.request.json", []byte("{}"), time.Now().Add(-31*24*time.Hour))
	address := free(t)
	b := install(t, configFor(gate.URL, dirVault)+"schedule: {cron: \"* * * * *\", timezone: Europe/Berlin}\nhttp: {listen: \""+address+"\"}\n", "test", "testtest")
	cmd := b.command(t, "serve")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	await(t, 30*time.Second, func() bool { code, _ := get(t, "http://"+address+"/readyz"); return code == http.StatusOK })
	if code, _ := get(t, "http://"+address+"/healthz"); code != http.StatusOK {
		t.Errorf("/healthz answers %d", code)
	}
	await(t, 90*time.Second, func() bool {
		_, body := get(t, "http://"+address+"/metrics")
		return strings.Contains(body, `sweeper_entries{outcome="deleted",store="exchanges"} 1`)
	})
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Errorf("serve ended with %v\n%s", err, errs.String())
	}
	if v := b.verified(t); len(v.Reports) < 1 || v.Reports[0].Result != "kept" {
		t.Errorf("reports: %+v", v.Reports)
	}
	out, _ := b.run(t, 0, "report", "show", "0")
	if !strings.Contains(out, "schedule") {
		t.Errorf("report 0 does not say that it served a slot:\n%s", out)
	}
}

func await(t *testing.T, atMost time.Duration, done func() bool) {
	t.Helper()
	for end := time.Now().Add(atMost); !done(); time.Sleep(100 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("it did not come to pass in time")
		}
	}
}
