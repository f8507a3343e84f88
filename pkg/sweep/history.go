package sweep

import (
	"context"
	"fmt"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// lookBack bounds how many sweeps are read in search of one that saw all of a
// store.
const lookBack = 100

// history is what earlier sweep reports say that guards compare with.
type history struct {
	last   *retention.Last          // nil if there was no sweep yet
	stores []*retention.StoreBefore // of each store of the run; nil where no report saw all of it
}

func newHistory(run *Run) history {
	return history{stores: make([]*retention.StoreBefore, len(run.Spec.Stores))}
}

// history reads the reports before the run, newest first: the last sweep, and
// for each store the last sweep with a complete population of the same
// endpoint, bucket and prefix. What an apply carried out is a sweep too.
func (s *Sweeper) history(ctx context.Context, run *Run) (history, error) {
	h := newHistory(run)
	missing := len(h.stores)
	sweeps := 0
	for n := run.Number - 1; n >= 0 && (h.last == nil || missing > 0 && sweeps < lookBack); n-- {
		r, err := s.readReport(ctx, n)
		if err != nil {
			return h, err
		}
		if !guarded(r.predicate) {
			continue
		}
		sweeps++
		if h.last == nil {
			if h.last, err = s.lastRules(ctx, n, r); err != nil {
				return h, fmt.Errorf("report %d: %w", n, err)
			}
		}
		missing -= h.compare(run, n, r.predicate)
	}
	return h, nil
}

// guarded reports whether a report is of a sweep that its guard let pass. One that
// was interrupted may never have come to its guard, and what it was made by must
// not become what the next one is compared with.
func guarded(p evidence.Predicate) bool {
	return p.ReportType == evidence.TypeSweep && p.Result != evidence.ResultInterrupted
}

// compare takes the stores of a report that no newer one had, and returns how
// many they are.
func (h *history) compare(run *Run, n int64, p evidence.Predicate) (found int) {
	for i, spec := range run.Spec.Stores {
		if h.stores[i] != nil {
			continue
		}
		for j, was := range p.Stores {
			if j < len(p.Population) && p.Population[j].Complete && was.EndpointHost == host(spec.Endpoint) &&
				was.Bucket == spec.Bucket && was.Prefix == spec.Prefix {
				h.stores[i] = &retention.StoreBefore{Report: n, Layouts: was.Layouts, Zone: was.KeyDateZone,
					Listed: p.Population[j].Listed, Left: p.Population[j].Listed - removedOf(p, j)}
				found++
				break
			}
		}
	}
	return found
}

// removedOf is how many entries of a store a report says are gone.
func removedOf(p evidence.Predicate, store int) int64 {
	if store >= len(p.Outcomes) {
		return 0
	}
	o := p.Outcomes[store]
	return o.Deleted + o.Absent + o.Aborted
}

// lastRules reads the rules that a sweep was made by.
func (s *Sweeper) lastRules(ctx context.Context, n int64, r sealedReport) (*retention.Last, error) {
	p := r.predicate
	age, err := retention.ParseAge(p.Policy.MaxAge)
	if err != nil {
		return nil, err
	}
	last := &retention.Last{Report: n, MaxAge: age, AgeSource: retention.AgeSource(p.Policy.AgeSource),
		Holds: map[string]time.Time{}, Kept: map[string]int64{}, Teams: map[string]time.Time{}}
	for _, h := range p.Holds {
		if last.Holds[h.ID], err = evidence.ParseTime(h.Until); err != nil {
			return nil, err
		}
		last.Kept[h.ID] = h.Entries
	}
	rows, err := s.teamsOf(ctx, n, r)
	if err != nil {
		return nil, err
	}
	for _, row := range rows {
		if !row.ZDR {
			continue
		}
		if last.Teams[row.Team], err = evidence.ParseTime(row.ZDRSince); err != nil {
			return nil, err
		}
	}
	return last, nil
}
