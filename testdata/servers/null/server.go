package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"time"
)

type options struct {
	bucket       string
	keys, teams  int
	expiredEvery int
	layout       string
	latency      time.Duration
	slowdown     float64
	rate         int
	versioned    bool
	page         int
	now          time.Time // zero: the present
}

type server struct {
	options
	space   *keyspace
	gone    bitmap
	slowed  bitmap // keys that were answered SlowDown once
	limit   *limiter
	stats   stats
	buffers sync.Pool // of *[]byte
}

func newServer(o options) (*server, error) {
	if o.now.IsZero() {
		o.now = time.Now()
	}
	if o.page < 1 || o.page > 1000 {
		return nil, fmt.Errorf("pages of %d rows: S3 gives 1 to 1000", o.page)
	}
	if o.slowdown < 0 || o.slowdown > 1 {
		return nil, fmt.Errorf("a share of %v is not between 0 and 1", o.slowdown)
	}
	space, err := newKeyspace(o.keys, o.teams, o.expiredEvery, o.layout, o.now)
	if err != nil {
		return nil, err
	}
	return &server{
		options: o, space: space, gone: newBitmap(o.keys), slowed: newBitmap(o.keys), limit: &limiter{rate: o.rate},
		buffers: sync.Pool{New: func() any { return new([]byte) }},
	}, nil
}

// call is one request and where its answer is written.
type call struct {
	http.ResponseWriter
	*http.Request
	query url.Values
	key   string
	body  []byte // of the answer
}

func (s *server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/_/stats" {
		w.Header().Set("Content-Type", "application/json")
		_ = json.NewEncoder(w).Encode(s.report())
		return
	}
	defer s.stats.enter()()
	room, _ := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(room)
	c := &call{ResponseWriter: w, Request: r, query: r.URL.Query(), body: (*room)[:0]}
	due := time.Now().Add(s.latency)
	status := s.answer(c)
	time.Sleep(time.Until(due))
	*room = c.body
	w.Header().Set("Server", "null")
	w.Header().Set("X-Amz-Request-Id", "NULL000000000000")
	if w.Header().Get("Content-Length") == "" {
		w.Header().Set("Content-Length", strconv.Itoa(len(c.body)))
	}
	if len(c.body) > 0 {
		w.Header().Set("Content-Type", "application/xml")
	}
	w.WriteHeader(status)
	_, _ = w.Write(c.body)
}

// answer does what was asked, writes the answer's body, and returns its status.
func (s *server) answer(c *call) int {
	bucket, key, object := strings.Cut(strings.TrimPrefix(c.URL.Path, "/"), "/")
	c.key = key
	ask := func(name string) bool { return c.Method == http.MethodGet && c.query.Has(name) }
	switch {
	case bucket != s.bucket:
		s.stats.others.Add(1)
		return c.fail(http.StatusNotFound, "NoSuchBucket")
	case object && key != "":
		return s.object(c)
	case c.Method == http.MethodPost && c.query.Has("delete"):
		s.stats.deleteBatches.Add(1)
		return s.deleteObjects(c)
	case ask("versions"):
		s.stats.listVersions.Add(1)
		return s.list(c, versionRows)
	case ask("uploads"):
		s.stats.listUploads.Add(1)
		return c.say(`<ListMultipartUploadsResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Bucket>`, s.bucket,
			`</Bucket><MaxUploads>1000</MaxUploads><IsTruncated>false</IsTruncated></ListMultipartUploadsResult>`)
	case ask("list-type"):
		s.stats.listObjects.Add(1)
		return s.list(c, objectRows)
	}
	s.stats.others.Add(1)
	switch {
	case c.Method == http.MethodHead:
		return http.StatusOK
	case ask("versioning") && s.versioned:
		return c.say(`<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Status>Enabled</Status></VersioningConfiguration>`)
	case ask("versioning"):
		return c.say(`<VersioningConfiguration xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`)
	case ask("location"):
		return c.say(`<LocationConstraint xmlns="http://s3.amazonaws.com/doc/2006-03-01/"/>`)
	case ask("object-lock"):
		return c.fail(http.StatusNotFound, "ObjectLockConfigurationNotFoundError")
	}
	return c.fail(http.StatusNotImplemented, "NotImplemented")
}

const declaration = `<?xml version="1.0" encoding="UTF-8"?>` + "\n"

func (c *call) say(texts ...string) int {
	c.body = append(c.body, declaration...)
	for _, text := range texts {
		c.body = append(c.body, text...)
	}
	return http.StatusOK
}

func (c *call) fail(status int, code string) int {
	c.body = c.body[:0]
	if c.Method != http.MethodHead {
		c.say("<Error><Code>", code, "</Code><Message>", code, "</Message><RequestId>NULL000000000000</RequestId></Error>")
	}
	return status
}
