package main

import (
	"context"
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// showPlan prints the plan of report n, entry by entry as it is read: a plan may
// be far larger than memory.
func (a *app) showPlan(ctx context.Context, c *config.Config, s storage, n int64, p evidence.Predicate, format string, showKeys bool) error {
	if p.ReportType != evidence.TypeDryRun && p.ReportType != evidence.TypeStopped {
		return usage(fmt.Errorf("report show: report %d is of type %s: only a dry run, and a run that a guard stopped, leave a plan", n, p.ReportType))
	}
	ids, err := readIdentifiers(c)
	if err != nil {
		return usage(err)
	}
	if p.Identifiers.EpochCommit != ids.EpochCommit() {
		return usage(fmt.Errorf("identifiers.secret_file: %s: is not the secret that report %d was made with, so that no line would match its manifest", c.Identifiers.SecretFile, n))
	}
	out := render.NewPlan(a.stdout, p, format, showKeys)
	buckets := map[string]string{}
	for _, store := range p.Stores {
		buckets[store.Name] = store.Bucket
	}
	var team string
	key := ids.Team(team)
	err = sweep.ReadPlan(ctx, s.work, n, func(store string, e sweep.Planned) error {
		bucket, ok := buckets[store]
		if !ok {
			return fmt.Errorf("the work area's plan is not that of report %d, which names no store %q", n, store)
		}
		if e.Team != team { // a team's entries mostly follow each other
			team, key = e.Team, ids.Team(e.Team)
		}
		return out.Add(render.PlanEntry{Store: store, Kind: string(e.Kind), Team: e.Team, Created: e.Created, LastModified: e.LastModified,
			Size: e.Size, Why: e.Why, Hold: e.Hold, Key: string(e.Key), Private: e.Private,
			KeyHMAC: key.KeyHMAC(string(e.Kind), bucket, string(e.Key), e.ID)})
	})
	if closed := out.Close(err == nil); err == nil {
		err = closed
	}
	return err
}
