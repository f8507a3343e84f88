// Sweeplist walks a bucket as a plan does, every check included, and counts the
// entries: the share of a run that is listing.
//
//	sweeplist ENDPOINT BUCKET
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"runtime/debug"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/testdata/bench/used"
)

func main() {
	debug.SetGCPercent(400) // as sweeper sets it
	if err := run(context.Background(), os.Args[1:], time.Now()); err != nil {
		fmt.Fprintln(os.Stderr, "sweeplist:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, start time.Time) error {
	if len(args) != 2 {
		return errors.New("usage: sweeplist ENDPOINT BUCKET")
	}
	store, err := bucket.Open(ctx, bucket.Config{Name: "bench", Bucket: args[1], Endpoint: args[0], Region: "us-east-1", PathStyle: true})
	if err != nil {
		return err
	}
	keys := 0
	for page, err := range store.Pages(ctx, bucket.Range{}) {
		if err != nil {
			return err
		}
		keys += len(page.Entries)
	}
	return used.Print(keys, start)
}
