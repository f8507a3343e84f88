// Null is an S3 server for benchmarks that holds nothing: each key, its age and
// its size are computed from the key's number, so that a bucket of ten million
// objects is there at once and costs next to no memory. Deletes are real (a bit
// a key), so that a second listing shows what is gone.
//
// Signatures are not checked. All answers depend on the flags, the day and what
// was deleted alone. GET /_/stats says what was asked.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "null:", err)
		}
		os.Exit(2) //nolint:gocritic // nothing is left to undo
	}
}

// run serves until ctx ends. The first line on stdout is the server's URL.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, addr, err := parse(args, stderr)
	if err != nil {
		return err
	}
	s, err := newServer(o)
	if err != nil {
		return err
	}
	listener, err := (&net.ListenConfig{}).Listen(ctx, "tcp", addr)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", addr, err)
	}
	fmt.Fprintf(stdout, "http://%s\n", listener.Addr())
	web := &http.Server{Handler: s, ReadHeaderTimeout: time.Minute}
	done := context.AfterFunc(ctx, func() { _ = web.Close() })
	defer done()
	if err := web.Serve(listener); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	}
	return nil
}

func parse(args []string, stderr io.Writer) (o options, addr string, err error) {
	f := flag.NewFlagSet("null", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.StringVar(&addr, "addr", "127.0.0.1:0", "address to listen on")
	f.StringVar(&o.bucket, "bucket", "bench", "the one bucket that exists")
	f.IntVar(&o.keys, "keys", 100_000, "keys in it")
	f.IntVar(&o.teams, "teams", 100, "teams that the keys belong to")
	f.IntVar(&o.expiredEvery, "expired-every", 30, "one key of so many is older than 30 days: 2 for half, 1 for all, 0 for none")
	f.StringVar(&o.layout, "layout", layoutEven, "even, or skewed: one team has 90 % of the keys")
	f.DurationVar(&o.latency, "latency", 0, "time that an answer takes at least")
	f.Float64Var(&o.slowdown, "slowdown", 0, "share of the keys whose first delete is answered SlowDown")
	f.IntVar(&o.rate, "rate", 0, "keys deleted a second above which a request is refused with 503 SlowDown; 0: no limit")
	f.BoolVar(&o.versioned, "versioned", false, "the bucket has versioning: each key has one version")
	f.IntVar(&o.page, "page", 1000, "rows of a listing's page at most")
	if err := f.Parse(args); err != nil {
		return o, "", err
	}
	if f.NArg() > 0 {
		return o, "", fmt.Errorf("unexpected argument %q", f.Arg(0))
	}
	return o, addr, nil
}
