package sweep

import (
	"cmp"
	"slices"
	"sync"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
)

const (
	// longPages is how many pages a listing must have given, and not be at its end,
	// before it is cut for the sake of idle streams, and longerPages how many of a
	// range before it is cut again.
	longPages   = 2
	longerPages = 4
	// seeksPerPage bounds what is spent on looking for cuts: a request for each
	// range, and one for so many pages.
	seeksPerPage = 16
	// cutListed is how many entries a range must have had for its end to be cut at
	// again by the second listing.
	cutListed = 2000
)

// keyRange is what one stream lists: keys in (after, upTo], "" being an open end.
// Its end moves towards its start when it is cut, never away from it.
type keyRange struct {
	after, upTo string
	first, last string // keys of the latest page; last is the greatest key taken so far
	pages       int    // taken since it was last cut
	listed      int64
	cuttable    bool // by its latest page
	seeking     bool // somebody looks for cuts
	wait        int  // pages that it must have given before anybody looks again
	ended       bool
}

// ranges are the ranges of one listing. At any time they cover all of it and no
// two overlap, and what was taken from one is taken from no other.
type ranges struct {
	mu      sync.Mutex
	waiting []*keyRange
	active  []*keyRange
	done    []*keyRange
	pages   int
	seeks   int // requests that were spent on looking for cuts
}

// newRanges cuts a listing into ranges.
func newRanges(within bucket.Range, cuts []string) *ranges {
	r := &ranges{waiting: []*keyRange{{after: within.After, last: within.After, upTo: within.UpTo}}}
	r.split(r.waiting[0], cuts)
	return r
}

// next returns a range that nobody lists yet, nil if there is none.
func (r *ranges) next() *keyRange {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 {
		return nil
	}
	k := r.waiting[0]
	r.waiting = r.waiting[1:]
	r.active = append(r.active, k)
	return k
}

// take claims what of a page lies in the range, and returns it. more is false
// where the page reaches beyond: what follows is another range's.
func (r *ranges) take(k *keyRange, page bucket.Page) (entries []Entry, more bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entries, more = within(page.Entries, k.upTo)
	r.pages++
	k.pages++
	k.listed += int64(len(entries))
	k.cuttable = page.Cuttable
	k.first = ""
	for _, e := range entries {
		if e.Opaque {
			continue
		}
		k.first, k.last = cmp.Or(k.first, e.Key), max(k.last, e.Key)
	}
	return entries, more
}

// within returns the entries up to a key, and whether that is all of them.
func within(entries []Entry, upTo string) (some []Entry, all bool) {
	if upTo == "" {
		return entries, true
	}
	at := slices.IndexFunc(entries, func(e Entry) bool { return !e.Opaque && e.Key > upTo })
	if at < 0 {
		return entries, true
	}
	return entries[:at], false
}

// finish ends a range, and returns where it ended: it is not cut any more.
func (r *ranges) finish(k *keyRange) (upTo string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k.ended = true
	r.active = slices.DeleteFunc(r.active, func(a *keyRange) bool { return a == k })
	r.done = append(r.done, k)
	return k.upTo
}

// wanted is how many more streams would have something to do.
func (r *ranges) wanted() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.waiting) == 0 && r.longest() != nil {
		return 1
	}
	return len(r.waiting)
}

// longest returns the range that has proved the longest and may be cut, nil if
// there is none.
func (r *ranges) longest() *keyRange {
	if r.seeks >= len(r.waiting)+len(r.active)+len(r.done)+r.pages/seeksPerPage {
		return nil
	}
	least := longerPages
	if r.first() {
		least = longPages
	}
	var longest *keyRange
	for _, k := range r.active {
		if k.cuttable && !k.seeking && k.pages >= max(least, k.wait) && (longest == nil || k.pages > longest.pages) {
			longest = k
		}
	}
	return longest
}

// first reports whether the listing was never cut.
func (r *ranges) first() bool { return len(r.waiting)+len(r.active)+len(r.done) == 1 }

// sought is a range for which somebody is to look for cuts.
type sought struct {
	of          *keyRange
	after, upTo string // what is left of it
	hint        bucket.Hint
	most        int // cuts
}

// seek chooses the range that is to be cut for idle streams. ok is false if
// there is none.
func (r *ranges) seek(idle int) (s sought, ok bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.longest()
	if k == nil {
		return s, false
	}
	k.seeking = true
	s = sought{of: k, after: k.last, upTo: k.upTo, hint: bucket.Hint{First: k.first, Last: k.last, Pages: k.pages}, most: idle + 1}
	if !r.first() { // what is left of it is taken to be about as long as what was listed
		s.most = min(s.most, k.pages)
	}
	return s, true
}

// found cuts the range for which cuts were sought, at those that are still ahead
// of its stream, and reports whether there were any.
func (r *ranges) found(s sought, cuts []string, requests int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seeks += requests
	s.of.seeking = false
	if !s.of.ended && r.split(s.of, cuts) {
		s.of.pages, s.of.wait = 0, 0
		return true
	}
	s.of.wait = 2 * s.of.pages
	return false
}

// split cuts a range at those of the cuts that lie in what is left of it.
func (r *ranges) split(k *keyRange, cuts []string) bool {
	cuts = slices.Compact(slices.Sorted(slices.Values(cuts)))
	cuts = slices.DeleteFunc(cuts, func(c string) bool { return c <= k.last || k.upTo != "" && c >= k.upTo })
	if len(cuts) == 0 {
		return false
	}
	ends := append(slices.Clone(cuts[1:]), k.upTo)
	k.upTo = cuts[0]
	for i, c := range cuts {
		r.waiting = append(r.waiting, &keyRange{after: c, last: c, upTo: ends[i]})
	}
	return true
}

// cuts are the keys at which a listing of the same should be cut from the start.
func (r *ranges) cuts() [][]byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	all := slices.SortedFunc(slices.Values(r.done), func(a, b *keyRange) int { return cmp.Compare(a.after, b.after) })
	var cuts [][]byte
	var listed int64
	for i, k := range all[:max(0, len(all)-1)] {
		if listed += k.listed; listed >= cutListed {
			cuts, listed = append(cuts, []byte(all[i+1].after)), 0
		}
	}
	return cuts
}
