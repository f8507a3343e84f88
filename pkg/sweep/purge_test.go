package sweep_test

import (
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// The plan of a run that died while planning is all that is known of it: also of
// a violation that it would have purged.
func TestARunThatDiedWhilePlanningAPurgeIsSealed(t *testing.T) {
	w := newWorld(t)
	w.spec.Purge = true
	w.run() // the roster's row is known from now on
	young := w.seed("zdr", day, "a")
	w.dies("plan-0000.json")
	s := w.run()
	if len(s.Recovered) != 1 {
		t.Fatalf("recovered %v, want the run that died", s.Recovered)
	}
	w.wantFates(1, map[string]string{young: "left RECOVERED"})
	w.wantKeys()
	w.wantResult(s, evidence.ResultBroken, 3)
}
