package render

import (
	"bytes"
	"embed"
	"fmt"
	"html/template"
	"io"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

//go:embed html
var htmlFiles embed.FS

// HTMLOptions are what a page adds to the predicate; each may be empty.
type HTMLOptions struct {
	// Teams are the rows of the report's teams.csv, those of all stores.
	Teams []evidence.TeamRow
	// Ages of what was listed; nil where nobody counted them, and the page says so.
	// A report's statement does not hold them, the page sealed with it does: AgesOf.
	Ages *AgeHistogram
	// Signature is what was found of the report's, for a page that is made from a
	// sealed one; nil for the page that is sealed with it.
	Signature *Signature
	// Recounted says that each line of the manifest was read for this page.
	Recounted bool
	// StatementSHA256 of the report, for a page that is made from a sealed one. A
	// page that is sealed with its report can't know it.
	StatementSHA256 string
	// Index is where a link to the site's index leads; empty for a page alone.
	Index string
	// Problems are what verification found in this report. They stand before
	// everything else.
	Problems []string
}

// HTML writes one report as a page for a person: one file that needs no other,
// and no script. It is a convenience: the signed statement is what counts. The
// same arguments give the same bytes. The error is the writer's.
func HTML(w io.Writer, p evidence.Predicate, o HTMLOptions) error {
	s, err := newSheets()
	if err != nil {
		return err
	}
	data, err := s.report(p, o)
	if err != nil {
		return err
	}
	if _, err := w.Write(data); err != nil {
		return fmt.Errorf("write the page of report %d: %w", p.Chain.Sequence, err)
	}
	return nil
}

// sheets are the parsed templates and their one style sheet.
type sheets struct {
	all   *template.Template
	style template.CSS
}

func newSheets() (*sheets, error) {
	style, err := htmlFiles.ReadFile("html/style.css")
	if err != nil {
		return nil, fmt.Errorf("read the style of a page: %w", err)
	}
	all, err := template.New("").ParseFS(htmlFiles, "html/*.tmpl")
	if err != nil {
		return nil, fmt.Errorf("parse the templates of a page: %w", err)
	}
	// Our own file: nothing of a report is in it.
	return &sheets{all, template.CSS(style)}, nil
}

func (s *sheets) report(p evidence.Predicate, o HTMLOptions) ([]byte, error) {
	return s.run("report.tmpl", htmlReport(p, o))
}

func (s *sheets) run(name string, data any) ([]byte, error) {
	var out bytes.Buffer
	err := s.all.ExecuteTemplate(&out, name, struct {
		Style template.CSS
		V     any
	}{s.style, data})
	if err != nil {
		return nil, fmt.Errorf("make a page: %w", err)
	}
	return out.Bytes(), nil
}
