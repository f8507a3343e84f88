package sweep

import (
	"math"
	"time"
)

const (
	// calm is how long a store gets no more keys a second after a cut, and after
	// each later refusal of what had gone before the cut.
	calm = time.Second
	// doubling is how long it then takes until it gets twice as many.
	doubling = time.Second
	// burst is for how long a store that is sent nothing saves up what it may get.
	burst = time.Second
	// soonest is the shortest time over which a rate is measured.
	soonest = time.Millisecond
	// sample is how many keys a store answers, at least, before their share of
	// refusals says anything: one key of three is no third.
	sample = 1000
	// tolerated refusals are one of so many keys.
	tolerated = 10
)

// limit is how many keys a second go to a store. There is none until the store
// asks to slow down, be it for a single key. Then it is half of the keys a second
// that were going at that time, and it grows until there is none again. From then
// on it is cut only where the store refuses more of what was sent since the last
// cut than is tolerated: a few it may refuse at any rate, and sending less would
// not make them fewer. So a store that takes so many keys a second and refuses the
// rest is mostly sent little more, and one that refuses all gets the least.
//
// It is told the time, which must not go back, and is not for concurrent use.
type limit struct {
	// slowest is the least rate of a limit.
	slowest float64

	rate   float64   // keys a second; 0: no limit
	enough float64   // a rate at which a limit is none any more
	keys   float64   // that may go by now
	at     time.Time // up to when rate and keys are worked out
	cut    time.Time // when the rate was last cut; zero: never
	asked  time.Time // the last cut, or a later refusal of what had gone before it
	sent   int64     // keys, ever

	// What became of the keys of the sample so far, all sent since the last cut.
	took, refused int
}

// trip is a request on its way: when it went, and how many keys had gone before.
type trip struct {
	at     time.Time
	before int64
}

// limited reports whether there is a limit.
func (l *limit) limited() bool { return l.rate > 0 }

// take returns 0 if n keys may go now, and counts them as gone. Else it says how
// long it takes until they may, if nothing changes.
func (l *limit) take(now time.Time, n int) time.Duration {
	l.advance(now)
	if !l.limited() {
		return 0
	}
	if missing := float64(n) - l.keys; missing > 0 {
		return max(soonest, time.Duration(missing/l.rate*float64(time.Second)))
	}
	l.keys -= float64(n)
	// What is saved up for one batch is not for the next.
	l.keys = min(l.keys, l.rate*burst.Seconds())
	return 0
}

// send notes that a request with n keys goes now.
func (l *limit) send(now time.Time, n int) trip {
	t := trip{now, l.sent}
	l.sent += int64(n)
	return t
}

// answered says how many keys of a request the store took, and how many it refused
// with the demand to slow down. Of a request that went before the last cut that is
// nothing new: the cut was for all that were on their way.
func (l *limit) answered(now time.Time, t trip, took, refused int) {
	l.advance(now)
	if t.at.Before(l.cut) {
		if refused > 0 {
			l.asked = now
		}
		return
	}
	l.took += took
	l.refused += refused
	switch {
	case l.tooFast():
		l.slow(now, t)
	case l.took+l.refused < sample:
		return
	}
	l.took, l.refused = 0, 0
}

// tooFast reports whether the sample calls for a cut. It need not be complete for
// that: what is refused already would be too much of a complete one.
func (l *limit) tooFast() bool {
	if l.cut.IsZero() {
		return l.refused > 0
	}
	return l.refused*tolerated > max(l.took+l.refused, sample)
}

// slow cuts the rate, by what went since the request of a trip did.
func (l *limit) slow(now time.Time, t trip) {
	going := float64(l.sent-t.before) / max(now.Sub(t.at), soonest).Seconds()
	if l.limited() {
		going = min(going, l.rate)
	} else {
		l.enough = 2 * max(going, l.slowest)
	}
	l.rate, l.keys, l.cut, l.asked = max(going/2, l.slowest), 0, now, now
}

// advance works out rate and keys up to now.
func (l *limit) advance(now time.Time) {
	since := l.at
	l.at = now
	if !l.limited() || !now.After(since) {
		return
	}
	// While it grows, the rate of the beginning counts: it is rather too low.
	l.keys += l.rate * now.Sub(since).Seconds()
	if grows := l.asked.Add(calm); now.After(grows) {
		if grows.After(since) {
			since = grows
		}
		l.rate *= math.Exp2(now.Sub(since).Seconds() / doubling.Seconds())
	}
	if l.rate >= l.enough {
		l.rate = 0
	}
}
