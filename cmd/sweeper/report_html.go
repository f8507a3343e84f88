package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
)

// htmlFlags are those of report show --html.
type htmlFlags struct {
	file         string // "-" for stdout
	vault, trust string
	force        bool
}

// showHTML verifies a report, by itself, and writes it as a page. The page is
// made from what was signed, and says what verification found.
func (a *app) showHTML(ctx context.Context, n int64, f htmlFlags) error {
	s, err := a.sourceAt(ctx, f.vault, f.trust)
	if err != nil {
		return err
	}
	dir := evidence.ReportDir(n)
	if _, err := fs.Stat(s.files, dir+"/"+evidence.FileBundle); errors.Is(err, fs.ErrNotExist) {
		return usage(fmt.Errorf("there is no report %d; \"sweeper report list\" shows those that are", n))
	}
	v, err := s.alone(dir, time.Now())
	if err != nil {
		return err
	}
	for _, problem := range v.Problems {
		fmt.Fprintf(a.stderr, "sweeper: %s\n", problem)
	}
	r, err := s.signed(dir, v.Reports[0])
	if err != nil {
		return &exitError{exitEvidence, fmt.Errorf("report %d can't be shown: %w", n, err)}
	}
	var page bytes.Buffer
	if err := render.HTML(&page, r.predicate, s.page(r, v.Reports[0], v.Problems)); err != nil {
		return err
	}
	if f.file == "-" {
		if _, err := a.stdout.Write(page.Bytes()); err != nil {
			return fmt.Errorf("write the page: %w", err)
		}
	} else {
		if err := writePage(f.file, page.Bytes(), f.force); err != nil {
			return usage(fmt.Errorf("report show: --html: %w", err))
		}
		fmt.Fprintf(a.stdout, "Report %d is in %s.\n", n, f.file)
	}
	if !v.Valid {
		return exitWith(exitEvidence)
	}
	return nil
}

// writePage writes a page for people to read, over another one only if it must.
func writePage(path string, data []byte, force bool) error {
	if force {
		return os.WriteFile(path, data, 0o644)
	}
	err := writeNew(path, data, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%s is there already: name another file, or add --force", path)
	}
	return err
}
