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
	days    days
	last    row // the row that was read last
	written []written
	shapes  []shape
	oldest  int // of shapes, once there are enough
}

func newDecoder(answer []byte, room *Room) *decoder {
	room.reset()
	return &decoder{scanner: scanner{doc: answer}, Room: room}
}

// likely is about how many rows the answer may have, to allocate for.
func (d *decoder) likely() int { return min(1000, 1+len(d.doc)/200) }

// row is what an answer has many of: an object, a version, a delete marker, an
// upload; what was deleted, and what was not. A value counts only if it was seen.
type row struct {
	seen fields

	key, etag, version, upload, markerVersion, code, message string
	modified, initiated                                      time.Time
	size                                                     int64
	latest, marker                                           bool
}

// What is read of a row. Of the other elements that have a field it only matters
// whether one comes twice.
const (
	listed   = 1<<key | 1<<lastModified | 1<<eTag | 1<<size | 1<<versionID | 1<<isLatest | 1<<uploadID | 1<<initiated
	answered = 1<<key | 1<<versionID | 1<<deleteMarker | 1<<markerVersionID | 1<<code | 1<<message
)

// row reads one whose start tag was read.
func (d *decoder) row(kind field, reads fields) {
	from := d.open[len(d.open)-1].from - len("<")
	r := &d.last
	r.seen, d.written = 0, d.written[:0]
	for {
		f, more := d.next()
		if !more {
			break
		}
		if reads.has(f) && r.seen.has(f) { // a DeleteMarker in an answer to a delete
			d.fail(repeated)
		}
		d.once(&r.seen, f)
		if !reads.has(f) {
			d.skip()
			continue
		}
		at := d.at
		text := d.value()
		d.set(f, text)
		d.written = append(d.written, written{f, span{at, d.ended}})
	}
	d.whole(kind)
	d.learn(kind, from)
}

// set reads the value of a field.
func (d *decoder) set(f field, text []byte) {
	r := &d.last
	switch f {
	case key:
		r.key = d.letters.put(text)
	case lastModified:
		r.modified = d.date(text)
	case eTag:
		r.etag = d.letters.put(text)
	case size:
		r.size = d.size(text)
	case versionID:
		r.version = d.letters.put(text)
	case isLatest:
		r.latest = d.flag(text)
	case uploadID:
		r.upload = d.letters.put(text)
	case initiated:
		r.initiated = d.date(text)
	case deleteMarker:
		r.marker = d.flag(text)
	case markerVersionID:
		r.markerVersion = d.letters.put(text)
	case code:
		r.code = d.letters.put(text)
	case message:
		r.message = d.letters.put(text)
	}
}

// whole makes sure that the last row, if it is one of a listing, has a key and
// its date.
func (d *decoder) whole(kind field) {
	dated := lastModified
	switch kind {
	case deleted, failed:
		return
	case upload:
		dated = initiated
	}
	switch r := &d.last; {
	case !r.seen.has(key), r.key == "":
		d.fail("an entry has no key")
	case !r.seen.has(dated):
		d.fail("an entry has no date")
	}
}

// commonPrefix reads the prefix of one of CommonPrefixes.
func (d *decoder) commonPrefix() (p *string) {
	var seen fields
	for {
		f, more := d.next()
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

// given is a string of the last row for the SDK, nil if the row has none.
func (d *decoder) given(f field, text string) *string {
	if !d.last.seen.has(f) {
		return nil
	}
	return d.strings.put(text)
}

// said is given for what is true or false.
func (d *decoder) said(f field, is bool) *bool {
	if !d.last.seen.has(f) {
		return nil
	}
	return d.flags.put(is)
}

func (d *decoder) date(text []byte) time.Time {
	at, err := d.days.parse(text)
	if err != nil {
		d.fail("a date can't be read")
	}
	return at
}

func (d *decoder) size(text []byte) int64 {
	if n, digits := decimal(text); digits == len(text) && digits > 0 {
		return n
	}
	n, err := strconv.ParseInt(string(text), 10, 64) // with a sign, or more digits
	if err != nil {
		d.fail("a size can't be read")
	}
	return n
}

// decimal reads the digits that text begins with, at most 18: a number of so many
// fits into an int64, whatever they are.
func decimal(text []byte) (n int64, digits int) {
	for digits < len(text) && digits < 18 && text[digits]-'0' <= 9 {
		n = 10*n + int64(text[digits]-'0')
		digits++
	}
	return n, digits
}

func (d *decoder) count() *int32 {
	n, err := strconv.ParseInt(string(d.value()), 10, 32)
	if err != nil {
		d.fail("KeyCount can't be read")
	}
	count := int32(n)
	return &count
}

func (d *decoder) flag(text []byte) bool {
	is, err := strconv.ParseBool(string(text))
	if err != nil {
		d.fail("an element is neither true nor false")
	}
	return is
}
