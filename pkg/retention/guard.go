package retention

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"time"
)

// Limits are the bounds of what one run may delete. A zero limit allows
// nothing: a missing one never means "everything".
type Limits struct {
	MaxDeletions        int64   // entries of all stores together
	MaxShare            float64 // of one store's listed entries, once more than ShareFloor would go
	ShareFloor          int64
	MaxKeyDateOnlyShare float64 // likewise for entries that expire by key date alone
	MaxKeyDateOnlyFloor int64
	MaxClockSkew        time.Duration // between server and local clock, either way
	MaxPurge            int64         // purged entries of all stores together
}

// Plan is what a run intends, and by which rules.
type Plan struct {
	Start     time.Time // of the run
	MaxAge    time.Duration
	AgeSource AgeSource
	Stores    []StoreCount
	Holds     []Hold
	Kept      map[string]int64 // expired entries that each hold keeps, by id
	Roster    Roster
}

// StoreCount is what a plan counted in one store, over all four kinds.
type StoreCount struct {
	Store                                string
	Listed, Expired, KeyDateAlone, Purge int64
	Skew                                 time.Duration // server minus local clock
	Complete                             bool          // the listing came to its end
	Layouts                              []string
	Zone                                 string       // key_date_zone
	Before                               *StoreBefore // nil where no report can be compared with
}

// Trip is the limit that a plan exceeds.
type Trip struct {
	Name    string // as in the config
	Store   string // empty if the limit is over all stores
	Value   string // what was seen
	Limit   string // what is allowed
	Message string // one sentence for the operator, with the way on
}

// proceed is the one way past a guard.
const proceed = `nothing was deleted; look at the plan ("sweeper report show N --plan", with this report's number) and, if it is right, carry it out ("sweeper apply N --reason CODE")`

// Guard returns the first of Guards.
func Guard(l Limits, p Plan, last *Last) (Trip, bool) {
	trips := Guards(l, p, last)
	if len(trips) == 0 {
		return Trip{}, false
	}
	return trips[0], true
}

// Guards compares a plan with its limits and with the last reports, and returns
// every guard that trips, once each, in a fixed order: max_clock_skew,
// max_deletions, max_share, max_key_date_only, max_purge, then those against a
// slip in the config. Each names the first store, in their order, for which it
// trips. What is exactly at a limit passes. last is nil where no report can be
// compared with.
func Guards(l Limits, p Plan, last *Last) []Trip {
	var trips []Trip
	add := func(trip Trip, tripped bool) {
		if tripped {
			trips = append(trips, trip)
		}
	}
	for _, check := range []func(Limits, []StoreCount) (Trip, bool){
		guardSkew, guardDeletions, guardShare, guardKeyDateOnly, guardPurge,
	} {
		add(check(l, p.Stores))
	}
	guardHistory(l, p, last, add)
	return trips
}

// Absolute reports whether nothing overrides the guard that tripped: while clocks
// differ, ages are not known.
func Absolute(t Trip) bool { return t.Name == clockGuard }

const clockGuard = "max_clock_skew"

func guardSkew(l Limits, stores []StoreCount) (Trip, bool) {
	for _, s := range stores {
		if s.Skew <= l.MaxClockSkew && s.Skew >= -l.MaxClockSkew {
			continue
		}
		return Trip{
			Name: clockGuard, Store: s.Store, Value: s.Skew.String(), Limit: l.MaxClockSkew.String(),
			Message: fmt.Sprintf("the clock of store %s's server differs from this machine's by %s, more than max_clock_skew %s allows: nothing was deleted; "+
				"set the clock that is wrong (is NTP running on both?) and run again", s.Store, s.Skew, l.MaxClockSkew),
		}, true
	}
	return Trip{}, false
}

func guardDeletions(l Limits, stores []StoreCount) (Trip, bool) {
	var total int64
	for _, s := range stores {
		total = add(total, s.going())
	}
	if total <= l.MaxDeletions {
		return Trip{}, false
	}
	return Trip{
		Name: "max_deletions", Value: text(total), Limit: text(l.MaxDeletions),
		Message: fmt.Sprintf("%d entries of all stores together would go, more than max_deletions %d allows: %s", total, l.MaxDeletions, proceed),
	}, true
}

func guardShare(l Limits, stores []StoreCount) (Trip, bool) {
	for _, s := range stores {
		if n := s.going(); n > l.ShareFloor && exceeds(n, l.MaxShare, s.Listed) {
			return shareTrip("max_share", s, n, l.MaxShare, l.ShareFloor, "would go"), true
		}
	}
	return Trip{}, false
}

func guardKeyDateOnly(l Limits, stores []StoreCount) (Trip, bool) {
	for _, s := range stores {
		if n := s.KeyDateAlone; n > l.MaxKeyDateOnlyFloor && exceeds(n, l.MaxKeyDateOnlyShare, s.Listed) {
			return shareTrip("max_key_date_only", s, n, l.MaxKeyDateOnlyShare, l.MaxKeyDateOnlyFloor,
				"would go by the date in their key alone (are layout and key_date_zone right?)"), true
		}
	}
	return Trip{}, false
}

func guardPurge(l Limits, stores []StoreCount) (Trip, bool) {
	var total int64
	for _, s := range stores {
		total = add(total, s.Purge)
	}
	if total <= l.MaxPurge {
		return Trip{}, false
	}
	return Trip{
		Name: "max_purge", Value: text(total), Limit: text(l.MaxPurge),
		Message: fmt.Sprintf("%d young entries of ZDR teams would be purged, more than max_purge %d allows (is the roster right?): %s", total, l.MaxPurge, proceed),
	}, true
}

func shareTrip(name string, s StoreCount, n int64, share float64, floor int64, what string) Trip {
	return Trip{
		Name: name, Store: s.Store, Value: fmt.Sprintf("%d of %d", n, s.Listed), Limit: decimal(share),
		Message: fmt.Sprintf("%d of the %d entries listed in store %s %s, more than the share of %s that %s allows above %d: %s",
			n, s.Listed, s.Store, what, decimal(share), name, floor, proceed),
	}
}

// going is how many entries of the store a plan deletes.
func (s StoreCount) going() int64 { return add(s.Expired, s.Purge) }

// exceeds reports whether n is more than share of listed, exactly: the share is
// taken as the decimal that the config shows, not as its nearest binary. A
// share that is no number is exceeded by anything.
func exceeds(n int64, share float64, listed int64) bool {
	r, ok := new(big.Rat).SetString(decimal(share))
	if !ok {
		return true
	}
	allowed := r.Mul(r, new(big.Rat).SetInt64(listed))
	return new(big.Rat).SetInt64(n).Cmp(allowed) > 0
}

// add adds two counts and stops at the largest number instead of wrapping
// round to a small one.
func add(a, b int64) int64 {
	if b > 0 && a > math.MaxInt64-b {
		return math.MaxInt64
	}
	return a + b
}

func text(n int64) string { return strconv.FormatInt(n, 10) }

func decimal(share float64) string { return strconv.FormatFloat(share, 'f', -1, 64) }
