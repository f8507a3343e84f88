package retention

import "time"

// Date is a day, or an hour of a day, that was read out of a key. It has no
// time zone: the store's key_date_zone says where that day lies.
type Date struct {
	Year, Month, Day, Hour int
	HasHour                bool // Hour was in the key; else the date is a whole day
	Set                    bool // false: the key has no date
}

// Start returns the first instant of the day or hour in loc (nil is UTC), in
// UTC. The date must be set.
func (d Date) Start(loc *time.Location) time.Time {
	return crossing(d.Year, d.Month, d.Day, d.Hour, loc, false)
}

// End returns the first instant after the day or hour in loc (nil is UTC), in
// UTC. Where clocks go back, the repeated hour belongs to the date. The date
// must be set.
func (d Date) End(loc *time.Location) time.Time {
	if d.HasHour {
		return crossing(d.Year, d.Month, d.Day, d.Hour+1, loc, true)
	}
	return crossing(d.Year, d.Month, d.Day+1, 0, loc, true)
}

// real reports whether the date exists in the calendar.
func (d Date) real() bool {
	if d.Year < 1 || d.Month < 1 || d.Month > 12 || d.Day < 1 || d.Hour < 0 || d.Hour > 23 {
		return false
	}
	if d.Day <= 28 {
		return true
	}
	// Day 0 of the next month is the last day of this one.
	return d.Day <= time.Date(d.Year, time.Month(d.Month)+1, 0, 0, 0, 0, 0, time.UTC).Day()
}

// crossing returns the instant at which clocks in loc pass from before the
// given wall time to it or beyond: the last such instant or the first.
//
// time.Date alone does not do: for a wall time that clocks skip or show twice
// it doesn't say which instant it picks, and an hour too early deletes data
// that should have stayed.
func crossing(year, month, day, hour int, loc *time.Location, last bool) time.Time {
	if loc == nil {
		loc = time.UTC
	}
	plain := time.Date(year, time.Month(month), day, hour, 0, 0, 0, loc)
	if loc == time.UTC {
		return plain
	}
	// No zone has ever moved by more than a day at once, so the offsets on
	// both sides of a change are in force this far away.
	const away = 26 * time.Hour
	before, after := offset(plain.Add(-away)), offset(plain.Add(away))
	if before == after && offset(plain) == before {
		return plain.UTC()
	}
	wall := time.Date(year, time.Month(month), day, hour, 0, 0, 0, time.UTC)
	found := plain
	any := false
	for _, seconds := range [...]int{before, offset(plain), after} {
		at := wall.Add(-time.Duration(seconds) * time.Second).In(loc)
		if clock(at).Before(wall) || !clock(at.Add(-1)).Before(wall) {
			continue
		}
		if !any || at.After(found) == last {
			found, any = at, true
		}
	}
	return found.UTC()
}

// offset returns how many seconds t's zone is ahead of UTC at t.
func offset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}

// clock returns what clocks in t's zone show at t, as if it were UTC.
func clock(t time.Time) time.Time {
	return t.UTC().Add(time.Duration(offset(t)) * time.Second)
}
