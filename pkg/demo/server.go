// Package demo is a small world to try Sweeper in: an S3 server in this process,
// speaking real HTTP on the loopback address, and a bucket of requests and
// responses as an LLM API would store them, some of them past their time.
//
// It never reaches the network beyond the loopback address, keeps everything
// in memory, and checks no credentials. It isn't a place for real data.
package demo

import (
	"context"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/johannesboyne/gofakes3"
	"github.com/johannesboyne/gofakes3/backend/s3mem"
)

// Bucket is the one bucket of the server. It never had versioning.
const Bucket = "api-exchanges"

// Server is a running S3 server. Close it, or cancel the context that it was
// started with, to stop it.
type Server struct {
	// Endpoint is its URL: http://127.0.0.1:PORT, to be used with path style.
	Endpoint string
	Bucket   string

	store *s3mem.Backend
	clock *clock
	http  *http.Server
	done  chan struct{}
}

// Start starts a server with one empty bucket on a free port. It stops when ctx
// is cancelled.
func Start(ctx context.Context) (*Server, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("start the demo's S3 server: %w", err)
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("start the demo's S3 server on 127.0.0.1: %w", err)
	}
	clock := &clock{}
	store := s3mem.New(s3mem.WithTimeSource(clock))
	if err := store.CreateBucket(Bucket); err != nil {
		_ = listener.Close() // the error that matters is the bucket's
		return nil, fmt.Errorf("create the demo's bucket %q: %w", Bucket, err)
	}
	fake := gofakes3.New(store,
		// With the versioned backend on, a delete that names the version "null"
		// answers success and deletes nothing.
		gofakes3.WithoutVersioning(),
		gofakes3.WithTimeSource(clock),
		// Tests run clients whose clock is wrong: that is for the client to notice.
		gofakes3.WithTimeSkewLimit(0),
	)
	s := &Server{
		Endpoint: "http://" + listener.Addr().String(),
		Bucket:   Bucket,
		store:    store,
		clock:    clock,
		// What the library's handler gets wrong in HTTP is nothing to show who tries the demo.
		http: &http.Server{Handler: fake.Server(), ReadHeaderTimeout: 10 * time.Second, ErrorLog: log.New(io.Discard, "", 0)},
		done: make(chan struct{}),
	}
	stop := context.AfterFunc(ctx, func() { _ = s.http.Close() })
	go func() {
		defer close(s.done)
		defer stop()
		_ = s.http.Serve(listener) // always ErrServerClosed, or nobody can reach it, which clients will say
	}()
	return s, nil
}

// Close stops the server, drops its data and waits for its listener to end.
func (s *Server) Close() error {
	err := s.http.Close()
	<-s.done
	return err
}

// clock is the server's time: the real one, or a fixed one while seeding.
type clock struct {
	mu    sync.Mutex
	fixed time.Time // zero: real time
}

func (c *clock) set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fixed = t
}

// Now implements gofakes3.TimeSource.
func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.fixed.IsZero() {
		return time.Now().UTC()
	}
	return c.fixed
}

// Since implements gofakes3.TimeSource.
func (c *clock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }
