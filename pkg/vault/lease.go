package vault

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// LeaseFile is the lease's name in the work area. The file is never deleted: a
// lease is released by overwriting it.
const LeaseFile = "lease.json"

// maxTTL is the longest ttl that a lease may have: a record that says more is
// not believed.
const maxTTL = 24 * time.Hour

// conflictTries is how often Acquire looks again at a file that changed.
const conflictTries = 10

// LeaseOptions say how to hold the lease.
type LeaseOptions struct {
	// TTL is how long the lease outlives its last renewal. Above 0, at most 24
	// hours. It also bounds every request of the holder: see Acquire.
	TTL time.Duration
	// Host names this machine; empty means os.Hostname.
	Host string
}

// Lease is the right to be the one run. It is renewed in the background each
// quarter of its ttl, until Release.
//
// Let m be the moment, by the holder's monotonic clock, at which it sent the
// last renewal that succeeded. The lease is good until m + ttl, and no one else
// takes it before. The Context ends at m + 3/4 ttl: what was in flight is
// abandoned while the lease is still good, and nothing new begins. It ends then
// by the wall clock too, since a machine that was suspended wakes up with a
// monotonic clock that stood still.
type Lease struct {
	// TakenOver says that the run before this one did not release its lease;
	// Previous is then its last record.
	TakenOver bool
	Previous  Holder
	// Holder is this lease's own.
	Holder Holder

	area   Area
	ttl    time.Duration
	ctx    context.Context // its end is what a Lease tells
	cancel context.CancelCauseFunc
	stop   chan struct{} // closed by Release
	done   chan struct{} // closed when the renewer has ended
	once   sync.Once     // for stop
	record record        // owned by the renewer until done is closed

	mu   sync.Mutex
	tag  string
	note string    // goes into each record that is written
	sent time.Time // m, with both clocks
}

// Acquire takes the lease in the work area, or fails at once with an error that
// wraps ErrHeld and names the holder's host, process and expiry.
//
// A lease that was not released is taken over:
//   - at once, if its holder was a process of this very host, boot and process
//     namespace, and has ended. Only then: hosts share names, and process
//     numbers are used again. It sends nothing more, though the server may
//     still be busy with what it sent last;
//   - else when the file has not changed for its ttl, as measured here, with a
//     monotonic clock, from when it was first read. Wall clocks only decide
//     whether it is worth waiting: were they trusted, a host whose clock runs
//     ahead would take the lease of a living holder. After that, Acquire waits
//     for another ttl, the bound of the holder's requests: what it sent last
//     may still be carried out. In all this takes two ttls.
//
// ctx bounds Acquire alone. The lease's Context keeps its values and not its
// end, so that a run told to stop can still finish what it has begun.
func Acquire(ctx context.Context, work Area, o LeaseOptions) (*Lease, error) {
	if o.TTL <= 0 || o.TTL > maxTTL {
		return nil, fmt.Errorf("vault: lease ttl %v: must be above 0 and at most %v", o.TTL, maxTTL)
	}
	self, err := currentProcess(o.Host)
	if err != nil {
		return nil, fmt.Errorf("vault: taking the lease in %s: %w", where(work), err)
	}
	for try := range conflictTries {
		var l *Lease
		// A conflict means that the file changed under us: what it says now
		// decides. Whoever won holds the lease, so one more look is enough, or
		// two.
		if l, err = acquireOnce(ctx, work, o.TTL, self); !errors.Is(err, ErrConflict) {
			return l, err
		}
		if err := sleep(ctx, ctx, time.Duration(try)*10*time.Millisecond); err != nil {
			return nil, fmt.Errorf("vault: taking the lease in %s: %w", where(work), err)
		}
	}
	return nil, fmt.Errorf("vault: taking the lease in %s: %w each time; try again", where(work), err)
}

func acquireOnce(ctx context.Context, work Area, ttl time.Duration, self process) (*Lease, error) {
	data, tag, err := work.Read(ctx, LeaseFile)
	if errors.Is(err, ErrNotFound) {
		return take(ctx, work, ttl, self, "", "")
	}
	if err != nil {
		return nil, err
	}
	previous, err := parseRecord(data)
	if err != nil {
		return nil, fmt.Errorf("vault: %s in %s: %w; make sure that no run is active, then remove that file", LeaseFile, where(work), err)
	}
	if previous.Released {
		return take(ctx, work, ttl, self, tag, previous.Note)
	}
	dead := previous.process().hasEnded(self)
	if !dead {
		if err := outlive(ctx, work, tag, previous); err != nil {
			return nil, err
		}
	}
	l, err := take(ctx, work, ttl, self, tag, previous.Note)
	if err != nil {
		return nil, err
	}
	l.TakenOver, l.Previous = true, previous.holder()
	if !dead {
		if err := sleep(l.Context(), ctx, previous.ttl()); err != nil {
			return nil, errors.Join(fmt.Errorf("vault: waiting for the previous holder's last requests in %s: %w", where(work), err),
				l.Release(context.WithoutCancel(ctx)))
		}
	}
	return l, nil
}

// outlive returns nil once the file has kept its tag for the ttl it states. A
// holder that is good by its own dates is not waited for, nor one that is seen
// to be alive.
func outlive(ctx context.Context, work Area, tag string, previous record) error {
	ttl := previous.ttl()
	// Dates beyond one ttl from now are not those of a clock like ours.
	if left := time.Until(previous.Expires); left > 0 && left <= ttl {
		return previous.heldError(work)
	}
	for start := time.Now(); time.Since(start) < ttl; {
		if err := sleep(ctx, ctx, min(ttl/4, ttl-time.Since(start))); err != nil {
			return fmt.Errorf("vault: waiting for the lease in %s to expire: %w", where(work), err)
		}
		data, now, err := work.Read(ctx, LeaseFile)
		if errors.Is(err, ErrNotFound) {
			return ErrConflict // removed by hand
		}
		if err != nil {
			return err
		}
		if now == tag {
			continue
		}
		current, err := parseRecord(data)
		if err != nil || current.Released {
			return ErrConflict // read it again from the start
		}
		return current.heldError(work)
	}
	return nil
}

// take writes our record over the state with the given tag and note, and begins
// to renew.
func take(ctx context.Context, work Area, ttl time.Duration, self process, tag, note string) (*Lease, error) {
	sent := time.Now()
	r := newRecord(uuid.NewString(), self, sent, ttl)
	r.Note = note
	tag, err := work.Swap(ctx, LeaseFile, tag, r.marshal())
	if err != nil {
		return nil, err
	}
	l := &Lease{
		Holder: r.holder(), area: work, ttl: ttl, record: r, tag: tag, note: note, sent: sent,
		stop: make(chan struct{}), done: make(chan struct{}),
	}
	l.ctx, l.cancel = context.WithCancelCause(context.WithoutCancel(ctx))
	go l.watch()
	go l.renew()
	return l, nil
}

// Context ends when the lease can no longer be relied on (the cause wraps
// ErrLost and says why) or was released. All work under the lease runs under it.
func (l *Lease) Context() context.Context { return l.ctx }

// Check returns nil if a request that takes no longer than need would end while
// the lease is good; else an error that wraps ErrLost. Ask right before a
// request that deletes: a process that was stopped and goes on reaches its next
// request before any timer of its own.
func (l *Lease) Check(need time.Duration) error {
	if l.ctx.Err() != nil {
		return context.Cause(l.ctx)
	}
	l.mu.Lock()
	age := elapsed(l.sent, time.Now())
	l.mu.Unlock()
	if age+need > l.ttl {
		return fmt.Errorf("vault: lease in %s: %w: last renewed %v ago with a ttl of %v, too late for a request of up to %v",
			where(l.area), ErrLost, age.Round(time.Millisecond), l.ttl, need)
	}
	return nil
}

// elapsed is the longer of the times that the monotonic and the wall clock saw.
func elapsed(since, now time.Time) time.Duration {
	return max(now.Sub(since), now.Round(0).Sub(since.Round(0)))
}

// sleep waits for d, or for the end of either context.
func sleep(a, b context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-a.Done():
		return context.Cause(a)
	case <-b.Done():
		return context.Cause(b)
	}
}
