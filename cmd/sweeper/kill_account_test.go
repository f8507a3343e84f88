package main

import (
	"bufio"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// account is what an outsider finds after a number of dead runs and a healthy one.
type account struct {
	reports []evidence.ReportCheck
	lines   map[seeded][]told // what the manifests say of each entry, in order
}

// told is what one manifest line says.
type told struct {
	report  int64
	outcome string
}

// gone are the outcomes that say that an entry is no longer there.
var gone = []string{evidence.OutcomeDeleted, evidence.OutcomeAbsent, evidence.OutcomeAborted}

// account looks at stores, evidence and work area from outside, and demands that
// every seeded entry is accounted for exactly once.
func (w *killWorld) account(t *testing.T) account {
	t.Helper()
	left := w.holds(t)
	slices.Sort(left)
	if must := w.must(); !slices.Equal(left, must) {
		t.Errorf("the stores hold\n%q, want\n%q", left, must)
	}
	for _, g := range w.gates {
		for _, c := range g.Calls("DeleteObjects") {
			for _, e := range w.entries {
				if e.fate != goes && strings.Contains(c.Body, "<Key>"+e.key+"</Key>") && strings.Contains(c.Body, e.id) {
					t.Errorf("a delete names %s, which %s", e, e.fate)
				}
			}
		}
	}
	dir := w.copyVault(t)
	out, _ := w.run(t, 0, "verify", dir, "--trust", "keys/trust-root.json", "--json")
	var v evidence.Verification
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	a := account{reports: v.Reports, lines: map[seeded][]told{}}
	names := w.names(t)
	for i, r := range v.Reports {
		if r.Sequence != int64(i) {
			t.Errorf("report %d stands at place %d", r.Sequence, i)
		}
		for _, l := range manifest(t, filepath.Join(dir, evidence.ReportDir(r.Sequence))) {
			e, known := names[l.KeyHMAC]
			if !known {
				t.Errorf("report %d has a line of nobody's: %+v", r.Sequence, l)
				continue
			}
			a.lines[e] = append(a.lines[e], told{r.Sequence, l.Outcome})
		}
	}
	for _, e := range w.entries {
		if err := e.settled(a.lines[e], int64(len(a.reports)-1)); err != nil {
			t.Errorf("%s: %v", e, err)
		}
	}
	if rest, err := w.areas(t).work.List(t.Context(), "0"); err != nil || len(rest) > 0 {
		t.Errorf("the work area still holds %q, %v", rest, err)
	}
	return a
}

// settled checks what the manifests say of one entry against what became of it.
func (s seeded) settled(lines []told, last int64) error {
	rest := lines
	switch s.fate {
	case stays:
		if len(lines) > 0 {
			return fmt.Errorf("it is young, and manifests say %v", lines)
		}
		return nil
	case held: // each report that planned says so; the last one did
		rest = slices.DeleteFunc(slices.Clone(lines), func(l told) bool { return l.outcome == evidence.OutcomeHeld })
		if len(lines) == 0 || lines[len(lines)-1] != (told{last, evidence.OutcomeHeld}) {
			return fmt.Errorf("it is held, and manifests say %v", lines)
		}
	case goes:
		if len(lines) == 0 || !slices.Contains(gone, lines[len(lines)-1].outcome) {
			return fmt.Errorf("it is gone, and manifests say %v", lines)
		}
		rest = lines[:len(lines)-1]
	}
	for i, l := range rest {
		if l.outcome != evidence.OutcomeLeft || i > 0 && rest[i-1].report == l.report {
			return fmt.Errorf("it has more than one end, or two lines in a report: %v", lines)
		}
	}
	return nil
}

// copyVault returns a folder that holds the vault: it or its copy.
func (w *killWorld) copyVault(t *testing.T) string {
	t.Helper()
	s := w.areas(t)
	if !strings.HasPrefix(s.where, "s3://") {
		return s.where
	}
	dir := t.TempDir()
	names, err := s.vault.List(t.Context(), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		data, err := s.vault.Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		file := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// manifestLine is as much of a line as an account needs.
type manifestLine struct{ KeyHMAC, Outcome string }

// manifest reads the lines of a report with nothing of ours.
func manifest(t *testing.T, dir string) (lines []manifestLine) {
	t.Helper()
	parts, err := filepath.Glob(filepath.Join(dir, "manifest-*.jsonl.gz"))
	if err != nil {
		t.Fatal(err)
	}
	for _, part := range parts {
		lines = append(lines, linesOf(t, part)...)
	}
	return lines
}

func linesOf(t *testing.T, part string) (lines []manifestLine) {
	t.Helper()
	f, err := os.Open(part)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text := bufio.NewScanner(z)
	for text.Scan() {
		var l manifestLine
		if err := json.Unmarshal(text.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, l)
	}
	if err := text.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
