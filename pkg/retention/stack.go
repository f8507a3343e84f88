package retention

// Stack judges the versions and delete markers of one key together, since a
// marker hides what lies below it. Entries are added newest first, as a listing
// gives them. The zero Stack is empty.
//
// The rule: a delete marker that is to go has to stay when, once all that is to
// go is gone, the newest entry left would be a version below it. What could not
// be read never becomes readable that way. A version that stands above it
// instead is what a reader finds with or without the marker.
type Stack struct {
	some     bool
	top      bool // the current entry is a version, and goes
	survivor Kind // the newest entry that stays; "" while there is none
	above    int  // markers that go, above the survivor
}

// Add adds the next older entry; stays says that it will still be there.
func (s *Stack) Add(kind Kind, stays bool) {
	if !s.some {
		s.some, s.top = true, kind != Marker && !stays
	}
	switch {
	case s.survivor != "":
	case stays:
		s.survivor = kind
	case kind == Marker:
		s.above++
	}
}

// Pending returns how many of the markers that were to go have to stay: so many
// of the newest ones.
func (s *Stack) Pending() int {
	if s.survivor == "" || s.survivor == Marker {
		return 0
	}
	return s.above
}

// Promotes reports whether the deletion of the current version lets a reader
// find an older one: one that is held or locked, say.
func (s *Stack) Promotes() bool {
	return s.top && s.survivor != "" && s.survivor != Marker && s.above == 0
}
