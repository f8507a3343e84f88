package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

func (a *app) check() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "check",
		Short: "Check the config against the real stores; write nothing to them",
		Long: `check reads the config, the roster, the holds and the keys, and asks the vault,
the work area and each store whether a run could do its work: a line each, what
it means, what to do. It writes nothing to a store: whether deletes are allowed
it asks with the delete of a random key that does not exist, and not at all in a
bucket that has or had versioning.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, err := a.load()
			if err != nil {
				return err
			}
			checks := checkAll(cmd.Context(), c, time.Now())
			if asJSON {
				err = printJSON(a.stdout, map[string]any{"checks": checks})
			} else {
				err = render.Checks(a.stdout, checks)
			}
			for _, ch := range checks {
				if err == nil && ch.State == render.Fail {
					return exitWith(exitFailed)
				}
			}
			return err
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

// checkAll goes on after a failure: the operator wants all of them at once.
func checkAll(ctx context.Context, c *config.Config, now time.Time) []render.Check {
	checks := []render.Check{
		{State: render.OK, Subject: "config", Meaning: c.Path + " is complete and consistent"},
		{State: render.OK, Subject: "limits", Meaning: fmt.Sprintf("at most %s in flight over all stores (limits.concurrency)", requests(c.Limits.Concurrency))},
	}
	s, err := readSpec(ctx, c)
	if err != nil {
		return append(checks, failed("roster and holds", err))
	}
	checks = append(checks, checkRoster(c, s.Roster, now))
	k, err := readKeys(ctx, c, now)
	if err != nil {
		return append(checks, failed("keys", err))
	}
	checks = append(checks, render.Check{State: render.OK, Subject: "keys", Meaning: "the signing key is in the trust root of vault " + k.trust.VaultID})
	checks = append(checks, checkStamp(ctx, c, k.trust)...)
	if st, err := openStorage(ctx, c, k); err != nil {
		checks = append(checks, failed("vault", err))
	} else {
		checks = append(checks, render.Check{State: render.OK, Subject: "vault", Meaning: st.where + " is write-once, and the work area can be written and erased"})
	}
	for i, store := range c.Stores {
		spec := s.Stores[i]
		opened, err := openStore(ctx, spec, nil)
		if err != nil {
			checks = append(checks, failed("store "+store.Name, err))
			continue
		}
		checks = append(checks, checkStore(ctx, c, store, opened, s.Roster.Roster, now)...)
	}
	return checks
}

func requests(n int) string {
	if n == 1 {
		return "1 request is"
	}
	return fmt.Sprintf("%d requests are", n)
}

func failed(subject string, err error) render.Check {
	return render.Check{State: render.Fail, Subject: subject, Meaning: err.Error()}
}

func checkRoster(c *config.Config, r sweep.RosterSpec, now time.Time) render.Check {
	ch := render.Check{State: render.OK, Subject: "roster", Meaning: fmt.Sprintf("%d ZDR teams as of %s, read from %s", len(r.Roster.Teams), r.Roster.AsOf.Format(time.RFC3339), r.Source)}
	switch r.Doubt(now, c.Limits.MaxClockSkew) {
	case sweep.CodeRosterEmpty:
		ch.State, ch.Do = render.Warn, "every run will be inconclusive: list the teams, or set zdr.allow_empty if there are none"
	case sweep.CodeRosterStale:
		ch.State, ch.Do = render.Warn, fmt.Sprintf("as_of is not within zdr.roster_max_age (%s): every ZDR team will be inconclusive; write a fresh roster", c.ZDR.RosterMaxAge)
	}
	return ch
}
