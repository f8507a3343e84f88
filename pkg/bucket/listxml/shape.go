package listxml

import "bytes"

// shape is how a row is written: all of it but the values that are read. Servers
// write most of their rows alike, so a row that has been read tells how the next
// ones can be: one that is to the byte alike, but for values that are nothing
// but text, has the same elements, and only its values have to be looked at. Any
// other row is read tag by tag.
type shape struct {
	kind   field
	seen   fields
	values []placed
	after  span // what follows the last value
}

// placed is a value in a shape, and what is written before it.
type placed struct {
	before span
	f      field
}

// written is where the text of a value stands.
type written struct {
	f  field
	at span
}

// enough is how many shapes are known at once. Rows may differ in their storage
// class, their owner, the algorithm of their checksum.
const enough = 4

// learn takes the shape of the last row, which began at from and was read tag by
// tag. It has none if a value is not simply text.
func (d *decoder) learn(kind field, from int) {
	if d.err != nil {
		return
	}
	for _, w := range d.written {
		if w.at.to < w.at.from || bytes.IndexByte(d.of(w.at), '<') >= 0 {
			return
		}
	}
	s := d.newShape()
	s.kind, s.seen, s.values = kind, d.last.seen, s.values[:0]
	for _, w := range d.written {
		s.values = append(s.values, placed{span{from, w.at.from}, w.f})
		from = w.at.to
	}
	s.after = span{from, d.at}
}

// newShape makes room for a shape.
func (d *decoder) newShape() *shape {
	if len(d.shapes) < enough {
		d.shapes = append(d.shapes, shape{})
		return &d.shapes[len(d.shapes)-1]
	}
	s := &d.shapes[d.oldest]
	d.oldest = (d.oldest + 1) % enough
	return s
}

// again reads a row that has a known shape.
func (d *decoder) again() (kind field, ok bool) {
	for i := range d.shapes {
		if s := &d.shapes[i]; d.follows(s) {
			d.last.seen = s.seen
			d.whole(s.kind)
			return s.kind, true
		}
	}
	return other, false
}

// follows reads the values of a row of the shape, if that is what comes.
func (d *decoder) follows(s *shape) bool {
	from := d.at
	for i := range s.values {
		if i == 0 && !d.literally(s.values[0].before) {
			return false
		}
		var text []byte
		quick := d.quick(s.values[i].f)
		if !quick {
			text = d.words()
		}
		next := s.after
		if i+1 < len(s.values) {
			next = s.values[i+1].before
		}
		// First what follows: only with it the text is the whole value.
		if d.err != nil || !d.literally(next) {
			d.at = from
			return false
		}
		if !quick {
			d.set(s.values[i].f, text)
		}
	}
	return len(s.values) > 0
}

// quick reads a value whose end need not be searched for: a date of the day of the
// one before, with milliseconds, or a size.
func (d *decoder) quick(f field) bool {
	rest := d.doc[d.at:]
	switch f {
	case lastModified:
		const n = len(form + ".000Z")
		if len(rest) <= n || rest[n] != '<' {
			return false
		}
		at, ok := d.days.usual(rest[:n])
		if !ok {
			return false
		}
		d.last.modified = at
		d.at += n
		return true
	case size:
		n, digits := decimal(rest)
		if digits == len(rest) || rest[digits] != '<' || digits == 0 {
			return false
		}
		d.last.size = n
		d.at += digits
		return true
	}
	return false
}

// literally reads what is written at another place, if it comes here too.
func (d *decoder) literally(as span) bool {
	if !bytes.HasPrefix(d.doc[d.at:], d.of(as)) {
		return false
	}
	d.at += as.to - as.from
	return true
}

// words returns the text up to a tag. It is good until the next value.
func (d *decoder) words() []byte {
	rest := d.doc[d.at:]
	n := special(rest)
	if n < len(rest) && rest[n] == '<' {
		d.at += n
		return rest[:n]
	}
	if n == 0 {
		if text, ok := d.quoted(); ok {
			return text
		}
	}
	d.scratch = d.scratch[:0]
	d.text()
	return d.scratch
}

// quoted returns a text in quotation marks that are written as references, as
// servers write an ETag.
func (d *decoder) quoted() (text []byte, ok bool) {
	for _, mark := range [...]string{"&quot;", "&#34;"} {
		rest, ok := bytes.CutPrefix(d.doc[d.at:], []byte(mark))
		if !ok {
			continue
		}
		n := special(rest)
		if end, ok := bytes.CutPrefix(rest[n:], []byte(mark)); !ok || len(end) == 0 || end[0] != '<' {
			return nil, false
		}
		d.at += len(mark) + n + len(mark)
		d.scratch = append(append(append(d.scratch[:0], '"'), rest[:n]...), '"')
		return d.scratch, true
	}
	return nil, false
}
