package sweep_test

import (
	"slices"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// steps is a Progress that keeps the names of the steps.
type steps []string

func (s *steps) Step(name string) { *s = append(*s, name) }
func (*steps) Expect(int64)       {}
func (*steps) Listed(_, _, _ int) {}
func (*steps) Done(int)           {}
func (w *world) steps() (s []string) {
	w.t.Helper()
	w.wide(w.t.Context(), 1, (*steps)(&s))
	return s
}

func TestARunSaysThatItSweepsOnlyWhereItDeletes(t *testing.T) {
	for name, c := range map[string]struct {
		kind string
		set  func(*sweep.Spec)
		want []string
	}{
		"sweep":                 {evidence.TypeSweep, func(*sweep.Spec) {}, []string{"plan", "sweep", "confirm", "seal"}},
		"sweep that lists once": {evidence.TypeSweep, func(s *sweep.Spec) { s.Confirm = false }, []string{"plan", "sweep", "seal"}},
		"stopped by a guard":    {evidence.TypeSweep, func(s *sweep.Spec) { s.Limits.MaxDeletions = 1 }, []string{"plan", "manifest", "seal"}},
		"dry run":               {evidence.TypeDryRun, func(*sweep.Spec) {}, []string{"plan", "manifest", "seal"}},
		"attestation":           {evidence.TypeAttestation, func(*sweep.Spec) {}, []string{"plan", "seal"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.seed("acme", 40*day, "a")
			w.seed("acme", 40*day, "b")
			w.req.Type = c.kind
			c.set(&w.spec)
			if got := w.steps(); !slices.Equal(got, c.want) {
				t.Errorf("the steps are %q, want %q", got, c.want)
			}
		})
	}
}
