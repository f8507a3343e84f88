package sweep

import (
	"context"
	"math"
	"sync"
	"time"

	"github.com/rs/zerolog"
)

const (
	// leastRate is how many keys a second a store gets however often it asks to
	// slow down: a run has to end. There are small stores that take no more. Large
	// batches don't wait long, as the rate grows while none goes.
	leastRate = 100
	// glance is how often whoever waits looks whether the limit has changed.
	glance = 100 * time.Millisecond
)

// pace holds all deletes of a store in this process to its limit.
type pace struct {
	log  zerolog.Logger
	now  func() time.Time // of this machine: real time goes by between requests
	turn chan struct{}    // held by the batch that goes next

	mu    sync.Mutex
	limit limit
}

func newPace(log zerolog.Logger) *pace {
	return &pace{log: log, now: time.Now, turn: make(chan struct{}, 1), limit: limit{slowest: leastRate}}
}

// wait returns when n keys may go, when stop has ended or enough says so, and with
// the cause of ctx when that ends. Batches go in the order in which they came.
func (p *pace) wait(ctx, stop context.Context, n int, enough func() bool) error {
	select {
	case p.turn <- struct{}{}:
		defer func() { <-p.turn }()
	case <-stop.Done():
		return context.Cause(ctx)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	for stop.Err() == nil && !enough() {
		d := p.take(n)
		if d == 0 {
			break
		}
		if err := pause(ctx, stop, min(d, glance)); err != nil {
			return err
		}
	}
	return context.Cause(ctx)
}

func (p *pace) take(n int) time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.limit.limited()
	d := p.limit.take(p.now(), n)
	if was && !p.limit.limited() {
		p.log.Info().Msg("the store takes nearly all of what it is sent: its deletes go without a limit again")
	}
	return d
}

// sent notes that a request with n keys goes out.
func (p *pace) sent(n int) trip {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.limit.send(p.now(), n)
}

// answered says how many keys of a request the store took, and how many it refused
// with the demand to slow down.
func (p *pace) answered(t trip, took, refused int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	was := p.limit.limited()
	p.limit.answered(p.now(), t, took, refused)
	if !was && p.limit.limited() {
		p.log.Warn().Float64("keysPerSecond", math.Round(p.limit.rate)).
			Msg("the store asks to slow down: its deletes are limited until it takes nearly all of them; if that takes long each night, lower its delete.batch or limits.concurrency")
	}
}
