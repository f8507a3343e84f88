package render

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Lines writes the lines of a report's manifest as they come, and holds none of
// them. The formats are those of a plan: a table and CSV name the store, JSON has
// the very bytes that were hashed into the tree.
type Lines struct {
	out    *bufio.Writer
	report evidence.Predicate
	format string
	clear  bool // the report has keys in the clear
	begun  bool
	csv    *csv.Writer // over out, which keeps its errors too
	n      int64
	counts map[string]int64 // by outcome
}

// NewLines begins the lines of a report in one of PlanFormats.
func NewLines(w io.Writer, report evidence.Predicate, format string) *Lines {
	out := bufio.NewWriter(w)
	return &Lines{out: out, report: report, format: format, clear: report.Identifiers.Scheme == evidence.SchemeClear,
		csv: csv.NewWriter(out), counts: map[string]int64{}}
}

// Add writes the next line; raw are its bytes. The error is the writer's, or
// says that the line is not the report's.
func (l *Lines) Add(raw []byte, line evidence.Line) error {
	if line.Store >= len(l.report.Stores) {
		return fmt.Errorf("it is about store %d, and the report names %d", line.Store, len(l.report.Stores))
	}
	l.n++
	l.counts[line.Outcome]++
	l.begin()
	switch l.format {
	case PlanCSV:
		_ = l.csv.Write(l.cells(line))
	case PlanJSON:
		_, _ = l.out.Write(raw) // bufio keeps the first error
		_ = l.out.WriteByte('\n')
	default:
		l.row(l.cells(line))
	}
	if _, err := l.out.Write(nil); err != nil {
		return fmt.Errorf("write the lines: %w", err)
	}
	return nil
}

// Close writes what is left. A table that is whole ends with a count. The error
// is the writer's.
func (l *Lines) Close(whole bool) error {
	if whole {
		l.begin() // an empty CSV file has a head too
	}
	l.csv.Flush()
	if whole && l.format == PlanTable {
		var end page
		end.WriteString("\n")
		end.para("", l.total())
		_, _ = l.out.WriteString(end.String())
	}
	if err := l.out.Flush(); err != nil {
		return fmt.Errorf("write the lines: %w", err)
	}
	return nil
}

func (l *Lines) begin() {
	if l.begun {
		return
	}
	l.begun = true
	head := []string{"store", "teamRef", "keyHmac", "kind", "created", "at", "why", "outcome", "code", "by"}
	if l.clear {
		head = append(head, "key", "team", "size")
	}
	switch l.format {
	case PlanTable:
		l.row(upper(head))
	case PlanCSV:
		_ = l.csv.Write(head)
	}
}

// cells are the columns of a line: those of head.
func (l *Lines) cells(line evidence.Line) []string {
	cells := []string{exact(l.report.Stores[line.Store].Name), line.TeamRef, line.KeyHMAC, line.Kind, line.Created, line.At,
		line.Why, line.Outcome, line.Code, line.By}
	if l.clear {
		size := ""
		if line.Size != nil {
			size = strconv.FormatInt(*line.Size, 10)
		}
		cells = append(cells, exact(line.Key), exact(line.Team), size)
	}
	return cells
}

func (l *Lines) row(cells []string) {
	_, _ = l.out.WriteString(padded(cells, []int{12, 16, 64, 7, 20, 20, 3, 11, 12, 8, 40, 16, 0}, -1))
}

// total is one sentence: "3 lines: 2 deleted, 1 held."
func (l *Lines) total() string {
	var all []part
	for _, outcome := range evidence.OutcomeNames() {
		all = append(all, part{l.counts[outcome], outcome, outcome})
	}
	said := of(l.n, "line", "lines")
	if by := parts(all...); by != "" {
		said += ": " + by
	}
	return strings.TrimSpace(said) + "."
}
