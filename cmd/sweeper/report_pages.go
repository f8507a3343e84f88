package main

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// pagesFile lists the pages of a site with their digests, for sha256sum -c and
// for the next site that is written over this one.
const pagesFile = "pages.sha256"

var pageLine = regexp.MustCompile(`^([0-9a-f]{64})  ((?:report-\d{10,}|day-\d{4}-\d\d-\d\d|index)\.html)$`)

// pages is a site while it is written over another one, or into an empty folder.
type pages struct {
	dir string
	old map[string]string // digests by name, as the site before listed them
	now map[string]string
}

// pagesAt reads what the site before wrote. A list that no site wrote lists nothing.
func pagesAt(dir string) (*pages, error) {
	p := &pages{dir: dir, old: map[string]string{}, now: map[string]string{}}
	data, err := os.ReadFile(filepath.Join(dir, pagesFile))
	if errors.Is(err, fs.ErrNotExist) {
		return p, nil
	}
	if err != nil {
		return nil, err
	}
	for lines := bufio.NewScanner(bytes.NewReader(data)); lines.Scan(); {
		if m := pageLine.FindStringSubmatch(lines.Text()); m != nil {
			p.old[m[2]] = m[1]
		}
	}
	return p, nil
}

func (p *pages) write(name string, data []byte) error {
	p.now[name] = evidence.SHA256Hex(data)
	return writePage(filepath.Join(p.dir, name), data, true)
}

// finish removes the pages of the site before that this one no longer has, as
// long as they are to the byte what that one wrote, and lists the new ones. It
// returns what else is in the folder: that is somebody's own.
func (p *pages) finish() (removed, others []string, err error) {
	there, err := os.ReadDir(p.dir)
	if err != nil {
		return nil, nil, err
	}
	for _, e := range there {
		name := e.Name()
		if _, ours := p.now[name]; ours || name == pagesFile {
			continue
		}
		if !p.wrote(e) {
			others = append(others, name)
			continue
		}
		if err := os.Remove(filepath.Join(p.dir, name)); err != nil {
			return removed, others, fmt.Errorf("remove a page of the site before: %w", err)
		}
		removed = append(removed, name)
	}
	var list strings.Builder
	for _, name := range slices.Sorted(maps.Keys(p.now)) {
		fmt.Fprintf(&list, "%s  %s\n", p.now[name], name)
	}
	return removed, others, writePage(filepath.Join(p.dir, pagesFile), []byte(list.String()), true)
}

// wrote reports whether a file is one that the site before wrote.
func (p *pages) wrote(e fs.DirEntry) bool {
	digest, listed := p.old[e.Name()]
	if !listed || !e.Type().IsRegular() {
		return false
	}
	data, err := os.ReadFile(filepath.Join(p.dir, e.Name()))
	return err == nil && evidence.SHA256Hex(data) == digest
}
