package retention

import (
	"strings"
	"time"
	"unicode"
)

// Roster is the list of teams with Zero Data Retention.
type Roster struct {
	AsOf  time.Time // when the list was right, in UTC
	Teams []RosterTeam
}

// RosterTeam is a ZDR team and the instant from which nothing of it may be stored.
type RosterTeam struct {
	ID    string
	Since time.Time
}

// NearMatch returns a roster id that equals seen but for case, "-", "_" or ".",
// if seen is not itself a roster id. Such a pair may be one team spelled two
// ways, so that team's count can't be trusted.
func (r Roster) NearMatch(seen string) (id string, ok bool) {
	return r.NearMatcher()(seen)
}

// NearMatcher returns NearMatch with the roster indexed once, for many calls.
// It is safe for concurrent use. Of several near ids it returns the first.
func (r Roster) NearMatcher() func(seen string) (id string, ok bool) {
	ids := make(map[string]bool, len(r.Teams))
	near := make(map[string]string, len(r.Teams))
	for _, t := range r.Teams {
		ids[t.ID] = true
		if folded := fold(t.ID); near[folded] == "" {
			near[folded] = t.ID
		}
	}
	return func(seen string) (string, bool) {
		if ids[seen] {
			return "", false
		}
		id, ok := near[fold(seen)]
		return id, ok
	}
}

// fold drops "-", "_" and "." and maps each letter to the least of those that
// differ from it in case alone.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '-' || r == '_' || r == '.' {
			return -1
		}
		least := r
		for next := unicode.SimpleFold(r); next != r; next = unicode.SimpleFold(next) {
			least = min(least, next)
		}
		return least
	}, s)
}
