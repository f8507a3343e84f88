package retention

import (
	"fmt"
	"strconv"
	"time"
)

// AgeSource says which of an entry's dates counts as its creation.
type AgeSource string

// The age sources, in the words of the config. A copy or a restore resets
// LastModified while the date in the key stays, so the earlier of the two is
// the default.
const (
	AgeEarliest     AgeSource = "earliest"      // the earlier of LastModified and the key date
	AgeLastModified AgeSource = "last_modified" // LastModified alone
	AgeKeyDate      AgeSource = "key_date"      // the key date; LastModified where a key has none
)

// Day is 24 hours: retention counts hours, not calendar days, so that a change
// of the clocks neither adds nor takes one.
const Day = 24 * time.Hour

// maxAgeDays keeps durations far from overflow; nobody means a century.
const maxAgeDays = 36500

// ParseAge reads a retention such as "30d" or "36h": a whole number without
// sign or leading zero, then d (24 hours) or h. It must be at least one day.
// The error says what is wrong and shows a right example.
func ParseAge(s string) (time.Duration, error) {
	if s == "" {
		return 0, fmt.Errorf("age is empty: write days or hours, such as 30d or 36h")
	}
	number, unit := s[:len(s)-1], s[len(s)-1]
	if unit != 'd' && unit != 'h' {
		return 0, fmt.Errorf("age %q has no unit d or h: write days or hours, such as 30d or 36h", s)
	}
	if !digitsOnly(number) || (number[0] == '0' && len(number) > 1) {
		return 0, fmt.Errorf("age %q is not a whole number and a unit: write days or hours, such as 30d or 36h", s)
	}
	count, err := strconv.ParseInt(number, 10, 64)
	hours, most := int64(1), int64(maxAgeDays*24)
	if unit == 'd' {
		hours, most = 24, maxAgeDays
	}
	if err != nil || count > most {
		return 0, fmt.Errorf("age %q is longer than %d days: write a shorter one, such as 30d", s, maxAgeDays)
	}
	hours *= count
	if hours < 24 {
		return 0, fmt.Errorf("age %q is shorter than one day, the least there is: write at least 1d or 24h", s)
	}
	return time.Duration(hours) * time.Hour, nil
}

// Cutoff returns the instant before which an entry is expired, in UTC: start
// cut down to a whole second, minus maxAge. An entry created exactly at the
// cutoff is kept.
func Cutoff(start time.Time, maxAge time.Duration) time.Time {
	return start.UTC().Truncate(time.Second).Add(-maxAge)
}

func digitsOnly(s string) bool {
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return s != ""
}
