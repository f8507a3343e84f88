package sweep

import (
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// agesBeyond is how many days past max_age are told apart; what is older counts
// with the last of them.
const agesBeyond = 60

// Ages counts entries of all kinds by the age that the run judged them by, in
// whole days at its start. An entry counts under MaxAgeDays or more if it is
// expired, and only then. Before is what the planning listing saw. After is what
// the second one saw; nil unless it came to its end in every store.
type Ages struct {
	MaxAgeDays int
	Before     []int64
	After      []int64
}

// ageDays is the bucket of an entry. One that is max_age old to the instant is
// not expired, and so the oldest of those within it.
func ageDays(v retention.Verdict, cutoff time.Time, maxAgeDays int) int {
	over := cutoff.Sub(v.Created)
	days := maxAgeDays + int(over/retention.Day)
	if over%retention.Day < 0 {
		days--
	}
	if !v.Expired {
		days = min(days, maxAgeDays-1)
	}
	return max(0, min(days, maxAgeDays+agesBeyond))
}

// maxAgeDays is max_age in days, 0 if ages are not counted: it isn't a whole
// number of days, or what is listed is ZDR teams' alone, of which no day is told.
func (r *Run) maxAgeDays() int {
	if r.PrefixOnly || r.Spec.MaxAge%retention.Day != 0 {
		return 0
	}
	return int(r.Spec.MaxAge / retention.Day)
}

// ages is nil where ages were not counted, or nothing was there to count: a plan
// that an older version made has none.
func (f *facts) ages() *Ages {
	line := f.run.maxAgeDays()
	before, after := map[int]int64{}, map[int]int64{}
	var listed, listedAfter int64
	for _, s := range f.stores {
		addAges(before, s.before.Ages)
		listed += s.before.Population.Listed
		if s.after != nil {
			addAges(after, s.after.Census.Ages)
			listedAfter += s.after.Census.Population.Listed
		}
	}
	if line == 0 || listed == 0 || sumAges(before) != listed {
		return nil
	}
	n := line + 1
	for _, seen := range []map[int]int64{before, after} {
		for days := range seen {
			n = max(n, days+1)
		}
	}
	all := &Ages{MaxAgeDays: line, Before: spread(before, n)}
	if _, _, complete := f.remaining(); complete && sumAges(after) == listedAfter {
		all.After = spread(after, n)
	}
	return all
}

func addAges(sum, ages map[int]int64) {
	for days, n := range ages {
		sum[days] += n
	}
}

func sumAges(ages map[int]int64) (n int64) {
	for _, count := range ages {
		n += count
	}
	return n
}

func spread(ages map[int]int64, n int) []int64 {
	all := make([]int64, n)
	for days, count := range ages {
		all[days] = count
	}
	return all
}
