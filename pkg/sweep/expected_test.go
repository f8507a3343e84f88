package sweep_test

import (
	"sync"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// foretold is a Progress that keeps what was expected of a run, and what it saw.
type foretold struct {
	expected, listed int64
	pages            int
	step             string
	mu               sync.Mutex
}

func (f *foretold) Step(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.step = name
}

func (f *foretold) Expect(entries int64) { f.expected = entries }

func (f *foretold) Listed(pages, entries, _ int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.step == "plan" {
		f.pages, f.listed = f.pages+pages, f.listed+int64(entries)
	}
}

func (*foretold) Done(int) {}

func TestARunIsExpectedToListWhatTheLastReportOfTheStoresListed(t *testing.T) {
	w := newWorld(t)
	for range 3 {
		w.seed("acme", 40*retention.Day, "old")
		w.seed("acme", 1*retention.Day, "young")
	}
	last := int64(0) // nobody knows before the first run
	for run := range 3 {
		w.advance(retention.Day)
		p := &foretold{}
		s := w.wide(t.Context(), 1, p)
		if p.expected != last {
			t.Errorf("run %d: %d entries were expected, want %d", run, p.expected, last)
		}
		if total := s.Predicate.Totals; p.listed != total.Listed || int64(p.pages) != total.Pages {
			t.Errorf("run %d: %d entries on %d pages were told, the report says %d on %d", run, p.listed, p.pages, total.Listed, total.Pages)
		}
		last = s.Predicate.Totals.Listed
	}
	w.spec.Stores[0].Prefix = "acme/" // other stores than the last time
	p := &foretold{}
	w.wide(t.Context(), 1, p)
	if p.expected != 0 {
		t.Errorf("%d entries were expected of a store that no report saw", p.expected)
	}
}

func TestARunIsExpectedToListWhatAnyReportThatSawAllOfItListed(t *testing.T) {
	for name, c := range map[string]struct {
		first sweep.Request
		want  int64
	}{
		"a dry run":                    {sweep.Request{Type: evidence.TypeDryRun, Trigger: "manual"}, 2},
		"an attestation":               {sweep.Request{Type: evidence.TypeAttestation, Trigger: "manual"}, 2},
		"an attestation of prefixes":   {sweep.Request{Type: evidence.TypeAttestation, Trigger: "manual", PrefixOnly: true}, 0},
		"a sweep that a guard stopped": {sweep.Request{Type: evidence.TypeSweep, Trigger: "manual"}, 2},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.spec.Limits.MaxDeletions = 1
			w.seed("acme", 40*retention.Day, "a")
			w.seed("acme", 40*retention.Day, "b")
			w.req = c.first
			w.wide(t.Context(), 1, nil)
			w.req = sweep.Request{Type: evidence.TypeDryRun, Trigger: "manual"}
			p := &foretold{}
			w.wide(t.Context(), 1, p)
			if p.expected != c.want {
				t.Errorf("%d entries were expected, want %d", p.expected, c.want)
			}
		})
	}
}
