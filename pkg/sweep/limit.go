package sweep

import (
	"math"
	"time"
)

const (
	// calm is how long a store must not have asked to slow down before it gets
	// more keys a second again.
	calm = time.Second
	// doubling is how long it then takes until it gets twice as many.
	doubling = time.Second
	// burst is for how long a store that is sent nothing saves up what it may get.
	burst = time.Second
	// soonest is the shortest time over which a rate is measured.
	soonest = time.Millisecond
)

// limit is how many keys a second go to a store. There is none until the store
// asks to slow down. Then it is half of the keys a second that were going at that
// time, and it grows while the store is content, until there is none again.
//
// It is told the time, which must not go back, and is not for concurrent use.
type limit struct {
	// slowest is the least rate of a limit.
	slowest float64

	rate   float64   // keys a second; 0: no limit
	enough float64   // a rate at which a limit is none any more
	keys   float64   // that may go by now
	at     time.Time // up to when rate and keys are worked out
	cut    time.Time // when the rate was last cut
	asked  time.Time // when the store last asked to slow down
	sent   int64     // keys, ever
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

// slow says that the store answered a request with the demand to slow down. A
// request that went before the last cut says nothing new: the cut was for all that
// were on their way.
func (l *limit) slow(now time.Time, t trip) {
	l.advance(now)
	l.asked = now
	if t.at.Before(l.cut) {
		return
	}
	going := float64(l.sent-t.before) / max(now.Sub(t.at), soonest).Seconds()
	if l.limited() {
		going = min(going, l.rate)
	} else {
		l.enough = 2 * max(going, l.slowest)
	}
	l.rate, l.keys, l.cut = max(going/2, l.slowest), 0, now
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
