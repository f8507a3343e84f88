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
	known bool
	spelt [len("2006-01-02T")]byte
	began int64 // in seconds since 1970
}

func (d *days) parse(text []byte) (time.Time, error) {
	if at, ok := d.usual(text); ok {
		return at, nil
	}
	return smithytime.ParseDateTime(string(text))
}

func (d *days) usual(text []byte) (at time.Time, ok bool) {
	last := len(text) - 1
	if last < len(form) || text[last] != 'Z' {
		return at, false
	}
	seconds, ok := clock(text[len(d.spelt):])
	nanos, fits := fraction(text[len(form):last])
	if !ok || !fits {
		return at, false
	}
	if spelt := [len(d.spelt)]byte(text); !d.known || spelt != d.spelt {
		began, ok := day(text)
		if !ok {
			return at, false
		}
		d.known, d.spelt, d.began = true, spelt, began
	}
	return time.Unix(d.began+int64(seconds), int64(nanos)).UTC(), true
}

// day reads 2006-01-02T and returns when that day began, in seconds since 1970.
func day(text []byte) (began int64, ok bool) {
	century, year, month, day := two(text[0:]), two(text[2:]), two(text[5:]), two(text[8:])
	if text[4] != '-' || text[7] != '-' || text[10] != 'T' || century < 0 || year < 0 || month < 1 || month > 12 || day < 1 {
		return 0, false
	}
	at := time.Date(100*century+year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	return at.Unix(), at.Day() == day // there is no February 30: it would be March
}

// clock reads 15:04:05 in seconds.
func clock(text []byte) (seconds int, ok bool) {
	hour, minute, second := two(text[0:]), two(text[3:]), two(text[6:])
	if text[2] != ':' || text[5] != ':' || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 59 {
		return 0, false
	}
	return hour*60*60 + minute*60 + second, true
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
