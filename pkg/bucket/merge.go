package bucket

import (
	"iter"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// row is an entry of a version listing and its place in the answer, which the
// SDK loses: it gives versions and markers apart. 0 is no place.
type row struct {
	retention.Entry
	at int
}

// merged walks the versions and the delete markers of a page in one order: by
// key, and within a key the newer first. Each list keeps its own order, which is
// the server's.
func merged(versions, markers []row) iter.Seq[retention.Entry] {
	return func(yield func(retention.Entry) bool) {
		for len(versions)+len(markers) > 0 {
			from := &versions
			if len(versions) == 0 || len(markers) > 0 && !versionFirst(versions[0], markers[0]) {
				from = &markers
			}
			e := (*from)[0].Entry
			if *from = (*from)[1:]; !yield(e) {
				return
			}
		}
	}
}

// latestFirst moves what is the latest of a key before the key's other rows:
// SeaweedFS lists the "null" version last, also where it is the latest.
func latestFirst(rows []row) {
	head := 0 // of the key's rows
	for i, e := range rows {
		if e.Key != rows[head].Key {
			head = i
		}
		if e.Latest && !e.Opaque {
			copy(rows[head+1:i+1], rows[head:i])
			rows[head] = e
		}
	}
}

// versionFirst reports whether version v comes before marker m. Where place and
// date don't agree on it, the marker does: one that is taken to lie above a
// version is kept as long as that version is. versitygw gives a marker the date
// of the version that it hides, gives a version that is hidden the date of that
// moment, and lists all markers before all versions; SeaweedFS puts what is
// "null" after everything else of its key. A row whose key isn't known comes
// where its own list has it.
func versionFirst(v, m row) bool {
	switch {
	case v.Opaque || m.Opaque:
		return v.Opaque
	case v.Key != m.Key:
		return v.Key < m.Key
	case v.Latest || m.Latest:
		return v.Latest
	}
	return v.at <= m.at && v.LastModified.After(m.LastModified)
}

// number gives the rows of a list their places, if there is one for each.
func number(rows []row, at []int) {
	if len(rows) != len(at) {
		return
	}
	for i := range rows {
		rows[i].at = at[i]
	}
}
