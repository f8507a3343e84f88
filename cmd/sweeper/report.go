package main

import (
	"cmp"
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
		Long: `list prints a line a report. Under SIG stands what its signature is by the trust
root that the config names (signing.trust): ok, BAD, or ? where there is no trust
root to check it by. A bad one makes exit status 6, and so does a report that is
missing. That none was cut off at the end, and that every file is the one that was
signed, "sweeper verify" says.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, s, err := a.openVault(cmd.Context())
			if err != nil {
				return err
			}
			return a.listReports(cmd.Context(), s.vault, newChecker(c, s.vault))
		},
	}
}

// listReports shows every report that there is, whatever is wrong with one, and
// those that are missing.
func (a *app) listReports(ctx context.Context, v vault.Area, k checker) error {
	numbers, gone, err := reportsAndGaps(ctx, v)
	if err != nil {
		return err
	}
	rows := gone.rows()
	bad := len(gone) > 0
	for _, n := range numbers {
		r, err := lookAt(ctx, v, n)
		if err != nil {
			return err
		}
		row := render.Row{Number: n}
		if r.broken == nil {
			p := r.predicate // and not the bytes it came from
			row.Predicate = &p
		}
		if row.Signature, err = k.check(ctx, n, r); err != nil {
			return err
		}
		bad = bad || row.Signature.State == render.Fail
		rows = append(rows, row)
	}
	slices.SortStableFunc(rows, func(a, b render.Row) int { return cmp.Compare(a.Number, b.Number) })
	if err := render.List(a.stdout, rows); err != nil {
		return err
	}
	if len(gone) > 0 {
		fmt.Fprintf(a.stdout, "\nREPORTS THAT ARE MISSING: %s. A vault has a report of every number: \"sweeper verify\" says all that is wrong.\n", gone)
	}
	if bad {
		return exitWith(exitEvidence)
	}
	return nil
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
	numbers, _ := numbersIn(names)
	return numbers, nil
}

// numbersIn are the numbers of the sealed reports, in order, and the highest
// number of which there is any file, -1 if there is none.
func numbersIn(names []string) (sealed []int64, highest int64) {
	highest = -1
	for _, name := range names {
		dir, file, ok := strings.Cut(strings.TrimPrefix(name, "reports/"), "/")
		n, err := strconv.ParseInt(dir, 10, 64)
		if err != nil || !ok {
			continue
		}
		highest = max(highest, n)
		if file == evidence.FileBundle {
			sealed = append(sealed, n)
		}
	}
	slices.Sort(sealed)
	return sealed, highest
}

// stored is a report as it stands in the vault. Whether its signature counts is
// for a checker to say.
type stored struct {
	bundle          []byte
	broken          error // why the bundle can't be read; then nothing below is set
	predicate       evidence.Predicate
	teams           []evidence.TeamRow
	otherTeams      bool // teams.csv is not the file that the statement names, so teams is empty
	subjects        []evidence.Subject
	statementSHA256 string
	ages            *render.AgeHistogram // of a verified report alone: those of its sealed page
}

// readReport reads a report of which at least the statement can be read.
func readReport(ctx context.Context, v vault.Area, n int64) (stored, error) {
	r, err := lookAt(ctx, v, n)
	if err == nil && r.broken != nil {
		err = fmt.Errorf("report %d: %w", n, r.broken)
	}
	return r, err
}

// lookAt reads what there is of a report. The error is the vault's.
func lookAt(ctx context.Context, v vault.Area, n int64) (r stored, err error) {
	r.bundle, err = v.Get(ctx, evidence.ReportDir(n)+"/"+evidence.FileBundle)
	if errors.Is(err, vault.ErrNotFound) {
		return r, usage(fmt.Errorf("there is no report %d; \"sweeper report list\" shows those that are", n))
	}
	if err != nil {
		return r, err
	}
	var payload []byte
	if payload, _, _, r.broken = evidence.OpenBundle(r.bundle); r.broken != nil {
		return r, nil
	}
	st, err := evidence.ParseStatement(payload)
	if err != nil {
		r.broken = err
		return r, nil
	}
	r.predicate, r.subjects, r.statementSHA256 = st.Predicate, st.Subject, evidence.SHA256Hex(payload)
	data, err := v.Get(ctx, evidence.ReportDir(n)+"/"+evidence.FileTeams)
	if err != nil && !errors.Is(err, vault.ErrNotFound) {
		return r, err
	}
	if err == nil && r.signed(evidence.FileTeams, data) {
		r.teams, err = evidence.ParseTeams(data)
	}
	r.otherTeams = err != nil || r.teams == nil
	return r, nil
}
