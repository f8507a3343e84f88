package sweep

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
)

// dawdling is a pace whose clock only a test moves, and where a batch of 1,000
// was just told to slow down, after a second.
func dawdling() (p *pace, logs *bytes.Buffer, now *time.Time) {
	logs, now = new(bytes.Buffer), new(time.Time)
	*now = t0
	p = newPace(zerolog.New(logs))
	p.now = func() time.Time { return *now }
	trip := p.sent(1000)
	*now = now.Add(time.Second)
	p.answered(trip, 0, 1000)
	return p, logs, now
}

func never() bool { return false }

func TestThatAStoreSlowsDownAndRecoversIsLoggedOnceEach(t *testing.T) {
	p, logs, now := dawdling()
	for range 5 {
		*now = now.Add(10 * time.Millisecond)
		p.answered(p.sent(1000), 0, 1000)
	}
	for range 100 {
		*now = now.Add(time.Second)
		p.take(10)
	}
	if said := logs.String(); strings.Count(said, "\n") != 2 || strings.Count(said, `"keysPerSecond":500`) != 1 || !strings.Contains(said, "without a limit again") {
		t.Errorf("the log says:\n%s", said)
	}
}

func TestWhoWaitsForASlowStoreIsLetGoByAnyEnd(t *testing.T) {
	lost := errors.New("the lease is lost")
	for name, end := range map[string]func(ctx, stop, halt func()){
		"the lease":        func(ctx, _, _ func()) { ctx() },
		"a stop":           func(_, stop, _ func()) { stop() },
		"a halt":           func(_, _, halt func()) { halt() },
		"a stop and lease": func(ctx, stop, _ func()) { stop(); ctx() },
	} {
		t.Run(name, func(t *testing.T) {
			p, _, _ := dawdling() // whose clock stands still: nobody's turn comes
			ctx, fail := context.WithCancelCause(t.Context())
			stop, cancel := context.WithCancel(t.Context())
			halted := make(chan struct{})
			isHalted := func() bool {
				select {
				case <-halted:
					return true
				default:
					return false
				}
			}
			const waiting = 3
			errs := make(chan error, waiting)
			for range waiting {
				go func() { errs <- p.wait(ctx, stop, 1000, isHalted) }()
			}
			select {
			case err := <-errs:
				t.Fatalf("a batch goes at once: %v", err)
			case <-time.After(10 * time.Millisecond):
			}
			end(func() { fail(lost) }, cancel, func() { close(halted) })
			for range waiting {
				if err := <-errs; errors.Is(err, lost) != strings.Contains(name, "lease") && name != "a stop and lease" {
					t.Errorf("the wait ends with %v", err)
				}
			}
			fail(nil)
			cancel()
		})
	}
}

func TestWhoNeedNotWaitDoesNot(t *testing.T) {
	p := newPace(zerolog.Nop())
	for range 1000 {
		if err := p.wait(t.Context(), t.Context(), 1000, never); err != nil {
			t.Fatal(err)
		}
		p.sent(1000)
	}
	if p.limit.limited() {
		t.Error("a store that never asked to slow down is limited")
	}
}
