package config

import (
	"strings"
)

// maxSample bounds the requests of the second look: one an entry.
const maxSample = 10_000

// metadata reads the second look at stored metadata: both settings, or neither.
func metadata(g *group) Metadata {
	defer g.done()
	m := Metadata{Header: metadataHeader(g), Sample: int(g.integer("sample", 0, 0, maxSample))}
	given := func(name, none string) bool {
		f, ok := g.fields[name]
		return ok && f.value.text != none
	}
	switch header, sample := given("header", ""), given("sample", "0"); {
	case header && !sample:
		g.problem("sample", "must say how many entries of each store are looked at; write a number from 1 to %d, or remove the header", maxSample)
	case sample && !header:
		g.problem("header", "must name the metadata that says whether an exchange was under ZDR; write it as in zero-data-retention, or remove the sample")
	}
	return m
}

// metadataHeader reads the name of a header under x-amz-meta-, in lower case:
// servers don't tell the cases apart.
func metadataHeader(g *group) string {
	text := g.text("header", "")
	name := strings.TrimPrefix(strings.ToLower(text), "x-amz-meta-")
	if text != "" && !isToken(name) {
		g.problem("header", "is not the name of an HTTP header; write letters, digits and dashes, as in zero-data-retention")
		return ""
	}
	return name
}

// isToken reports whether s is a token of RFC 9110.
func isToken(s string) bool {
	return s != "" && strings.Trim(s, "!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz") == ""
}
