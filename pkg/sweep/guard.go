package sweep

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// GuardFile is guard.json. Nothing is deleted before it exists and says go.
type GuardFile struct {
	Go   bool            `json:"go"`
	Trip *evidence.Guard `json:"trip"`
	// Also are the guards that tripped besides.
	Also []evidence.Guard `json:"also,omitempty"`
	// Overridden are those that would have tripped, had the run not been told to
	// carry out a plan.
	Overridden []evidence.Guard `json:"overridden,omitempty"`
}

// Guard compares the whole plan, store by store, with the limits and with the
// last reports, and writes guard.json. A dry run is judged like any other, and
// then never goes.
func (s *Sweeper) Guard(ctx context.Context, run *Run) error {
	h, err := s.history(ctx, run)
	if err != nil {
		return fmt.Errorf("read the reports that the plan is compared with: %w", err)
	}
	counts, err := s.counts(ctx, run, h)
	if err != nil {
		return err
	}
	plan := retention.Plan{Start: run.start(), MaxAge: run.Spec.MaxAge, AgeSource: run.Spec.AgeSource, Stores: counts.stores,
		Holds: run.Spec.Holds, Kept: counts.held, Roster: run.Spec.Roster.Roster}
	overridable, err := s.overridable(ctx, run)
	if err != nil {
		return err
	}
	file := GuardFile{Go: run.Deletes()}
	for _, trip := range retention.Guards(run.Spec.Limits, plan, h.last) {
		said := evidence.Guard{Name: trip.Name, Store: trip.Store, Value: trip.Value, Limit: trip.Limit}
		event := s.Log.Error()
		switch {
		case overridable[tripCode(trip.Name)] && !retention.Absolute(trip):
			file.Overridden = append(file.Overridden, said)
			trip.Message = "a guard is overridden: the plan of report " + fmt.Sprint(run.Apply.Report) + " was stopped by it, or would have been, and is carried out"
			event = s.Log.Warn()
		case file.Trip == nil:
			file.Go, file.Trip = false, &said
		default:
			file.Also = append(file.Also, said)
		}
		event.Int64("run", run.Number).Str("guard", trip.Name).Str("store", trip.Store).Str("value", trip.Value).
			Str("limit", trip.Limit).Msg(trip.Message)
	}
	return s.save(ctx, run, guardFile, file)
}

// overridable are the codes of the guards that the plan which the run carries out
// was said, in its signed report, to trip: who applied it has seen them.
func (s *Sweeper) overridable(ctx context.Context, run *Run) (map[string]bool, error) {
	codes := map[string]bool{}
	if run.Apply == nil {
		return codes, nil
	}
	r, err := s.readReport(ctx, run.Apply.Report)
	if err != nil {
		return nil, err
	}
	for _, reason := range r.predicate.Reasons {
		codes[reason.Code] = true
	}
	return codes, nil
}

// tripCode is the reason that says of a report that a guard tripped.
func tripCode(guard string) string { return strings.ToUpper(guard) }

// planCounts are what the guards look at.
type planCounts struct {
	stores []retention.StoreCount
	held   map[string]int64 // expired entries by hold
}

// counts adds up what the shards of each store plan.
func (s *Sweeper) counts(ctx context.Context, run *Run, h history) (planCounts, error) {
	all := planCounts{held: map[string]int64{}}
	counts := make([]retention.StoreCount, len(run.Spec.Stores))
	for i, spec := range run.Spec.Stores {
		counts[i] = retention.StoreCount{Store: spec.Name, Complete: run.Found[i].Left == "", Layouts: spec.Layouts, Zone: spec.KeyDateZone, Before: h.stores[i]}
	}
	for i, sh := range run.Shards {
		var plan ShardPlan
		ok, err := s.load(ctx, run, planFile(i), &plan)
		if err != nil {
			return all, err
		}
		if !ok {
			return all, fmt.Errorf("shard %d has no plan", i)
		}
		for id, n := range plan.Census.Held {
			all.held[id] += n
		}
		c, p := &counts[sh.Store], plan.Census.Population
		c.Skew = run.Found[sh.Store].Skew
		if plan.leftAlone() != "" {
			c.Complete = false
			continue // nothing of it goes, and half a count compares with nothing
		}
		c.Listed += p.Listed
		c.Expired += p.Expired - plan.Census.ExpiredHeld - plan.Census.Pending // what is held or hides something doesn't go
		c.Purge += plan.Census.Purge
		c.KeyDateAlone += p.ExpiredByKeyDateAlone - plan.Census.KeyDateHeld
	}
	all.stores = counts
	return all, nil
}

// all are the guards that tripped or would have.
func (g GuardFile) all() []evidence.Guard {
	var all []evidence.Guard
	if g.Trip != nil {
		all = append(all, *g.Trip)
	}
	return slices.Concat(all, g.Also, g.Overridden)
}

func (s *Sweeper) readGuard(ctx context.Context, run *Run) (GuardFile, error) {
	var g GuardFile
	_, err := s.load(ctx, run, guardFile, &g)
	if err == nil && g.Go && (g.Trip != nil || !run.Deletes()) {
		err = errors.New("guard.json says go against itself")
	}
	return g, err
}
