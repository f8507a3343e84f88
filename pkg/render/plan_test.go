package render

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func dryRun() evidence.Predicate {
	p := sweep()
	p.ReportType, p.Result = evidence.TypeDryRun, evidence.ResultNone
	return p
}

func planned() []PlanEntry {
	at := time.Date(2026, 9, 1, 23, 0, 0, 0, time.UTC)
	one := PlanEntry{Store: "exchanges", Kind: "object", Team: "acme", Created: at, LastModified: at.Add(time.Hour), Size: 12,
		Why: "age", KeyHMAC: strings.Repeat("a", 64), Key: "acme/r1.json"}
	held, hidden, odd := one, one, one
	held.Kind, held.Hold, held.Created = "marker", "case-17", at.Add(-time.Hour)
	hidden.Team, hidden.Key, hidden.Private, hidden.Why, hidden.Created = "zeta", "zeta/s3cr3t.json", true, "zdr", at.Add(-1000*time.Hour)
	odd.Store, odd.Kind, odd.Team, odd.Key, odd.Size = "batches", "upload", "a\x1b[2Jb", "a\nb\xff", 1_234_567_890_123
	return []PlanEntry{one, held, hidden, odd}
}

func plan(t require.TestingT, format string, keys bool, all ...PlanEntry) string {
	var out bytes.Buffer
	p := NewPlan(&out, dryRun(), format, keys)
	for _, e := range all {
		require.NoError(t, p.Add(e))
	}
	require.NoError(t, p.Close(true))
	return out.String()
}

func TestAPlanInEachFormat(t *testing.T) {
	for name, keys := range map[string]bool{"": false, "-with-keys": true} {
		for _, format := range PlanFormats() {
			t.Run(format+name, func(t *testing.T) {
				out := plan(t, format, keys, planned()...)
				assertGolden(t, "plan-"+format+name, out)
				for _, secret := range []string{"zeta", "s3cr3t", "2026-07-21"} {
					assert.NotContains(t, out, secret, "a ZDR team's entry is told")
				}
				assert.Equal(t, keys, strings.Contains(out, "r1.json"))
				assert.NotContains(t, out, "\x1b")
			})
		}
	}
}

func TestAnEmptyPlanSaysSo(t *testing.T) {
	assert.Contains(t, plan(t, PlanTable, true), "Nothing is planned.\n")
	assert.Equal(t, "store,kind,team,created,lastModified,size,why,hold,keyHmac\n", plan(t, PlanCSV, false))
	assert.Empty(t, plan(t, PlanJSON, true))
}

func TestAPlanThatBreaksOffHasNoSummary(t *testing.T) {
	var out bytes.Buffer
	p := NewPlan(&out, dryRun(), PlanTable, false)
	require.NoError(t, p.Add(planned()[0]))
	require.NoError(t, p.Close(false))
	assert.Equal(t, 2, strings.Count(out.String(), "\n"), "head and entry:\n%s", out.String())
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestAPlanThatCannotBeWrittenStops(t *testing.T) {
	for _, format := range PlanFormats() {
		p := NewPlan(fullDisk{}, dryRun(), format, true)
		var err error
		for i := 0; err == nil && i < 1000; i++ {
			err = p.Add(planned()[0])
		}
		require.ErrorContains(t, err, "disk full", format)
		require.ErrorContains(t, p.Close(true), "disk full", format)
	}
}

// Whatever bytes a key has, each format shows it on one line and gives it back.
func TestEveryKeyCanBeGotBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		e := planned()[0]
		e.Key = rapid.OneOf(rapid.StringN(1, 40, -1), rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 40), func(b []byte) string { return string(b) }),
			rapid.StringMatching(`[-=+@" ].*`)).Draw(t, "key")
		back := func(format, s string) {
			if strings.HasPrefix(s, `"`) {
				unquoted, err := strconv.Unquote(s)
				require.NoError(t, err, format)
				s = unquoted
			}
			require.Equal(t, e.Key, s, format)
		}
		rows, err := csv.NewReader(strings.NewReader(plan(t, PlanCSV, true, e))).ReadAll()
		require.NoError(t, err)
		require.Len(t, rows, 2)
		back(PlanCSV, rows[1][9])
		require.NotContains(t, []byte("=+-@"), rows[1][9][0], "a spreadsheet takes it for a formula")

		text := plan(t, PlanJSON, true, e)
		require.Equal(t, 1, strings.Count(text, "\n"))
		var line struct {
			Key       string
			KeyBase64 []byte
		}
		require.NoError(t, json.Unmarshal([]byte(text), &line))
		require.Equal(t, e.Key, cmp.Or(string(line.KeyBase64), line.Key), PlanJSON)

		lines := strings.Split(plan(t, PlanTable, true, e), "\n")
		_, key, ok := strings.Cut(lines[1], e.KeyHMAC+"  ")
		require.True(t, ok, "%q", lines[1])
		back(PlanTable, key)
	})
}
