package sweep

import (
	"testing"
	"time"

	"pgregory.net/rapid"
)

// sent lets a limit that there isn't be asked for, and sends.
func sent(t *rapid.T, l *limit, now time.Time, n int) trip {
	if d := l.take(now, n); d != 0 {
		t.Fatalf("%d keys wait for %v", n, d)
	}
	return l.send(now, n)
}

func TestAStoreThatNeverAsksToSlowDownIsNeverWaitedFor(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now := limit{slowest: 1}, t0
		for range rapid.IntRange(1, 50).Draw(t, "requests") {
			sent(t, &l, now, rapid.IntRange(1, 1000).Draw(t, "keys"))
			now = now.Add(time.Duration(rapid.IntRange(0, 2000).Draw(t, "pause in ms")) * time.Millisecond)
		}
	})
}

// slowed is a limit right after its first cut, and what was measured: keys a second.
func slowed(t *rapid.T, slowest float64) (l *limit, now time.Time, measured float64) {
	l, now = &limit{slowest: slowest}, t0
	var first trip
	keys := 0
	for i := range rapid.IntRange(1, 20).Draw(t, "requests") {
		n := rapid.IntRange(1, 1000).Draw(t, "keys")
		x := sent(t, l, now, n)
		if i == 0 {
			first = x
		}
		keys += n
		now = now.Add(time.Duration(rapid.IntRange(0, 300).Draw(t, "gap in ms")) * time.Millisecond)
	}
	now = now.Add(time.Duration(rapid.IntRange(1, 2000).Draw(t, "wait in ms")) * time.Millisecond)
	l.slow(now, first)
	return l, now, float64(keys) / now.Sub(t0).Seconds()
}

func TestAfterASlowDownNoMoreThanHalfOfWhatWentGoesUntilTheStoreIsCalm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now, measured := slowed(t, 0.001)
		cut, half, went := now, measured/2, 0
		last := l.send(now, 0) // a request that was on its way when the rate was cut, from here on
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(1, 900).Draw(t, "step in ms")) * time.Millisecond)
			if n := rapid.IntRange(1, 500).Draw(t, "keys"); l.take(now, n) == 0 {
				went += n
				last = l.send(now, n)
			}
			if most := half * now.Sub(cut).Seconds(); float64(went) > most*(1+1e-9) {
				t.Fatalf("%d keys went within %v of the cut, of %v a second that are allowed", went, now.Sub(cut), half)
			}
			l.slow(now, trip{at: cut.Add(-1)}) // one more answer from before the cut: not calm, and nothing new
		}
		before := l.rate
		if l.slow(now.Add(time.Millisecond), last); l.rate > before/2*(1+1e-9) && !last.at.Before(l.cut) {
			t.Fatalf("a second cut goes from %v to %v", before, l.rate)
		}
	})
}

func TestOneRoundTripCutsTheRateOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now := limit{slowest: 1}, t0
		var trips []trip
		for range rapid.IntRange(2, 32).Draw(t, "requests in flight") {
			trips = append(trips, sent(t, &l, now, 1000))
			now = now.Add(time.Millisecond)
		}
		now = now.Add(time.Second)
		l.slow(now, trips[0])
		rate := l.rate
		for _, x := range trips[1:] {
			now = now.Add(time.Millisecond)
			if l.slow(now, x); l.rate != rate {
				t.Fatalf("the rate was cut to %v, and then to %v for the same round trip", rate, l.rate)
			}
		}
		if l.send(now, 1000); l.take(now, 1000) == 0 {
			t.Fatal("a batch goes at once after a cut")
		}
	})
}

func TestALimitEndsInBoundedTimeOnceTheStoreIsCalm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const slowest = 100
		l, now, measured := slowed(t, slowest)
		for range rapid.IntRange(0, 30).Draw(t, "more cuts") {
			now = now.Add(time.Millisecond)
			l.slow(now, l.send(now, 1))
			if l.rate < slowest {
				t.Fatalf("the rate is %v, less than the least", l.rate)
			}
		}
		longest := calm + doubling // from the least rate to twice what was measured
		for r := float64(slowest); r < 2*measured; r *= 2 {
			longest += doubling
		}
		end, step := now.Add(longest), time.Duration(rapid.IntRange(1, 3000).Draw(t, "looks every ms"))*time.Millisecond
		for rate := 0.0; l.limited(); rate = l.rate {
			if l.rate < rate {
				t.Fatalf("while the store is calm the rate falls from %v to %v", rate, l.rate)
			}
			if now.After(end.Add(step)) {
				t.Fatalf("after %v there still is a limit of %v, of %v measured", longest, l.rate, measured)
			}
			now = now.Add(step)
			l.advance(now)
		}
		sent(t, l, now, 1_000_000)
	})
}

func TestWhoIsToldToWaitMayGoThen(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now, _ := slowed(t, 1)
		for range rapid.IntRange(1, 5).Draw(t, "batches") {
			n := rapid.IntRange(1, 1000).Draw(t, "keys")
			if d := l.take(now, n); d > 0 {
				now = now.Add(d + time.Microsecond)
				if d := l.take(now, n); d > 0 {
					t.Fatalf("%d keys are told to wait for another %v", n, d)
				}
			}
		}
	})
}
