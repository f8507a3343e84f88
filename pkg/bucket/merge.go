package bucket

import (
	"iter"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// merged walks the versions and the delete markers of a page in one order: by
// key, and within a key the newer first. Each list keeps its own order, which is
// the server's; only dates tell how the two mesh.
func merged(versions, markers []retention.Entry) iter.Seq[retention.Entry] {
	return func(yield func(retention.Entry) bool) {
		for len(versions)+len(markers) > 0 {
			from := &versions
			if len(versions) == 0 || len(markers) > 0 && !versionFirst(versions[0], markers[0]) {
				from = &markers
			}
			e := (*from)[0]
			if *from = (*from)[1:]; !yield(e) {
				return
			}
		}
	}
}

// latestFirst moves what is the latest of a key before the key's other rows:
// SeaweedFS lists the "null" version last, also where it is the latest.
func latestFirst(rows []retention.Entry) {
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

// versionFirst reports whether version v comes before marker m. One whose key
// isn't known comes where its own list has it.
func versionFirst(v, m retention.Entry) bool {
	switch {
	case v.Opaque || m.Opaque:
		return v.Opaque
	case v.Key != m.Key:
		return v.Key < m.Key
	case v.Latest || m.Latest:
		return v.Latest
	}
	return v.LastModified.After(m.LastModified)
}
