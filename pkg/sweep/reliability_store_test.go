package sweep_test

import (
	"bytes"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

// asked is one request of a run to a server.
type asked struct {
	op, path string
	query    url.Values
}

// fault is what goes wrong with a request: with the request, or with the answer
// that the server gave after it did the work.
type fault struct {
	name    string
	before  buckettest.Verdict
	after   func(*http.Response)
	dates   bool // only the answers that are read for their date matter
	lasting bool // once would show nothing more than for ever
}

const (
	pause   = 300 * time.Millisecond
	silence = time.Hour // longer than any client waits
)

func commonFaults() []fault {
	return []fault{
		{name: "reset", before: buckettest.Verdict{Drop: true}},
		{name: "slow", before: buckettest.Verdict{Delay: pause}, lasting: true},
		{name: "500", before: buckettest.Refuse(http.StatusInternalServerError, "InternalError", "We are sorry")},
		{name: "503", before: buckettest.Refuse(http.StatusServiceUnavailable, "SlowDown", "Reduce your request rate")},
		{name: "403", before: buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")},
		{name: "200 with an error", before: buckettest.Refuse(http.StatusOK, "InternalError", "We are sorry")},
		{name: "HTML page", before: buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Type: "text/html",
			Body: "<!DOCTYPE html><html><head><title>Sign in</title></head><body><p>Sign in<br></body></html>"}}},
		{name: "answer lost", before: buckettest.Verdict{Lose: true}},
	}
}

func storeFaults() []fault {
	return append(commonFaults(),
		fault{name: "silence", before: buckettest.Verdict{Delay: pause, Drop: true}},
		fault{name: "truncated body", after: truncate},
		fault{name: "cut-off XML", after: cutOff},
		fault{name: "clock 2 min ahead", after: func(r *http.Response) { shifted(r, 2*time.Minute) }, dates: true},
		fault{name: "clock 2 min behind", after: func(r *http.Response) { shifted(r, -2*time.Minute) }, dates: true},
		fault{name: "clock 30 s behind", after: func(r *http.Response) { shifted(r, -30*time.Second) }, dates: true},
	)
}

// truncate ends the body before it is as long as its head says.
func truncate(r *http.Response) {
	body := wholeBody(r)
	r.Header.Set("Content-Length", strconv.Itoa(len(body)))
	r.Body = io.NopCloser(bytes.NewReader(body[:len(body)/2]))
}

// cutOff ends the XML in the middle, in an answer that is whole as HTTP goes.
func cutOff(r *http.Response) {
	buckettest.EditBody(r, func(body string) string { return body[:len(body)/2] })
}

func wholeBody(r *http.Response) []byte {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = r.Body.Close()
	r.Header.Del("Content-Length")
	return body
}

// shifted makes the answer that of a server whose clock is off.
func shifted(r *http.Response, off time.Duration) {
	r.Header.Set("Date", time.Now().UTC().Add(off).Format(http.TimeFormat))
}

// storeStep is a step of a run at which it asks a store.
type storeStep struct {
	name  string
	match func(phase string, a asked, refused bool) bool
	// refuses makes the first delete be refused, so that the step is reached.
	refuses bool
	empty   bool // its answer has no body that could be cut
	dates   bool // its answer's date is read
}

func storeSteps() []storeStep {
	in := func(phase, op string) func(string, asked, bool) bool {
		return func(at string, a asked, _ bool) bool { return at == phase && a.op == op }
	}
	page := func(phase string, later bool) func(string, asked, bool) bool {
		return func(at string, a asked, _ bool) bool {
			return at == phase && a.op == "ListObjectsV2" && a.query.Has("continuation-token") == later
		}
	}
	return []storeStep{
		{name: "versioning question", match: in("", "GetBucketVersioning"), dates: true},
		{name: "question for the right to delete", match: in("", "DeleteObjects")},
		{name: "first listing, first page", match: page("plan", false)},
		{name: "first listing, later page", match: page("plan", true)},
		{name: "upload listing", match: in("plan", "ListMultipartUploads")},
		{name: "delete", match: in("sweep", "DeleteObjects")},
		{name: "abort of an upload", match: in("sweep", "AbortMultipartUpload"), empty: true},
		{name: "look at what was refused, before it is sent again", refuses: true,
			match: func(at string, a asked, refused bool) bool {
				return at == "sweep" && a.op == "ListObjectsV2" && refused
			}},
		{name: "second listing, first page", match: page("confirm", false)},
		{name: "second listing, later page", match: page("confirm", true)},
		{name: "second upload listing", match: in("confirm", "ListMultipartUploads")},
		{name: "versioning question after the sweep", match: in("confirm", "GetBucketVersioning")},
	}
}

// breaks lets the fault happen at the step, once or for ever, and returns how
// often it did.
func (c *cell) breaks(step storeStep, f fault, once bool) (times func() int) {
	var mu sync.Mutex
	n, refused, used := 0, false, false
	hits := func(a asked) bool {
		if !strings.HasPrefix(a.path, "/"+store1) || !step.match(c.at(), a, refused) || once && n > 0 {
			return false
		}
		n++
		return true
	}
	c.OnRequest(func(call buckettest.Call) buckettest.Verdict {
		mu.Lock()
		defer mu.Unlock()
		if step.refuses && c.at() == "sweep" && call.Op == "DeleteObjects" {
			refused = !used
			used = true
			if refused {
				return buckettest.Refuse(http.StatusServiceUnavailable, "SlowDown", "Reduce your request rate")
			}
		}
		if f.after == nil && hits(asked{call.Op, call.Path, call.Query}) {
			return f.before
		}
		return buckettest.Verdict{}
	})
	c.OnResponse(func(op string, r *http.Response) {
		c.date(r)
		mu.Lock()
		defer mu.Unlock()
		if f.after != nil && hits(asked{op, r.Request.URL.Path, r.Request.URL.Query()}) {
			f.after(r)
		}
	})
	return func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// heals ends all faults.
func (c *cell) heals() {
	c.OnRequest(nil)
	c.OnResponse(func(_ string, r *http.Response) { c.date(r) })
}

// storeRow lets one fault happen at one step of a run.
func storeRow(t *testing.T, step storeStep, f fault, once bool) aftermath {
	c := newCell(t)
	times := c.breaks(step, f, once)
	sealed, err := c.attempt()
	if times() == 0 {
		t.Fatalf("the run never came to the step: %v\n%s", err, c.logs)
	}
	c.heals()
	return c.settle(step.name, f.name, once, sealed, err)
}
