package retention

import (
	"slices"
	"strings"
)

// Layout is a compiled key template: it reads team, date, request and part out
// of a key. It is an immutable value, safe for concurrent use. The zero Layout
// matches nothing.
//
// Keys are bytes. A key is cut at its slashes, and each segment of the template
// must match the whole segment of the key at its place. Within a segment, fields
// match left to right, each as few bytes as possible and at least one. Only
// {rest}, which comes last, may be empty or hold slashes.
type Layout struct {
	template string
	prefix   string
	segments []segment
}

// segment is the template between two slashes.
type segment []token

// token is a literal or a field. A field's width is its number of digits, or 0
// for one that takes any bytes.
type token struct {
	field   field
	literal string
	width   int
}

type field uint8

const (
	literal field = iota
	team
	year
	month
	day
	hour
	request
	part
	ignored
	rest
)

// Fields is what a layout read out of a key.
type Fields struct {
	// Team is never empty, but may be bytes that are not UTF-8.
	Team    string
	Request string // empty if the layout has no {request}
	Part    string // empty if the layout has no {part}
	Date    Date   // not Set if the layout has no date
}

// String returns the template as it was given.
func (l Layout) String() string { return l.template }

// ReadsRequest reports whether the template has {request}.
func (l Layout) ReadsRequest() bool {
	return slices.ContainsFunc(l.segments, func(s segment) bool {
		return slices.ContainsFunc(s, func(t token) bool { return t.field == request })
	})
}

// team reports whether the segment is {team} or name={team}.
func (s segment) team() bool {
	return len(s) > 0 && s[len(s)-1].field == team
}

// Parse reads the fields out of a key, and reports whether the key matches. A
// key whose date is not in the calendar doesn't match.
func (l Layout) Parse(key string) (f Fields, ok bool) {
	d := l.folder(key)
	ok = l.in(&d, key, &f)
	return f, ok
}

// folder is what all segments but the last say of a key.
type folder struct {
	fields Fields
	last   int // where the last segment begins
	ok     bool
}

// folder reads all segments but the last. It depends on the key up to its last
// slash, and on nothing behind it.
func (l Layout) folder(key string) (d folder) {
	text, ok := strings.CutPrefix(key, l.prefix)
	if !ok || len(l.segments) == 0 {
		return folder{}
	}
	for _, s := range l.segments[:len(l.segments)-1] {
		head, tail, found := strings.Cut(text, "/")
		if !found || !s.match(head, &d.fields, true) {
			return folder{}
		}
		text = tail
	}
	d.last, d.ok = len(key)-len(text), true
	return d
}

// in reads a key in that folder into f, which stays empty if the key doesn't match.
func (l Layout) in(d *folder, key string, f *Fields) (ok bool) {
	if !d.ok {
		return false
	}
	*f = d.fields
	text, s := key[d.last:], l.segments[len(l.segments)-1]
	if n := len(s) - 1; n >= 0 && s[n].field == rest {
		head, _, _ := strings.Cut(text, "/")
		ok = s[:n].match(head, f, false)
	} else {
		ok = strings.IndexByte(text, '/') < 0 && s.match(text, f, true)
	}
	if !ok || (f.Date.Set && !f.Date.real()) {
		*f = Fields{}
		return false
	}
	return true
}

// match matches a segment against text, up to its end if whole is set, and
// stores the fields. It is the usual glob algorithm: the earliest match of all
// before the last open field leaves the most for what follows, so going back
// to that field alone is enough, and the work is bounded by the product of the
// two lengths.
func (s segment) match(text string, f *Fields, whole bool) bool {
	pos, open, start, end := 0, -1, 0, 0
	for i := 0; ; {
		switch n := s.step(i, text[pos:], f, whole); {
		case n < 0: // widen the last open field and try again from there
			if open < 0 || end == len(text) {
				return false
			}
			wider := s.widen(open, text[end+1:], whole)
			if wider < 0 {
				return false
			}
			end += 1 + wider
			f.store(s[open].field, text[start:end])
			pos, i = end, open+1
		case i == len(s):
			return true
		default:
			if s[i].open() {
				wider := s.widen(i, text[pos+n:], whole)
				if wider < 0 {
					return false
				}
				n += wider
				open, start, end = i, pos, pos+n
				f.store(s[i].field, text[start:end])
			}
			pos += n
			i++
		}
	}
}

// widen returns how many bytes more the open field i takes at least, when rest is
// what lies behind it: up to the next literal, or all of it at the segment's end.
// It is -1 if nothing behind it can match.
func (s segment) widen(i int, rest string, whole bool) int {
	switch {
	case i+1 == len(s) && whole:
		return len(rest)
	case i+1 < len(s) && s[i+1].field == literal:
		return strings.Index(rest, s[i+1].literal)
	default:
		return 0
	}
}

// step matches token i at the start of text and returns how many bytes it
// took, or -1. Past the last token it asks for the end of the text.
func (s segment) step(i int, text string, f *Fields, whole bool) int {
	if i == len(s) {
		if whole && text != "" {
			return -1
		}
		return 0
	}
	switch t := &s[i]; {
	case t.field == literal:
		if !strings.HasPrefix(text, t.literal) {
			return -1
		}
		return len(t.literal)
	case t.open():
		if text == "" {
			return -1
		}
		return 1 // at least: see widen
	default:
		if len(text) < t.width || !digitsOnly(text[:t.width]) {
			return -1
		}
		f.number(t.field, text[:t.width])
		return t.width
	}
}

// open reports whether the token takes any number of bytes.
func (t *token) open() bool { return t.field != literal && t.width == 0 }

func (f *Fields) store(name field, text string) {
	switch name {
	case team:
		f.Team = text
	case request:
		f.Request = text
	case part:
		f.Part = text
	}
}

func (f *Fields) number(name field, digits string) {
	n := 0
	for i := range len(digits) {
		n = n*10 + int(digits[i]-'0')
	}
	f.Date.Set = true
	switch name {
	case year:
		f.Date.Year = n
	case month:
		f.Date.Month = n
	case day:
		f.Date.Day = n
	case hour:
		f.Date.Hour, f.Date.HasHour = n, true
	}
}

// TeamPrefix returns the prefix that all keys of the team have and no other
// team's, the store's own prefix included. ok is false unless the first segment
// after the store's prefix is the team's and others follow.
func (l Layout) TeamPrefix(team string) (prefix string, ok bool) {
	if len(l.segments) < 2 || !l.segments[0].team() {
		return "", false
	}
	first := l.segments[0]
	for _, t := range first[:len(first)-1] {
		prefix += t.literal
	}
	return l.prefix + prefix + team + "/", true
}
