package listxml

import "bytes"

// scanner walks through a document element by element. The first error stays
// and ends every loop, so it is looked at once, in the end.
//
// Of what may come next there is a method each, which reads it if it is there
// and otherwise leaves everything as it was.
type scanner struct {
	doc     []byte
	at      int
	open    []span // the names of the elements that are open, as written
	closed  bool   // the innermost of them was written <so/>
	space   []byte // the root's default namespace
	foreign bool   // the last start tag is of another default namespace
	scratch []byte // for a value that isn't what is written
	ended   int    // where the last end tag begins; 0 if its element was written <so/>
	err     *Error
}

// span is a part of the document, by its bounds: slices kept by the million would
// give the garbage collector work.
type span struct{ from, to int }

func (s *scanner) of(p span) []byte { return s.doc[p.from:p.to] }

// name returns the name of the innermost element that is open.
func (s *scanner) name() []byte { return s.of(s.open[len(s.open)-1]) }

const cutOff = "the answer is cut off"

func (s *scanner) fail(what string) {
	if s.err == nil {
		s.err = &Error{What: what, At: s.at}
	}
}

// root reads up to the root's start tag and returns its name.
func (s *scanner) root() []byte {
	s.doc = bytes.TrimPrefix(s.doc, []byte("\uFEFF"))
	s.declaration()
	for s.err == nil {
		if s.startTag() {
			return s.name()
		}
		s.blank()
	}
	return nil
}

// end makes sure that nothing follows the root.
func (s *scanner) end() {
	for s.err == nil && s.at < len(s.doc) {
		s.blank()
	}
}

// child goes on to the next element inside the innermost that is open. Where
// that one ends, more is false and its end tag is read.
func (s *scanner) child() (name []byte, more bool) {
	for s.err == nil && !s.endTag() {
		if s.startTag() {
			return s.name(), true
		}
		s.blank()
	}
	return nil, false
}

// skip reads up to the end of the innermost element that is open.
func (s *scanner) skip() {
	if !s.closed {
		s.plain()
	}
	for depth := len(s.open); s.err == nil && len(s.open) >= depth; {
		switch {
		case s.endTag(), s.startTag(), len(s.plain()) > 0, s.comment(), s.cdata(), s.text():
		default:
			s.strange()
		}
		s.scratch = s.scratch[:0]
	}
}

// value returns the text of the innermost element that is open, and reads its
// end tag. It is good until the next value.
func (s *scanner) value() []byte {
	from := s.at
	if !s.closed {
		if text := s.plain(); s.endTag() {
			return text
		}
	}
	// The value is in pieces, or isn't what is written.
	s.at, s.scratch = from, s.scratch[:0]
	for s.err == nil && !s.endTag() {
		switch {
		case s.text(), s.cdata(), s.comment():
		case s.startTag():
			s.fail("an element stands inside a value")
		default:
			s.strange()
		}
	}
	return s.scratch
}

// blank reads white space or a comment, and has to: nothing else may stand
// between elements.
func (s *scanner) blank() {
	if s.comment() {
		return
	}
	from := s.at
	s.scratch = s.scratch[:0]
	if !s.text() {
		s.strange()
	} else if len(bytes.Trim(s.scratch, " \t\r\n")) > 0 {
		s.at = from
		s.fail("text stands where only elements may")
	}
}

// strange fails at what is neither text nor a tag.
func (s *scanner) strange() {
	switch rest := s.doc[s.at:]; {
	case bytes.IndexByte(rest, '>') < 0:
		s.fail(cutOff)
	case bytes.HasPrefix(rest, []byte("<?")):
		s.fail("a processing instruction stands in the answer")
	case bytes.HasPrefix(rest, []byte("<!")):
		s.fail("a declaration stands where only elements may")
	default:
		s.fail("a tag can't be read")
	}
}
