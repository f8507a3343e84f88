package vault

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// errReleased is the cause of the Context of a lease that was given back.
var errReleased = errors.New("the lease was released")

// watch ends the Context when the last renewal is 3/4 ttl old. It looks often
// instead of setting a timer, because only the wall clock sees a suspended
// machine's time pass.
func (l *Lease) watch() {
	ticker := time.NewTicker(max(l.ttl/20, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-l.ctx.Done():
			return
		case <-ticker.C:
		}
		l.mu.Lock()
		age := elapsed(l.sent, time.Now())
		l.mu.Unlock()
		if age >= l.ttl-l.ttl/4 {
			l.cancel(fmt.Errorf("vault: lease in %s: %w: it was last renewed %v ago and expires %v after that",
				where(l.area), ErrLost, age.Round(time.Millisecond), l.ttl))
			return
		}
	}
}

// renew renews each quarter of the ttl. One attempt may take as long; one that
// failed is soon made again, until watch ends it all.
func (l *Lease) renew() {
	defer close(l.done)
	for pause := l.ttl / 4; ; {
		timer := time.NewTimer(pause)
		select {
		case <-l.stop:
		case <-l.ctx.Done():
		case <-timer.C:
		}
		timer.Stop()
		if l.stopped() {
			return
		}
		err := l.renewOnce(l.ttl / 4)
		switch {
		case errors.Is(err, ErrLost):
			l.cancel(err)
			return
		case err != nil:
			pause = l.ttl / 20
		default:
			pause = l.ttl / 4
		}
	}
}

func (l *Lease) stopped() bool {
	select {
	case <-l.stop:
		return true
	case <-l.ctx.Done():
		return true
	default:
		return false
	}
}

// renewOnce writes the record anew. It is not cut short by Release, so that no
// renewal is in flight when the record is overwritten for the last time.
func (l *Lease) renewOnce(limit time.Duration) error {
	ctx, cancel := context.WithTimeout(l.ctx, limit)
	defer cancel()
	sent := time.Now()
	l.record.renewed(sent)
	l.record.Note = l.Note()
	return l.write(ctx, l.record, sent)
}

// write swaps in r. A conflict needs a second look: an earlier attempt of ours
// that seemed to fail may have been carried out.
func (l *Lease) write(ctx context.Context, r record, sent time.Time) error {
	l.mu.Lock()
	tag := l.tag
	l.mu.Unlock()
	tag, err := l.area.Swap(ctx, LeaseFile, tag, r.marshal())
	if errors.Is(err, ErrConflict) {
		var data []byte
		if data, tag, err = l.area.Read(ctx, LeaseFile); err != nil {
			return err
		}
		current, err := parseRecord(data)
		if err != nil {
			return fmt.Errorf("vault: lease in %s: %w: %w", where(l.area), ErrLost, err)
		}
		if current.Holder != l.record.Holder {
			return fmt.Errorf("vault: lease in %s: %w: process %d on host %q took it over", where(l.area), ErrLost, current.PID, current.Host)
		}
		if tag, err = l.area.Swap(ctx, LeaseFile, tag, r.marshal()); err != nil {
			return err
		}
	}
	if err != nil {
		return err
	}
	l.mu.Lock()
	l.tag, l.sent = tag, sent
	l.mu.Unlock()
	return nil
}

// Release gives the lease back, by overwriting its file, and ends its Context.
// If the lease was taken over, the file is not touched and the error wraps
// ErrLost. After an error of another kind the lease expires by itself. Calling
// it again does nothing.
func (l *Lease) Release(ctx context.Context) error {
	var err error
	l.once.Do(func() {
		close(l.stop)
		<-l.done
		r := l.record
		r.Released, r.Note = true, l.Note()
		if err = l.write(ctx, r, time.Now()); err != nil {
			err = fmt.Errorf("releasing: %w", err)
		}
		l.cancel(errReleased)
	})
	return err
}
