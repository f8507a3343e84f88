package render

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func manifestLines() []evidence.Line {
	size := int64(12)
	one := evidence.Line{Store: 0, TeamRef: strings.Repeat("1", 16), KeyHMAC: strings.Repeat("a", 64), Kind: "object",
		Created: "2026-10-20T03:00:00Z", At: "2026-11-25T02:00:00Z", Why: "age", Outcome: "deleted", By: "response"}
	hidden := evidence.Line{Store: 1, KeyHMAC: strings.Repeat("b", 64), Kind: "version", Why: "zdr", Outcome: "locked", Code: "OBJECT_LOCK", By: "lookup"}
	open := one
	open.Key, open.Team, open.Size = "=HYPERLINK(\"x\")\n\xff", "-acme", &size
	return []evidence.Line{one, hidden, open}
}

func lines(t require.TestingT, scheme, format string, all ...evidence.Line) string {
	p := sweep()
	p.Identifiers.Scheme = scheme
	p.Stores = []evidence.Store{{Name: "exchanges"}, {Name: "+batches"}}
	var out bytes.Buffer
	l := NewLines(&out, p, format)
	for _, line := range all {
		require.NoError(t, l.Add(line.Append(nil), line))
	}
	require.NoError(t, l.Close(true))
	return out.String()
}

func TestTheLinesOfAManifestInEachFormat(t *testing.T) {
	for _, format := range PlanFormats() {
		assertGolden(t, "lines-"+format, lines(t, evidence.SchemeHashed, format, manifestLines()[:2]...))
		assertGolden(t, "lines-"+format+"-clear", lines(t, evidence.SchemeClear, format, manifestLines()...))
		assertGolden(t, "lines-"+format+"-none", lines(t, evidence.SchemeHashed, format))
	}
}

func TestJSONHasTheBytesOfTheManifest(t *testing.T) {
	var want strings.Builder
	for _, l := range manifestLines() {
		want.Write(append(l.Append(nil), '\n'))
	}
	assert.Equal(t, want.String(), lines(t, evidence.SchemeClear, PlanJSON, manifestLines()...))
}

func TestNoCellOfALineRunsAsAFormula(t *testing.T) {
	outside := rapid.OneOf(rapid.String(), rapid.Map(rapid.String(), func(s string) string { return "=" + s }),
		rapid.SampledFrom([]string{"+1", "-1", "@x", "\t=1", "\r=1", " =1", "\"=1"}))
	rapid.Check(t, func(t *rapid.T) {
		size := int64(1)
		l := manifestLines()[0]
		l.Key, l.Team, l.Size = outside.Draw(t, "key"), outside.Draw(t, "team"), &size
		rows, err := csv.NewReader(strings.NewReader(lines(t, evidence.SchemeClear, PlanCSV, l))).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 2)
		for _, cell := range rows[1] {
			if strings.IndexAny(cell, "=+-@\t\r\n ") == 0 {
				t.Fatalf("a cell begins as a formula may: %q", cell)
			}
		}
	})
}

func TestALineOfAStoreThatTheReportDoesNotNameIsRefused(t *testing.T) {
	p := sweep()
	line := manifestLines()[0]
	line.Store = len(p.Stores)
	require.ErrorContains(t, NewLines(new(bytes.Buffer), p, PlanCSV).Add(nil, line), "the report names")
}

func TestAFailedWriteOfLinesIsAnError(t *testing.T) {
	l := NewLines(closedPipe{}, sweep(), PlanCSV)
	line := manifestLines()[0]
	var err error
	for range 100 {
		if err = l.Add(line.Append(nil), line); err != nil {
			break
		}
	}
	require.ErrorContains(t, err, "pipe closed")
	require.ErrorContains(t, l.Close(true), "pipe closed")
}
