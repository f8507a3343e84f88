package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

func (a *app) report() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "report",
		Short: "What is in the vault, for a person",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return usage(errors.New(`which? "sweeper report list", or "sweeper report show N"`))
		},
	}
	cmd.AddCommand(a.reportList(), a.reportShow(), a.reportTimestamp())
	return cmd
}

func (a *app) reportList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the reports, a line each",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, s, err := a.openVault(cmd.Context())
			if err != nil {
				return err
			}
			numbers, err := reportNumbers(cmd.Context(), s.vault)
			if err != nil {
				return err
			}
			var rows []evidence.Predicate
			for _, n := range numbers {
				r, err := readReport(cmd.Context(), s.vault, n)
				if err != nil {
					return err
				}
				rows = append(rows, r.predicate)
			}
			return render.List(a.stdout, rows)
		},
	}
}

func (a *app) reportShow() *cobra.Command {
	var plan, showKeys bool
	var format string
	cmd := &cobra.Command{
		Use:   "show N [--plan [--format table|csv|json] [--show-keys]]",
		Short: "Show one report, or the plan of a dry run or of a stopped run",
		Long: `show prints report N. With --plan it prints what a dry run, or a run that a guard
stopped, would have deleted, a line an entry. The plan is there until it is
applied or 24 hours old.

keyHmac is that of the manifest line. The key itself stands there only with
--show-keys, and never for a ZDR team's entry or one that is nobody's: of these
no team and no date is shown either. A text that can't be printed as it is
stands in the quotes and escapes of Go, as "a\nb". Of the formats, json is one
object a line.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := reportNumber("report show", args[0])
			if err != nil {
				return usage(err)
			}
			if !plan && (showKeys || cmd.Flags().Changed("format")) {
				return usage(errors.New("report show: --format and --show-keys are about a plan: add --plan"))
			}
			if !slices.Contains(render.PlanFormats(), format) {
				return usage(fmt.Errorf("report show: --format %q is none of %s", format, strings.Join(render.PlanFormats(), ", ")))
			}
			c, s, err := a.openVault(cmd.Context())
			if err != nil {
				return err
			}
			r, err := readReport(cmd.Context(), s.vault, n)
			if err != nil {
				return err
			}
			if plan {
				return a.showPlan(cmd.Context(), c, s, n, r.predicate, format, showKeys)
			}
			return render.Summary(a.stdout, r.predicate, render.Options{Teams: r.teams,
				Path: reportPath(s.where, evidence.ReportDir(n)), StatementSHA256: r.statementSHA256, Verify: verifyCommand(c)})
		},
	}
	cmd.Flags().BoolVar(&plan, "plan", false, "show what would be deleted, a line an entry")
	cmd.Flags().StringVar(&format, "format", render.PlanTable, "`FORMAT` of the plan: table, csv or json")
	cmd.Flags().BoolVar(&showKeys, "show-keys", false, "show keys in the clear, but for those of ZDR teams and of nobody")
	return cmd
}

// openVault opens the vault for reading.
func (a *app) openVault(ctx context.Context) (*config.Config, storage, error) {
	c, err := a.loadWith(config.LoadAnywhere)
	if err != nil {
		return nil, storage{}, err
	}
	s, err := openAreas(ctx, c)
	return c, s, err
}

// reportNumbers are the numbers of the sealed reports, in order.
func reportNumbers(ctx context.Context, v vault.Area) ([]int64, error) {
	names, err := v.List(ctx, "reports/")
	if err != nil {
		return nil, err
	}
	var numbers []int64
	for _, name := range names {
		dir, file, ok := strings.Cut(strings.TrimPrefix(name, "reports/"), "/")
		if n, err := strconv.ParseInt(dir, 10, 64); err == nil && ok && file == evidence.FileBundle {
			numbers = append(numbers, n)
		}
	}
	slices.Sort(numbers)
	return numbers, nil
}

// stored is a report as it stands in the vault. Its signature is not checked
// here: that is what verify is for.
type stored struct {
	predicate       evidence.Predicate
	teams           []evidence.TeamRow
	statementSHA256 string
}

func readReport(ctx context.Context, v vault.Area, n int64) (stored, error) {
	bundle, err := v.Get(ctx, evidence.ReportDir(n)+"/"+evidence.FileBundle)
	if errors.Is(err, vault.ErrNotFound) {
		return stored{}, fmt.Errorf("there is no report %d; \"sweeper report list\" shows those that are", n)
	}
	if err != nil {
		return stored{}, err
	}
	payload, _, _, err := evidence.OpenBundle(bundle)
	if err != nil {
		return stored{}, fmt.Errorf("report %d: %w", n, err)
	}
	st, err := evidence.ParseStatement(payload)
	if err != nil {
		return stored{}, fmt.Errorf("report %d: %w", n, err)
	}
	r := stored{predicate: st.Predicate, statementSHA256: evidence.SHA256Hex(payload)}
	data, err := v.Get(ctx, evidence.ReportDir(n)+"/"+evidence.FileTeams)
	if err != nil {
		return stored{}, err
	}
	if r.teams, err = evidence.ParseTeams(data); err != nil {
		return stored{}, fmt.Errorf("report %d: %w", n, err)
	}
	return r, nil
}
