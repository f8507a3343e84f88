// Package schedule turns a cron expression into slots: the instants at which a
// run is promised. Slots, catch-up and missed slots are pure functions of times
// that are handed in; Daemon, the loop that waits for them, is the only part
// that looks at a clock.
//
// It never decides what a run does, never runs two at once, and never lets a
// slot go by in silence: each is served, or handed to the next run as missed.
//
// Cron expressions are read by github.com/robfig/cron, and clock changes are
// taken as it takes them: a slot inside the hour that spring skips does not
// exist that day, and a slot inside the hour that autumn repeats exists twice.
package schedule

import (
	"fmt"
	"iter"
	"strings"
	"time"
	_ "time/tzdata" // the container image holds no zone files

	"github.com/robfig/cron/v3"
)

// horizon is how far cron looks for a slot before it says that there is none.
const horizon = 5 * 366 * 24 * time.Hour

// MaxMissed bounds what Due returns, and with it memory when the last served
// slot is absurdly long ago. At a slot a minute it is 69 days.
const MaxMissed = 100_000

// Schedule is a cron expression in a time zone. It is an immutable value, safe
// for use by many goroutines. The zero value has no slots.
type Schedule struct {
	expr  string
	zone  *time.Location
	slots cron.Schedule
}

// Parse reads a cron expression of five fields (minute, hour, day of month,
// month, day of week) or one of @yearly, @monthly, @weekly, @daily, @hourly, in
// a time zone by its IANA name. "@every" is refused, because its slots would
// depend on when the process started; so is the zone "Local", because it would
// depend on the machine.
func Parse(expr, timezone string) (Schedule, error) {
	expr = strings.TrimSpace(expr)
	switch {
	case expr == "":
		return Schedule{}, fmt.Errorf(`cron expression is empty; write five fields, such as "15 2 * * *"`)
	case strings.HasPrefix(expr, "TZ="), strings.HasPrefix(expr, "CRON_TZ="):
		// Not only for one way to say it: cron panics on a bare "TZ=UTC".
		return Schedule{}, fmt.Errorf("cron expression %q names a time zone; use schedule.timezone for that", expr)
	case strings.HasPrefix(expr, "@every"):
		return Schedule{}, fmt.Errorf("cron expression %q depends on when the process started; write five fields, such as %q", expr, "15 2 * * *")
	}
	zone, err := location(timezone)
	if err != nil {
		return Schedule{}, err
	}
	slots, err := cron.ParseStandard(expr)
	if err != nil {
		return Schedule{}, fmt.Errorf("cron expression %q can't be read: %w; write five fields, such as %q", expr, err, "15 2 * * *")
	}
	s := Schedule{expr: expr, zone: zone, slots: slots}
	// A fixed date, so that the answer depends on the expression alone.
	if s.Next(time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Schedule{}, fmt.Errorf("cron expression %q never comes: there is no such date", expr)
	}
	return s, nil
}

func location(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, fmt.Errorf("time zone %q depends on the machine; write an IANA name, such as %q or %q", name, "UTC", "Europe/Berlin")
	}
	zone, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q is not known: write an IANA name, such as %q or %q", name, "UTC", "Europe/Berlin")
	}
	return zone, nil
}

// Cron returns the expression as it was given, without space around it.
func (s Schedule) Cron() string { return s.expr }

// Timezone returns the name of the zone that the expression is read in.
func (s Schedule) Timezone() string {
	if s.zone == nil {
		return ""
	}
	return s.zone.String()
}

// Next returns the first slot after the given time, strictly, in UTC; the zero
// time if none comes within five years.
func (s Schedule) Next(after time.Time) time.Time {
	if s.slots == nil {
		return time.Time{}
	}
	next := s.slots.Next(after.In(s.zone))
	if next.IsZero() {
		return time.Time{}
	}
	return next.UTC()
}

// Prev returns the latest slot that is not after the given time, in UTC; the
// zero time if there was none within five years.
//
// Cron only looks forward. So: widen a window backward until it holds a slot,
// and halve it down to the last second from which the next slot is in it.
func (s Schedule) Prev(notAfter time.Time) time.Time {
	holds := func(from time.Time) bool {
		next := s.Next(from)
		return !next.IsZero() && !next.After(notAfter)
	}
	width := time.Hour
	for !holds(notAfter.Add(-width)) {
		if width >= horizon {
			return time.Time{}
		}
		width = min(2*width, horizon)
	}
	early, late := notAfter.Add(-width), notAfter
	for late.Sub(early) > time.Second {
		mid := early.Add(late.Sub(early) / 2)
		if holds(mid) {
			early = mid
		} else {
			late = mid
		}
	}
	return s.Next(early)
}

// Slots yields the slots in (after, upTo], oldest first, in UTC.
func (s Schedule) Slots(after, upTo time.Time) iter.Seq[time.Time] {
	return func(yield func(time.Time) bool) {
		for slot := s.Next(after); !slot.IsZero() && !slot.After(upTo); slot = s.Next(slot) {
			if !yield(slot) {
				return
			}
		}
	}
}

// Interval returns the time from the given instant to the next slot: at a slot,
// the length of the interval that it opens, which is not always the same (23
// and 25 hours across clock changes). Zero if no slot comes within five years.
func (s Schedule) Interval(at time.Time) time.Duration {
	next := s.Next(at)
	if next.IsZero() {
		return 0
	}
	return next.Sub(at)
}

// Due says what is owed now, given the last slot that was served. With catchUp
// that is one slot, the newest that has come, however many were missed; the
// older ones are missed, oldest first. Without it all of them are missed. The
// slot is zero when nothing is owed. If nothing was ever served (zero
// lastServed), nothing was promised yet and nothing is owed.
//
// No more than the MaxMissed oldest are returned; what is beyond them stays
// undeclared, and verification finds it.
func (s Schedule) Due(now, lastServed time.Time, catchUp bool) (slot time.Time, missed []time.Time) {
	if lastServed.IsZero() {
		return time.Time{}, nil
	}
	newest := s.Prev(now)
	if !newest.After(lastServed) {
		return time.Time{}, nil
	}
	if catchUp {
		slot = newest
	}
	for owed := range s.Slots(lastServed, newest) {
		if len(missed) == MaxMissed {
			break
		}
		if !owed.Equal(slot) {
			missed = append(missed, owed)
		}
	}
	return slot, missed
}
