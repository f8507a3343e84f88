package main

import (
	"encoding/base64"
	"encoding/xml"
	"net/http"
	"net/url"
	"strconv"
	"strings"
)

// rows is what sets ListObjectsV2 and ListObjectVersions apart.
type rows struct {
	root     string // element
	after    string // parameter with the key to go on after
	versions bool
	open     string
	end      string
}

var (
	objectRows  = rows{root: "ListBucketResult", after: "start-after", open: "<Contents><Key>", end: "</Contents>"}
	versionRows = rows{root: "ListVersionsResult", after: "key-marker", versions: true, open: "<Version><Key>", end: "</Version>"}
)

// listing is one page as it was asked for.
type listing struct {
	rows
	prefix, delimiter string
	encoded, owner    bool
	most              int
	from, to          int // keys
}

const ownerRow = "<Owner><ID>0000000000000000000000000000000000000000000000000000000000000000</ID></Owner>"

func (s *server) list(c *call, kind rows) int {
	l := listing{rows: kind, prefix: c.query.Get("prefix"), delimiter: c.query.Get("delimiter"), most: s.page,
		encoded: c.query.Get("encoding-type") == "url", owner: kind.versions || c.query.Get("fetch-owner") == "true"}
	if text := c.query.Get("max-keys"); text != "" {
		most, err := strconv.Atoi(text)
		if err != nil || most < 0 {
			return c.fail(http.StatusBadRequest, "InvalidArgument")
		}
		l.most = min(most, s.page)
	}
	l.from, l.to = s.space.search(l.prefix, true), s.space.search(beyond(l.prefix), true)
	if beyond(l.prefix) == "" {
		l.to = s.space.count()
	}
	if after := c.query.Get(l.after); after != "" {
		next := s.space.search(after, false)
		if l.delimiter != "" && l.versions && strings.HasSuffix(after, l.delimiter) {
			next = s.space.search(beyond(after), true) // it went on after a common prefix
		}
		l.from = max(l.from, next)
	}
	if token := c.query.Get("continuation-token"); token != "" && !l.versions {
		next, ok := untoken(token)
		if !ok {
			return c.fail(http.StatusBadRequest, "InvalidArgument")
		}
		l.from = max(l.from, next)
	}
	s.render(c, &l)
	return http.StatusOK
}

// render writes one page: rows from l.from on, common prefixes among them.
func (s *server) render(c *call, l *listing) {
	to, found, listed := s.head(c.body, l), 0, 0
	var last place
	var room [128]byte
	common, team := "", -1
	i := s.gone.clear(l.from, l.to)
	for i < l.to && found < l.most {
		if team < 0 || i >= s.space.starts[team+1] {
			last = s.space.place(i)
			team = last.team
		} else {
			last = s.space.in(team, i)
		}
		found++
		if l.delimiter != "" {
			common = l.common(last.key(s.space, room[:0]))
		}
		if common != "" {
			to = l.field(append(to, "<CommonPrefixes>"...), "Prefix", common, false)
			to = append(to, "</CommonPrefixes>"...)
			i = s.gone.clear(s.space.search(beyond(common), true), l.to)
			continue
		}
		to = s.row(to, l, &last)
		listed++
		i = s.gone.clear(i+1, l.to)
	}
	s.stats.keysListed.Add(int64(listed))
	more := i < l.to && l.most > 0
	if more && l.versions {
		to = s.markers(to, l, &last, common)
	} else if more {
		to = append(append(to, "<NextContinuationToken>"...), token(i)...)
		to = append(to, "</NextContinuationToken>"...)
	}
	if !l.versions {
		to = strconv.AppendInt(append(to, "<KeyCount>"...), int64(found), 10)
		to = append(to, "</KeyCount>"...)
	}
	to = strconv.AppendBool(append(to, "<IsTruncated>"...), more)
	c.body = append(append(append(to, "</IsTruncated></"...), l.root...), '>')
}

// head writes what stands before the rows.
func (s *server) head(to []byte, l *listing) []byte {
	to = append(append(append(to, declaration...), '<'), l.root...)
	to = append(to, ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>`...)
	to = append(append(to, s.bucket...), "</Name>"...)
	to = l.field(to, "Prefix", l.prefix, true)
	to = l.field(to, "Delimiter", l.delimiter, false)
	if l.encoded {
		to = append(to, "<EncodingType>url</EncodingType>"...)
	}
	to = strconv.AppendInt(append(to, "<MaxKeys>"...), int64(l.most), 10)
	return append(to, "</MaxKeys>"...)
}

// markers writes where a listing of versions goes on: after a common prefix, or
// after a key's version.
func (s *server) markers(to []byte, l *listing, last *place, common string) []byte {
	if common != "" {
		return l.field(to, "NextKeyMarker", common, false)
	}
	to = last.key(s.space, append(to, "<NextKeyMarker>"...))
	to = append(append(to, "</NextKeyMarker><NextVersionIdMarker>"...), s.version(last)...)
	return append(to, "</NextVersionIdMarker>"...)
}

// row writes one key.
func (s *server) row(to []byte, l *listing, p *place) []byte {
	to = p.key(s.space, append(to, l.open...)) // nothing in it wants an escape
	to = append(to, "</Key>"...)
	if l.versions {
		to = append(append(to, "<VersionId>"...), s.version(p)...)
		to = append(to, "</VersionId><IsLatest>true</IsLatest>"...)
	}
	to = p.rest(s.space, to)
	if l.owner {
		to = append(to, ownerRow...)
	}
	return append(to, l.end...)
}

// version is the id of a key's one version.
func (s *server) version(p *place) string {
	if !s.versioned {
		return "null"
	}
	return string(p.version(nil))
}

// common is the common prefix that a key falls under, "" if none.
func (l *listing) common(key []byte) string {
	rest := string(key[len(l.prefix):])
	at := strings.Index(rest, l.delimiter)
	if at < 0 {
		return ""
	}
	return l.prefix + rest[:at+len(l.delimiter)]
}

// field writes an element with text that a client gave.
func (l *listing) field(to []byte, name, text string, always bool) []byte {
	if text == "" && !always {
		return to
	}
	if l.encoded {
		text = strings.ReplaceAll(url.QueryEscape(text), "%2F", "/")
	}
	to = append(append(append(to, '<'), name...), '>')
	var safe strings.Builder
	_ = xml.EscapeText(&safe, []byte(text))
	to = append(to, safe.String()...)
	return append(append(append(to, "</"...), name...), '>')
}

// beyond is the least text that is greater than all that begin with prefix, or
// "" where there is none.
func beyond(prefix string) string {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return prefix[:i] + string([]byte{prefix[i] + 1})
		}
	}
	return ""
}

func token(i int) string {
	return base64.RawURLEncoding.EncodeToString(strconv.AppendInt(nil, int64(i), 10))
}

func untoken(text string) (int, bool) {
	digits, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		return 0, false
	}
	i, err := strconv.Atoi(string(digits))
	return i, err == nil && i >= 0
}
