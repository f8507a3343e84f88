package listxml

import "bytes"

// startTag reads a start tag and opens its element.
func (s *scanner) startTag() bool {
	from := s.at + 1
	if from >= len(s.doc) || s.doc[s.at] != '<' || !startsName(s.doc[from]) {
		return false
	}
	s.readName(from)
	s.open = append(s.open, span{from, s.at})
	s.foreign = false
	if s.at < len(s.doc) && s.doc[s.at] == '>' {
		s.at++
		return true
	}
	s.attributes()
	return true
}

// endTag reads the end tag of the innermost element that is open.
func (s *scanner) endTag() bool {
	if s.closed {
		s.closed, s.ended = false, 0
		s.open = s.open[:len(s.open)-1]
		return true
	}
	if s.at+1 >= len(s.doc) || s.doc[s.at] != '<' || s.doc[s.at+1] != '/' {
		return false
	}
	rest, name := s.doc[s.at+2:], s.name()
	if !bytes.HasPrefix(rest, name) {
		s.fail("an end tag doesn't match its start tag")
		return false
	}
	s.ended = s.at
	s.at += 2 + len(name)
	if s.white(); !s.byte('>') {
		s.fail("an end tag doesn't match its start tag")
		return false
	}
	s.open = s.open[:len(s.open)-1]
	return true
}

// attributes reads the rest of a start tag.
func (s *scanner) attributes() {
	for s.err == nil {
		switch s.white(); {
		case s.byte('>'):
			return
		case s.byte('/'):
			if s.closed = s.byte('>'); !s.closed {
				s.fail("a tag can't be read")
			}
			return
		}
		s.attribute()
	}
}

func (s *scanner) attribute() {
	if s.at == len(s.doc) || !startsName(s.doc[s.at]) {
		s.fail("an attribute can't be read")
		return
	}
	name := s.readName(s.at)
	s.white()
	assigned := s.byte('=')
	s.white()
	if !assigned || s.at == len(s.doc) || s.doc[s.at] != '"' && s.doc[s.at] != '\'' {
		s.fail("an attribute has no value")
		return
	}
	raw := s.doc[s.at+1:]
	end := bytes.IndexByte(raw, s.doc[s.at])
	if end < 0 || bytes.IndexByte(raw[:end], '<') >= 0 {
		s.fail("an attribute's value has no end")
		return
	}
	s.scratch = s.scratch[:0]
	s.resolve(raw[:end])
	s.at += end + 2
	if string(name) == "xmlns" {
		s.namespace(s.scratch)
	}
}

// namespace notes the default namespace of the last start tag.
func (s *scanner) namespace(of []byte) {
	if len(s.open) == 1 {
		s.space = append(s.space[:0], of...)
		return
	}
	s.foreign = len(of) > 0 && !bytes.Equal(of, s.space)
}

// readName reads a name that begins at from, with at most one prefix.
func (s *scanner) readName(from int) []byte {
	to, colons := from, 0
	for ; to < len(s.doc) && inName(s.doc[to]); to++ {
		if s.doc[to] == ':' {
			colons++
		}
	}
	if s.at = to; colons > 1 {
		s.fail("a name has more than one prefix")
	}
	return s.doc[from:to]
}

func startsName(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' || c == '_' || c == ':' }

func inName(c byte) bool { return startsName(c) || '0' <= c && c <= '9' || c == '-' || c == '.' }

// white reads white space, if there is any.
func (s *scanner) white() {
	for s.at < len(s.doc) && isWhite(s.doc[s.at]) {
		s.at++
	}
}

func isWhite(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

// byte reads c.
func (s *scanner) byte(c byte) bool {
	if s.at == len(s.doc) || s.doc[s.at] != c {
		return false
	}
	s.at++
	return true
}

// comment reads a comment.
func (s *scanner) comment() bool {
	rest, ok := bytes.CutPrefix(s.doc[s.at:], []byte("<!--"))
	if !ok {
		return false
	}
	end := bytes.Index(rest, []byte("--"))
	if end < 0 || !bytes.HasPrefix(rest[end:], []byte("-->")) {
		s.fail("a comment has no end, or -- in it")
		return false
	}
	s.at += len("<!--") + end + len("-->")
	return true
}

// declaration reads the XML declaration, if there is one: it may say nothing
// but XML 1.0 and UTF-8.
func (s *scanner) declaration() {
	rest, ok := bytes.CutPrefix(s.doc, []byte("<?xml"))
	if !ok {
		return
	}
	text, _, ok := bytes.Cut(rest, []byte("?>"))
	s.at = len("<?xml") + len(text) + len("?>")
	version, text, _ := says(text, "version")
	encoding, text, encoded := says(text, "encoding")
	alone, text, said := says(text, "standalone")
	if !ok || version != "1.0" || encoded && !isUTF8(encoding) || said && alone != "yes" && alone != "no" || len(bytes.TrimLeft(text, " \t\r\n")) > 0 {
		s.at = 0
		s.fail("the answer doesn't say that it is XML 1.0 in UTF-8")
	}
}

func isUTF8(name string) bool { return bytes.EqualFold([]byte(name), []byte("utf-8")) }

// says cuts what the declaration says of name off the head of text.
func says(text []byte, name string) (value string, rest []byte, said bool) {
	t := bytes.TrimLeft(text, " \t\r\n")
	t, ok := bytes.CutPrefix(t, []byte(name))
	if !ok || !isWhite(text[0]) {
		return "", text, false
	}
	t, ok = bytes.CutPrefix(bytes.TrimLeft(t, " \t\r\n"), []byte("="))
	t = bytes.TrimLeft(t, " \t\r\n")
	if !ok || len(t) == 0 || t[0] != '"' && t[0] != '\'' {
		return "", text, false
	}
	v, rest, ok := bytes.Cut(t[1:], t[:1])
	if !ok {
		return "", text, false
	}
	return string(v), rest, true
}
