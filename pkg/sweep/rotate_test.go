package sweep_test

import (
	"context"
	"crypto/rand"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// rotation is a change of the world's key to a new one, under way.
type rotation struct {
	w    *world
	next evidence.Signer
	req  sweep.RotateRequest
}

func (w *world) rotation() *rotation {
	w.t.Helper()
	r := &rotation{w: w, next: newKey(w.t), req: sweep.RotateRequest{Spec: w.spec}}
	r.req.Spec.Config = w.config()
	r.req.Old, r.req.New = spki(w.t, w.signer), spki(w.t, r.next)
	return r
}

func newKey(t testing.TB) evidence.Signer {
	t.Helper()
	private, _, err := evidence.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := evidence.LoadSigner(private)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func spki(t testing.TB, s evidence.Signer) string {
	t.Helper()
	sum, err := evidence.SPKISHA256(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	return sum
}

func (r *rotation) try(ctx context.Context) (*sweep.Sealed, error) {
	return r.w.sweeper().Rotate(ctx, r.req)
}

// done makes the rotation, and the world's key the new one.
func (r *rotation) done() *sweep.Sealed {
	r.w.t.Helper()
	s, err := r.try(r.w.t.Context())
	if err != nil {
		r.w.t.Fatal(err)
	}
	at, err := evidence.ParseTime(s.Predicate.Run.FinishedAt)
	if err != nil {
		r.w.t.Fatal(err)
	}
	if r.w.trust, err = r.w.trust.Rotate(r.req.Old, r.next.Public(), at); err != nil {
		r.w.t.Fatal(err)
	}
	r.w.signer = r.next
	return s
}

func TestARotationMayDieAtAnyWriteAndBeMadeAgain(t *testing.T) {
	for _, after := range []bool{false, true} {
		for k := int64(1); ; k += stride() {
			w := newWorld(t)
			w.seed("acme", 40*day, "a")
			w.run()
			r := w.rotation()
			var writes atomic.Int64
			repair := w.sabotage(after, from(k, &writes))
			_, err := r.try(t.Context())
			died := writes.Load() >= k
			repair()
			w.advance(time.Hour)
			s := r.done()
			w.run()
			v := w.verify()
			if len(v.Reports) != 3 || s.Number != 1 || v.Reports[1].Type != evidence.TypeKeyRotation {
				t.Errorf("died at write %d: %d reports, the rotation is %d", k, len(v.Reports), s.Number)
			}
			if !died {
				if err != nil {
					t.Errorf("nothing failed, and yet: %v", err)
				}
				break
			}
		}
	}
}

func TestADeadRotationIsSealedByTheNextRun(t *testing.T) {
	w := newWorld(t)
	w.run()
	r := w.rotation()
	repair := w.sabotage(false, func(name string) bool { return strings.HasSuffix(name, "seal/payload.json") })
	if _, err := r.try(t.Context()); err == nil {
		t.Fatal("the rotation did not die")
	}
	repair()
	// The next run seals it by the old key, and may then not sign its own report.
	if _, err := w.try(t.Context()); err == nil || !strings.Contains(err.Error(), "report 1 hands over to the signing key") {
		t.Fatalf("got %v", err)
	}
	if s := r.done(); s.Number != 1 {
		t.Errorf("the rotation is report %d", s.Number)
	}
	w.run()
}

func TestADeadRunIsSealedByTheOldKeyBeforeItIsReplaced(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	w.dies("guard.json")
	r := w.rotation()
	if s := r.done(); s.Number != 1 {
		t.Errorf("the rotation is report %d", s.Number)
	}
	w.run()
	if v := w.verify(); v.Reports[0].Type != evidence.TypeRecovery {
		t.Errorf("report 0 is a %s", v.Reports[0].Type)
	}
}

func TestAKeyThatIsNotInForceDeletesNothing(t *testing.T) {
	w := newWorld(t)
	w.run()
	key := w.seed("acme", 40*day, "a")
	old := w.signer
	w.signer = newKey(t)
	if _, err := w.try(t.Context()); err == nil || !strings.Contains(err.Error(), `use that key, or replace it with "sweeper keys rotate"`) {
		t.Errorf("a stranger: %v", err)
	}
	w.wantKeys(key)
	r := w.rotation()
	if _, err := r.try(t.Context()); err == nil || !strings.Contains(err.Error(), "the key in force since report 0 is "+spki(t, old)) {
		t.Errorf("a rotation by a stranger: %v", err)
	}
	w.signer = old
	r = w.rotation()
	r.done()
	other := w.rotation()
	other.req.Old = r.req.Old
	if _, err := other.try(t.Context()); err == nil || !strings.Contains(err.Error(), "report 1 hands over to key "+r.req.New+" already") {
		t.Errorf("a second successor: %v", err)
	}
	w.run()
	w.wantKeys()
}

func TestALostKeysSuccessorSignsTheRotation(t *testing.T) {
	w := newWorld(t)
	w.run()
	r := w.rotation()
	r.req.OldLost, w.signer = true, r.next
	s := r.done()
	if reason(s, evidence.CodeOldKeyUnavailable) != 1 || s.Predicate.Signer.SPKISHA256 != r.req.New {
		t.Errorf("%+v", s.Predicate)
	}
	w.run()
}

func TestARotationIsNoEarlierThanTheLastReportsEnd(t *testing.T) {
	w := newWorld(t)
	last := w.run()
	w.advance(-time.Minute) // a clock that was set back
	if s := w.rotation().done(); s.Predicate.Run.FinishedAt != last.Predicate.Run.FinishedAt {
		t.Errorf("rotated at %s, the last report ended at %s", s.Predicate.Run.FinishedAt, last.Predicate.Run.FinishedAt)
	}
	w.verify()
}
