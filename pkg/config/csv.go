package config

import (
	"bytes"
	"encoding/csv"
	"errors"
	"io"
	"slices"
	"strings"
)

// parseCSV turns a roster in CSV into the nodes that its YAML would give. Line
// 1 is "# as_of: TIME", line 2 the header id,zdr_since.
func parseCSV(p *problems, data []byte) *node {
	data, ok := checkBytes(p, data)
	if !ok {
		return nil
	}
	first, rows, _ := bytes.Cut(data, []byte("\n"))
	asOf, ok := strings.CutPrefix(strings.TrimSpace(string(first)), "# as_of:")
	if !ok {
		p.add(1, "as_of", `is missing: the first line says when the list was right, as in "# as_of: 2026-11-25T00:00:00Z"`)
		return nil
	}
	r := csv.NewReader(bytes.NewReader(rows))
	r.FieldsPerRecord = 2
	header, err := r.Read()
	if err != nil || !slices.Equal(header, []string{"id", "zdr_since"}) {
		p.add(2, "", "must be the header id,zdr_since; write it between the # as_of line and the teams")
		return nil
	}
	teams := &node{line: 2, kind: list}
	for {
		row, err := r.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		var bad *csv.ParseError
		if errors.As(err, &bad) {
			p.add(bad.Line+1, "", "is not CSV: %v; write id,zdr_since", bad.Err)
			return nil
		}
		at, _ := r.FieldPos(0)
		line := at + 1 // the reader didn't see line 1
		teams.items = append(teams.items, &node{line: line, kind: object, fields: []field{
			{"id", line, textNode(line, row[0])}, {"zdr_since", line, textNode(line, row[1])},
		}})
	}
	return &node{line: 1, kind: object, fields: []field{
		{"as_of", 1, textNode(1, strings.TrimSpace(asOf))}, {"teams", 2, teams},
	}}
}
