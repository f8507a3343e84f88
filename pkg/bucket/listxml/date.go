package listxml

import (
	"time"

	smithytime "github.com/aws/smithy-go/time"
)

const form = "2006-01-02T15:04:05"

// days reads dates as the SDK does. What servers send, such as
// 2026-11-25T09:30:42.123Z, is read here; any other spelling is left to the SDK.
// It remembers the last day: rows that follow each other are often of one.
type days struct {
	spelt [len("2006-01-02T")]byte
	began int64 // in seconds since 1970
}

func (d *days) parse(text []byte) (time.Time, error) {
	if at, ok := d.sameDay(text); ok {
		return at, nil
	}
	if at, ok := usualDate(text); ok {
		copy(d.spelt[:], text)
		d.began = at.Unix() - int64(at.Hour()*60*60+at.Minute()*60+at.Second())
		return at, nil
	}
	return smithytime.ParseDateTime(string(text))
}

// sameDay reads a date of the last day, with milliseconds or without a fraction.
func (d *days) sameDay(text []byte) (at time.Time, ok bool) {
	milli := 0
	switch len(text) {
	case len(form + "Z"):
	case len(form + ".000Z"):
		tens, ones := two(text[len(form)+1:]), text[len(form)+3]-'0'
		if milli = 10*tens + int(ones); text[len(form)] != '.' || tens < 0 || ones > 9 {
			return at, false
		}
	default:
		return at, false
	}
	if [len(d.spelt)]byte(text) != d.spelt || text[13] != ':' || text[16] != ':' || text[len(text)-1] != 'Z' {
		return at, false
	}
	hour, minute, second := two(text[11:]), two(text[14:]), two(text[17:])
	if hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return at, false
	}
	return time.Unix(d.began+int64(hour*60*60+minute*60+second), int64(milli)*1_000_000).UTC(), true
}

func usualDate(text []byte) (at time.Time, ok bool) {
	last := len(text) - 1
	if last < len(form) || text[last] != 'Z' ||
		text[4] != '-' || text[7] != '-' || text[10] != 'T' || text[13] != ':' || text[16] != ':' {
		return at, false
	}
	century, year, month, day := two(text[0:]), two(text[2:]), two(text[5:]), two(text[8:])
	hour, minute, second := two(text[11:]), two(text[14:]), two(text[17:])
	nanos, ok := fraction(text[len(form):last])
	if !ok || century < 0 || year < 0 || month < 1 || month > 12 || day < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return at, false
	}
	at = time.Date(100*century+year, time.Month(month), day, hour, minute, second, nanos, time.UTC)
	return at, day <= 28 || at.Day() == day // there is no February 30: it would be March
}

// two reads two digits; anything else is negative.
func two(text []byte) int {
	tens, ones := text[0]-'0', text[1]-'0'
	if tens > 9 || ones > 9 {
		return -1
	}
	return 10*int(tens) + int(ones)
}

// fraction reads a fraction of a second, ".123", in nanoseconds. None is 0.
func fraction(text []byte) (nanos int, ok bool) {
	if len(text) == 0 {
		return 0, true
	}
	if text[0] != '.' || len(text) == 1 || len(text) > 10 {
		return 0, false
	}
	unit := 1_000_000_000
	for _, c := range text[1:] {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		unit /= 10
		nanos += int(d) * unit
	}
	return nanos, true
}
