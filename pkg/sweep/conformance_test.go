package sweep_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
)

// pointsAtATime is how many points a server is put to at once. Most of a point's
// time is spent waiting for the second to end, so there are more than processors.
const pointsAtATime = 6

var update = flag.Bool("update", false, "write the table of docs/conformance.md anew")

// point is one thing that must work on every server.
type point struct {
	name string // of the subtest
	says string // what works, as the table has it
	test func(*testing.T, *bench)
}

// bench is a started server and what a point finds out about it.
type bench struct {
	*containers.Server
	gaps []string
}

// gap notes that the server can't do what the point is about, and why: a fault
// of the server's that was seen just now. The rest of the point still holds.
func (b *bench) gap(format string, args ...any) {
	b.gaps = append(b.gaps, fmt.Sprintf(format, args...))
}

// benches are the servers; with -short the first one alone.
func benches() []containers.Kind {
	if testing.Short() {
		return containers.All()[:1]
	}
	return containers.All()
}

// TestConformance sweeps real servers: every point on every server.
// docs/conformance.md is what it found out; -update writes it.
func TestConformance(t *testing.T) {
	points := slices.Concat(entryPoints(), zdrPoints())
	table := newTable(points)
	t.Run("servers", func(t *testing.T) {
		for _, kind := range benches() {
			t.Run(kind.Name, func(t *testing.T) {
				t.Parallel()
				server := kind.Start(t)
				t.Run("points", func(t *testing.T) {
					var group errgroup.Group
					group.SetLimit(pointsAtATime)
					for _, p := range points {
						group.Go(func() error {
							t.Run(p.name, func(t *testing.T) {
								b := &bench{Server: server}
								p.test(t, b)
								table.set(p.name, kind.Name, b.gaps)
							})
							return nil
						})
					}
					_ = group.Wait() // a point that fails says so itself
				})
			})
		}
	})
	if t.Failed() || testing.Short() || !table.full() {
		return // a run of some of the points alone says nothing about the table
	}
	compareTable(t, table.String())
}

// table is what each point found on each server.
type table struct {
	mu     sync.Mutex
	points []point
	gaps   map[[2]string][]string // by point and server
}

func newTable(points []point) *table { return &table{points: points, gaps: map[[2]string][]string{}} }

func (t *table) set(point, server string, gaps []string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.gaps[[2]string{point, server}] = gaps
}

func (t *table) full() bool { return len(t.gaps) == len(t.points)*len(containers.All()) }

func (t *table) String() string {
	var out, notes strings.Builder
	out.WriteString("| what works |")
	for _, s := range containers.All() {
		out.WriteString(" " + s.Name + " |")
	}
	out.WriteString("\n| --- |" + strings.Repeat(" --- |", len(containers.All())) + "\n")
	n := 0
	for _, p := range t.points {
		out.WriteString("| " + p.says + " |")
		for _, s := range containers.All() {
			gaps := t.gaps[[2]string{p.name, s.Name}]
			if len(gaps) == 0 {
				out.WriteString(" yes |")
				continue
			}
			cell := ""
			for _, g := range gaps {
				n++
				cell += fmt.Sprintf(" [%d]", n)
				fmt.Fprintf(&notes, "%d. %s: %s\n", n, s.Name, g)
			}
			out.WriteString(" yes, but" + cell + " |")
		}
		out.WriteString("\n")
	}
	return out.String() + "\n" + notes.String()
}

const tableBegins, tableEnds = "<!-- the suite writes from here -->\n", "<!-- to here -->\n"

// compareTable holds the table against the one in docs/conformance.md, or
// writes it there.
func compareTable(t *testing.T, table string) {
	t.Helper()
	file := filepath.Join("..", "..", "docs", "conformance.md")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	head, rest, ok := strings.Cut(string(data), tableBegins)
	have, tail, ok2 := strings.Cut(rest, tableEnds)
	if !ok || !ok2 {
		t.Fatalf("%s lacks the marks between which the table stands", file)
	}
	if *update {
		if err := os.WriteFile(file, []byte(head+tableBegins+table+tableEnds+tail), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if have != table {
		t.Errorf("%s is not what the servers did; run the test with -update and look at the difference. It found:\n%s", file, table)
	}
}
