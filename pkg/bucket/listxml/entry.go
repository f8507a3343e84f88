package listxml

import (
	"strconv"
	"time"
)

// decoder reads the values of a document.
type decoder struct {
	scanner
	*Room
	letters letters
	hints   [16]hint // of an entry's elements, by their place in it
	top     hint     // of the answer's
}

func newDecoder(answer []byte, room *Room) *decoder {
	room.reset()
	return &decoder{scanner: scanner{doc: answer}, Room: room}
}

// likely is about how many entries the answer may have, to allocate for.
func (d *decoder) likely() int { return min(1000, 1+len(d.doc)/200) }

// entry is an object, a version, a delete marker or an upload.
type entry struct {
	key, etag, version, upload *string
	modified, initiated        *time.Time
	size                       *int64
	latest                     *bool
}

// entry reads one. It has to have a key and the date.
func (d *decoder) entry(date field) (e entry) {
	var seen fields
	for i := 0; ; i++ {
		f, more := d.next(&d.hints[i%len(d.hints)], &d.hints[(i+1)%len(d.hints)])
		if !more {
			break
		}
		d.once(&seen, f)
		switch f {
		case key:
			e.key = d.str()
		case lastModified:
			e.modified = d.date()
		case eTag:
			e.etag = d.str()
		case size:
			e.size = d.size()
		case versionID:
			e.version = d.str()
		case isLatest:
			e.latest = d.flag()
		case uploadID:
			e.upload = d.str()
		case initiated:
			e.initiated = d.date()
		default:
			d.skip()
		}
	}
	switch {
	case e.key == nil || *e.key == "":
		d.fail("an entry has no key")
	case !seen.has(date):
		d.fail("an entry has no date")
	}
	return e
}

// commonPrefix reads the prefix of one of CommonPrefixes.
func (d *decoder) commonPrefix() (p *string) {
	var seen fields
	for {
		f, more := d.next(new(hint), nil)
		if !more {
			break
		}
		d.once(&seen, f)
		if f != prefix {
			d.skip()
			continue
		}
		p = d.str()
	}
	if p == nil {
		d.fail("a common prefix has no prefix")
	}
	return p
}

// fields is a set of fields.
type fields uint32

func (s fields) has(f field) bool { return s&(1<<f) != 0 }

const repeated = "an element that matters comes twice"

// once notes a field, and fails if it came before: nobody could say which is
// the right one.
func (d *decoder) once(seen *fields, f field) {
	if seen.has(f) && f != other && !fields(repeatable).has(f) {
		d.fail(repeated)
	}
	*seen |= 1 << f
}

func (d *decoder) str() *string { return d.strings.put(d.letters.put(d.value())) }

func (d *decoder) date() *time.Time {
	at, err := parseDate(d.value())
	if err != nil {
		d.fail("a date can't be read")
	}
	return d.times.put(at)
}

func (d *decoder) size() *int64 {
	n, err := strconv.ParseInt(string(d.value()), 10, 64)
	if err != nil {
		d.fail("a size can't be read")
	}
	return d.sizes.put(n)
}

func (d *decoder) count() *int32 {
	n, err := strconv.ParseInt(string(d.value()), 10, 32)
	if err != nil {
		d.fail("KeyCount can't be read")
	}
	count := int32(n)
	return &count
}

func (d *decoder) flag() *bool {
	is, err := strconv.ParseBool(string(d.value()))
	if err != nil {
		d.fail("an element is neither true nor false")
	}
	return d.flags.put(is)
}
