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
			return usage(errors.New(`which? "sweeper report list", "sweeper report show N", or "sweeper report site --out DIR"`))
		},
	}
	cmd.AddCommand(a.reportList(), a.reportShow(), a.reportSite(), a.reportTimestamp())
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
	subjects        []evidence.Subject
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
	r := stored{predicate: st.Predicate, subjects: st.Subject, statementSHA256: evidence.SHA256Hex(payload)}
	data, err := v.Get(ctx, evidence.ReportDir(n)+"/"+evidence.FileTeams)
	if err != nil {
		return stored{}, err
	}
	if r.teams, err = evidence.ParseTeams(data); err != nil {
		return stored{}, fmt.Errorf("report %d: %w", n, err)
	}
	return r, nil
}
