package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// leaseTTL is the shortest that a config may have.
const leaseTTL = 5 * time.Second

// freeze is a moment at which a run is stopped for longer than its lease.
type freeze struct {
	name string
	at   place
	// request says at which of the run's requests; file, where that is nil, that
	// it is when this file appears in the vault's folder.
	request func(c buckettest.Call) bool
	file    string
	// onWay holds the request up on its way: the server gets it only when the
	// run goes on.
	onWay bool
	// early lets the run go on while the other still waits to take over.
	early bool
	// done says that the run's report was sealed before it was frozen.
	done bool
}

func freezes() []freeze {
	var all []freeze
	for _, at := range []place{inDir, inS3} {
		listing := func() func(buckettest.Call) bool { return nth(1, op("ListObjectsV2")) }
		deletion := func() func(buckettest.Call) bool { return nth(2, deletes) }
		all = append(all,
			freeze{name: "while it plans", at: at, request: listing()},
			freeze{name: "when a delete was answered and the next one is due", at: at, request: deletion()},
			freeze{name: "when a delete is on its way", at: at, request: deletion(), onWay: true},
			freeze{name: "after its deletes", at: at, request: nth(4, op("ListMultipartUploads"))},
			freeze{name: "for not quite long enough", at: at, request: deletion(), early: true})
	}
	for _, file := range []string{"begun-0000-00000.json", "seal/payload.json"} {
		all = append(all, freeze{name: "when it has written " + file, at: inDir, file: "work/0000000000/" + file})
	}
	// A file that is on its way when another run takes over is refused when it
	// comes, or no longer matters.
	written := []string{"run.json", "guard.json", "begun-0000-00000.json", "manifest-0000-00000.jsonl.gz", "payload.json", "parts.jsonl", evidence.FileBundle}
	writing := []string{"run.json", "guard.json", "begun-0000-00000.json", "manifest-0000-00000.jsonl.gz", "payload.json", "parts.jsonl", evidence.FileBundle}
	for _, file := range written {
		all = append(all, freeze{name: "when it has written " + file, at: inS3, request: nth(1, puts(file)), done: file == evidence.FileBundle})
	}
	for _, file := range writing {
		all = append(all, freeze{name: "while it writes " + file, at: inS3, request: nth(1, puts(file)), onWay: true})
	}
	return all
}

func op(name string) func(buckettest.Call) bool {
	return func(c buckettest.Call) bool {
		return c.Op == name && !strings.HasPrefix(c.Path, "/evidence") && !strings.HasPrefix(c.Path, "/scratch")
	}
}

// puts is the writing of a file of the run.
func puts(file string) func(buckettest.Call) bool {
	return func(c buckettest.Call) bool { return c.Op == "PUT" && strings.HasSuffix(c.Path, "/"+file) }
}

// deletes is a delete of what the test put there.
func deletes(c buckettest.Call) bool {
	return c.Op == "DeleteObjects" && strings.Contains(c.Body, "/old")
}

// nth is the n-th request that is such a one. A gate asks about one at a time.
func nth(n int, such func(buckettest.Call) bool) func(buckettest.Call) bool {
	var mu sync.Mutex
	return func(c buckettest.Call) bool {
		mu.Lock()
		defer mu.Unlock()
		if such(c) {
			n--
			return n == 0
		}
		return false
	}
}

// frozen is a run that was stopped.
type frozen struct {
	freeze
	*killWorld
	cmd    *exec.Cmd
	errs   bytes.Buffer
	stuck  chan struct{} // closed to let a request through that is stuck
	free   func()        // closes it
	ended  chan struct{}
	second *exec.Cmd
	other  safeBuffer
}

// freezeOne starts a run and stops it at its point.
func freezeOne(t *testing.T, f freeze) *frozen {
	t.Helper()
	z := &frozen{freeze: f, killWorld: newKillWorld(t, f.at, dozen), stuck: make(chan struct{}), ended: make(chan struct{})}
	z.free = sync.OnceFunc(func() { close(z.stuck) })
	config, err := os.ReadFile(filepath.Join(z.dir, "sweeper.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	z.write(t, "sweeper.yaml", string(config)+fmt.Sprintf("  lease: {ttl: %s}\n", leaseTTL))
	z.cmd = z.command(t, "run")
	z.cmd.Stderr = &z.errs
	stopped, ready := make(chan struct{}), make(chan struct{})
	stop := sync.OnceFunc(func() {
		<-ready
		_ = z.cmd.Process.Signal(syscall.SIGSTOP) // one that has ended is found out below
		time.Sleep(50 * time.Millisecond)         // all its threads stop
		close(stopped)
	})
	z.hook(func(c buckettest.Call) buckettest.Verdict {
		if f.request != nil && f.request(c) {
			stop()
			if f.onWay {
				<-z.stuck
			}
		}
		return buckettest.Verdict{}
	}, nil)
	if err := z.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	close(ready)
	t.Cleanup(func() {
		_ = z.cmd.Process.Kill() // it may have ended long since
		z.free()
	})
	go func() {
		_ = z.cmd.Wait() // its status is looked at when it has ended
		close(z.ended)
	}()
	if f.file != "" {
		go z.whenThere(filepath.Join(z.dir, "vault", f.file), stop)
	}
	select {
	case <-stopped:
	case <-z.ended:
		t.Fatalf("the run ended before it could be stopped\n%s", z.errs.String())
	}
	if _, errs := z.run(t, exitHeld, "run"); !strings.Contains(errs, "lease") {
		t.Errorf("while the lease is good, another run says\n%s", errs)
	}
	return z
}

func (z *frozen) whenThere(file string, then func()) {
	for {
		select {
		case <-z.ended:
			return
		case <-time.After(50 * time.Microsecond):
		}
		if _, err := os.Stat(file); err == nil {
			then()
			return
		}
	}
}

// proceed lets the frozen run go on.
func (z *frozen) proceed(t *testing.T) {
	t.Helper()
	z.free()
	if err := z.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
}

// A run that was stopped for longer than its lease is overtaken by another. What
// it still does when it goes on is refused, or it is in the evidence.
//
// All runs are frozen first, so that they wait for their leases together.
func TestAFrozenRunThatWasOvertakenDoesNothingThatNoReportSays(t *testing.T) {
	var all []*frozen
	for _, f := range freezes() {
		all = append(all, freezeOne(t, f))
	}
	time.Sleep(leaseTTL)
	for _, z := range all {
		z.second = z.command(t, "run", "--json")
		z.second.Stdout = &z.other
		if err := z.second.Start(); err != nil {
			t.Fatal(err)
		}
	}
	time.Sleep(leaseTTL / 2)
	for _, z := range all {
		if z.early {
			z.proceed(t)
		}
	}
	for _, z := range all {
		_ = z.second.Wait() // the status is looked at below
	}
	for _, z := range all {
		t.Run(string(z.at)+" "+z.name, z.overtaken)
	}
}

func (z *frozen) overtaken(t *testing.T) {
	second := z.second.ProcessState.ExitCode()
	if !z.early {
		if second != exitOK {
			t.Fatalf("the other run exits with %d", second)
		}
		p := report(t, z.other.String())
		if !slices.ContainsFunc(p.Reasons, func(r evidence.Reason) bool { return r.Code == sweep.CodeLeaseTakenOver }) {
			t.Errorf("the report doesn't say that the lease was taken over: %v", p.Reasons)
		}
		z.proceed(t)
	}
	select {
	case <-z.ended:
	case <-time.After(time.Minute):
		t.Fatal("the frozen run doesn't end")
	}
	switch first := z.cmd.ProcessState.ExitCode(); {
	case z.early && second == exitHeld && (first == exitOK || first == exitFailed): // it came back in time, if only to give up
	case z.done && first == exitOK && second == exitOK: // all that was left to do was to tidy up
	case first != exitFailed || second != exitOK || !strings.Contains(z.errs.String(), "the lease is lost"):
		t.Errorf("the frozen run exits with %d, the other with %d; the frozen one says\n%s", first, second, z.errs.String())
	}
	t.Logf("the frozen run: %s", z.errs.String())
	z.hook(nil, nil)
	z.run(t, exitOK, "run")
	z.account(t)
}
