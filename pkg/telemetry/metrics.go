package telemetry

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Metrics are what Prometheus is told of the runs of this process.
type Metrics struct {
	registry                                     *prometheus.Registry
	runs                                         *prometheus.CounterVec
	failures                                     prometheus.Counter
	sequence, finished, kept, nextDue, remaining prometheus.Gauge
	duration, violations, inconclusive           prometheus.Gauge
	entries                                      *prometheus.GaugeVec
}

// NewMetrics makes a registry of its own.
func NewMetrics() *Metrics {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: "sweeper_" + name, Help: help})
	}
	m := &Metrics{
		registry: prometheus.NewRegistry(),
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{Name: "sweeper_runs_total",
			Help: "Sealed reports by type and result."}, []string{"type", "result"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{Name: "sweeper_run_failures_total",
			Help: "Runs that sealed no report."}),
		sequence:     gauge("last_report_sequence", "Number of the last sealed report."),
		finished:     gauge("last_report_timestamp_seconds", "When the last report was sealed, Unix time."),
		kept:         gauge("last_kept_timestamp_seconds", "When a report last said kept or kept-with-exceptions, Unix time."),
		nextDue:      gauge("next_due_timestamp_seconds", "Slot by which the next report is due, Unix time."),
		remaining:    gauge("expired_remaining", "Expired entries that the last confirming listing saw."),
		duration:     gauge("last_run_duration_seconds", "How long the last run took."),
		violations:   gauge("zdr_violations", "ZDR teams in violation in the last report."),
		inconclusive: gauge("zdr_inconclusive", "ZDR teams of which the last report can't tell."),
		entries: prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: "sweeper_entries",
			Help: "Entries of the last report by store and outcome."}, []string{"store", "outcome"}),
	}
	m.registry.MustRegister(m.runs, m.failures, m.sequence, m.finished, m.kept, m.nextDue, m.remaining, m.duration,
		m.violations, m.inconclusive, m.entries)
	return m
}

// Failed counts a run that sealed no report.
func (m *Metrics) Failed() { m.failures.Inc() }

// Sealed takes the numbers of a sealed report.
func (m *Metrics) Sealed(p evidence.Predicate) {
	m.runs.WithLabelValues(p.ReportType, p.Result).Inc()
	m.sequence.Set(float64(p.Chain.Sequence))
	m.remaining.Set(float64(p.Confirmation.ExpiredRemaining))
	m.violations.Set(float64(p.ZDR.Violation))
	m.inconclusive.Set(float64(p.ZDR.Inconclusive))
	started, okS := instant(p.Run.StartedAt)
	finished, okF := instant(p.Run.FinishedAt)
	if okF {
		m.finished.Set(float64(finished.Unix()))
		if p.Result == evidence.ResultKept || p.Result == evidence.ResultKeptWithExceptions {
			m.kept.Set(float64(finished.Unix()))
		}
	}
	if okS && okF {
		m.duration.Set(finished.Sub(started).Seconds())
	}
	if p.Chain.NextDue != nil {
		if due, ok := instant(*p.Chain.NextDue); ok {
			m.nextDue.Set(float64(due.Unix()))
		}
	}
	m.entries.Reset()
	for i, o := range p.Outcomes {
		set := func(outcome string, n int64) { m.entries.WithLabelValues(o.Store, outcome).Set(float64(n)) }
		set("deleted", o.Deleted)
		set("absent", o.Absent)
		set("held", o.Held)
		set("changed", o.Changed)
		set("failed", o.Failed)
		set("unconfirmed", o.Unconfirmed)
		set("left", o.Left)
		if i < len(p.Population) {
			set("listed", p.Population[i].Listed)
			set("expired", p.Population[i].Expired)
		}
	}
}

func instant(s string) (time.Time, bool) {
	t, err := evidence.ParseTime(s)
	return t, err == nil
}

// handler serves the registry.
func (m *Metrics) handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{Registry: m.registry})
}
