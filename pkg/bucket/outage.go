package bucket

import (
	"context"
	"sync"
	"time"
)

// outage is what the listings of a Bucket know together of a server that is busy
// or away. Each by itself would find out anew: of many streams the unluckiest
// would soon have used up its attempts, and the store's listing would fail with it.
type outage struct {
	patience time.Duration // how long one outage is waited for

	mu        sync.Mutex
	since     time.Time // when it began; zero: the server answers
	last      time.Time // the last failure
	notBefore time.Time // no attempt until then
}

// failed notes a failure that may pass, and says whether to try again. What
// failed longer ago than patience was another outage.
func (o *outage) failed(now time.Time) bool {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() || now.Sub(o.last) > o.patience {
		o.since = now
	}
	o.last = now
	return now.Sub(o.since) < o.patience
}

// pause holds all listings back for d from now.
func (o *outage) pause(now time.Time, d time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if until := now.Add(d); until.After(o.notBefore) {
		o.notBefore = until
	}
}

// over notes that the server answered: whoever asks next need not wait. A server
// that refuses some requests alone therefore holds nobody back but those.
func (o *outage) over() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.since, o.notBefore = time.Time{}, time.Time{}
}

// wait returns once no pause is on, or with the context's error.
func (o *outage) wait(ctx context.Context) error {
	for {
		o.mu.Lock()
		left := time.Until(o.notBefore)
		o.mu.Unlock()
		if left <= 0 {
			return nil
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return ctx.Err()
		}
	}
}
