package sweep

import (
	"context"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// expectFrom is how many of the newest reports are read in search of what the
// stores held.
const expectFrom = 8

// expected is how many entries the run will list, if each store is as the last
// report that saw all of it says, of whatever kind it is: what a dry run listed,
// the apply of its plan lists again. 0 if nobody knows. It only feeds an estimate:
// what can't be read is no reason to stop.
func (s *Sweeper) expected(ctx context.Context, run *Run) (entries int64) {
	if run.PrefixOnly { // a small part of the stores
		return 0
	}
	h := newHistory(run)
	missing := len(h.stores)
	for n := run.Number - 1; missing > 0; n-- {
		if n < 0 || n < run.Number-expectFrom {
			return 0
		}
		r, err := s.readReport(ctx, n)
		if err != nil {
			return 0
		}
		if r.predicate.ZDR.Mode != evidence.ModePrefixes {
			missing -= h.compare(run, n, r.predicate)
		}
	}
	for _, before := range h.stores {
		entries += before.Listed
	}
	return entries
}
