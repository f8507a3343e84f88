package sweep_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// plainTB leaves the environment alone: cells run side by side, under the
// credentials that the test as a whole has set.
type plainTB struct{ testing.TB }

func (plainTB) Setenv(string, string) {}

// cell is a world in which one thing goes wrong: two stores, of which the first
// has the trouble, with old and young objects and an old upload; several
// pages, segments and batches.
type cell struct {
	*world
	ttl time.Duration // of the lease

	old   []string // "store/key"
	young []string
	// stopped says that a guard stopped the run. Its plan is kept for a day.
	stopped bool

	mu    sync.Mutex
	phase string // the step that the run is at; "" before the plan
}

const store2 = "other"

func newCell(t testing.TB) *cell {
	t.Helper()
	tb := plainTB{t}
	server := buckettest.Embedded(tb)
	server.CreateBucket(store1)
	server.CreateBucket(store2)
	c := &cell{world: newWorldOver(tb, buckettest.Proxy(tb, tamed(tb, server.URL))), ttl: 30 * time.Second}
	c.Server = server
	c.spec.Stores = append(c.spec.Stores, c.store(store2))
	c.spec.Stores[0].Batch, c.cut, c.spec.ClearKeys = 2, 3, true
	for i := range 5 {
		c.object(store1, 40*day, fmt.Sprint("old-", i))
	}
	c.object(store1, day, "young-1")
	c.object(store1, 2*day, "young-2")
	c.object(store1, 29*day, "young-3")
	c.object(store2, 40*day, "old")
	c.object(store2, day, "young")
	c.begin("upload")
	return c
}

// object stores an object that is to go, or to stay.
func (c *cell) object(store string, age time.Duration, request string) {
	c.t.Helper()
	key := dated("acme", age, request)
	c.Put(store, key, []byte("of "+key), noon.Add(-age))
	if age > 30*day {
		c.old = append(c.old, store+"/"+key)
	} else {
		c.young = append(c.young, store+"/"+key)
	}
}

// begin begins an upload, which the server says is 40 days old.
func (c *cell) begin(request string) {
	c.t.Helper()
	answer, err := http.Post(c.Server.URL+"/"+store1+"/"+dated("acme", 40*day, request)+"?uploads", "", nil)
	if err != nil || answer.StatusCode != http.StatusOK {
		c.t.Fatalf("an upload can't be begun: %v, %v", answer, err)
	}
	_ = answer.Body.Close() // only read
}

// uploads counts what is left of it.
func (c *cell) uploads() int {
	c.t.Helper()
	answer, err := http.Get(c.Server.URL + "/" + store1 + "?uploads")
	if err != nil {
		c.t.Fatal(err)
	}
	defer func() { _ = answer.Body.Close() }() // only read
	body, err := io.ReadAll(answer.Body)
	if err != nil {
		c.t.Fatal(err)
	}
	return strings.Count(string(body), "<UploadId>")
}

// things is what the stores hold, read past the API, and "upload" for it.
func (c *cell) things() (all []string) {
	c.t.Helper()
	for _, store := range []string{store1, store2} {
		for _, key := range c.Keys(store) {
			all = append(all, store+"/"+key)
		}
	}
	for range c.uploads() {
		all = append(all, "upload")
	}
	return all
}

// Step is part of sweep.Progress.
func (c *cell) Step(name string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.phase = name
}

// Expect is part of sweep.Progress.
func (*cell) Expect(int64) {}

// Listed is part of sweep.Progress.
func (*cell) Listed(int, int, int) {}

// Done is part of sweep.Progress.
func (*cell) Done(int) {}

func (c *cell) at() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.phase
}

// attempt makes one run, shard by shard, so that its order is always the same.
func (c *cell) attempt() (*sweep.Sealed, error) {
	c.Step("")
	c.req.Spec = c.spec
	c.req.Spec.Config = c.config()
	s := c.sweeper()
	s.Concurrency, s.Progress = 1, c
	s.Lease = func(ctx context.Context) (*vault.Lease, error) {
		return vault.Acquire(ctx, c.leased(), vault.LeaseOptions{TTL: c.ttl})
	}
	return s.Run(c.t.Context(), c.req)
}

// leased is where the lease is: in the work area, unless that is only a wrapper.
func (c *cell) leased() vault.Area {
	if a, ok := c.work.(vault.Area); ok {
		return a
	}
	return c.lease
}

// afterwards makes the run that follows, without any fault. A lease that was not
// given back is waited for.
func (c *cell) afterwards() *sweep.Sealed {
	c.t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		s, err := c.attempt()
		if err == nil {
			return s
		}
		if !errors.Is(err, vault.ErrHeld) || time.Now().After(end) {
			c.t.Fatalf("the run after the fault: %v\n%s", err, c.logs)
		}
		time.Sleep(c.ttl / 10)
	}
}

// truthful holds the lines of a report against what the stores hold right after
// it: nothing that is called gone is there, nothing that is called kept is not.
func (c *cell) truthful(number int64) {
	c.t.Helper()
	there := map[string]bool{}
	for _, thing := range c.things() {
		there[thing] = true
	}
	for thing, outcome := range c.manifest(number) {
		switch outcome {
		case evidence.OutcomeDeleted, evidence.OutcomeAborted, evidence.OutcomeAbsent:
			if there[thing] {
				c.t.Errorf("report %d calls %s %s, and it is there", number, thing, outcome)
			}
		case evidence.OutcomeUnconfirmed:
		default:
			if !there[thing] {
				c.t.Errorf("report %d calls %s %s, and it is gone", number, thing, outcome)
			}
		}
	}
}

// manifest reads the outcomes of a report. A thing with two lines is an error.
func (c *cell) manifest(number int64) map[string]string {
	c.t.Helper()
	names, err := c.vault.List(c.t.Context(), evidence.ReportDir(number)+"/manifest-")
	if err != nil {
		c.t.Fatal(err)
	}
	outcomes := map[string]string{}
	for _, name := range names {
		data, err := c.vault.Get(c.t.Context(), name)
		if err != nil {
			c.t.Fatal(err)
		}
		if _, err := evidence.ReadPart(name, bytes.NewReader(data), func(_ int64, _ []byte, l evidence.Line) error {
			thing := c.spec.Stores[l.Store].Bucket + "/" + l.Key
			if l.Kind == "upload" {
				thing = l.Kind
			}
			if was, ok := outcomes[thing]; ok {
				c.t.Errorf("report %d calls %s both %s and %s", number, thing, was, l.Outcome)
			}
			outcomes[thing] = l.Outcome
			return nil
		}); err != nil {
			c.t.Fatal(err)
		}
	}
	return outcomes
}

// stays demands that no young object is gone.
func (c *cell) stays(when string) {
	c.t.Helper()
	there := c.things()
	for _, young := range c.young {
		if !slices.Contains(there, young) {
			c.t.Errorf("%s the young object %s is gone", when, young)
		}
	}
}

// accounted demands, after the run without faults, that nothing but the young
// is left, that the vault verifies, and that each old thing went under just one
// line of all reports, under the name of one outcome.
func (c *cell) accounted(last *sweep.Sealed) {
	c.t.Helper()
	if got := c.things(); !slices.Equal(got, slices.Sorted(slices.Values(c.young))) {
		c.t.Errorf("in the end the stores hold %q, want %q", got, c.young)
	}
	c.copyVault()
	if n := int64(len(c.verify().Reports)); n != last.Number+1 {
		c.t.Errorf("%d reports, and the last has number %d", n, last.Number)
	}
	went := map[string]int{}
	for n := range last.Number + 1 {
		for thing, outcome := range c.manifest(n) {
			switch outcome {
			case evidence.OutcomeDeleted, evidence.OutcomeAborted, evidence.OutcomeAbsent:
				went[thing]++
			}
		}
	}
	for _, thing := range append([]string{"upload"}, c.old...) {
		if went[thing] != 1 {
			c.t.Errorf("%d lines say that %s went, want one", went[thing], thing)
		}
	}
	if len(went) != len(c.old)+1 {
		c.t.Errorf("lines say that %d things went, want %d", len(went), len(c.old)+1)
	}
	if names, err := c.work.List(c.t.Context(), "0"); err != nil || len(names) > 0 && !c.stopped {
		c.t.Errorf("the work area still holds %q, %v", names, err)
	}
}

// copyVault makes a vault that isn't a directory one that verify can read.
func (c *cell) copyVault() {
	c.t.Helper()
	if _, ok := c.vault.(*vault.S3); !ok {
		return
	}
	names, err := c.vault.List(c.t.Context(), "")
	if err != nil {
		c.t.Fatal(err)
	}
	for _, name := range names {
		data, err := c.vault.Get(c.t.Context(), name)
		if err != nil {
			c.t.Fatal(err)
		}
		file := filepath.Join(c.vaultDir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(file), 0o700), os.WriteFile(file, data, 0o600)); err != nil {
			c.t.Fatal(err)
		}
	}
}

var initiated = regexp.MustCompile(`<Initiated>[^<]*</Initiated>`)

// tamed serves what the server at target does, with pages of two, uploads that
// are 40 days old, and deletes that know the version id "null", as most real
// servers do.
func tamed(t testing.TB, target string) string {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatal(err)
	}
	through := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(to)
			q := r.In.URL.Query()
			if q.Has("max-keys") || q.Get("list-type") == "2" {
				q.Set("max-keys", "2")
			}
			r.Out.URL.RawQuery = q.Encode()
			if q.Has("delete") {
				withoutNull(r.Out)
			}
		},
		ModifyResponse: func(r *http.Response) error {
			switch buckettest.Op(r.Request) {
			case "DeleteObjects":
				buckettest.EditBody(r, func(body string) string {
					return strings.ReplaceAll(body, "</Key></Deleted>", "</Key><VersionId>null</VersionId></Deleted>")
				})
			case "ListMultipartUploads":
				buckettest.EditBody(r, func(body string) string {
					return initiated.ReplaceAllString(body, "<Initiated>"+noon.Add(-40*day).Format(time.RFC3339)+"</Initiated>")
				})
			}
			return nil
		},
	}
	server := httptest.NewServer(through)
	t.Cleanup(server.Close)
	return server.URL
}

// withoutNull takes the version ids out of a DeleteObjects, and with them the
// checksums of what it said before.
func withoutNull(r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	text := strings.ReplaceAll(string(body), "<VersionId>null</VersionId>", "")
	r.Body, r.ContentLength = io.NopCloser(strings.NewReader(text)), int64(len(text))
	r.Header.Set("Content-Length", strconv.Itoa(len(text)))
	for name := range r.Header {
		if lower := strings.ToLower(name); lower == "content-md5" || strings.HasPrefix(lower, "x-amz-checksum-") {
			r.Header.Del(name)
		}
	}
}
