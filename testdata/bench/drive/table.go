package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"time"
)

// table is a Markdown table with the name that its markers have in a document.
type table struct {
	name string
	head []string
	rows [][]string
	note string // a line below
}

func (t table) String() string {
	var b strings.Builder
	row := func(cells []string) { b.WriteString("| " + strings.Join(cells, " | ") + " |\n") }
	row(t.head)
	row(strings.Split(strings.TrimSuffix(strings.Repeat("---,", len(t.head)), ","), ","))
	for _, cells := range t.rows {
		row(cells)
	}
	if t.note != "" {
		b.WriteString("\n" + t.note + "\n")
	}
	return b.String()
}

// update writes tables into a document, each between the markers of its name.
// Text outside is left as it is, and a table without markers is an error.
func update(path string, tables []table) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	for _, t := range tables {
		open, end := []byte("<!-- bench:"+t.name+" -->\n"), []byte("<!-- /bench:"+t.name+" -->")
		before, rest, some := bytes.Cut(text, open)
		_, after, closed := bytes.Cut(rest, end)
		if !some || !closed {
			return fmt.Errorf("%s has no place for the table %q: write %s and %s on lines of their own", path, t.name, bytes.TrimSpace(open), end)
		}
		text = bytes.Join([][]byte{before, open, []byte(t.String()), end, after}, nil)
	}
	return os.WriteFile(path, text, 0o644)
}

// The units of the tables.

func seconds(d time.Duration) string { return fmt.Sprintf("%.2f", d.Seconds()) }

func megabytes(n int64) string { return fmt.Sprintf("%.0f", float64(n)/1e6) }

func times(a, b time.Duration) string { return fmt.Sprintf("%.2f", a.Seconds()/b.Seconds()) }

// perMillion is the CPU time for a million of n.
func perMillion(cpu time.Duration, n int64) string {
	return fmt.Sprintf("%.2f", cpu.Seconds()*1e6/float64(n))
}

func perSecond(n int64, wall time.Duration) string {
	return thousands(int64(float64(n) / wall.Seconds()))
}

func thousands(n int64) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
