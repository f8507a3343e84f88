package telemetry

import (
	"net/http"
	"sync/atomic"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Metrics are what Prometheus is told of the runs of this process. A metric
// that no report has given a value yet is absent, never zero.
type Metrics struct {
	registry *prometheus.Registry
	runs     *prometheus.CounterVec
	failures prometheus.Counter
	last     *lastReport
}

// NewMetrics makes a registry of its own.
func NewMetrics() *Metrics {
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sweeper_runs_total",
			Help: "Sealed reports by type and result."}, []string{"type", "result"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "sweeper_evidence_errors_total",
			Help: "Runs that sealed no report: what they did stands in no evidence yet."}),
		last: newLastReport(),
	}
	m.registry.MustRegister(m.runs, m.failures, m.last)
	return m
}

// Failed counts a run that sealed no report.
func (m *Metrics) Failed() { m.failures.Inc() }

// Sealed takes the numbers of a sealed report. Dry runs and key rotations are
// counted and otherwise left out: they say nothing of how the promise is kept.
func (m *Metrics) Sealed(p evidence.Predicate) {
	m.runs.WithLabelValues(p.ReportType, p.Result).Inc()
	if p.ReportType == evidence.TypeDryRun || p.ReportType == evidence.TypeKeyRotation {
		return
	}
	now := snapshot{Predicate: p}
	if before := m.last.seen.Load(); before != nil {
		now.kept = before.kept
	}
	sweep := p.ReportType == evidence.TypeSweep || p.ReportType == evidence.TypeRecovery
	if sweep && (p.Result == evidence.ResultKept || p.Result == evidence.ResultKeptWithExceptions) {
		now.kept = p.Run.FinishedAt
	}
	m.last.seen.Store(&now)
}

// handler serves the registry.
func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}

// snapshot is one report, and when a sweep last kept the promise.
type snapshot struct {
	evidence.Predicate
	kept string // RFC 3339; empty: not since the process started
}

// lastReport collects from one report at a time, so that no scrape sees half of
// one and half of another.
type lastReport struct {
	seen atomic.Pointer[snapshot]

	result, sequence, finished, kept, duration, nextDue *prometheus.Desc
	remaining, late, complete, zdr, violations, entries *prometheus.Desc
}

func newLastReport() *lastReport {
	desc := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("sweeper_"+name, help, labels, nil)
	}
	return &lastReport{
		result:     desc("last_report_result", "1 for the result of the last report, 0 for the others.", "result"),
		sequence:   desc("last_report_sequence", "Number of the last report."),
		finished:   desc("last_report_timestamp_seconds", "When the last run finished, Unix time."),
		kept:       desc("last_success_timestamp_seconds", "When a sweep last ended as kept or kept-with-exceptions, Unix time."),
		duration:   desc("last_run_duration_seconds", "How long the last run took."),
		nextDue:    desc("next_due_timestamp_seconds", "Slot by which the next report is due, Unix time."),
		remaining:  desc("expired_remaining", "Expired entries that the second listing saw; absent if it did not get to its end."),
		late:       desc("late_entries", "Entries that stayed longer than promised."),
		complete:   desc("store_complete", "1 if the store was listed to its end.", "store"),
		zdr:        desc("zdr_teams", "ZDR teams by state.", "state"),
		violations: desc("zdr_violations", "ZDR teams with data that should never have been stored."),
		entries:    desc("entries", "Entries of the last report by store and what became of them.", "store", "outcome"),
	}
}

// Describe implements prometheus.Collector.
func (l *lastReport) Describe(ch chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{l.result, l.sequence, l.finished, l.kept, l.duration, l.nextDue,
		l.remaining, l.late, l.complete, l.zdr, l.violations, l.entries} {
		ch <- d
	}
}

// Collect implements prometheus.Collector.
func (l *lastReport) Collect(ch chan<- prometheus.Metric) {
	p := l.seen.Load()
	if p == nil {
		return
	}
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		ch <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, result := range []string{evidence.ResultKept, evidence.ResultKeptWithExceptions, evidence.ResultBroken,
		evidence.ResultInconclusive, evidence.ResultStopped, evidence.ResultInterrupted} {
		set(l.result, one(p.Result == result), result)
	}
	set(l.sequence, float64(p.Chain.Sequence))
	l.times(p, set)
	if p.Confirmation.Complete {
		set(l.remaining, float64(p.Confirmation.ExpiredRemaining))
	}
	set(l.late, float64(p.Lateness.Late))
	set(l.violations, float64(p.ZDR.Violation))
	set(l.zdr, float64(p.ZDR.Zero), "zero")
	set(l.zdr, float64(p.ZDR.Residual), "residual")
	set(l.zdr, float64(p.ZDR.Violation), "violation")
	set(l.zdr, float64(p.ZDR.Inconclusive), "inconclusive")
	l.stores(p, set)
}

type setter func(d *prometheus.Desc, v float64, labels ...string)

func (l *lastReport) times(p *snapshot, set setter) {
	unix := func(d *prometheus.Desc, text string) {
		if t, err := evidence.ParseTime(text); err == nil {
			set(d, float64(t.Unix()))
		}
	}
	unix(l.finished, p.Run.FinishedAt)
	unix(l.kept, p.kept)
	if p.Chain.NextDue != nil {
		unix(l.nextDue, *p.Chain.NextDue)
	}
	started, err1 := evidence.ParseTime(p.Run.StartedAt)
	finished, err2 := evidence.ParseTime(p.Run.FinishedAt)
	if err1 == nil && err2 == nil {
		set(l.duration, finished.Sub(started).Seconds())
	}
}

func (l *lastReport) stores(p *snapshot, set setter) {
	for _, pop := range p.Population {
		set(l.complete, one(pop.Complete), pop.Store)
		set(l.entries, float64(pop.Listed), pop.Store, "listed")
		set(l.entries, float64(pop.Expired), pop.Store, "expired")
		set(l.entries, float64(pop.Kept), pop.Store, "kept")
	}
	for _, o := range p.Outcomes {
		set(l.entries, float64(o.Deleted), o.Store, "deleted")
		set(l.entries, float64(o.Absent), o.Store, "absent")
		set(l.entries, float64(o.Aborted), o.Store, "aborted")
		set(l.entries, float64(o.Held), o.Store, "held")
		set(l.entries, float64(o.Locked), o.Store, "locked")
		set(l.entries, float64(o.Pending), o.Store, "pending")
		set(l.entries, float64(o.Changed), o.Store, "changed")
		set(l.entries, float64(o.Failed), o.Store, "failed")
		set(l.entries, float64(o.Unconfirmed), o.Store, "unconfirmed")
		set(l.entries, float64(o.Left), o.Store, "left")
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
