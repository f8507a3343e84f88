package main

import (
	"bytes"
	"io"
	"net/http"
	"time"
)

// maxBatch is how many keys S3 takes at once.
const maxBatch = 1000

// deleteObjects deletes a batch. The request is read by looking for elements,
// not as XML: a server for benchmarks must use less of the machine than its
// clients do. What it can't find its way in is refused.
func (s *server) deleteObjects(c *call) int {
	room, _ := s.buffers.Get().(*[]byte)
	defer s.buffers.Put(room)
	body := bytes.NewBuffer((*room)[:0])
	if _, err := io.Copy(body, c.Request.Body); err != nil {
		return c.fail(http.StatusBadRequest, "IncompleteBody")
	}
	*room = body.Bytes()
	rows, ok := parseBatch(body.Bytes())
	if !ok || len(rows) == 0 || len(rows) > maxBatch {
		return c.fail(http.StatusBadRequest, "MalformedXML")
	}
	if !s.limit.admit(len(rows), time.Now()) {
		s.stats.refused.Add(1)
		return c.fail(http.StatusServiceUnavailable, "SlowDown")
	}
	quiet := bytes.Contains(body.Bytes(), []byte("<Quiet>true</Quiet>"))
	c.say(`<DeleteResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`)
	for _, r := range rows {
		code := s.delete(string(unescape(r.key)), string(r.version))
		switch {
		case code != "":
			c.body = append(c.body, "<Error>"...)
			c.body = append(r.name(c.body), "<Code>"...)
			c.body = append(append(c.body, code...), "</Code><Message>"...)
			c.body = append(append(c.body, code...), "</Message></Error>"...)
		case !quiet:
			c.body = append(c.body, "<Deleted>"...)
			c.body = append(r.name(c.body), "</Deleted>"...)
		}
	}
	c.body = append(c.body, "</DeleteResult>"...)
	return http.StatusOK
}

// delete deletes a key and returns the error code of a refusal. Like S3 it
// calls success what isn't there.
func (s *server) delete(key, version string) (code string) {
	i, ok := s.space.find(key)
	if !ok || s.gone.has(i) {
		return ""
	}
	p := s.space.place(i)
	switch {
	case version == "" && s.versioned:
		return "NotImplemented" // delete markers are not kept
	case version != "" && version != s.version(&p):
		return "NoSuchVersion"
	case s.slow(&p) && s.slowed.set(i):
		s.stats.keysSlowed.Add(1)
		return "SlowDown"
	case s.gone.set(i):
		s.stats.keysDeleted.Add(1)
	}
	return ""
}

// slow reports whether a key is one whose first delete is refused.
func (s *server) slow(p *place) bool {
	return s.slowdown > 0 && float64(mix(p.id+uint64(p.part))>>11)/(1<<53) < s.slowdown
}

// batchRow is an Object of a Delete request, as it stands there.
type batchRow struct{ key, version []byte }

// name writes key and version as they came.
func (r batchRow) name(to []byte) []byte {
	to = append(append(append(to, "<Key>"...), r.key...), "</Key>"...)
	if len(r.version) > 0 {
		to = append(append(append(to, "<VersionId>"...), r.version...), "</VersionId>"...)
	}
	return to
}

func parseBatch(body []byte) (rows []batchRow, ok bool) {
	for {
		_, rest, more := bytes.Cut(body, []byte("<Object>"))
		if !more {
			return rows, true
		}
		object, after, closed := bytes.Cut(rest, []byte("</Object>"))
		key, some := element(object, "<Key>", "</Key>")
		if !closed || !some {
			return nil, false
		}
		version, _ := element(object, "<VersionId>", "</VersionId>")
		rows, body = append(rows, batchRow{key, version}), after
	}
}

func element(in []byte, open, end string) (text []byte, ok bool) {
	_, rest, some := bytes.Cut(in, []byte(open))
	text, _, closed := bytes.Cut(rest, []byte(end))
	return text, some && closed
}

// unescape need not know all of XML: no key here has a character that wants an
// escape, so that only the common way to write "/" could matter.
func unescape(key []byte) []byte { return bytes.ReplaceAll(key, []byte("&#x2F;"), []byte("/")) }
