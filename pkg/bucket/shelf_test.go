package bucket_test

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// shelf answers ListObjectVersions from rows that a test chooses, in the way of
// S3 or in that of versitygw, which differs in three points: names aren't
// encoded; a listing that goes on looks for its version id while it lists, gives
// the row again if it is current, and everything else only once it has found
// it; and a noncurrent "null" version is shown in any case, and never found.
type shelf struct {
	versitygw bool
	size      int

	mu   sync.Mutex
	rows []retention.Entry // by key, within a key the newest first
}

func (s *shelf) serve(c buckettest.Call) buckettest.Verdict {
	if c.Op != "ListObjectVersions" {
		return buckettest.Verdict{}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	limit, err := strconv.Atoi(c.Query.Get("max-keys"))
	if err != nil {
		return buckettest.Refuse(400, "InvalidArgument", "max-keys")
	}
	rows := s.after(c.Query.Get("key-marker"), c.Query.Get("version-id-marker"))
	rows = slices.DeleteFunc(rows, func(e retention.Entry) bool { return !strings.HasPrefix(e.Key, c.Query.Get("prefix")) })
	size := min(limit, s.size)
	if len(rows) <= size {
		return xml(s.page(rows, false))
	}
	return xml(s.page(rows[:size], true))
}

func (s *shelf) after(key, id string) (rows []retention.Entry) {
	found := id == ""
	for _, e := range s.rows {
		switch {
		case !s.versitygw && e.Key == key && !found:
			found = e.ID == id
		case !s.versitygw && e.Key > key, !s.versitygw && e.Key == key && id != "":
			rows = append(rows, e)
		case !s.versitygw || e.Key < key:
		case e.Latest:
			if found = found || e.ID == id; found {
				rows = append(rows, e)
			}
		case e.ID == "null", found:
			rows = append(rows, e)
		default:
			found = e.ID == id
		}
	}
	return rows
}

func (s *shelf) page(rows []retention.Entry, truncated bool) string {
	var b strings.Builder
	fmt.Fprintf(&b, "<ListVersionsResult><IsTruncated>%v</IsTruncated>", truncated)
	if !s.versitygw {
		b.WriteString("<EncodingType>url</EncodingType>")
	}
	if truncated {
		last := rows[len(rows)-1]
		fmt.Fprintf(&b, "<NextKeyMarker>%s</NextKeyMarker><NextVersionIdMarker>%s</NextVersionIdMarker>", s.name(last.Key), last.ID)
	}
	for _, e := range rows {
		element, more := "Version", fmt.Sprintf("<ETag>%s</ETag><Size>%d</Size>", e.ETag, e.Size)
		if e.Kind == retention.Marker {
			element, more = "DeleteMarker", ""
		}
		fmt.Fprintf(&b, "<%s><Key>%s</Key><VersionId>%s</VersionId><IsLatest>%v</IsLatest><LastModified>%s</LastModified>%s</%s>",
			element, s.name(e.Key), e.ID, e.Latest, e.LastModified.Format(time.RFC3339), more, element)
	}
	return b.String() + "</ListVersionsResult>"
}

func (s *shelf) name(key string) string {
	if s.versitygw {
		return strings.NewReplacer("&", "&amp;", "<", "&lt;").Replace(key)
	}
	return url.QueryEscape(key)
}

func (s *shelf) remove(key, id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.rows = slices.DeleteFunc(s.rows, func(e retention.Entry) bool { return e.Key == key && e.ID == id })
}

// stack makes the rows of one key, newest first: ids with an "x" before them are
// delete markers'.
func stack(key string, ids ...string) []retention.Entry {
	rows := make([]retention.Entry, len(ids))
	for i, id := range ids {
		id, marker := strings.CutPrefix(id, "x")
		rows[i] = retention.Entry{Key: key, ID: id, Latest: i == 0, LastModified: old.Add(-time.Duration(i) * time.Minute)}
		switch {
		case marker:
			rows[i].Kind = retention.Marker
			continue
		case i == 0:
			rows[i].Kind = retention.Object
		default:
			rows[i].Kind = retention.Version
		}
		rows[i].ETag, rows[i].Size = `"e"`, 3
	}
	return rows
}
