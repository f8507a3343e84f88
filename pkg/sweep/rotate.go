package sweep

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// RotateRequest asks for a change of the signing key.
type RotateRequest struct {
	// Spec is looked at for organization, actor, config, lock and time stamps: no
	// store, roster or hold has a part in a rotation.
	Spec Spec
	// Old and New are the SPKI SHA-256 of the two keys. The Sweeper's Signer is
	// the old one, or the new one if OldLost.
	Old, New string
	// OldLost says that the old key can't sign any more.
	OldLost bool
}

// Rotate seals a key-rotation report under the lease: every report after it is
// by the new key. If the newest report hands over from the old key to the new
// one already, it is returned: a rotation that was cut short can be run again.
// The trust root is the caller's to write, with the report's run.finishedAt as
// the instant at which one key ends and the other begins.
func (s *Sweeper) Rotate(ctx context.Context, req RotateRequest) (sealed *Sealed, err error) {
	lease, err := s.Lease(ctx)
	if err != nil {
		return nil, err
	}
	hard := lease.Context()
	defer func() {
		leaveNote(lease, sealed)
		if e := release(ctx, lease); e != nil {
			s.Log.Warn().Err(e).Msg("the lease was not released")
		}
	}()
	if err := s.checkNote(hard, lease.Note()); err != nil {
		return nil, err
	}
	if sealed, _, err = s.rotated(hard, req); sealed != nil || err != nil {
		return sealed, err
	}
	if _, err := s.recover(hard); err != nil {
		return nil, err
	}
	sealed, last, err := s.rotated(hard, req) // a rotation may have died too
	if sealed != nil || err != nil {
		return sealed, err
	}
	return s.rotate(hard, req, last, takeover(lease))
}

// rotate seals the rotation. One key ends at its instant, so no report of that
// key may end later, whatever a clock says.
func (s *Sweeper) rotate(ctx context.Context, req RotateRequest, last time.Time, takenOver bool) (*Sealed, error) {
	at := s.Now().UTC()
	if at.Before(last) {
		at = last
	}
	spec := Spec{Organization: req.Spec.Organization, Actor: req.Spec.Actor, Config: req.Spec.Config, Timestamp: req.Spec.Timestamp,
		Lock: req.Spec.Lock, LockDays: req.Spec.LockDays, ManifestDays: req.Spec.ManifestDays}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make the report's id: %w", err)
	}
	run := &Run{ID: id.String(), Type: evidence.TypeKeyRotation, Trigger: "manual", Spec: spec, TakenOver: takenOver,
		StartedAt: at, OldKeyLost: req.OldLost,
		Rotation: &evidence.Rotation{OldSPKISHA256: req.Old, NewSPKISHA256: req.New}}
	if err := s.freeze(ctx, run); err != nil {
		return nil, err
	}
	sealed, err := s.Seal(ctx, run)
	if err != nil {
		return nil, fmt.Errorf("key rotation, report %d: %w", run.Number, err)
	}
	s.Log.Info().Int64("run", run.Number).Str("old", req.Old).Str("new", req.New).Str("statement", sealed.StatementSHA256).
		Msg("the signing key was replaced")
	if _, err := s.tidy(ctx); err != nil {
		s.Log.Warn().Err(err).Msg("working files were not removed")
	}
	return sealed, nil
}

// rotated returns the newest report if it is this very rotation, and else when
// it was finished.
func (s *Sweeper) rotated(ctx context.Context, req RotateRequest) (_ *Sealed, finished time.Time, err error) {
	n, err := s.numbers(ctx)
	if err != nil || len(n.sealed) == 0 {
		return nil, finished, err
	}
	number := n.sealed[len(n.sealed)-1]
	last, err := s.readReport(ctx, number)
	if err != nil {
		return nil, finished, err
	}
	if finished, err = evidence.ParseTime(last.predicate.Run.FinishedAt); err != nil {
		return nil, finished, fmt.Errorf("report %d: %w", number, err)
	}
	want := evidence.NextSigner(last.predicate)
	if x := last.predicate.Rotation; x != nil && x.OldSPKISHA256 == req.Old {
		if x.NewSPKISHA256 != req.New {
			return nil, finished, fmt.Errorf("report %d hands over to key %s already, and the new key is %s: put that key's file back, or rotate with --new-key",
				number, x.NewSPKISHA256, req.New)
		}
		return &Sealed{Number: number, ReportPath: evidence.ReportDir(number), StatementSHA256: evidence.SHA256Hex(last.payload),
			Predicate: last.predicate}, finished, s.putTokens(ctx, number, last.bundle)
	}
	if want != req.Old {
		return nil, finished, fmt.Errorf("the key in force since report %d is %s, and the key to be replaced is %s: set signing.key and signing.trust to those in force",
			number, want, req.Old)
	}
	return nil, finished, nil
}

// rotationReport is what a key rotation says. No store was looked at.
func (s *Sweeper) rotationReport(f *facts) (evidence.Predicate, error) {
	run, spec := f.run, f.run.Spec
	signer, err := evidence.SignerFor(s.Signer.Public())
	if err != nil {
		return evidence.Predicate{}, err
	}
	chain, err := f.chain(s.Trust.VaultID)
	if err != nil {
		return evidence.Predicate{}, err
	}
	root, err := evidence.RootHash(nil)
	if err != nil {
		return evidence.Predicate{}, err
	}
	at := evidence.FormatTime(run.StartedAt)
	p := evidence.Predicate{
		SchemaVersion: evidence.SchemaVersion, ReportID: run.ID, ReportType: run.Type, Result: verdict(run.Type, nil),
		Signer: signer, Chain: chain, Organization: spec.Organization,
		Run:      evidence.Run{Trigger: run.Trigger, StartedAt: at, FinishedAt: at},
		Actor:    spec.Actor,
		Policy:   evidence.Policy{ConfigSHA256: evidence.SHA256Hex(spec.Config)},
		Manifest: evidence.Manifest{Format: evidence.ManifestFormat, TreeAlg: evidence.TreeAlg, RootHash: root},
		Evidence: f.intentions(), Limits: limitations(), Rotation: run.Rotation,
	}
	say := func(code string, holds bool) {
		if holds {
			p.Reasons = append(p.Reasons, evidence.Reason{Code: code, Count: 1})
		}
	}
	say(evidence.CodeOldKeyUnavailable, run.OldKeyLost)
	say(CodeLeaseTakenOver, run.TakenOver)
	say(CodeTimestampMissing, f.unstamped)
	return p, contradictions(p)
}

// inForce makes sure that the report before lets this key sign.
func (s *Sweeper) inForce(number int64, before evidence.Predicate, run *Run) error {
	own, err := evidence.SPKISHA256(s.Signer.Public())
	if err != nil {
		return err
	}
	want := evidence.NextSigner(before)
	switch {
	case own == want:
		return nil
	case run.Rotation != nil && run.OldKeyLost && run.Rotation.OldSPKISHA256 == want:
		return nil
	case before.Rotation != nil:
		return fmt.Errorf("report %d hands over to the signing key with the SPKI SHA-256 %s, and this one is %s: set signing.key and signing.trust to the new files",
			number, want, own)
	default:
		return fmt.Errorf("report %d was signed by the key with the SPKI SHA-256 %s, and this one is %s: use that key, or replace it with \"sweeper keys rotate\"",
			number, want, own)
	}
}

// Idle calls f under the lease, with no dead run left unsealed: for a change
// that would tear a run's own evidence in two.
func (s *Sweeper) Idle(ctx context.Context, f func(ctx context.Context) error) error {
	lease, err := s.Lease(ctx)
	if err != nil {
		return err
	}
	defer func() {
		leaveNote(lease, nil)
		if e := release(ctx, lease); e != nil {
			s.Log.Warn().Err(e).Msg("the lease was not released")
		}
	}()
	if err := s.checkNote(lease.Context(), lease.Note()); err != nil {
		return err
	}
	if _, err := s.recover(lease.Context()); err != nil {
		return err
	}
	return f(lease.Context())
}
