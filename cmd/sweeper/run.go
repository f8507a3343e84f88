package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/schedule"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

func (a *app) runCommand() *cobra.Command {
	var dryRun, asJSON bool
	var slot string
	cmd := &cobra.Command{
		Use:   "run [--dry-run] [--slot auto|TIME]",
		Short: "Make one run now: plan, guard, delete, confirm, seal",
		Long: `run lists every store, writes down what is older than its retention, compares
the plan with the limits, deletes, lists again, and seals a signed report.

With --dry-run it plans and seals a report of what a run would do, and writes
nothing to any store. "sweeper report show N --plan" shows the plan of report N,
"sweeper apply N" carries it out; likewise for a plan that a guard stopped.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			req := sweep.Request{Type: evidence.TypeSweep, Trigger: "manual"}
			if dryRun {
				req.Type = evidence.TypeDryRun
			}
			return a.one(cmd.Context(), req, slot, asJSON)
		},
	}
	cmd.Flags().BoolVar(&dryRun, "dry-run", false, "plan and report only; write nothing to any store")
	cmd.Flags().StringVar(&slot, "slot", "", "the `SLOT` of the schedule that this run serves: auto (the latest), or its time (RFC 3339)")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON object")
	return cmd
}

func (a *app) attest() *cobra.Command {
	var prefixOnly, asJSON bool
	cmd := &cobra.Command{
		Use:   "attest [--prefix-only]",
		Short: "Count what each ZDR team has stored and sign it; delete nothing",
		Long: `attest lists all that the stores hold, counts what each Zero Data Retention team
has stored, and seals a signed attestation. It deletes nothing.

With --prefix-only it lists the prefixes of these teams alone, and all incomplete
uploads, which is quick where the layout begins with the team. It claims no more
than that: a team may be zero-in-prefix, and the result is inconclusive at best
(exit 3), since data under another key was not looked for.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			req := sweep.Request{Type: evidence.TypeAttestation, Trigger: "manual", PrefixOnly: prefixOnly}
			return a.one(cmd.Context(), req, "", asJSON)
		},
	}
	cmd.Flags().BoolVar(&prefixOnly, "prefix-only", false, "list the ZDR teams' prefixes alone; claim no more than that")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON object")
	return cmd
}

// teamsHavePrefixes makes sure that each store has prefixes for --prefix-only.
func teamsHavePrefixes(c *config.Config) error {
	for _, s := range c.Stores {
		if !slices.ContainsFunc(s.Layouts, func(l retention.Layout) bool { _, ok := l.TeamPrefix("team"); return ok }) {
			return fmt.Errorf("--prefix-only: store %s has no layout that begins with the team, as {team}/... does, so its teams have no prefixes; leave --prefix-only out", s.Name)
		}
	}
	return nil
}

// one makes one run and prints its report.
func (a *app) one(ctx context.Context, req sweep.Request, slot string, asJSON bool) error {
	progress, done := a.progress()
	defer done()
	log, err := a.log()
	if err != nil {
		return err
	}
	c, err := a.load()
	if err != nil {
		return err
	}
	if slot != "" {
		req.Trigger = "schedule"
		if req.Slot, err = slotOf(c, slot, time.Now()); err != nil {
			return usage(err)
		}
	}
	if req.PrefixOnly {
		if err := teamsHavePrefixes(c); err != nil {
			return usage(err)
		}
	}
	sealed, where, err := execute(ctx, c, req, log, progress)
	done()
	if err != nil {
		return err
	}
	if err := a.print(sealed, c, where, asJSON); err != nil {
		return err
	}
	return exitWith(sweep.ExitCode(sealed.Predicate))
}

// execute reads everything that a run needs, anew, and makes the run.
func execute(ctx context.Context, c *config.Config, req sweep.Request, log zerolog.Logger, progress sweep.Progress) (*sweep.Sealed, string, error) {
	var err error
	if req.Spec, err = spec(ctx, c); err != nil {
		return nil, "", err
	}
	k, err := readKeys(ctx, c, time.Now())
	if err != nil {
		return nil, "", err
	}
	s, err := openStorage(ctx, c, k)
	if err != nil {
		return nil, "", err
	}
	if err := newestTrust(ctx, s.vault, k.trust); err != nil {
		return nil, "", err
	}
	boundMemory(c.Limits.Concurrency, os.Getenv)
	sealed, err := sweeper(c, k, s, log, progress).Run(ctx, req)
	return sealed, s.where, err
}

// progress begins a progress line, which shows on a terminal only, and returns
// what ends it.
func (a *app) progress() (sweep.Progress, func()) {
	a.line = render.NewProgress(a.stderr)
	return a.line, a.line.Close
}

// slotOf finds the slot of the schedule that a run serves.
func slotOf(c *config.Config, slot string, now time.Time) (time.Time, error) {
	if c.Schedule == nil {
		return time.Time{}, fmt.Errorf("--slot: the config has no schedule; set schedule.cron, or leave --slot out")
	}
	s, err := schedule.Parse(c.Schedule.Cron, c.Schedule.Timezone)
	if err != nil {
		return time.Time{}, err
	}
	if slot == "auto" {
		if at := s.Prev(now); !at.IsZero() {
			return at, nil
		}
		return time.Time{}, fmt.Errorf("--slot auto: schedule %q has no slot before now", c.Schedule.Cron)
	}
	at, err := time.Parse(time.RFC3339, slot)
	if err != nil {
		return time.Time{}, fmt.Errorf("--slot: %q is neither auto nor a time such as 2026-11-25T02:15:00Z", slot)
	}
	if at.After(now) || !s.Next(at.Add(-time.Second)).Equal(at) {
		return time.Time{}, fmt.Errorf("--slot: %s is not a slot of schedule %q (%s) that has come", slot, c.Schedule.Cron, c.Schedule.Timezone)
	}
	return at.UTC(), nil
}

// printed is what --json prints of a run.
type printed struct {
	evidence.Predicate
	ReportPath      string `json:"reportPath"`
	StatementSHA256 string `json:"statementSha256"`
}

func (a *app) print(s *sweep.Sealed, c *config.Config, where string, asJSON bool) error {
	path := reportPath(where, s.ReportPath)
	if asJSON {
		return printJSON(a.stdout, printed{s.Predicate, path, s.StatementSHA256})
	}
	return render.Summary(a.stdout, s.Predicate, render.Options{Teams: s.Teams, Path: path, StatementSHA256: s.StatementSHA256,
		Verify: verifyCommand(c)})
}

// verifyCommand is how the vault is checked: a directory as it stands, a bucket
// once it was copied.
func verifyCommand(c *config.Config) string {
	dir := c.Vault.Dir
	if dir == "" {
		dir = "COPY"
	}
	return "sweeper verify " + dir + " --trust " + c.Signing.Trust
}

// reportPath is where a report stands, for a person: a folder or an s3:// URL.
func reportPath(where, report string) string {
	if len(where) > 5 && where[:5] == "s3://" {
		return where + report
	}
	return filepath.Join(where, filepath.FromSlash(report))
}

func printJSON(w io.Writer, v any) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	return enc.Encode(v)
}
