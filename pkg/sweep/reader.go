package sweep

import (
	"context"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// reader judges and counts what one stream lists of one range, and plans what is
// to go of it.
type reader struct {
	judge  *retention.Judge
	tally  tally
	branch *branch // nil: nothing is planned
}

func (l *listing) reader(k *keyRange) *reader {
	r := &reader{judge: retention.NewJudge(l.policy)}
	r.tally = tally{census: newCensus(), look: l.which, nearMatch: l.nearMatch, allTeams: l.run.Spec.AllTeams,
		lateFrom: l.run.Cutoff.Add(-l.run.interval()), cutoff: l.run.Cutoff, maxAge: l.run.maxAgeDays(), newest: newest{most: l.newest.most}}
	if l.planner != nil {
		r.branch = l.planner.branch(k.after)
	}
	return r
}

func (r *reader) page(ctx context.Context, page bucket.Page, entries []Entry, asked time.Time) error {
	c := r.tally.census
	c.Population.Pages++
	c.Population.Anomalies += int64(page.Repeated)
	c.Repeated += int64(page.Repeated)
	c.Unordered = c.Unordered || page.Unordered
	for _, e := range entries {
		v := r.judge.Judge(e)
		r.tally.add(e, v)
		if r.branch == nil {
			continue
		}
		if err := r.branch.take(ctx, e, v, asked); err != nil {
			return err
		}
	}
	return nil
}

// close ends the last key's stack, and the range at the key where it ended.
func (r *reader) close(ctx context.Context, upTo string) error {
	r.tally.close()
	if r.branch == nil {
		return nil
	}
	return r.branch.close(ctx, upTo)
}
