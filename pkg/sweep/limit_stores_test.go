package sweep

import (
	"math/rand/v2"
	"testing"
	"time"
)

// server answers a request with so many keys: how many of them it refuses.
type server func(now time.Duration, keys int) (refused int)

// atRandom refuses a share of all keys, whatever the rate.
func atRandom(share float64) server {
	chance := rand.New(rand.NewPCG(1, 2))
	return func(_ time.Duration, keys int) (refused int) {
		for range keys {
			if chance.Float64() < share {
				refused++
			}
		}
		return refused
	}
}

// capacity takes so many keys a second, and saves up those of one second. What is
// beyond, it refuses key by key, or whole requests.
func capacity(perSecond float64, whole bool) server {
	free, at := perSecond, time.Duration(0)
	return func(now time.Duration, keys int) (refused int) {
		free, at = min(free+perSecond*(now-at).Seconds(), perSecond), now
		took := keys
		switch {
		case whole && free <= 0:
			took = 0
		case !whole:
			took = min(keys, int(free))
		}
		free -= float64(took)
		return keys - took
	}
}

// outage refuses all until it ends.
func outage(end time.Duration) server {
	return func(now time.Duration, keys int) (refused int) {
		if now < end {
			return keys
		}
		return 0
	}
}

// second is what became of the keys that were sent within a second.
type second struct{ took, refused int }

func sum(seconds []second) (s second) {
	for _, one := range seconds {
		s.took, s.refused = s.took+one.took, s.refused+one.refused
	}
	return s
}

// simulate has a server sent batches, so many at once, each as soon as the limit
// lets it go and one before has its answer. There are always more.
func simulate(serve server, atOnce, batch int, latency, length time.Duration) (seconds []second, l *limit) {
	type request struct {
		trip
		due     time.Duration
		refused int
	}
	l, seconds = &limit{slowest: leastRate}, make([]second, length/time.Second)
	var flying []request
	for now := time.Duration(0); now < length; now += time.Millisecond {
		at := t0.Add(now)
		for ; len(flying) > 0 && flying[0].due <= now; flying = flying[1:] {
			l.answered(at, flying[0].trip, batch-flying[0].refused, flying[0].refused)
		}
		for len(flying) < atOnce && l.take(at, batch) == 0 {
			refused, s := serve(now, batch), &seconds[now/time.Second]
			flying = append(flying, request{l.send(at, batch), now + latency, refused})
			s.took, s.refused = s.took+batch-refused, s.refused+refused
		}
	}
	return seconds, l
}

func TestASteadyStoreIsSentWhatItTakes(t *testing.T) {
	const near, fast, slow = 20 * time.Millisecond, time.Millisecond, time.Second
	for _, c := range []struct {
		name    string
		serve   server
		atOnce  int
		batch   int
		latency time.Duration
		takes   float64 // keys a second, when nothing is wrong with the rate
		least   float64 // share of these that it gets
		refuses float64 // share of the keys sent that it refuses, at most
	}{
		{"5 % of keys refused at any rate, one batch at once", atRandom(.05), 1, 1000, near, 50_000 * .95, .99, .06},
		{"5 % of keys refused at any rate, many batches", atRandom(.05), 8, 1000, 10 * near, 40_000 * .95, .99, .06},
		{"5 % of keys refused at any rate, small batches", atRandom(.05), 8, 50, near, 20_000 * .95, .99, .06},
		{"5 % of keys refused at any rate, one key a request", atRandom(.05), 8, 1, near, 400 * .95, .99, .06},
		{"keys refused beyond a capacity", capacity(5000, false), 32, 1000, near, 5000, .9, .15},
		{"keys refused beyond a capacity, nearby", capacity(5000, false), 32, 1000, fast, 5000, .9, .15},
		{"keys refused beyond a capacity, far away", capacity(5000, false), 32, 1000, slow, 5000, .9, .4},
		{"keys refused beyond a capacity, small batches", capacity(5000, false), 32, 100, near, 5000, .9, .15},
		{"keys refused beyond a capacity, one key a request", capacity(500, false), 32, 1, near, 500, .9, .15},
		{"keys refused beyond a small capacity", capacity(200, false), 32, 10, near, 200, .8, .5},
		{"requests refused beyond a capacity", capacity(5000, true), 32, 1000, near, 5000, .9, .15},
		{"requests refused beyond a capacity, nearby", capacity(5000, true), 32, 1000, fast, 5000, .9, .15},
		{"requests refused beyond a capacity, small batches", capacity(5000, true), 32, 100, near, 5000, .9, .15},
		{"requests refused beyond a capacity, one key a request", capacity(500, true), 32, 1, near, 500, .9, .15},
		{"requests refused beyond a capacity of less than a batch a second", capacity(500, true), 32, 1000, near, 500, .9, .55},
	} {
		t.Run(c.name, func(t *testing.T) {
			seconds, l := simulate(c.serve, c.atOnce, c.batch, c.latency, 70*time.Second)
			const settled = 10
			got := sum(seconds[settled:])
			rate, refused := float64(got.took)/float64(len(seconds)-settled), float64(got.refused)/float64(got.took+got.refused)
			t.Logf("%.0f keys a second taken, %.3f refused, %.0f the limit", rate, refused, l.rate)
			if rate < c.least*c.takes || refused > c.refuses {
				t.Errorf("it took %.0f keys a second of %.0f that it could, and refused %.3f of all; want %v and at most %v", rate, c.takes, refused, c.least, c.refuses)
			}
		})
	}
}

func TestAStoreThatRefusesAllGetsTheLeastAndSoonAllAgainAfterwards(t *testing.T) {
	const end, soon = 30, 15 // seconds
	for name, batch := range map[string]int{"batches of 1000": 1000, "batches of 100": 100, "single keys": 1} {
		t.Run(name, func(t *testing.T) {
			seconds, l := simulate(outage(end*time.Second), 32, batch, 20*time.Millisecond, (end+soon)*time.Second)
			for at := 10; at < end; at += 4 {
				if got := sum(seconds[at-4 : at]).refused; got < batch || got > 4*max(batch, 3*leastRate) {
					t.Errorf("%d keys are sent from second %d to %d", got, at-4, at)
				}
			}
			if now := sum(seconds[end : end+5]).took; now < 5*leastRate || now < 4*batch {
				t.Errorf("within 5 seconds of the end only %d keys are sent", now)
			}
			if l.limited() {
				t.Errorf("%d seconds after the end there still is a limit of %v", soon, l.rate)
			}
		})
	}
}

// A store that refuses half of the keys at any rate can't be told from one that is
// sent too much. It is sent the least, and that is enough for a run to end.
func TestAStoreThatRefusesHalfAtAnyRateIsStillSentTheLeast(t *testing.T) {
	for name, batch := range map[string]int{"batches of 1000": 1000, "batches of 100": 100, "single keys": 1} {
		t.Run(name, func(t *testing.T) {
			seconds, _ := simulate(atRandom(.5), 32, batch, 20*time.Millisecond, 100*time.Second)
			if got := sum(seconds[20:]); got.took+got.refused < 80*leastRate || got.took < 80*leastRate*2/5 {
				t.Errorf("in 80 seconds %d keys were taken, and %d refused", got.took, got.refused)
			}
		})
	}
}
