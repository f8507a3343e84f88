package sweep

import (
	"cmp"
	"slices"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// promoted puts a code on each current version that went though an older one of
// its key stays, which a reader now finds.
func (w *sweeping) promoted() {
	stacks := map[string][]int{}
	for i, e := range w.entries {
		if e.Kind == retention.Version && !removed(w.fates[i].outcome) {
			stacks[string(e.Key)] = nil
		}
	}
	for i, e := range w.entries {
		if _, ok := stacks[string(e.Key)]; ok && e.Kind != retention.Upload {
			stacks[string(e.Key)] = append(stacks[string(e.Key)], i)
		}
	}
	for i, e := range w.entries {
		if e.Kind != retention.Object || w.fates[i].outcome != evidence.OutcomeDeleted {
			continue
		}
		if e.Promotes || w.promotes(stacks[string(e.Key)]) {
			w.fates[i].code = evidence.CodePromoted
		}
	}
}

// promotes judges the stack of a key as the sweep left it.
func (w *sweeping) promotes(idx []int) bool {
	slices.SortStableFunc(idx, func(a, b int) int { return stand(w.entries[a], w.entries[b]) })
	var s retention.Stack
	for _, i := range idx {
		s.Add(w.entries[i].Kind, !removed(w.fates[i].outcome))
	}
	return s.Promotes()
}

// stand compares two planned entries of a key by their place in its stack,
// newest first: the current one, then by date, and of two of one date a marker
// is taken to lie above.
func stand(a, b Planned) int {
	return cmp.Or(rank(b.Latest)-rank(a.Latest), b.LastModified.Compare(a.LastModified),
		rank(b.Kind == retention.Marker)-rank(a.Kind == retention.Marker))
}

func rank(yes bool) int {
	if yes {
		return 1
	}
	return 0
}

// removed reports whether an outcome says that the entry is gone.
func removed(outcome string) bool {
	return outcome == evidence.OutcomeDeleted || outcome == evidence.OutcomeAbsent || outcome == evidence.OutcomeAborted
}
