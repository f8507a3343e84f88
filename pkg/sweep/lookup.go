package sweep

import (
	"context"
	"errors"
	"unicode/utf8"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// sight is what a second look at an entry showed.
type sight int

const (
	gone sight = iota
	changed
	unchanged
	hides // an unchanged marker that has to stay
)

// nullID is the version id of what was written while versioning was not on.
const nullID = "null"

// name tells the entries of a bucket apart. In a bucket that never had
// versioning the one entry of a key has no id; should versioning be switched on,
// it is the key's version "null".
type name struct{ key, id string }

func nameOf(e retention.Entry) name {
	if e.ID == "" {
		return name{e.Key, nullID}
	}
	return name{e.Key, e.ID}
}

// looker looks at entries of one shard again.
type looker struct {
	store  Store
	within bucket.Range
	// going are the markers that are to go: what else is there stays.
	going map[name]bool
}

// look lists the range that the entries span and says of each whether it is
// gone, changed (ETag, LastModified or size), unchanged, or a marker that has
// to stay. What is not seen in a bucket that never had versioning is called gone
// only if it still never had: else it may lie under a marker.
func (l looker) look(ctx context.Context, entries []retention.Entry) ([]sight, error) {
	if len(entries) == 0 {
		return nil, nil
	}
	seen, missing, err := l.list(ctx, entries)
	if err != nil || !missing || l.within.What != bucket.Current {
		return seen, err
	}
	state, err := l.store.Inspect(ctx)
	if err != nil {
		return nil, err
	}
	switch state.Versioning {
	case bucket.StateNever:
		return seen, nil
	case bucket.StateEnabled, bucket.StateSuspended:
		l.within.What = bucket.Versions
		seen, _, err = l.list(ctx, entries)
		return seen, err
	default:
		return nil, errors.New("the bucket's versioning state can't be read any more")
	}
}

// list is one listing of the entries' range; missing says that it lacks some.
func (l looker) list(ctx context.Context, entries []retention.Entry) (seen []sight, missing bool, err error) {
	within := l.within
	if within.What != bucket.Uploads { // uploads are listed as a whole anyway
		first, last := span(entries)
		within.After, within.UpTo = max(within.After, before(first)), last
	}
	at, keys := make(map[name]int, len(entries)), make(map[string]bool, len(entries))
	for i, e := range entries {
		at[nameOf(e)] = i
		keys[e.Key] = true
	}
	seen = make([]sight, len(entries))
	var s stackSight
	for page, err := range l.store.Pages(ctx, within) {
		if err != nil {
			return nil, false, err
		}
		for _, e := range page.Entries {
			if e.Opaque || !keys[e.Key] {
				continue
			}
			i, ok := at[nameOf(e)]
			if ok {
				seen[i] = compare(entries[i], e)
			}
			if e.Key != s.key {
				s.close(seen)
				s = stackSight{key: e.Key}
			}
			s.add(e, l.going[nameOf(e)], i, ok && seen[i] == unchanged)
		}
	}
	s.close(seen)
	for _, was := range seen {
		missing = missing || was == gone
	}
	return seen, missing, nil
}

// span returns the first and the last key.
func span(entries []retention.Entry) (first, last string) {
	first, last = entries[0].Key, entries[0].Key
	for _, e := range entries {
		first, last = min(first, e.Key), max(last, e.Key)
	}
	return first, last
}

// compare says what became of a planned entry, by the one that has its name now.
// A name that can't be given to other bytes is the same entry whatever its date:
// versitygw dates a marker anew when a version under it goes.
func compare(planned, listed retention.Entry) sight {
	listed.ID = planned.ID
	if planned.SameBytes(listed) || !planned.Rewritable() {
		return unchanged
	}
	return changed
}

// stackSight judges the stack of one key as it is now.
type stackSight struct {
	key     string
	judged  retention.Stack
	markers []int // places of those looked for, newest first; -1 for others that are to go
}

// add adds the next older entry of the key. place is where it stands among those
// looked for, if it is one of them and unchanged.
func (s *stackSight) add(e retention.Entry, going bool, place int, looked bool) {
	if e.Kind == retention.Upload || e.Opaque {
		return
	}
	going = going && e.Kind == retention.Marker
	s.judged.Add(e.Kind, !going)
	if going {
		if !looked {
			place = -1
		}
		s.markers = append(s.markers, place)
	}
}

// close marks the markers that have to stay.
func (s *stackSight) close(seen []sight) {
	for _, i := range s.markers[:s.judged.Pending()] {
		if i >= 0 {
			seen[i] = hides
		}
	}
}

// before returns a valid key that sorts before key, as near as it is cheap: the
// key without its last character. No key that could be first is left out.
func before(key string) string {
	_, size := utf8.DecodeLastRuneInString(key)
	return key[:len(key)-size]
}
