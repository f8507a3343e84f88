package listxml

import (
	"bytes"
	"unicode/utf8"
)

// text appends a run of text to scratch, as it is meant.
func (s *scanner) text() bool {
	rest := s.doc[s.at:]
	if len(rest) == 0 || rest[0] == '<' {
		return false
	}
	end := bytes.IndexByte(rest, '<')
	if end < 0 {
		end = len(rest)
	}
	if bytes.Contains(rest[:end], []byte("]]>")) {
		s.fail("]]> stands in a text")
		return false
	}
	s.resolve(rest[:end])
	s.at += end
	return true
}

// cdata appends a CDATA section to scratch.
func (s *scanner) cdata() bool {
	rest, ok := bytes.CutPrefix(s.doc[s.at:], []byte("<![CDATA["))
	if !ok {
		return false
	}
	raw, _, ok := bytes.Cut(rest, []byte("]]>"))
	if !ok {
		s.fail(cutOff)
		return false
	}
	from := len(s.scratch)
	for line, more := raw, true; more; {
		var head []byte
		head, line, more = cutReturn(line)
		s.scratch = append(s.scratch, head...)
		if more {
			s.scratch = append(s.scratch, '\n')
		}
	}
	s.check(s.scratch[from:])
	s.at += len("<![CDATA[") + len(raw) + len("]]>")
	return true
}

// cutReturn cuts text at a carriage return and the line feed that may follow:
// in XML the two, and the first alone, are one line feed.
func cutReturn(text []byte) (head, rest []byte, found bool) {
	head, rest, found = bytes.Cut(text, []byte("\r"))
	if found {
		rest = bytes.TrimPrefix(rest, []byte("\n"))
	}
	return head, rest, found
}

// plain reports whether text is what is written: ASCII, without references,
// control characters, or the beginning of what may not stand there.
func plain(text []byte) bool {
	for _, c := range text {
		if c < ' ' || c == '&' || c == ']' || c >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// resolve appends raw text to scratch, its references resolved.
func (s *scanner) resolve(raw []byte) {
	from := len(s.scratch)
	for len(raw) > 0 {
		n := bytes.IndexAny(raw, "&\r")
		if n < 0 {
			n = len(raw)
		}
		s.scratch = append(s.scratch, raw[:n]...)
		if raw = raw[n:]; len(raw) == 0 {
			break
		}
		if raw[0] == '\r' {
			s.scratch = append(s.scratch, '\n')
			_, raw, _ = cutReturn(raw)
			continue
		}
		end := bytes.IndexByte(raw, ';')
		r, ok := rune(0), false
		if end > 0 {
			r, ok = reference(raw[1:end])
		}
		if !ok {
			s.fail("a reference can't be resolved")
			return
		}
		s.scratch = utf8.AppendRune(s.scratch, r)
		raw = raw[end+1:]
	}
	s.check(s.scratch[from:])
}

// reference returns the character that a reference (without & and ;) stands for.
func reference(name []byte) (r rune, ok bool) {
	if digits, ok := bytes.CutPrefix(name, []byte("#")); ok {
		return number(digits)
	}
	switch string(name) {
	case "lt":
		return '<', true
	case "gt":
		return '>', true
	case "amp":
		return '&', true
	case "apos":
		return '\'', true
	case "quot":
		return '"', true
	}
	return 0, false
}

// number reads the number of a character, decimal or after an x hexadecimal.
func number(digits []byte) (r rune, ok bool) {
	base := rune(10)
	if hex, ok := bytes.CutPrefix(digits, []byte("x")); ok {
		base, digits = 16, hex
	}
	for _, c := range digits {
		d := rune(16)
		switch lower := c | 0x20; {
		case '0' <= c && c <= '9':
			d = rune(c - '0')
		case 'a' <= lower && lower <= 'f':
			d = rune(lower-'a') + 10
		}
		if d >= base {
			return 0, false
		}
		if r = r*base + d; r > utf8.MaxRune {
			return 0, false
		}
	}
	return r, len(digits) > 0 && utf8.ValidRune(r)
}

// check fails unless text is UTF-8 and has only characters of XML 1.0.
func (s *scanner) check(text []byte) {
	for i := 0; i < len(text); {
		c := text[i]
		if c >= ' ' && c < utf8.RuneSelf || isWhite(c) {
			i++
			continue
		}
		r, width := utf8.DecodeRune(text[i:])
		if c < ' ' || r == utf8.RuneError && width == 1 || r == 0xFFFE || r == 0xFFFF {
			s.fail("a character stands in a text that XML doesn't have")
			return
		}
		i += width
	}
}
