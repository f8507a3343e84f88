package main

import (
	"errors"
	"fmt"
	"iter"
	"os"
	"path/filepath"
	"strconv"
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
it needs no config.

pages.sha256 lists the pages. With --force those of an earlier site that this one
no longer has are removed, as long as they are as that site wrote them; other
files are left alone, and named.`,
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
	f.BoolVar(&force, "force", false, "write into a folder that is not empty, over the pages of an earlier site")
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
	site, err := pagesAt(dir)
	if err != nil {
		return fmt.Errorf("report site: --out: %w", err)
	}
	shown, o := s.forSite(v, now)
	if err := render.Site(site.write, s.pages(shown), o); err != nil {
		return err
	}
	removed, others, err := site.finish()
	if err != nil {
		return fmt.Errorf("report site: --out: %w", err)
	}
	fmt.Fprintf(a.stdout, "Reports: %d, pages: %d. Open %s\n", len(shown), len(site.now), filepath.Join(dir, "index.html"))
	if len(removed) > 0 {
		fmt.Fprintf(a.stdout, "Removed, since the site no longer has them: %s\n", quoted(removed))
	}
	if len(others) > 0 {
		fmt.Fprintf(a.stdout, "Left alone, since no site wrote them: %s\n", quoted(others))
	}
	if !v.Valid {
		for _, problem := range v.Problems {
			fmt.Fprintf(a.stderr, "sweeper: %s\n", problem)
		}
		return exitWith(exitEvidence)
	}
	return nil
}

// quoted lists names of files, which may hold anything, and not all of very many.
func quoted(names []string) string {
	const most = 20
	var all []string
	for _, name := range names[:min(len(names), most)] {
		all = append(all, strconv.Quote(name))
	}
	if n := len(names) - most; n > 0 {
		all = append(all, fmt.Sprintf("and %d more", n))
	}
	return strings.Join(all, ", ")
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
	if v.Valid {
		o.Notes = append(o.Notes, fmt.Sprintf("Verified for these pages: every signature by trust root v%d, every file, and the chain from report to report.", s.trust.Version))
	}
	o.Notes = append(o.Notes, v.Exceptions...)
	for _, note := range v.Notes {
		if strings.HasPrefix(note, "NOT ANCHORED") || strings.HasPrefix(note, "anchored up to ") {
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
			page := render.SiteReport{Predicate: r.predicate, Options: s.page(r, check, check.Problems)}
			if !yield(page, err) || err != nil {
				return
			}
		}
	}
}
