// Drive measures Sweeper, and what it is compared with, against the null server:
// a table each of what listing and deleting cost, how they gain from
// concurrency, what memory they need, and whether the records are right when a
// server refuses part of the deletes or the run is stopped.
//
// It builds all programs itself. Each runs as a process of its own, with its
// server started anew; CPU time and peak memory are what the kernel counted for
// that process. Programs that are compared take turns, and the median counts.
// A program that listed or deleted the wrong number of keys ends it with status 1.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	if err != nil {
		if !errors.Is(err, flag.ErrHelp) {
			fmt.Fprintln(os.Stderr, "drive:", err)
		}
		os.Exit(1)
	}
}

// options are the sizes of what is measured.
type options struct {
	list, sweep bool
	n           int           // runs of each program that is compared
	keys        int           // of a listing
	most        int           // of the largest listing, for memory
	sweepKeys   int           // half of them expired
	latency     time.Duration // of a server that is far away
	rivals      bool
	update      string
}

func parse(args []string, stderr io.Writer) (o options, err error) {
	f := flag.NewFlagSet("drive", flag.ContinueOnError)
	f.SetOutput(stderr)
	f.BoolVar(&o.list, "list", false, "measure listing")
	f.BoolVar(&o.sweep, "sweep", false, "measure deleting")
	f.IntVar(&o.n, "n", 5, "runs of each program; the median counts")
	f.IntVar(&o.keys, "keys", 1_000_000, "keys that are listed, one of 30 expired")
	f.IntVar(&o.most, "most", 10_000_000, "keys of the largest listing")
	f.IntVar(&o.sweepKeys, "sweep-keys", 100_000, "keys that are swept, half of them expired")
	f.DurationVar(&o.latency, "latency", 80*time.Millisecond, "time that a far server takes for an answer")
	f.BoolVar(&o.rivals, "rivals", true, "compare deletes with mc and rclone, which takes minutes to build")
	f.StringVar(&o.update, "update", "", "write the tables into this file, between their markers")
	if err := f.Parse(args); err != nil {
		return o, err
	}
	switch {
	case f.NArg() > 0:
		return o, fmt.Errorf("unexpected argument %q", f.Arg(0))
	case !o.list && !o.sweep:
		return o, errors.New("nothing to measure: say -list or -sweep")
	case o.n < 1 || o.keys < 1 || o.sweepKeys < 1 || o.most < 1:
		return o, errors.New("-n, -keys, -most and -sweep-keys must be at least 1")
	}
	return o, nil
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	o, err := parse(args, stderr)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "sweeper-bench-")
	if err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(dir) }()
	r := &rig{options: o, dir: dir, log: stderr}
	if err := r.build(ctx); err != nil {
		return err
	}
	tables := []table{r.machine()}
	for _, part := range []struct {
		on      bool
		measure func(context.Context) ([]table, error)
	}{{o.list, r.listing}, {o.sweep, r.sweeping}} {
		if !part.on {
			continue
		}
		more, err := part.measure(ctx)
		if err != nil {
			return err
		}
		tables = append(tables, more...)
	}
	for _, t := range tables {
		fmt.Fprintf(stdout, "%s\n", t)
	}
	if o.update == "" {
		return nil
	}
	return update(o.update, tables)
}
