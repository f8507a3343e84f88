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
	l.answered(now, first, keys-1, 1)
	return l, now, float64(keys) / now.Sub(t0).Seconds()
}

func TestAfterOneKeyIsSlowedDownNoMoreThanHalfOfWhatWentGoesUntilTheStoreIsCalm(t *testing.T) {
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
			l.answered(now, trip{at: cut.Add(-1)}, 0, 1) // one more answer from before the cut: not calm, and nothing new
		}
		before := l.rate
		if l.answered(now.Add(time.Millisecond), last, 0, sample); l.rate > before/2*(1+1e-9) && !last.at.Before(l.cut) {
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
		l.answered(now, trips[0], 0, 1000)
		rate := l.rate
		for _, x := range trips[1:] {
			now = now.Add(time.Millisecond)
			if l.answered(now, x, 0, 1000); l.rate != rate {
				t.Fatalf("the rate was cut to %v, and then to %v for the same round trip", rate, l.rate)
			}
		}
		if l.send(now, 1000); l.take(now, 1000) == 0 {
			t.Fatal("a batch goes at once after a cut")
		}
	})
}

// few draws what a store answers that refuses no more than is tolerated.
func few(t *rapid.T) (took, refused int) {
	keys := rapid.IntRange(1, 1000).Draw(t, "keys answered")
	refused = rapid.IntRange(0, keys/tolerated).Draw(t, "keys refused")
	return keys - refused, refused
}

func TestALimitEndsInBoundedTimeOnceTheStoreTakesNearlyAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const slowest = 100
		l, now, measured := slowed(t, slowest)
		for range rapid.IntRange(0, 30).Draw(t, "more cuts") {
			now = now.Add(time.Millisecond)
			l.answered(now, l.send(now, 1), 0, sample)
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
				t.Fatalf("while the store takes nearly all the rate falls from %v to %v", rate, l.rate)
			}
			if now.After(end.Add(step)) {
				t.Fatalf("after %v there still is a limit of %v, of %v measured", longest, l.rate, measured)
			}
			sent := l.send(now, 0)
			now = now.Add(step)
			took, refused := few(t)
			l.answered(now, sent, took, refused)
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

func TestOnlyTheFirstCutIsForAFewKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now, _ := slowed(t, 1)
		cut := l.cut
		for range rapid.IntRange(1, 100).Draw(t, "answers") {
			sent := l.send(now, 0)
			now = now.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "round trip in ms")) * time.Millisecond)
			took, refused := few(t)
			if l.answered(now, sent, took, refused); l.cut != cut {
				t.Fatalf("%d refused keys of %d cut the rate again", refused, took+refused)
			}
		}
	})
}

func TestTooManyRefusedKeysOfASampleCutTheRate(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l, now, _ := slowed(t, 1)
		cut, seen := l.cut, 0
		for l.cut == cut {
			if seen >= sample {
				t.Fatalf("%d keys are answered, too many of them refused, and there is no cut", seen)
			}
			sent := l.send(now, 0)
			now = now.Add(time.Millisecond)
			keys := rapid.IntRange(1, 1000).Draw(t, "keys")
			refused := rapid.IntRange(keys/tolerated+1, keys).Draw(t, "refused")
			before := trip{at: cut.Add(-1)}
			if l.answered(now, before, 0, keys); l.cut != cut {
				t.Fatal("an answer to what was sent before the last cut makes another")
			}
			l.answered(now, sent, keys-refused, refused)
			seen += keys
		}
	})
}

func TestWhateverAStoreAnswersTheRateIsKeptAndNeverLessThanTheLeast(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const slowest = 100
		l, now, _ := slowed(t, slowest)
		went, allowed := 0.0, 0.0 // since the last cut, or a moment after it
		for range rapid.IntRange(1, 100).Draw(t, "steps") {
			step := time.Duration(rapid.IntRange(0, 3000).Draw(t, "step in ms")) * time.Millisecond
			now = now.Add(step)
			n, cut := rapid.IntRange(1, 1000).Draw(t, "keys"), l.cut
			d := l.take(now, n)
			if !l.limited() {
				return
			}
			allowed += l.rate * step.Seconds() // the rate has only grown
			if d == 0 {
				if went += float64(n); went > allowed*(1+1e-9) {
					t.Fatalf("%v keys went, of %v that the rate allows", went, allowed)
				}
				sent := l.send(now, n)
				now = now.Add(time.Millisecond)
				allowed += l.rate * 2 / 1000 // a millisecond, and what it grew
				refused := rapid.IntRange(0, n).Draw(t, "refused")
				l.answered(now, sent, n-refused, refused)
				if rapid.Bool().Draw(t, "count anew") { // after a take no more is saved up than a burst
					went, allowed = 0, l.rate*(burst.Seconds()+0.002)
				}
			}
			switch {
			case l.limited() && l.rate < slowest, l.rate < 0:
				t.Fatalf("the rate is %v, the least is %v", l.rate, slowest)
			case l.cut != cut:
				went, allowed = 0, 0
			}
		}
	})
}
