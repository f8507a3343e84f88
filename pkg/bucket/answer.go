package bucket

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// answer sorts the rows of a DeleteObjects answer to the entries that were
// asked for. It starts from "not mentioned": silence is never success.
type answer struct {
	entries []retention.Entry
	null    bool
	first   map[string]int // the place of a key's first entry, counted from 1
	next    []int          // the place of the next entry of the same key, 0 if there is none
	out     []Deletion
	unasked int64
}

func newAnswer(entries []retention.Entry, null bool) *answer {
	a := &answer{entries: entries, null: null, first: make(map[string]int, len(entries)), next: make([]int, len(entries)),
		out: alike(len(entries), Deletion{Code: CodeNotMentioned, Retryable: true})}
	for i := len(entries) - 1; i >= 0; i-- {
		key := entries[i].Key
		a.next[i], a.first[key] = a.first[key], i+1
	}
	return a
}

func (a *answer) fates() []Deletion { return a.out }

// find returns the place of the entry that a row is about. The version id
// decides; a row with another id, or with none, is about the key's entry only if
// one alone was asked for, and that one had no id of its own, or the row none.
func (a *answer) find(key, version string) (int, bool) {
	first := a.first[key]
	for at := first; at > 0; at = a.next[at-1] {
		if versionID(a.entries[at-1], a.null) == version {
			return at - 1, true
		}
	}
	if first > 0 && a.next[first-1] == 0 && (version == "" || a.entries[first-1].ID == "") {
		return first - 1, true
	}
	a.unasked++
	return 0, false
}

// marker returns the place of the delete marker that a row names as such alone:
// SeaweedFS leaves out the version id of a marker that it deleted.
func (a *answer) marker(key, version, markerID string) (int, bool) {
	if version != "" {
		return 0, false
	}
	for at := a.first[key]; at > 0; at = a.next[at-1] {
		if e := &a.entries[at-1]; e.Kind == retention.Marker && e.ID == markerID {
			return at - 1, true
		}
	}
	return 0, false
}

func (a *answer) deleted(row *types.DeletedObject) {
	version := aws.ToString(row.VersionId)
	markerID := aws.ToString(row.DeleteMarkerVersionId)
	i, ok := a.marker(aws.ToString(row.Key), version, markerID)
	if !ok {
		i, ok = a.find(aws.ToString(row.Key), version)
	}
	if ok {
		a.put(i, acknowledged(a.entries[i], aws.ToBool(row.DeleteMarker), version, markerID))
	}
}

func (a *answer) failed(row *types.Error) {
	i, ok := a.find(aws.ToString(row.Key), aws.ToString(row.VersionId))
	if !ok {
		return
	}
	code := aws.ToString(row.Code)
	d := Deletion{Status: Failed, Code: code, Retryable: transient(code)}
	switch {
	case absentCode(code):
		d.Status = Unknown // it may be gone: look it up
	case code == preconditionFailed:
		d = Deletion{Code: CodeChanged} // look it up too
	}
	a.put(i, d)
}

// put sets an entry's fate; a second row that says otherwise leaves nothing known.
func (a *answer) put(i int, d Deletion) {
	if known := a.out[i]; known.Code != CodeNotMentioned && known != d {
		d = Deletion{Code: CodeContradiction, Retryable: true}
	}
	a.out[i] = d
}
