package config

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
)

// problems collects everything that is wrong with one file.
type problems struct {
	file  string
	found []problem
	lines map[string]int // of each setting that was read, by its path
}

type problem struct {
	line int
	text string
}

func newProblems(file string) *problems {
	return &problems{file: file, lines: map[string]int{}}
}

// lineOf returns the line of a setting or, if it is absent, of what it is in.
func (p *problems) lineOf(path string) int {
	line, found := p.lines[path]
	for parent := path; !found && parent != ""; line, found = p.lines[parent] {
		parent = parent[:max(strings.LastIndexByte(parent, '.'), 0)]
	}
	return line
}

// add notes a problem of the setting at path (empty: of the file itself).
func (p *problems) add(line int, path, format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if path != "" {
		text = path + ": " + text
	}
	p.found = append(p.found, problem{line, printable(text)})
}

// printable keeps a problem on its line: a name in quotes may hold line feeds,
// or what a terminal would obey.
func printable(text string) string {
	var b strings.Builder
	for _, r := range text {
		if unicode.IsPrint(r) {
			b.WriteRune(r)
		} else {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		}
	}
	return b.String()
}

// err returns nil, or all problems in the order of their lines.
func (p *problems) err() error {
	slices.SortStableFunc(p.found, func(a, b problem) int { return cmp.Compare(a.line, b.line) })
	errs := make([]error, len(p.found))
	for i, f := range p.found {
		errs[i] = fmt.Errorf("%s:%d: %s", p.file, max(f.line, 1), f.text)
	}
	return errors.Join(errs...)
}
