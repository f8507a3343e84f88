package bucket

import (
	"net/url"
	"strings"
	"unicode/utf8"
)

// carriable reports whether key survives a trip through an XML 1.0 document:
// valid UTF-8, only characters of the production Char, and no carriage return,
// which a parser turns into a line feed wherever a server forgets to write it
// as a reference. A key that doesn't must not be put into a DeleteObjects: it
// would spoil the whole batch, or name another key.
func carriable(key string) bool { return verbatim(key) || len(carriablePrefix(key)) == len(key) }

// carriablePrefix returns the longest prefix of key that is carriable.
func carriablePrefix(key string) string {
	for i := 0; i < len(key); {
		r, width := utf8.DecodeRuneInString(key[i:])
		if (r == utf8.RuneError && width == 1) || !inXML(r) || r == '\r' {
			return key[:i]
		}
		i += width
	}
	return key
}

// inXML is the production Char of XML 1.0, section 2.2.
func inXML(r rune) bool {
	return r == '\t' || r == '\n' || r == '\r' ||
		r >= 0x20 && r <= 0xD7FF || r >= 0xE000 && r <= 0xFFFD || r >= 0x10000 && r <= 0x10FFFF
}

// decodeName undoes encoding-type=url, if the server says that it applied it.
// S3 writes a space as "+", others as "%20"; all write a plus sign as "%2B".
func decodeName(name string, encoded bool) (string, error) {
	if !encoded || strings.IndexByte(name, '%') < 0 && strings.IndexByte(name, '+') < 0 {
		return name, nil
	}
	return url.QueryUnescape(name)
}

// misspelt reports whether a listed key may not be the true one. A server that
// doesn't apply encoding-type=url puts U+FFFD in the place of what XML can't
// carry (versitygw and gofakes3 do), and a key that has that very character
// can't be told from it.
func misspelt(key string, encoded bool) bool {
	return !encoded && strings.ContainsRune(key, utf8.RuneError)
}

// before returns a string less than key, and as near to it as a start-after
// that every server takes can be: listing from there finds key at once.
func before(key string) string {
	_, width := utf8.DecodeLastRuneInString(key)
	head := key[:len(key)-width]
	if fit := carriablePrefix(head); fit != head {
		return fit
	}
	if last := key[len(key)-1]; width == 1 && last > '!' && last <= '~' {
		return head + string(last-1) + "~"
	}
	return head
}
