package telemetry

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func TestLogLinesAreJSONWithUTCSecondsUnlessAskedOtherwise(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		time.Sleep(90*time.Second + 5*time.Nanosecond)
		var out bytes.Buffer
		log, err := Logger(&out, "info", "", false)
		require.NoError(t, err)
		log.Info().Str("store", "exchanges").Int64("deleted", 667).Err(errors.New("gone")).Msg("done")
		log.Debug().Msg("not shown")
		assert.Equal(t, 1, strings.Count(out.String(), "\n"))
		var line map[string]any
		require.NoError(t, json.Unmarshal(out.Bytes(), &line))
		assert.Equal(t, map[string]any{"level": "info", "store": "exchanges", "deleted": 667.0, "error": "gone",
			"time": "2000-01-01T00:01:30Z", "message": "done"}, line)
	})
}

func TestLogFormats(t *testing.T) {
	for name, c := range map[string]struct {
		format   string
		terminal bool
		json     bool
		colour   bool
	}{
		"no terminal, nothing asked": {"", false, true, false},
		"terminal, nothing asked":    {"", true, false, true},
		"json on a terminal":         {"json", true, true, false},
		"console in a file":          {"console", false, false, false},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			log, err := Logger(&out, "warn", c.format, c.terminal)
			require.NoError(t, err)
			log.Warn().Str("store", "exchanges").Msg("slow")
			assert.Equal(t, c.json, json.Valid(out.Bytes()), out.String())
			assert.Equal(t, c.colour, strings.Contains(out.String(), "\x1b["), out.String())
			assert.Regexp(t, `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ`, out.String())
		})
	}
}

func TestConsoleLogLetsNoControlByteOfAFieldThrough(t *testing.T) {
	var out bytes.Buffer
	log, err := Logger(&out, "info", "console", false)
	require.NoError(t, err)
	log.Info().Str("store", "a\x1b[2Jb\r\nc").Err(errors.New("bad \x1b]0;title\a")).Msg("looked")
	assert.NotRegexp(t, regexp.MustCompile(`[\x00-\x09\x0b-\x1f]`), out.String())
	assert.Equal(t, 1, strings.Count(out.String(), "\n"))
}

func TestLoggerRefusesWhatItDoesNotKnow(t *testing.T) {
	for _, level := range []string{"", "loud", "7", "disabled", "fatal"} {
		_, err := Logger(io.Discard, level, "json", false)
		require.Error(t, err, level)
		assert.Contains(t, err.Error(), "trace, debug, info, warn or error")
	}
	_, err := Logger(io.Discard, "info", "xml", false)
	require.Error(t, err)
	assert.Contains(t, err.Error(), "json or console")
}

func predicate() evidence.Predicate {
	due := "2026-11-26T02:15:00Z"
	return evidence.Predicate{
		ReportType: evidence.TypeSweep, Result: evidence.ResultKept,
		Chain:        evidence.Chain{Sequence: 12, NextDue: &due},
		Run:          evidence.Run{StartedAt: "2026-11-25T02:15:03Z", FinishedAt: "2026-11-25T02:16:33Z"},
		Population:   []evidence.Population{{Store: "exchanges", Complete: true, PopulationCounts: evidence.PopulationCounts{Listed: 2001, Expired: 667, Kept: 1334}}},
		Outcomes:     []evidence.Outcomes{{Store: "exchanges", OutcomeCounts: evidence.OutcomeCounts{Planned: 667, Deleted: 660, Failed: 4, Unconfirmed: 3}}},
		Confirmation: evidence.Confirmation{Complete: true, ExpiredRemaining: 7},
		ZDR:          evidence.ZDR{TeamCount: 3, Zero: 2, Violation: 1},
		Lateness:     evidence.Lateness{Late: 5},
	}
}

func scrape(t *testing.T, m *Metrics, h *Health, path string) (int, string) {
	t.Helper()
	answer := httptest.NewRecorder()
	Handler(m, h).ServeHTTP(answer, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return answer.Code, answer.Body.String()
}

func TestMetricsAreThoseOfTheLastReport(t *testing.T) {
	m := NewMetrics()
	m.Sealed(predicate())
	m.Failed()
	want := `
# HELP sweeper_evidence_errors_total Runs that sealed no report: what they did stands in no evidence yet.
# TYPE sweeper_evidence_errors_total counter
sweeper_evidence_errors_total 1
# HELP sweeper_expired_remaining Expired entries that the second listing saw; absent if it did not get to its end.
# TYPE sweeper_expired_remaining gauge
sweeper_expired_remaining 7
# HELP sweeper_last_report_sequence Number of the last report.
# TYPE sweeper_last_report_sequence gauge
sweeper_last_report_sequence 12
# HELP sweeper_last_report_timestamp_seconds When the last run finished, Unix time.
# TYPE sweeper_last_report_timestamp_seconds gauge
sweeper_last_report_timestamp_seconds 1.795572993e+09
# HELP sweeper_last_run_duration_seconds How long the last run took.
# TYPE sweeper_last_run_duration_seconds gauge
sweeper_last_run_duration_seconds 90
# HELP sweeper_last_success_timestamp_seconds When a sweep last ended as kept or kept-with-exceptions, Unix time.
# TYPE sweeper_last_success_timestamp_seconds gauge
sweeper_last_success_timestamp_seconds 1.795572993e+09
# HELP sweeper_late_entries Entries that stayed longer than promised.
# TYPE sweeper_late_entries gauge
sweeper_late_entries 5
# HELP sweeper_next_due_timestamp_seconds Slot by which the next report is due, Unix time.
# TYPE sweeper_next_due_timestamp_seconds gauge
sweeper_next_due_timestamp_seconds 1.7956593e+09
# HELP sweeper_runs_total Sealed reports by type and result.
# TYPE sweeper_runs_total counter
sweeper_runs_total{result="kept",type="sweep"} 1
# HELP sweeper_store_complete 1 if the store was listed to its end.
# TYPE sweeper_store_complete gauge
sweeper_store_complete{store="exchanges"} 1
# HELP sweeper_zdr_violations ZDR teams with data that should never have been stored.
# TYPE sweeper_zdr_violations gauge
sweeper_zdr_violations 1
`
	require.NoError(t, testutil.GatherAndCompare(m.registry, strings.NewReader(want),
		"sweeper_evidence_errors_total", "sweeper_expired_remaining", "sweeper_last_report_sequence", "sweeper_last_report_timestamp_seconds",
		"sweeper_last_run_duration_seconds", "sweeper_last_success_timestamp_seconds", "sweeper_late_entries",
		"sweeper_next_due_timestamp_seconds", "sweeper_runs_total", "sweeper_store_complete", "sweeper_zdr_violations"))
	_, text := scrape(t, m, NewHealth(), "/metrics")
	for _, line := range []string{
		`sweeper_last_report_result{result="kept"} 1`, `sweeper_last_report_result{result="broken"} 0`,
		`sweeper_entries{outcome="listed",store="exchanges"} 2001`, `sweeper_entries{outcome="expired",store="exchanges"} 667`,
		`sweeper_entries{outcome="deleted",store="exchanges"} 660`, `sweeper_entries{outcome="failed",store="exchanges"} 4`,
		`sweeper_entries{outcome="unconfirmed",store="exchanges"} 3`, `sweeper_zdr_teams{state="zero"} 2`, `sweeper_zdr_teams{state="violation"} 1`,
	} {
		assert.Contains(t, text, line+"\n")
	}
	problems, err := testutil.GatherAndLint(m.registry)
	require.NoError(t, err)
	assert.Empty(t, problems)
}

func TestWhatNoListingSawIsAbsentAndNotZero(t *testing.T) {
	m := NewMetrics()
	_, text := scrape(t, m, NewHealth(), "/metrics")
	assert.NotContains(t, text, "sweeper_expired_remaining ", "before the first report")
	assert.NotContains(t, text, "sweeper_zdr_violations ")
	p := predicate()
	p.Confirmation = evidence.Confirmation{}
	p.Chain.NextDue = nil
	m.Sealed(p)
	_, text = scrape(t, m, NewHealth(), "/metrics")
	assert.NotContains(t, text, "sweeper_expired_remaining ", "no second listing")
	assert.NotContains(t, text, "sweeper_next_due_timestamp_seconds ", "no schedule")
	assert.Contains(t, text, "sweeper_zdr_violations 1\n")
}

func TestOnlyASweepThatKeptThePromiseMovesTheTimeOfTheLastSuccess(t *testing.T) {
	success := func(m *Metrics) string {
		_, text := scrape(t, m, NewHealth(), "/metrics")
		return regexp.MustCompile(`(?m)^sweeper_last_success_timestamp_seconds (.*)$`).FindString(text)
	}
	for name, c := range map[string]struct {
		reportType, result string
		moves              bool
	}{
		"kept":                  {evidence.TypeSweep, evidence.ResultKept, true},
		"kept with exceptions":  {evidence.TypeSweep, evidence.ResultKeptWithExceptions, true},
		"broken":                {evidence.TypeSweep, evidence.ResultBroken, false},
		"inconclusive":          {evidence.TypeSweep, evidence.ResultInconclusive, false},
		"interrupted":           {evidence.TypeRecovery, evidence.ResultInterrupted, false},
		"stopped":               {evidence.TypeStopped, evidence.ResultStopped, false},
		"dry run":               {evidence.TypeDryRun, evidence.ResultNone, false},
		"an attestation's kept": {evidence.TypeAttestation, evidence.ResultKept, false},
	} {
		t.Run(name, func(t *testing.T) {
			m := NewMetrics()
			m.Sealed(predicate())
			before := success(m)
			require.NotEmpty(t, before)
			p := predicate()
			p.ReportType, p.Result, p.Run.FinishedAt = c.reportType, c.result, "2026-11-26T02:16:33Z"
			m.Sealed(p)
			assert.Equal(t, c.moves, success(m) != before)
			assert.NotEmpty(t, success(m))
		})
	}
}

func TestADryRunIsCountedAndLeavesTheLastReportAlone(t *testing.T) {
	m := NewMetrics()
	m.Sealed(predicate())
	p := predicate()
	p.ReportType, p.Result, p.Chain.Sequence, p.ZDR.Violation = evidence.TypeDryRun, evidence.ResultNone, 13, 0
	m.Sealed(p)
	_, text := scrape(t, m, NewHealth(), "/metrics")
	assert.Contains(t, text, `sweeper_runs_total{result="none",type="dry-run"} 1`)
	assert.Contains(t, text, "sweeper_last_report_sequence 12\n")
	assert.Contains(t, text, "sweeper_zdr_violations 1\n")
}

func TestNoTeamOrHoldStandsInTheMetrics(t *testing.T) {
	m := NewMetrics()
	p := predicate()
	p.Holds = []evidence.Hold{{ID: "case-17", Owner: "trust-and-safety", Entries: 3}}
	p.Organization.Name = "Example Inc."
	m.Sealed(p)
	_, text := scrape(t, m, NewHealth(), "/metrics")
	labels := regexp.MustCompile(`(\w+)="`).FindAllStringSubmatch(text, -1)
	require.NotEmpty(t, labels)
	for _, label := range labels {
		assert.Contains(t, []string{"store", "outcome", "result", "type", "state", "cause"}, label[1])
	}
	assert.NotContains(t, text, "case-17")
	assert.NotContains(t, text, "Example")
}

func TestEachScrapeSeesOneReport(t *testing.T) {
	m := NewMetrics()
	var group sync.WaitGroup
	group.Go(func() {
		for i := range 200 {
			p := predicate()
			p.Chain.Sequence, p.ZDR.Violation, p.Population[0].Listed = int64(i), int64(i), int64(i)
			m.Sealed(p)
		}
	})
	number := regexp.MustCompile(`(?m)^sweeper_(?:last_report_sequence|zdr_violations|entries\{outcome="listed",store="exchanges"\}) (\d+)`)
	for range 50 {
		_, text := scrape(t, m, NewHealth(), "/metrics")
		for _, found := range number.FindAllStringSubmatch(text, -1) {
			require.Equal(t, number.FindStringSubmatch(text)[1], found[1])
		}
	}
	group.Wait()
}

func TestHealth(t *testing.T) {
	m, h := NewMetrics(), NewHealth()
	status, _ := scrape(t, m, h, "/healthz")
	assert.Equal(t, http.StatusOK, status, "alive from the start")
	status, body := scrape(t, m, h, "/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, status, "not ready from the start")
	assert.Contains(t, body, "starting")
	h.SetReady(true, "")
	status, _ = scrape(t, m, h, "/readyz")
	assert.Equal(t, http.StatusOK, status)
	h.SetReady(false, "stopping")
	status, body = scrape(t, m, h, "/readyz")
	assert.Equal(t, http.StatusServiceUnavailable, status)
	assert.Contains(t, body, "stopping")
	status, _ = scrape(t, m, h, "/elsewhere")
	assert.Equal(t, http.StatusNotFound, status)
}
