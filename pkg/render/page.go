// Package render shows a report, or the findings about one, to a person: as text
// for a terminal of 100 columns, as a page for a browser, as a site over a whole
// vault, or as rows for a spreadsheet. The verdict comes first, then the numbers.
//
// It computes nothing that decides anything, shows no object key unless it is
// told to, and lets no byte of a config, a server's answer or a report reach a
// terminal as a control sequence, a browser as markup, or a spreadsheet as a
// formula.
package render

import (
	"bytes"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
	"unicode/utf8"
)

// columns is the width that no line goes past, as long as counts stay below a
// hundred billion.
const columns = 100

// page collects text, so that a failed write is noticed once, at the end.
type page struct{ bytes.Buffer }

func (p *page) flush(w io.Writer) error {
	if _, err := w.Write(p.Bytes()); err != nil {
		return fmt.Errorf("write the summary: %w", err)
	}
	return nil
}

// para writes a paragraph, wrapped; first begins its first line, and the others
// are indented to match.
func (p *page) para(first, text string) {
	indent := strings.Repeat(" ", utf8.RuneCountInString(first))
	line := first
	used := utf8.RuneCountInString(first)
	empty := true
	for _, word := range strings.Fields(text) {
		for {
			n := utf8.RuneCountInString(word)
			if !empty && used+1+n > columns {
				p.WriteString(strings.TrimRight(line, " ") + "\n")
				line, used, empty = indent, len(indent), true
			}
			if !empty {
				line, used = line+" ", used+1
			}
			if room := columns - used; n > room && room > 0 { // a word longer than a line
				runes := []rune(word)
				p.WriteString(line + string(runes[:room]) + "\n")
				line, used, word = indent, len(indent), string(runes[room:])
				continue
			}
			line, used, empty = line+word, used+n, false
			break
		}
	}
	p.WriteString(strings.TrimRight(line, " ") + "\n")
}

// table writes rows under a head, indented by two. A head that begins with ">"
// aligns its column to the right.
func (p *page) table(head []string, rows [][]string) {
	width := make([]int, len(head))
	for i := range head {
		width[i] = utf8.RuneCountInString(strings.TrimPrefix(head[i], ">"))
		for _, row := range rows {
			width[i] = max(width[i], utf8.RuneCountInString(row[i]))
		}
	}
	var out bytes.Buffer
	tw := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	line := func(cells []string) {
		for i, cell := range cells {
			if strings.HasPrefix(head[i], ">") {
				cell = strings.Repeat(" ", width[i]-utf8.RuneCountInString(cell)) + cell
			}
			if i > 0 {
				fmt.Fprint(tw, "\t")
			}
			fmt.Fprint(tw, cell)
		}
		fmt.Fprintln(tw)
	}
	names := make([]string, len(head))
	for i := range head {
		names[i] = strings.TrimPrefix(head[i], ">")
	}
	line(names)
	for _, row := range rows {
		line(row)
	}
	_ = tw.Flush() // into memory
	for line := range strings.Lines(out.String()) {
		p.WriteString("  " + strings.TrimRight(line, " \n") + "\n")
	}
}

// clean makes text from outside safe to print. What has anything but graphic
// characters, or a backslash, comes out as the inside of a Go string literal:
// ESC as \x1b, a line feed as \n, a lone byte as \xff, so that no two texts
// look the same.
func clean(s string) string {
	if strings.Contains(s, `\`) {
		return unquoted(s)
	}
	for _, r := range s {
		if !strconv.IsGraphic(r) || r == utf8.RuneError {
			return unquoted(s)
		}
	}
	return s
}

func unquoted(s string) string {
	quoted := strconv.QuoteToGraphic(s)
	return strings.ReplaceAll(quoted[1:len(quoted)-1], `\"`, `"`)
}

// short is clean text of at most n characters; what is cut ends in "…".
func short(s string, n int) string {
	s = clean(s)
	if runes := []rune(s); len(runes) > n {
		return string(runes[:n-1]) + "…"
	}
	return s
}

// count writes an integer with commas: 12,345.
func count(n int64) string {
	digits := strconv.FormatInt(n, 10)
	sign := ""
	if n < 0 {
		sign, digits = "-", digits[1:]
	}
	var b strings.Builder
	for i, d := range digits {
		if i > 0 && (len(digits)-i)%3 == 0 {
			b.WriteByte(',')
		}
		b.WriteRune(d)
	}
	return sign + b.String()
}

// of writes a count and its noun: "1 entry", "2 entries".
func of(n int64, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return count(n) + " " + many
}

// cell is a count for a table: from a billion on without commas, so that a row
// of six still fits the page.
func cell(n int64) string {
	if n >= 1_000_000_000 {
		return strconv.FormatInt(n, 10)
	}
	return count(n)
}

func entries(n int64) string { return of(n, "entry", "entries") }
func teams(n int64) string   { return of(n, "ZDR team", "ZDR teams") }
