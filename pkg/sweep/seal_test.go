package sweep_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// swept makes a run that dies before it seals, and returns it.
func (w *world) swept() *sweep.Run {
	w.t.Helper()
	w.dies("seal/payload.json")
	return w.frozen(0)
}

func TestSealingAgainGivesTheSameStatement(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	run := w.swept()
	first, err := w.sweeper().Seal(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	bundle := w.read(first.ReportPath + "/" + evidence.FileBundle)
	w.advance(time.Hour) // the second sealer's clock is another
	second, err := w.sweeper().Seal(t.Context(), run)
	if err != nil {
		t.Fatal(err)
	}
	if first.StatementSHA256 != second.StatementSHA256 || w.read(first.ReportPath+"/"+evidence.FileBundle) != bundle {
		t.Errorf("sealed as %s and then as %s", first.StatementSHA256, second.StatementSHA256)
	}
	w.verify()
}

func TestOfManySealersAtOnceAllSayTheSame(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	run := w.swept()
	sealed, errs := make([]*sweep.Sealed, 8), make([]error, 8)
	var wg sync.WaitGroup
	for i := range sealed {
		wg.Go(func() {
			w.advance(time.Second)
			sealed[i], errs[i] = w.sweeper().Seal(t.Context(), run)
		})
	}
	wg.Wait()
	for i := range sealed {
		if errs[i] != nil {
			t.Fatal(errs[i])
		}
		if sealed[i].StatementSHA256 != sealed[0].StatementSHA256 {
			t.Error("two sealers published two statements")
		}
	}
	w.verify()
}

func TestAStepDoneTwiceDeletesNothingTwice(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Layouts = []string{"{team}/{request}"}
	w.put("acme/a", 40*day)
	w.put("acme/b", day)
	w.dies("guard.json")
	run := w.frozen(0)
	s := w.sweeper()
	for round := range 2 {
		if err := s.PlanShard(t.Context(), t.Context(), run, 0); err != nil {
			t.Fatal(err)
		}
		if err := s.Guard(t.Context(), run); err != nil {
			t.Fatal(err)
		}
		if err := s.SweepShard(t.Context(), t.Context(), run, 0); err != nil {
			t.Fatal(err)
		}
		if round == 0 {
			w.wantKeys("acme/b")
			w.put("acme/a", 40*day) // the name is given away again, to the very same bytes
		}
		if err := s.ConfirmShard(t.Context(), t.Context(), run, 0); err != nil {
			t.Fatal(err)
		}
	}
	w.wantKeys("acme/a", "acme/b")
	w.wantFates(0, map[string]string{"acme/a": "deleted"})
	if _, err := s.Seal(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	w.verify()
}

func TestNothingIsDeletedWithoutAGuardThatSaysGo(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	w.dies("guard.json")
	if err := w.sweeper().SweepShard(t.Context(), t.Context(), w.frozen(0), 0); err != nil {
		t.Fatal(err)
	}
	w.wantKeys(key)
	w.wantFates(0, map[string]string{key: "left INTERRUPTED"})
}

func TestAStoreThatCanNotBeOpenedAnyMoreIsLeft(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	w.dies("guard.json")
	s, run := w.sweeper(), w.frozen(0)
	if err := s.Guard(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	s.Open = func(context.Context, sweep.StoreSpec) (sweep.Bucket, error) { return sweep.Bucket{}, errDisk }
	if err := s.SweepShard(t.Context(), t.Context(), run, 0); err != nil {
		t.Fatal(err)
	}
	w.wantFates(0, map[string]string{key: "left STORE_UNREACHABLE"})
}

func TestASegmentThatIsNotThePlannedOneIsRefused(t *testing.T) {
	w := newWorld(t)
	key := w.seed("acme", 40*day, "a")
	w.dies("manifest-0000-00000.jsonl.gz")
	run := w.frozen(0)
	young := w.seed("acme", day, "young")
	const name = "0000000000/plan-0000-00000.jsonl.zst"
	data, err := w.work.Get(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.work.Remove(t.Context(), name); err != nil {
		t.Fatal(err)
	}
	forged, err := sweep.Forge(data, key, young)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.work.Put(t.Context(), name, forged); err != nil {
		t.Fatal(err)
	}
	if err := w.sweeper().SweepShard(t.Context(), t.Context(), run, 0); err == nil || !strings.Contains(err.Error(), "not the segment that was planned") {
		t.Errorf("a forged segment was swept, or refused with %v", err)
	}
	w.wantKeys(young)
}

func TestAReportPreparedForAnotherKeyIsNotSignedWithThisOne(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	w.dies(evidence.FileBundle)
	signer, trust, ids := w.signer, w.trust, w.ids
	w.keys()
	if _, err := w.try(t.Context()); err == nil || !strings.Contains(err.Error(), "signing key") {
		t.Errorf("error %v, want one about the signing key", err)
	}
	w.signer, w.trust, w.ids = signer, trust, ids
	w.run()
}

func TestAManifestPartOfAnotherPlanIsNotSealed(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	w.dies("confirm-0000.json") // its part is in the vault
	other := w.ids
	w.ids = evidence.NewIdentifiers(evidence.Secret{1}, "2026")
	if _, err := w.try(t.Context()); err == nil || !strings.Contains(err.Error(), "identifiers.secret") {
		t.Errorf("lines that name other entries than the plan were sealed, or refused with %v", err)
	}
	w.ids = other
	w.run()
}

func TestWorkFilesAreRemovedAfterSealingOrReported(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	repair := w.sabotageRemoves()
	w.run()
	s := w.run()
	if reason(s, sweep.CodeWorkNotRemoved) == 0 {
		t.Errorf("reasons are %v, want %s", s.Predicate.Reasons, sweep.CodeWorkNotRemoved)
	}
	repair()
	if s = w.run(); reason(s, sweep.CodeWorkNotRemoved) != 0 {
		t.Errorf("reasons are %v, though all was removed", s.Predicate.Reasons)
	}
	if names, err := w.work.List(t.Context(), "0"); err != nil || len(names) > 0 {
		t.Errorf("the work area holds %q, %v", names, err)
	}
}

func (w *world) read(name string) string {
	w.t.Helper()
	data, err := w.vault.Get(w.t.Context(), name)
	if err != nil {
		w.t.Fatal(err)
	}
	return string(data)
}

// unwritable is an area that takes nothing.
type unwritable struct{ sweep.Area }

func (unwritable) Put(context.Context, string, []byte) error { return errDisk }

// Whoever takes up a segment that somebody else began doesn't know what was
// sent: what has the name now may have been written since.
func TestASegmentThatWasBegunIsLookedAtBeforeItGoesAgain(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Layouts = []string{"{team}/{request}"}
	w.put("acme/a", 40*day)
	w.put("acme/b", 40*day)
	w.dies("guard.json")
	run, s := w.frozen(0), w.sweeper()
	if err := s.Guard(t.Context(), run); err != nil {
		t.Fatal(err)
	}
	s.Vault = unwritable{w.vault} // the first one deletes, and dies before its part
	if err := s.SweepShard(t.Context(), t.Context(), run, 0); err == nil {
		t.Fatal("the evidence could not be written, and the step ended well")
	}
	w.wantKeys()
	w.put("acme/a", day) // the name is given to new bytes
	s.Vault = w.vault
	if err := s.SweepShard(t.Context(), t.Context(), run, 0); err != nil {
		t.Fatal(err)
	}
	w.wantKeys("acme/a")
	w.wantFates(0, map[string]string{"acme/a": "changed CHANGED_SINCE_LISTED", "acme/b": "absent"})
}
