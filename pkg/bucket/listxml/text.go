package listxml

import (
	"bytes"
	"encoding/binary"
	"math/bits"
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
	if bytes.IndexByte(rest[:end], ']') >= 0 && bytes.Contains(rest[:end], []byte("]]>")) {
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

// plain reads a run of text up to a tag, if it is what is written: ASCII that
// can be printed, without references or what may not stand there.
func (s *scanner) plain() []byte {
	rest := s.doc[s.at:]
	n := special(rest)
	if n == len(rest) || rest[n] != '<' {
		return nil
	}
	s.at += n
	return rest[:n]
}

// special returns where the first byte is that isn't simply text: < & ] or
// anything but ASCII that can be printed. It looks at eight bytes at once.
func special(text []byte) int {
	const ones, highs = 0x0101010101010101, 0x8080808080808080
	rest := text
	for ; len(rest) >= 8; rest = rest[8:] {
		x := binary.LittleEndian.Uint64(rest)
		// A byte's high bit is set where it borrowed, and where it was set in x. The
		// lowest one marks the first such byte; those above it may be carries.
		tag, reference, bracket := x^ones*'<', x^ones*'&', x^ones*']'
		found := x | (x - ones*' ') | (tag - ones) | (reference - ones) | (bracket - ones)
		if found &= highs; found != 0 {
			return len(text) - len(rest) + bits.TrailingZeros64(found)/8
		}
	}
	for i, c := range rest {
		if c < ' ' || c >= utf8.RuneSelf || c == '<' || c == '&' || c == ']' {
			return len(text) - len(rest) + i
		}
	}
	return len(text)
}

// resolve appends raw text to scratch, its references resolved.
func (s *scanner) resolve(raw []byte) {
	from, done, odd := len(s.scratch), 0, false // odd: more than ASCII that can be printed
	for i := special(raw); i < len(raw); i += special(raw[i:]) {
		c := raw[i]
		if c != '&' && c != '\r' {
			odd = odd || c < ' ' || c >= utf8.RuneSelf
			i++
			continue
		}
		s.scratch = append(s.scratch, raw[done:i]...)
		if c == '\r' {
			_, rest, _ := cutReturn(raw[i:])
			s.scratch = append(s.scratch, '\n')
			i = len(raw) - len(rest)
		} else {
			end := bytes.IndexByte(raw[i:], ';')
			r, ok := reference(raw[i+1 : max(i+1, i+end)])
			if !ok {
				s.fail("a reference can't be resolved")
				return
			}
			odd = odd || r < ' ' || r >= utf8.RuneSelf
			s.scratch = utf8.AppendRune(s.scratch, r)
			i += end + 1
		}
		done = i
	}
	s.scratch = append(s.scratch, raw[done:]...)
	if odd {
		s.check(s.scratch[from:])
	}
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
