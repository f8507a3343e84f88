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
	byKey   map[string][]int
	out     []Deletion
	unasked int64
}

func newAnswer(entries []retention.Entry, null bool) *answer {
	a := &answer{entries: entries, null: null, byKey: make(map[string][]int, len(entries)),
		out: alike(len(entries), Deletion{Code: CodeNotMentioned, Retryable: true})}
	for i, e := range entries {
		a.byKey[e.Key] = append(a.byKey[e.Key], i)
	}
	return a
}

func (a *answer) fates() []Deletion { return a.out }

// find returns the place of the entry that a row is about. The version id
// decides; a row with another id, or with none, is about the key's entry only if
// one alone was asked for, and that one had no id of its own, or the row none.
func (a *answer) find(key, version string) (int, bool) {
	places := a.byKey[key]
	for _, i := range places {
		if versionID(a.entries[i], a.null) == version {
			return i, true
		}
	}
	if len(places) == 1 && (version == "" || a.entries[places[0]].ID == "") {
		return places[0], true
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
	for _, i := range a.byKey[key] {
		if e := a.entries[i]; e.Kind == retention.Marker && e.ID == markerID {
			return i, true
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
