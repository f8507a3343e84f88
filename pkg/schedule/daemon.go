package schedule

import (
	"context"
	"fmt"
	"slices"
	"time"
)

// Codes of a missed slot, as a report states them.
const (
	MissedDown    = "DOWN"    // nothing was running when the slot came
	MissedOverlap = "OVERLAP" // the run of an earlier slot was still going
	MissedFailed  = "FAILED"  // a run was tried and left no report
)

// Missed is a slot that no run served, and why.
type Missed struct {
	Slot time.Time // UTC
	Code string
}

const (
	// nap bounds one sleep, so that a changed wall clock or a machine that was
	// suspended is noticed: timers follow neither.
	nap = time.Minute
	// punctual is how late a slot may be noticed and still be served without
	// catch-up.
	punctual = 2 * nap
)

// Daemon calls Run at each slot, one call at a time.
//
// It doesn't use cron's own runner: that one drops the slots which come during
// a run, and here each has to be reported.
type Daemon struct {
	Schedule Schedule
	// LastServed is the slot of the last report; zero if there is none. What
	// has come since then is missed or caught up when the loop starts.
	LastServed time.Time
	// CatchUp runs at once for the newest slot that was missed.
	CatchUp bool
	// Run serves a slot and reports the missed ones, oldest first. It must end
	// soon after its context is cancelled. It returns nil only when a sealed
	// report names the slot and all the missed; otherwise they are all handed
	// to the next call, this slot as MissedFailed.
	Run func(ctx context.Context, slot time.Time, missed []Missed) error
	// Now is the wall clock; time.Now if nil.
	Now func() time.Time
}

// Loop serves slots until ctx is cancelled, waits for a Run in progress (whose
// context is then cancelled too), and returns nil. It returns an error only if
// the schedule has no further slot. One Daemon is for one Loop at a time.
func (d *Daemon) Loop(ctx context.Context) error {
	now := d.Now
	if now == nil {
		now = time.Now
	}
	served := d.LastServed
	if served.IsZero() {
		served = now() // nothing was promised yet
	}
	var missed []Missed
	for ctx.Err() == nil {
		at := now()
		if served.Sub(at) > punctual {
			served = at // the clock was set back: better one slot twice than none for long
		}
		slot, down := d.Schedule.Due(at, served, true)
		missed = append(missed, named(MissedDown, down)...)
		switch {
		case slot.IsZero():
			next := d.Schedule.Next(served)
			if next.IsZero() {
				return fmt.Errorf("schedule %q in %s has no slot in the next five years", d.Schedule.Cron(), d.Schedule.Timezone())
			}
			sleep(ctx, min(next.Sub(at), nap))
			continue
		case !d.CatchUp && at.Sub(slot) > punctual:
			missed = append(missed, Missed{slot, MissedDown})
			served = slot
			continue
		}
		if err := d.Run(ctx, slot, slices.Clone(missed)); err != nil {
			missed = append(missed, Missed{slot, MissedFailed})
		} else {
			missed = nil
		}
		served = slot
		// A slot that comes at the very end of the run is served, not missed.
		for late := range d.Schedule.Slots(slot, now().Add(-time.Nanosecond)) {
			missed = append(missed, Missed{late, MissedOverlap})
			served = late
		}
	}
	return nil
}

func named(code string, slots []time.Time) []Missed {
	var missed []Missed
	for _, slot := range slots {
		missed = append(missed, Missed{slot, code})
	}
	return missed
}

// sleep waits for d or for the end of ctx, whichever is first.
func sleep(ctx context.Context, d time.Duration) {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ctx.Done():
	}
}
