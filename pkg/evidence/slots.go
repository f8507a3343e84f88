package evidence

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// SlotGrace is how long after its slot a run may start and still serve it.
const SlotGrace = time.Hour

// MaxMissed bounds how many missed slots one report can declare.
const MaxMissed = 100000

// NextDue returns the slot by which the next report is due: the first slot of
// the schedule after the run's start, or after the slot that it serves if that
// is later. It is what chain.nextDue must say, "" (null there) without a
// schedule. Times are in UTC; the schedule is read in its own zone.
func NextDue(s *Schedule, startedAt time.Time, scheduledFor *time.Time) (string, error) {
	if s == nil {
		return "", nil
	}
	after := startedAt
	if scheduledFor != nil && scheduledFor.After(after) {
		after = *scheduledFor
	}
	next, err := s.slots()
	if err != nil {
		return "", err
	}
	due := next(after)
	if due.IsZero() {
		return "", fmt.Errorf("schedule %q has no slot after %s", s.Cron, FormatTime(after))
	}
	return FormatTime(due), nil
}

// MissedSlots returns the slots that no sweep served in time: each slot from
// due on that a run which started at startedAt came SlotGrace or more after. A
// sweep or recovery report must name each of them in run.missed, its own slot
// too when it was caught up that late (scheduledFor declares that one as well).
// The schedule is that of the sweep or recovery report before; due is that
// report's nextDue. No more than the MaxMissed oldest are returned: sealing must
// not fail for a long outage, and verify says so when there are as many.
func MissedSlots(s Schedule, due, startedAt time.Time) ([]time.Time, error) {
	next, err := s.slots()
	if err != nil {
		return nil, err
	}
	var missed []time.Time
	for slot := due; !slot.IsZero() && !startedAt.Before(slot.Add(SlotGrace)) && len(missed) < MaxMissed; slot = next(slot) {
		missed = append(missed, slot.UTC())
	}
	return missed, nil
}

// slots returns the function from an instant to the first slot after it; that
// gives the zero time where there is none within five years.
func (s Schedule) slots() (func(time.Time) time.Time, error) {
	if s.Timezone == "" || s.Timezone == "Local" {
		return nil, fmt.Errorf("schedule's timezone %q depends on the machine", s.Timezone)
	}
	// The cron package panics on some of these, and @every has no fixed slots.
	if strings.Contains(s.Cron, "TZ=") || strings.HasPrefix(s.Cron, "@every") {
		return nil, fmt.Errorf("schedule %q is not a plain cron expression", s.Cron)
	}
	zone, err := time.LoadLocation(s.Timezone)
	if err != nil {
		return nil, fmt.Errorf("schedule's timezone: %w", err)
	}
	spec, err := cron.ParseStandard(s.Cron)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", s.Cron, err)
	}
	return func(t time.Time) time.Time {
		slot := spec.Next(t.In(zone))
		if slot.IsZero() {
			return slot
		}
		return slot.UTC()
	}, nil
}
