package main

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
)

func (a *app) reportSite() *cobra.Command {
	var out, copied, trustFile string
	var force bool
	cmd := &cobra.Command{
		Use:   "site --out DIR",
		Short: "Write all reports as pages, with a calendar of the runs",
		Long: `site verifies the whole vault and writes a page for each report, and index.html: a
calendar of the runs, coloured by result, with what is missing. The pages need no
script and no server.

They are made from what was signed and say what verification found; a report
whose signature does not hold gets no page. Exit status 6 means that the evidence
does not check out: the pages are written all the same. With --vault and --trust
it needs no config.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if out == "" {
				return usage(errors.New("report site: --out DIR is required"))
			}
			s, err := a.sourceAt(cmd.Context(), copied, trustFile)
			if err != nil {
				return err
			}
			if err := folderForSite(out, force); err != nil {
				return usage(fmt.Errorf("report site: --out: %w", err))
			}
			return a.writeSite(s, out, time.Now())
		},
	}
	f := cmd.Flags()
	f.StringVar(&out, "out", "", "`DIR` for the pages, new or empty (required)")
	f.StringVar(&copied, "vault", "", "a copy of the vault in `DIR`, instead of the config's vault")
	f.StringVar(&trustFile, "trust", "", "trust root `FILE`, instead of the config's")
	f.BoolVar(&force, "force", false, "write into a folder that is not empty, over pages that are there")
	return cmd
}

// folderForSite makes the folder.
func folderForSite(dir string, force bool) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	there, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(there) > 0 && !force {
		return fmt.Errorf("%s is not empty: name another folder, or add --force", dir)
	}
	return nil
}

func (a *app) writeSite(s source, dir string, now time.Time) error {
	v, err := s.whole(now)
	if err != nil {
		return err
	}
	pages := 0
	write := func(name string, data []byte) error {
		pages++
		return writePage(filepath.Join(dir, name), data, true)
	}
	shown, o := s.forSite(v, now)
	if err := render.Site(write, s.pages(shown), o); err != nil {
		return err
	}
	fmt.Fprintf(a.stdout, "%d reports on %d pages: open %s\n", len(shown), pages, filepath.Join(dir, "index.html"))
	if !v.Valid {
		for _, problem := range v.Problems {
			fmt.Fprintf(a.stderr, "sweeper: %s\n", problem)
		}
		return exitWith(exitEvidence)
	}
	return nil
}

// forSite parts the reports that have a page from what is said above them all:
// what was found of no such report, what was declared, and what nobody anchored.
func (s source) forSite(v evidence.Verification, now time.Time) (shown []evidence.ReportCheck, o render.SiteOptions) {
	o.AsOf = now
	said := map[string]bool{}
	for _, check := range v.Reports {
		if _, err := s.signed(evidence.ReportDir(check.Sequence), check); err != nil {
			continue
		}
		shown = append(shown, check)
		for _, problem := range check.Problems {
			said[problem] = true
		}
	}
	for _, problem := range v.Problems {
		if !said[problem] {
			o.Problems = append(o.Problems, problem)
		}
	}
	o.Notes = append(o.Notes, v.Exceptions...)
	for _, note := range v.Notes {
		if strings.HasPrefix(note, "NOT ANCHORED") {
			o.Notes = append(o.Notes, note)
		}
	}
	return shown, o
}

// pages reads the reports one by one.
func (s source) pages(shown []evidence.ReportCheck) iter.Seq2[render.SiteReport, error] {
	return func(yield func(render.SiteReport, error) bool) {
		for _, check := range shown {
			r, err := s.signed(evidence.ReportDir(check.Sequence), check)
			page := render.SiteReport{Predicate: r.predicate,
				Options: render.HTMLOptions{Teams: r.teams, StatementSHA256: r.statementSHA256, Problems: check.Problems}}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}
