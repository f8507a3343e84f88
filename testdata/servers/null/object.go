package main

import (
	"net/http"
	"strconv"
	"time"
)

// object answers HEAD, GET and DELETE of one key.
func (s *server) object(c *call) int {
	version := c.query.Get("versionId")
	switch c.Method {
	case http.MethodHead:
		s.stats.heads.Add(1)
	case http.MethodGet:
		s.stats.gets.Add(1)
	case http.MethodDelete:
		s.stats.deletes.Add(1)
		if !s.limit.admit(1, time.Now()) {
			s.stats.refused.Add(1)
			return c.fail(http.StatusServiceUnavailable, "SlowDown")
		}
		switch code := s.delete(c.key, version); code {
		case "":
			return http.StatusNoContent
		case "SlowDown":
			return c.fail(http.StatusServiceUnavailable, code)
		default:
			return c.fail(http.StatusBadRequest, code)
		}
	default:
		s.stats.others.Add(1)
		return c.fail(http.StatusMethodNotAllowed, "MethodNotAllowed")
	}
	i, ok := s.space.find(c.key)
	p := place{}
	if ok {
		p = s.space.place(i)
	}
	switch {
	case !ok || s.gone.has(i):
		return c.fail(http.StatusNotFound, "NoSuchKey")
	case version != "" && version != s.version(&p):
		return c.fail(http.StatusNotFound, "NoSuchVersion")
	}
	at, _ := time.Parse(time.RFC3339, string(p.modified(s.space, nil)))
	h := c.ResponseWriter.Header()
	h.Set("ETag", `"`+string(p.etag(nil))+`"`)
	h.Set("Last-Modified", at.Format(http.TimeFormat))
	h.Set("Content-Type", "application/json")
	h.Set("Content-Length", strconv.Itoa(p.size()))
	if s.versioned {
		h.Set("X-Amz-Version-Id", s.version(&p))
	}
	if c.Method == http.MethodGet {
		c.body = append(c.body, make([]byte, p.size())...)
	}
	return http.StatusOK
}
