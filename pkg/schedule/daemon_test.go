package schedule

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// In a synctest bubble the clock starts at 2000-01-01T00:00:00Z and moves only
// while everything waits.

type call struct {
	start, slot string
	missed      []string
}

func clock(t time.Time) string { return t.UTC().Format("02T15:04:05") }

// record returns a Run that writes down its calls and takes the given time or
// ends with the given error, call by call; the last entry repeats.
func record(calls *[]call, cancel context.CancelFunc, after int, takes time.Duration, errs ...error) func(context.Context, time.Time, []Missed) error {
	return func(ctx context.Context, slot time.Time, missed []Missed) error {
		c := call{start: clock(time.Now()), slot: clock(slot)}
		for _, m := range missed {
			c.missed = append(c.missed, clock(m.Slot)+" "+m.Code)
		}
		*calls = append(*calls, c)
		n := len(*calls)
		if n == after {
			cancel()
		}
		sleep(ctx, takes)
		if n <= len(errs) {
			return errs[n-1]
		}
		return nil
	}
}

func TestLoop(t *testing.T) {
	lost := errors.New("no report could be sealed")
	for name, c := range map[string]struct {
		expr   string
		served time.Duration // before the start; 0: nothing served
		catch  bool
		runs   int
		takes  time.Duration
		errs   []error
		want   []call
	}{
		"the first start owes nothing and waits for its slot": {
			expr: "15 2 * * *", catch: true, runs: 2, takes: time.Minute,
			want: []call{{"01T02:15:00", "01T02:15:00", nil}, {"02T02:15:00", "02T02:15:00", nil}},
		},
		"after downtime one slot is caught up at once and the older are missed": {
			expr: "15 2 * * *", served: 70 * time.Hour, catch: true, runs: 2, takes: time.Minute,
			want: []call{
				{"01T00:00:00", "31T02:15:00", []string{"29T02:15:00 DOWN", "30T02:15:00 DOWN"}},
				{"01T02:15:00", "01T02:15:00", nil},
			},
		},
		"without catch-up all that came during downtime is missed, and said at the next slot": {
			expr: "15 2 * * *", served: 46 * time.Hour, runs: 1, takes: time.Minute,
			want: []call{{"01T02:15:00", "01T02:15:00", []string{"30T02:15:00 DOWN", "31T02:15:00 DOWN"}}},
		},
		"a slot during a run is never a second run but a missed slot": {
			expr: "0 * * * *", runs: 2, takes: 150 * time.Minute,
			want: []call{
				{"01T01:00:00", "01T01:00:00", nil},
				{"01T04:00:00", "01T04:00:00", []string{"01T02:00:00 OVERLAP", "01T03:00:00 OVERLAP"}},
			},
		},
		"a slot at the very end of a run is served": {
			expr: "0 * * * *", runs: 2, takes: time.Hour,
			want: []call{{"01T01:00:00", "01T01:00:00", nil}, {"01T02:00:00", "01T02:00:00", nil}},
		},
		"a slot during the catch-up run is missed too": {
			expr: "0 * * * *", served: 90 * time.Minute, catch: true, runs: 2, takes: 61 * time.Minute,
			want: []call{
				{"01T00:00:00", "01T00:00:00", []string{"31T23:00:00 DOWN"}},
				{"01T02:00:00", "01T02:00:00", []string{"01T01:00:00 OVERLAP"}},
			},
		},
		"a run without a report serves nothing, and what it was told to report is told again": {
			expr: "0 * * * *", served: 2*time.Hour + time.Minute, catch: true, runs: 3, takes: time.Minute, errs: []error{lost, lost},
			want: []call{
				{"01T00:00:00", "01T00:00:00", []string{"31T22:00:00 DOWN", "31T23:00:00 DOWN"}},
				{"01T01:00:00", "01T01:00:00", []string{"31T22:00:00 DOWN", "31T23:00:00 DOWN", "01T00:00:00 FAILED"}},
				{"01T02:00:00", "01T02:00:00", []string{"31T22:00:00 DOWN", "31T23:00:00 DOWN", "01T00:00:00 FAILED", "01T01:00:00 FAILED"}},
			},
		},
		"a last slot in the far future does not silence the schedule": {
			expr: "0 * * * *", served: -1000 * time.Hour, catch: true, runs: 1, takes: time.Minute,
			want: []call{{"01T01:00:00", "01T01:00:00", nil}},
		},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				var calls []call
				d := Daemon{Schedule: must(t, c.expr, "UTC"), CatchUp: c.catch, Run: record(&calls, cancel, c.runs, c.takes, c.errs...)}
				if c.served != 0 {
					d.LastServed = time.Now().Add(-c.served)
				}
				require.NoError(t, d.Loop(ctx))
				assert.Equal(t, c.want, calls)
			})
		})
	}
}

func TestLoopStopsAtOnceWhileItWaits(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), 90*time.Second)
		defer cancel()
		d := Daemon{Schedule: must(t, "15 2 * * *", "UTC"), Run: func(context.Context, time.Time, []Missed) error {
			t.Error("no slot has come")
			return nil
		}}
		start := time.Now()
		require.NoError(t, d.Loop(ctx))
		assert.Equal(t, 90*time.Second, time.Since(start))
	})
}

func TestLoopWaitsForTheRunThatItInterrupts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		sealed := false
		d := Daemon{Schedule: must(t, "0 * * * *", "UTC"), Run: func(run context.Context, _ time.Time, _ []Missed) error {
			<-run.Done()
			time.Sleep(10 * time.Second) // the batch in flight, the report
			sealed = true
			return nil
		}}
		done := make(chan error)
		go func() { done <- d.Loop(ctx) }()
		time.Sleep(61 * time.Minute)
		cancel()
		require.NoError(t, <-done)
		assert.True(t, sealed)
	})
}

func TestLoopDoesNotStartWhenAlreadyCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		d := Daemon{Schedule: must(t, "* * * * *", "UTC"), LastServed: time.Now().Add(-time.Hour), CatchUp: true,
			Run: func(context.Context, time.Time, []Missed) error {
				t.Error("ran after the stop")
				return nil
			}}
		require.NoError(t, d.Loop(ctx))
	})
}

func TestLoopFollowsTheWallClockWhenItIsSet(t *testing.T) {
	for name, c := range map[string]struct {
		jump, when time.Duration
		want       []call
	}{
		// Ten minutes in, the clock leaps over two slots: one run, one missed.
		"forward": {2 * time.Hour, 10 * time.Minute, []call{{"01T00:10:00", "01T02:00:00", []string{"01T01:00:00 DOWN"}}}},
		// After its first run the clock goes back three hours: slots come again.
		"back": {-3 * time.Hour, 70 * time.Minute, []call{{"01T01:00:00", "01T01:00:00", nil}, {"01T02:00:00", "31T23:00:00", nil}}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				start := time.Now()
				var calls []call
				d := Daemon{Schedule: must(t, "0 * * * *", "UTC"), CatchUp: true,
					Run: record(&calls, cancel, len(c.want), time.Minute),
					Now: func() time.Time {
						if time.Since(start) >= c.when {
							return time.Now().Add(c.jump)
						}
						return time.Now()
					}}
				require.NoError(t, d.Loop(ctx))
				assert.Equal(t, c.want, calls)
			})
		})
	}
}

func TestLoopEndsWithAnErrorWhenNoSlotIsLeft(t *testing.T) {
	var d Daemon
	err := d.Loop(t.Context())
	require.Error(t, err)
	assert.Contains(t, err.Error(), "no slot")
}
