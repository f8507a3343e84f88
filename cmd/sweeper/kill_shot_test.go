package main

import (
	"bytes"
	"net/http"
	"path"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

// when is the moment, around a request, at which a process is killed.
type when string

const (
	before when = "before" // the server never hears of the request
	after  when = "after"  // the server did the work, and its answer is held back
	later  when = "later"  // at some time after the request was let through
)

// shot is a point at which a process is killed: before its n-th request, after
// the server's n-th answer, or some time after its n-th request. Requests to the
// stores, the vault and the work area are numbered together, from 1.
type shot struct {
	n    int64
	when when
	wait time.Duration // with later
}

// hit is where a shot came down.
type hit struct {
	at   string // area and operation
	when when
}

// fire starts the binary and kills it at the given point. The process may end
// before it gets there; it must then have ended well.
func (w *killWorld) fire(t *testing.T, s shot) (hit, bool) {
	t.Helper()
	cmd := w.command(t, "run")
	var errs bytes.Buffer
	cmd.Stderr = &errs
	var (
		count       atomic.Int64
		mu          sync.Mutex
		where       hit
		ready, gone = make(chan struct{}), make(chan struct{})
	)
	mark := func(at string) {
		mu.Lock()
		defer mu.Unlock()
		where = hit{at, s.when}
	}
	kill := func(at string) {
		mark(at)
		<-ready
		_ = cmd.Process.Kill() // whether it was alive, its status says
		<-gone
	}
	w.hook(func(c buckettest.Call) buckettest.Verdict {
		switch {
		case s.when == after || count.Add(1) != s.n:
		case s.when == before:
			kill(requestOf(c.Path, c.Op))
			return buckettest.Verdict{Drop: true}
		default:
			time.AfterFunc(s.wait, func() { kill(requestOf(c.Path, c.Op)) })
		}
		return buckettest.Verdict{}
	}, func(op string, r *http.Response) {
		if s.when == after && count.Add(1) == s.n {
			kill(requestOf(r.Request.URL.Path, op))
		}
	})
	defer w.hook(nil, nil)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(ready)
	err := cmd.Wait()
	close(gone)
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	killed := ok && status.Signal() == syscall.SIGKILL
	if err != nil && !killed {
		t.Fatalf("the run that was to be killed ended before, with %v\n%s", err, errs.String())
	}
	mu.Lock()
	defer mu.Unlock()
	return where, killed
}

// requests lists what a healthy run asks for.
func (w *killWorld) requests(t *testing.T) (asked []string) {
	t.Helper()
	var mu sync.Mutex
	w.hook(func(c buckettest.Call) buckettest.Verdict {
		mu.Lock()
		defer mu.Unlock()
		asked = append(asked, requestOf(c.Path, c.Op))
		return buckettest.Verdict{}
	}, nil)
	defer w.hook(nil, nil)
	w.run(t, 0, "run")
	return asked
}

// hook sets what all gates do.
func (w *killWorld) hook(request func(buckettest.Call) buckettest.Verdict, response func(string, *http.Response)) {
	for _, g := range w.gates {
		g.OnRequest(request)
		g.OnResponse(response)
	}
}

// requestOf names a request by the area that it goes to and by its operation.
func requestOf(urlPath, op string) string {
	bucket, key, _ := strings.Cut(strings.TrimPrefix(urlPath, "/"), "/")
	switch bucket {
	case "evidence":
		bucket = "vault"
	case "scratch":
		bucket = "work"
		if path.Base(key) == "lease.json" {
			bucket = "lease"
		}
	default:
		bucket = "store"
	}
	return bucket + " " + op
}
