package buckettest

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"
)

// Verdict is what a Gate does with a request. The zero value passes it on.
type Verdict struct {
	Delay  time.Duration // wait first
	Answer *Answer       // answer so, and don't pass the request on
	Drop   bool          // break the connection without passing the request on
	Lose   bool          // pass the request on, then break the connection instead of answering
}

// Answer is a whole answer made up by a test. Without a Type it is XML.
type Answer struct {
	Status int
	Type   string
	Body   string
}

// Refuse is an S3 error answer.
func Refuse(status int, code, message string) Verdict {
	return Verdict{Answer: &Answer{Status: status, Body: "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n" +
		"<Error><Code>" + code + "</Code><Message>" + message + "</Message></Error>"}}
}

// Call is one request that came to a Gate.
type Call struct {
	Op     string // as Op names it
	Path   string
	Query  url.Values
	Header http.Header
	Body   string
}

// Gate is an HTTP proxy in front of a server. Its hooks make the server deny,
// lie, lose and delay. It hands the Host header on as it came, so that signed
// requests stay valid.
type Gate struct {
	URL string

	mu         sync.Mutex
	onRequest  func(Call) Verdict
	onResponse func(op string, r *http.Response)
	calls      []Call
}

// Proxy starts a Gate before the server at target; it ends with the test.
func Proxy(t testing.TB, target string) *Gate {
	t.Helper()
	to, err := url.Parse(target)
	if err != nil {
		t.Fatalf("parsing the target %q: %v", target, err)
	}
	g := new(Gate)
	through := &httputil.ReverseProxy{
		Rewrite: func(r *httputil.ProxyRequest) {
			r.Out.URL.Scheme, r.Out.URL.Host = to.Scheme, to.Host
			r.Out.URL.RawQuery = r.In.URL.RawQuery
			r.Out.Host = r.In.Host // it is signed
		},
		ModifyResponse: func(r *http.Response) error {
			if hook := g.hooks().onResponse; hook != nil {
				hook(Op(r.Request), r)
			}
			return nil
		},
		ErrorHandler: func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) },
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { g.serve(through, w, r) }))
	t.Cleanup(server.Close)
	g.URL = server.URL
	return g
}

// OnRequest sets what happens to requests from now on; nil passes all. The hook
// may be called from several goroutines at once.
func (g *Gate) OnRequest(hook func(Call) Verdict) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.onRequest = hook
}

// OnResponse sets what happens to the answers that the server gave.
func (g *Gate) OnResponse(hook func(op string, r *http.Response)) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.onResponse = hook
}

// OnAnswer rewrites the bodies of the answers to op.
func (g *Gate) OnAnswer(op string, rewrite func(body string) string) {
	g.OnResponse(func(got string, r *http.Response) {
		if got == op {
			EditBody(r, rewrite)
		}
	})
}

// Calls returns the requests so far to op, in the order in which they came; all
// of them for "".
func (g *Gate) Calls(op string) []Call {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.DeleteFunc(slices.Clone(g.calls), func(c Call) bool { return op != "" && c.Op != op })
}

type hooks struct {
	onRequest  func(Call) Verdict
	onResponse func(string, *http.Response)
}

func (g *Gate) hooks() hooks {
	g.mu.Lock()
	defer g.mu.Unlock()
	return hooks{g.onRequest, g.onResponse}
}

func (g *Gate) serve(through http.Handler, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler) // the client is gone
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	call := Call{Op: Op(r), Path: r.URL.Path, Query: r.URL.Query(), Header: r.Header.Clone(), Body: string(body)}
	g.mu.Lock()
	g.calls = append(g.calls, call)
	g.mu.Unlock()

	var v Verdict
	if hook := g.hooks().onRequest; hook != nil {
		v = hook(call)
	}
	select {
	case <-time.After(v.Delay):
	case <-r.Context().Done():
	}
	switch {
	case v.Drop:
		panic(http.ErrAbortHandler)
	case v.Lose:
		through.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	case v.Answer != nil:
		v.Answer.write(w)
	default:
		through.ServeHTTP(w, r)
	}
}

func (a *Answer) write(w http.ResponseWriter) {
	kind := a.Type
	if kind == "" {
		kind = "application/xml"
	}
	w.Header().Set("Content-Type", kind)
	w.WriteHeader(a.Status)
	_, _ = io.WriteString(w, a.Body) // a client that left is no concern
}

// EditBody replaces the body of an answer.
func EditBody(r *http.Response, rewrite func(string) string) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		panic(http.ErrAbortHandler)
	}
	_ = r.Body.Close()
	text := rewrite(string(body))
	r.Body = io.NopCloser(bytes.NewReader([]byte(text)))
	r.ContentLength = int64(len(text))
	r.Header.Set("Content-Length", strconv.Itoa(len(text)))
}

// Op names the S3 operation of a request, as far as this project uses it: the
// API's own name, or the method for any other.
func Op(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodPost && q.Has("delete"):
		return "DeleteObjects"
	case r.Method == http.MethodDelete && q.Has("uploadId"):
		return "AbortMultipartUpload"
	case r.Method == http.MethodDelete:
		return "DeleteObject"
	case r.Method == http.MethodHead:
		return "HeadObject"
	case r.Method != http.MethodGet:
		return r.Method
	case q.Has("versioning"):
		return "GetBucketVersioning"
	case q.Has("object-lock"):
		return "GetObjectLockConfiguration"
	case q.Has("uploads"):
		return "ListMultipartUploads"
	case q.Has("uploadId"):
		return "ListParts"
	case q.Has("versions"):
		return "ListObjectVersions"
	case q.Has("retention"):
		return "GetObjectRetention"
	case q.Has("legal-hold"):
		return "GetObjectLegalHold"
	case q.Get("list-type") == "2":
		return "ListObjectsV2"
	}
	return r.Method
}
