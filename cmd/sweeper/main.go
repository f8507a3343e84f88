// Command sweeper deletes what is older than its retention from S3-compatible
// storage, and leaves signed evidence of it. Each file here is a command: it
// parses flags, calls the packages under pkg/, and prints. It holds no rule
// about ages, teams, guards or evidence.
//
// stdout is for results; stderr is for logs, and for progress on a terminal.
package main

import (
	"context"
	"os"
	"os/signal"
	"syscall"
)

// Set by the linker; a plain go build leaves them to the build info.
var version, commit string

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	// After the first signal the default is back: a second one ends the process,
	// and the next run seals what this one did.
	context.AfterFunc(ctx, stop)
	os.Exit(run(ctx, os.Args[1:], os.Stdout, os.Stderr))
}
