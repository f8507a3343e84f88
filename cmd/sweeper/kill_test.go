package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

var (
	killLong  = flag.Bool("kill.long", false, "kill runs of random sizes -kill.count times, instead of a few times")
	killCount = flag.Int("kill.count", 1000, "how many kills -kill.long makes")
	killSeed  = flag.Uint64("kill.seed", 1, "what sizes and points of the random kills depend on")
	update    = flag.Bool("update", false, "write the figures of the kills into docs/reliability.md")
)

// The binary is killed with SIGKILL, and run again. Then stores, evidence and
// work area are looked at from outside: every seeded entry is accounted for
// exactly once, whatever was killed where.
func TestWhateverIsKilledWhereEveryEntryIsAccountedForExactlyOnce(t *testing.T) {
	parts := []campaign{
		{"each request, vault and work area in a folder", newTally()},
		{"each write and some other requests, vault and work area in buckets", newTally()},
		{"each request, versions, markers and uploads on versitygw", newTally()},
		{"random sizes, points and times, runs that recover included", newTally()},
	}
	every, some, goal := 0, 41, 20
	switch {
	case *killLong:
		some, goal = 5, *killCount
	case testing.Short():
		every, goal = 13, 5
	}
	t.Run("each request, folder", func(t *testing.T) { parts[0].walk(t, every, small(inDir)) })
	t.Run("each write, buckets", func(t *testing.T) { parts[1].walk(t, some, small(inS3)) })
	t.Run("each request, versions", func(t *testing.T) {
		server, buckets := containers.Versitygw(t), numbered("exchanges-")
		parts[2].walk(t, every, func(t *testing.T) *killWorld { return newVersionedWorld(t, server, buckets()) })
	})
	t.Run("random", func(t *testing.T) { parts[3].random(t, goal) })
	text := markdown(parts)
	t.Logf("\n%s", text)
	if !*update || t.Failed() {
		return
	}
	if slices.ContainsFunc(parts, func(c campaign) bool { return c.kills == 0 }) {
		t.Fatal("a part of the test did not run, so its figures can't be written")
	}
	writeBetween(t, "../../docs/reliability.md", killsFrom, killsTo, text)
}

func small(at place) func(t *testing.T) *killWorld {
	return func(t *testing.T) *killWorld { return newKillWorld(t, at, dozen) }
}

// walk kills a fresh small world at each request of a run, before it and after
// it; but if some is set, only after those that write to vault or work area, and
// at each some-th of the others: what the next run finds changes with the writes.
func (y *tally) walk(t *testing.T, some int, fresh func(t *testing.T) *killWorld) {
	var shots []shot
	for i, asked := range fresh(t).requests(t) {
		n := int64(i + 1)
		switch {
		case some > 0 && strings.HasSuffix(asked, " PUT"):
			shots = append(shots, shot{n: n, when: after})
		case some == 0 || i%some == 0:
			shots = append(shots, shot{n: n, when: before}, shot{n: n, when: after})
		}
	}
	t.Run("each", func(t *testing.T) {
		for _, s := range shots {
			t.Run(fmt.Sprintf("%s-%d", s.when, s.n), func(t *testing.T) {
				t.Parallel()
				y.story(t, fresh(t), s)
			})
		}
	})
	// Not every run makes the very same number of requests.
	if atLeast := len(shots) - 4; y.killed() < atLeast {
		t.Errorf("%d kills, want at least %d", y.killed(), atLeast)
	}
}

// random kills until there were so many: runs of random worlds at random points,
// and some of those that follow, so that recovery is killed too.
func (y *tally) random(t *testing.T, kills int) {
	t.Run("side by side", func(t *testing.T) {
		for worker := range uint64(4) {
			t.Run(fmt.Sprint(worker), func(t *testing.T) {
				t.Parallel()
				random := rand.New(rand.NewPCG(*killSeed, worker))
				for story := 0; y.killed() < kills && !t.Failed(); story++ {
					t.Run(fmt.Sprint(story), func(t *testing.T) { y.anyStory(t, random) })
				}
			})
		}
	})
}

func (y *tally) anyStory(t *testing.T, random *rand.Rand) {
	s := size{old: 1 + random.IntN(40), young: 1 + random.IntN(9), batch: 1 + random.IntN(9), concurrency: 1 + random.IntN(8)}
	if random.IntN(8) == 0 {
		s.old, s.batch = 500+random.IntN(2000), 100
	}
	at, requests := inDir, 40
	if random.IntN(2) == 0 {
		at, requests = inS3, 220
	}
	reach := int64(requests + 4*(s.old/s.batch)) // as many requests as such a run makes, more or less
	shots := make([]shot, 1+random.IntN(3))
	for i := range shots {
		moments := []when{before, after, later, later}
		shots[i] = shot{n: 1 + random.Int64N(reach), when: moments[random.IntN(len(moments))],
			wait: time.Duration(random.Int64N(int64(20 * time.Millisecond)))}
	}
	y.story(t, newKillWorld(t, at, s), shots...)
}

// story kills one run after the other at the given points, lets a healthy one
// follow, and demands that everything is accounted for.
func (y *tally) story(t *testing.T, w *killWorld, shots ...shot) {
	t.Helper()
	kills := 0
	for _, s := range shots {
		h, killed := w.fire(t, s)
		if !killed {
			break // it ended before: what would follow is a run with nothing to do
		}
		kills++
		y.kill(h, w.remains(t))
	}
	abandoned := w.abandoned(t)
	out, _ := w.run(t, 0, "run", "--json")
	p := report(t, out)
	if said := slices.ContainsFunc(p.Reasons, func(r evidence.Reason) bool { return r.Code == sweep.CodeLeaseTakenOver }); said != abandoned {
		t.Errorf("the lease was left unreleased: %v; the report says that it was taken over: %v", abandoned, said)
	}
	a := w.account(t)
	if last := int64(len(a.reports)) - 1; p.Chain.Sequence != last {
		t.Errorf("the last run has number %d, the last report %d", p.Chain.Sequence, last)
	}
	y.settled(w, a, kills, abandoned)
	if t.Failed() {
		t.Logf("after %v", shots)
	}
}
