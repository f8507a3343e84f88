package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// contender is a program that is measured. start makes its command, not
// started, for a server and an empty folder of its own. check looks at what it
// printed and what the server counted.
type contender struct {
	name  string
	start func(ctx context.Context, box, url string) (*exec.Cmd, error)
	check func(stdout []byte, s stats) error
}

// sample is one run, or what is in the middle of several.
type sample struct {
	wall, cpu time.Duration
	rss       int64 // bytes, at the most
	stats
}

// box is an empty folder.
func (r *rig) box() (string, error) {
	r.boxes++
	box := filepath.Join(r.dir, fmt.Sprintf("box-%d", r.boxes))
	return box, os.MkdirAll(box, 0o755)
}

// once runs a program against a server of its own.
func (r *rig) once(ctx context.Context, c contender, flags []string) (s sample, err error) {
	t, err := r.serve(ctx, flags)
	if err != nil {
		return s, err
	}
	defer t.stop()
	box, err := r.box()
	if err != nil {
		return s, err
	}
	defer func() { _ = os.RemoveAll(box) }()
	cmd, err := c.start(ctx, box, t.url)
	if err != nil {
		return s, err
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	begin := time.Now()
	err = cmd.Run()
	s.wall = time.Since(begin)
	if err != nil && cmd.ProcessState.ExitCode() != exitInconclusive {
		return s, fmt.Errorf("%s: %w\n%s%s", c.name, err, last(stdout.Bytes()), last(stderr.Bytes()))
	}
	s.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if used, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		s.rss = used.Maxrss * 1024
	}
	if s.stats, err = t.stats(ctx); err != nil {
		return s, err
	}
	if err := c.check(stdout.Bytes(), s.stats); err != nil {
		return s, fmt.Errorf("%s: %w", c.name, err)
	}
	fmt.Fprintf(r.log, "%-28s %8.2f s  %8.2f s CPU  %6.1f MB  %d requests\n", c.name, s.wall.Seconds(), s.cpu.Seconds(), float64(s.rss)/1e6, s.Requests.Total)
	return s, nil
}

// exitInconclusive is what a run without a second listing ends with, by design.
const exitInconclusive = 3

func last(text []byte) []byte { return text[max(0, len(text)-2000):] }

// compare runs each program n times, taking turns, and returns what is in the
// middle, in the order of the programs.
func (r *rig) compare(ctx context.Context, n int, flags []string, cs ...contender) ([]sample, error) {
	runs := make([][]sample, len(cs))
	for range n {
		for i, c := range cs {
			s, err := r.once(ctx, c, flags)
			if err != nil {
				return nil, err
			}
			runs[i] = append(runs[i], s)
		}
	}
	out := make([]sample, len(cs))
	for i, samples := range runs {
		out[i] = median(samples)
	}
	return out, nil
}

// median takes the middle of each number by itself; the server's counts, which
// hardly differ, are those of the last run.
func median(samples []sample) sample {
	middle := samples[len(samples)-1]
	middle.wall = mid(samples, func(s sample) time.Duration { return s.wall })
	middle.cpu = mid(samples, func(s sample) time.Duration { return s.cpu })
	middle.rss = mid(samples, func(s sample) int64 { return s.rss })
	return middle
}

func mid[T int64 | time.Duration](samples []sample, of func(sample) T) T {
	var all []T
	for _, s := range samples {
		all = append(all, of(s))
	}
	slices.Sort(all)
	return all[len(all)/2]
}
