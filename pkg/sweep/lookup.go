package sweep

import (
	"context"
	"errors"
	"slices"
	"strings"
	"unicode"
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

// look lists where the entries lie and says of each whether it is gone, changed
// (ETag, LastModified or size), unchanged, or a marker that has to stay. What is
// not seen in a bucket that never had versioning is called gone only if it still
// never had: else it may lie under a marker.
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

// list lists the entries' range, but for what lies between entries far apart: a
// look must be short, since nobody knows what is written while it goes on.
// missing says that it lacks some.
func (l looker) list(ctx context.Context, entries []retention.Entry) (seen []sight, missing bool, err error) {
	at, keys := make(map[name]int, len(entries)), make([]string, len(entries))
	for i, e := range entries {
		at[nameOf(e)], keys[i] = i, e.Key
	}
	slices.Sort(keys)
	within := l.within
	if within.What != bucket.Uploads { // uploads are listed as a whole anyway
		within.After, within.UpTo = max(within.After, before(keys[0])), keys[len(keys)-1]
	}
	seen = make([]sight, len(entries))
	var s stackSight
	for more := true; more; {
		more = false
		for page, err := range l.store.Pages(ctx, within) {
			if err != nil {
				return nil, false, err
			}
			for _, e := range page.Entries {
				if _, asked := slices.BinarySearch(keys, e.Key); e.Opaque || !asked {
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
			if within.After, more = leap(page, keys, within.After); more {
				break
			}
		}
	}
	s.close(seen)
	for _, was := range seen {
		missing = missing || was == gone
	}
	return seen, missing, nil
}

// leap returns where to go on after a page of a listing that began after a key,
// if there is nothing to look at between the page and there. keys are sorted.
func leap(page bucket.Page, keys []string, after string) (further string, ok bool) {
	if !page.Cuttable || len(page.Entries) == 0 {
		return after, false
	}
	reached := page.Entries[len(page.Entries)-1].Key
	next, asked := slices.BinarySearch(keys, reached)
	if asked || next == len(keys) { // the next page may have more of its versions; or this is the end
		return after, false
	}
	if further = before(keys[next]); further <= reached || !plain(further) {
		return after, false
	}
	return further, true
}

// plain reports whether every server takes a key as the start of a listing.
func plain(key string) bool {
	return utf8.ValidString(key) && !strings.ContainsFunc(key, unicode.IsControl)
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
