package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
)

// showFlags are those of report show.
type showFlags struct {
	plan, showKeys bool
	format         string // "": none was asked for
	html           htmlFlags
}

func (a *app) reportShow() *cobra.Command {
	var f showFlags
	cmd := &cobra.Command{
		Use:   "show N [--format FORMAT | --plan [--format FORMAT] [--show-keys] | --html FILE]",
		Short: "Show one report: as text or as a page, its lines, or its plan",
		Long: `show prints report N, under what its signature is by the trust root that the
config names (signing.trust). Under one that does not count it still shows what
the report says, and the exit status is 6. Without a trust root it says that the
signature was not checked. That every file is the one that was signed, and that
no report is missing, "sweeper verify" says.

With --format it prints the report's manifest instead: what became of each planned
entry, a line an entry, as table, csv or json. Of these, json is the very line of
the manifest, an object each. As csv and json nothing is printed under a
signature that does not count.

With --plan it prints what a dry run, or a run that a guard stopped, would have
deleted, a line an entry. The plan is there until it is applied or 24 hours old.
keyHmac is that of the manifest line. The key itself stands there only with
--show-keys, and never for a ZDR team's entry or one that is nobody's: of these
no team and no date is shown either.

With --html it verifies the report and writes it as a page, made from what was
signed and with what verification found (exit status 6 if anything was). With
--vault and --trust that needs no config.

A text that can't be printed as it is stands in the quotes and escapes of Go, as
"a\nb"; so does one that a spreadsheet would take for a formula.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := reportNumber("report show", args[0])
			if err != nil {
				return usage(err)
			}
			if err := f.check(); err != nil {
				return usage(fmt.Errorf("report show: %w", err))
			}
			if f.html.file != "" {
				return a.showHTML(cmd.Context(), n, f.html)
			}
			c, s, err := a.openVault(cmd.Context())
			if err != nil {
				return err
			}
			return a.showReport(cmd.Context(), c, s, n, f)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&f.plan, "plan", false, "show what would be deleted, a line an entry")
	flags.StringVar(&f.format, "format", "", "show the manifest, or the plan, in this `FORMAT`: table, csv or json")
	flags.BoolVar(&f.showKeys, "show-keys", false, "with --plan: show keys in the clear, but for those of ZDR teams and of nobody")
	flags.StringVar(&f.html.file, "html", "", "verify the report, and write it to `FILE` as a page; - is stdout")
	flags.StringVar(&f.html.vault, "vault", "", "with --html: a copy of the vault in `DIR`, instead of the config's vault")
	flags.StringVar(&f.html.trust, "trust", "", "with --html: trust root `FILE`, instead of the config's")
	flags.BoolVar(&f.html.force, "force", false, "with --html: write over FILE if it is there")
	return cmd
}

// showReport shows a report under what was found of its signature: a bad one
// hides nothing from a person, and everything from a program.
func (a *app) showReport(ctx context.Context, c *config.Config, s storage, n int64, f showFlags) error {
	r, err := lookAt(ctx, s.vault, n)
	if err != nil {
		return err
	}
	sig, err := newChecker(c, s.vault).check(ctx, n, r)
	if err != nil {
		return err
	}
	if r.broken != nil {
		return &exitError{exitEvidence, fmt.Errorf("report %d can't be shown: %w", n, r.broken)}
	}
	if f.plan || f.format != "" {
		return a.showRows(ctx, c, s, n, r, sig, f)
	}
	err = render.Summary(a.stdout, r.predicate, render.Options{Signature: &sig, Teams: r.teams,
		Path: reportPath(s.where, evidence.ReportDir(n)), StatementSHA256: r.statementSHA256, Verify: verifyCommand(c)})
	if err == nil {
		err = exitOf(sig)
	}
	return err
}

// showRows shows the plan or the manifest.
func (a *app) showRows(ctx context.Context, c *config.Config, s storage, n int64, r stored, sig render.Signature, f showFlags) error {
	format := cmp.Or(f.format, render.PlanTable)
	var err error
	if format == render.PlanTable {
		err = sig.Write(a.stdout)
	} else {
		err = a.gate(n, sig)
	}
	if err != nil {
		return err
	}
	if f.plan {
		err = a.showPlan(ctx, c, s, n, r.predicate, format, f.showKeys)
	} else {
		err = a.showLines(ctx, s.vault, n, r, format)
	}
	if err == nil {
		err = exitOf(sig)
	}
	return err
}

func (f showFlags) check() error {
	switch {
	case f.format != "" && !slices.Contains(render.PlanFormats(), f.format):
		return fmt.Errorf("--format %q is none of %s", f.format, strings.Join(render.PlanFormats(), ", "))
	case f.showKeys && !f.plan:
		return errors.New("--show-keys is about a plan: add --plan")
	case f.html.file != "" && (f.plan || f.format != ""):
		return errors.New("--html is a format of its own: leave out --plan, --format and --show-keys")
	case f.html.file == "" && (f.html.vault != "" || f.html.trust != "" || f.html.force):
		return errors.New("--vault, --trust and --force are about a page: add --html FILE")
	}
	return nil
}
