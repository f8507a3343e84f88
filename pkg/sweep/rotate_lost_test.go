package sweep_test

import (
	"crypto"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// lost makes a rotation to another new key: the world's is gone.
func (w *world) lost() *rotation {
	w.t.Helper()
	r := w.rotation()
	r.req.OldLost, w.signer = true, r.next
	return r
}

// replacements counts the changes of lost keys that a verification tells of.
func replacements(v evidence.Verification) (n int) {
	for _, e := range v.Exceptions {
		if strings.Contains(e, ": "+evidence.CodeOldKeyUnavailable+": ") {
			n++
		}
	}
	return n
}

// types are those of the reports in the vault, in their order.
func (w *world) types() (types []string) {
	w.t.Helper()
	for _, r := range w.verify().Reports {
		types = append(types, r.Type)
	}
	return types
}

func TestARunMayDieAtAnyWriteAndLoseItsKeyThen(t *testing.T) {
	for _, after := range []bool{false, true} {
		for k := int64(1); ; k += 3 * stride() {
			var writes atomic.Int64
			w, stay := small(t)
			if k%2 == 0 { // else it is the first run of all
				w.req.Type = evidence.TypeAttestation
				w.run()
				w.req.Type = evidence.TypeSweep
			}
			repair := w.sabotage(after, from(k, &writes))
			_, err := w.try(t.Context())
			died := writes.Load() >= k
			repair()
			w.advance(time.Minute)
			w.lost().done()
			w.settled(w.run(), stay)
			if n := replacements(w.verify()); n != 1 {
				t.Errorf("%d reports say that a key was lost", n)
			}
			if t.Failed() {
				t.Fatalf("the writes failed from the %d-th on (made: %v): %v\n%s", k, after, err, w.logs)
			}
			if !died {
				break
			}
		}
	}
}

func TestTheReplacementOfADeadRunsLostKeyMayDieAtAnyWriteToo(t *testing.T) {
	for _, file := range []string{"guard.json", "manifest-0000-00000.jsonl.gz", "seal/payload.json", evidence.FileBundle} {
		for k := int64(1); ; k += 3 * stride() {
			var writes atomic.Int64
			w, stay := small(t)
			w.dies(file)
			r := w.lost()
			repair := w.sabotage(k%2 == 0, from(k, &writes))
			_, err := r.try(t.Context())
			died := writes.Load() >= k
			repair()
			w.advance(time.Minute)
			if s := r.done(); s.Number != 0 || reason(s, evidence.CodeOldKeyUnavailable) != 1 {
				t.Errorf("the rotation is report %d, with %v", s.Number, s.Predicate.Reasons)
			}
			w.settled(w.run(), stay)
			if n := replacements(w.verify()); n != 1 {
				t.Errorf("%d reports say that a key was lost", n)
			}
			if t.Failed() {
				t.Fatalf("%s, and then the writes failed from the %d-th on: %v\n%s", file, k, err, w.logs)
			}
			if !died {
				break
			}
		}
	}
}

func TestALostKeysDeadRunSaysWhatBecameOfItsEntries(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Layouts, w.spec.Stores[0].Batch = []string{"{team}/{request}"}, 1
	w.req.Type = evidence.TypeAttestation
	w.run()
	w.req.Type = evidence.TypeSweep
	w.put("acme/gone", 40*day)
	w.put("acme/there", 40*day)
	w.deletes(func(key string) string {
		if key == "acme/gone" {
			return ""
		}
		return "AccessDenied"
	})
	w.dies("manifest-0000-00000.jsonl.gz")
	w.OnRequest(nil)
	old := spki(t, w.signer)
	r := w.lost()
	s := r.done()
	w.wantFates(1, map[string]string{"acme/gone": "absent RECOVERED", "acme/there": "left RECOVERED"})
	x := s.Predicate.Rotation
	if x == nil || x.OldSPKISHA256 != old || x.NewSPKISHA256 != r.req.New || s.Predicate.Signer.SPKISHA256 != r.req.New {
		t.Errorf("signer %+v, rotation %+v", s.Predicate.Signer, x)
	}
	w.wantResult(s, evidence.ResultInterrupted, 1, evidence.CodeOldKeyUnavailable)
	w.run()
	if got := w.types(); !slices.Equal(got, []string{evidence.TypeAttestation, evidence.TypeRecovery, evidence.TypeSweep}) {
		t.Errorf("the vault holds %q", got)
	}
}

func TestALostKeysWindowEndsNoEarlierThanItsLastReport(t *testing.T) {
	for _, file := range []string{"guard.json", evidence.FileBundle} {
		w := newWorld(t)
		last := w.run()
		w.advance(-time.Minute) // a clock that was set back
		w.dies(file)
		if s := w.lost().done(); s.Predicate.Run.FinishedAt != last.Predicate.Run.FinishedAt {
			t.Errorf("%s: sealed at %s, the last report ended at %s", file, s.Predicate.Run.FinishedAt, last.Predicate.Run.FinishedAt)
		}
		w.verify()
	}
}

func TestADeadRotationWhoseOldKeyIsLostIsSealedByTheNewOneOrByAnother(t *testing.T) {
	for _, file := range []string{"seal/payload.json", evidence.FileBundle} {
		for _, again := range []bool{true, false} {
			w := newWorld(t)
			w.run()
			old := spki(t, w.signer)
			r := w.rotation()
			repair := w.sabotage(false, func(name string) bool { return strings.HasSuffix(name, file) })
			if _, err := r.try(t.Context()); err == nil {
				t.Fatal("the rotation did not die")
			}
			repair()
			w.advance(time.Minute)
			if again {
				r.req.OldLost, w.signer = true, r.next
			} else {
				r = w.lost()
			}
			s := r.done()
			x := s.Predicate.Rotation
			if s.Number != 1 || x.OldSPKISHA256 != old || x.NewSPKISHA256 != r.req.New || reason(s, evidence.CodeOldKeyUnavailable) != 1 {
				t.Errorf("%s, again %v: report %d: %+v, %v", file, again, s.Number, x, s.Predicate.Reasons)
			}
			w.run()
		}
	}
}

func TestAKeyThatIsLostBeforeATrustRootNamesItIsReplacedByAnother(t *testing.T) {
	w := newWorld(t)
	w.run()
	r := w.rotation()
	if _, err := r.try(t.Context()); err != nil {
		t.Fatal(err)
	}
	third := w.rotation() // the caller knows of the old key alone
	if _, err := third.try(t.Context()); err == nil || !strings.Contains(err.Error(), "if it is lost too, rotate with --old-key-lost") {
		t.Errorf("not said to be lost: %v", err)
	}
	third.req.OldLost, w.signer = true, third.next
	s := third.done()
	if x := s.Predicate.Rotation; s.Number != 2 || x.OldSPKISHA256 != r.req.New || x.NewSPKISHA256 != third.req.New {
		t.Errorf("report %d: %+v", s.Number, x)
	}
	w.run()
	if n := replacements(w.verify()); n != 1 {
		t.Errorf("%d reports say that a key was lost", n)
	}
}

func TestAKeyThatSignedAndIsLostBeforeATrustRootNamesItMustBeKnown(t *testing.T) {
	for _, file := range []string{"", evidence.FileBundle} { // of a dead run, or none
		w := newWorld(t)
		w.run()
		if file != "" {
			w.dies(file)
		}
		first := w.lost()
		if _, err := first.try(t.Context()); err != nil {
			t.Fatal(err)
		}
		r := w.lost()
		r.req.Old = first.req.Old
		if _, err := r.try(t.Context()); err == nil || !strings.Contains(err.Error(), "signed by key "+first.req.New+", which the trust root does not name") {
			t.Errorf("unknown: %v", err)
		}
		r.req.Known = []crypto.PublicKey{first.next.Public()}
		s, err := r.try(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if x := s.Predicate.Rotation; s.Number != 2 || x.OldSPKISHA256 != first.req.New || x.NewSPKISHA256 != r.req.New {
			t.Errorf("report %d: %+v", s.Number, x)
		}
	}
}

func TestAKeyThatATrustRootNamesIsNotReplacedInAnothersPlace(t *testing.T) {
	w := newWorld(t)
	w.run()
	first := w.trust
	r := w.rotation()
	r.done()
	wrong := w.lost()
	wrong.req.Old = r.req.Old
	if _, err := wrong.try(t.Context()); err == nil || !strings.Contains(err.Error(), "set signing.key and signing.trust to those in force") {
		t.Errorf("the trust root names it: %v", err)
	}
	data, err := w.trust.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if err := w.vault.Put(t.Context(), evidence.FileTrust(1), data); err != nil {
		t.Fatal(err)
	}
	w.trust = first
	if _, err := wrong.try(t.Context()); err == nil || !strings.Contains(err.Error(), "set signing.key and signing.trust to those in force") {
		t.Errorf("a newer trust root is in the vault: %v", err)
	}
}

func TestAnOldKeyThatIsThereSealsItsDeadRunWithoutARotation(t *testing.T) {
	w := newWorld(t)
	w.dies(evidence.FileBundle)
	old := w.signer
	w.signer = newKey(t)
	if _, err := w.try(t.Context()); err == nil || !strings.Contains(err.Error(), "seal it with that key first") ||
		!strings.Contains(err.Error(), "--old-key-lost") {
		t.Errorf("another key: %v", err)
	}
	w.signer = old
	w.run()
	if n := replacements(w.verify()); n != 0 {
		t.Errorf("%d reports say that a key was lost", n)
	}
}
