package sweep_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// authority gives time stamps that say no more than what they are over. Its
// answers are numbered from 1; those that refuse names fail.
type authority struct {
	asked  atomic.Int64
	refuse func(n int64) bool
}

func (a *authority) stamp(_ context.Context, sig []byte) ([]byte, error) {
	if n := a.asked.Add(1); a.refuse != nil && a.refuse(n) {
		return nil, errors.New("not now")
	}
	return append([]byte("stamp over "), sig...), nil
}

// stamping runs with an authority and a policy.
func (w *world) stamping(a *authority, policy string) (*sweep.Sealed, error) {
	w.req.Spec = w.spec
	w.req.Spec.Config, w.req.Spec.Timestamp = w.config(), policy
	s := w.sweeper()
	s.Stamp = a.stamp
	return s.Run(w.t.Context(), w.req)
}

// stamps are those of a report: in its bundle, and beside it.
func (w *world) stamps(n int64) (inside, beside int) {
	w.t.Helper()
	dir := filepath.Join(w.vaultDir, evidence.ReportDir(n))
	bundle, err := os.ReadFile(filepath.Join(dir, evidence.FileBundle))
	if err != nil {
		w.t.Fatal(err)
	}
	_, sig, _, err := evidence.OpenBundle(bundle)
	if err != nil {
		w.t.Fatal(err)
	}
	tokens, err := evidence.Tokens(bundle)
	if err != nil {
		w.t.Fatal(err)
	}
	for i, token := range tokens {
		data, err := os.ReadFile(filepath.Join(dir, evidence.FileToken(i+1)))
		if string(token) == "stamp over "+string(sig) {
			inside++
		}
		if err == nil && string(data) == string(token) {
			beside++
		}
	}
	return inside, beside
}

func TestAReportIsStampedAsThePolicySays(t *testing.T) {
	for policy, want := range map[string]int{evidence.PolicyNone: 0, "": 0, evidence.PolicyBestEffort: 1, evidence.PolicyRequired: 1} {
		w := newWorld(t)
		s, err := w.stamping(new(authority), policy)
		if err != nil {
			t.Fatalf("%s: %v", policy, err)
		}
		inside, beside := w.stamps(0)
		if inside != want || beside != want {
			t.Errorf("%s: %d time stamps in the bundle and %d beside it, want %d", policy, inside, beside, want)
		}
		if policy == "" {
			policy = evidence.PolicyNone
		}
		if said := s.Predicate.Evidence.TimestampPolicy; said != policy || reason(s, sweep.CodeTimestampMissing) != 0 {
			t.Errorf("%s: the report says %s, %v", policy, said, s.Predicate.Reasons)
		}
		w.verify()
	}
}

func TestAnAuthorityIsAskedAgain(t *testing.T) {
	w := newWorld(t)
	a := &authority{refuse: func(n int64) bool { return n%3 != 0 }}
	if _, err := w.stamping(a, evidence.PolicyRequired); err != nil {
		t.Fatal(err)
	}
	if n := a.asked.Load(); n != 6 { // the rehearsal and the report
		t.Errorf("asked %d times", n)
	}
}

func TestARunThatNeedsATimeStampAndGetsNoneDeletesNothing(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	_, err := w.stamping(&authority{refuse: func(int64) bool { return true }}, evidence.PolicyRequired)
	if err == nil || !strings.Contains(err.Error(), "a time stamp is required (signing.timestamp), and there is none: not now") ||
		!strings.Contains(err.Error(), "nothing was deleted") {
		t.Errorf("got %v", err)
	}
	w.wantKeys(key)
	if has(w.work, "0000000000/run.json") {
		t.Error("a number was taken")
	}
}

func TestAReportThatLostItsAuthorityIsSealedAndStampedByTheNextRun(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	if _, err := w.stamping(&authority{refuse: func(n int64) bool { return n > 1 }}, evidence.PolicyRequired); err == nil {
		t.Fatal("a report was sealed without a time stamp")
	}
	w.wantKeys()
	s, err := w.stamping(new(authority), evidence.PolicyRequired)
	if err != nil {
		t.Fatal(err)
	}
	if inside, beside := w.stamps(0); inside != 1 || beside != 1 || s.Number != 1 {
		t.Errorf("report 0 has %d time stamps in its bundle and %d beside it", inside, beside)
	}
	w.verify()
}

func TestWithBestEffortAReportWithoutATimeStampSaysSo(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	s, err := w.stamping(&authority{refuse: func(int64) bool { return true }}, evidence.PolicyBestEffort)
	if err != nil {
		t.Fatal(err)
	}
	w.wantResult(s, evidence.ResultKept, 0, sweep.CodeTimestampMissing)
	if inside, _ := w.stamps(0); inside != 0 {
		t.Errorf("%d time stamps", inside)
	}
}
