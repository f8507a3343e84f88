package sweep

import (
	"context"
	"crypto"
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
	// OldLost says that the old key can't sign any more: nor can one that it handed
	// over to and that no trust root names yet.
	OldLost bool
	// Known are public keys beside those of the trust root and the new one that
	// reports may be signed by: of keys that were lost before a trust root named them.
	Known []crypto.PublicKey

	trust evidence.TrustRoot // as it was given
}

// Rotate seals a key-rotation report under the lease: every report after it is
// by the new key. Dead runs are sealed first, by the old key; if that is lost, the
// first of them is sealed by the new one, declares the change, and is the report
// that is returned. If the new key is in force already, the report that handed
// over to it is returned: a rotation that was cut short can be run again.
// The trust root is the caller's to write, with the report's run.finishedAt as
// the instant at which one key ends and the other begins.
func (s *Sweeper) Rotate(ctx context.Context, req RotateRequest) (sealed *Sealed, err error) {
	req.trust = s.Trust
	if s, err = s.knowing(append([]crypto.PublicKey{s.Signer.Public()}, req.Known...)); err != nil {
		return nil, err
	}
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
	var lost *RotateRequest
	if req.OldLost {
		lost = &req
	}
	if _, err := s.recoverWith(hard, lost); err != nil {
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
func (s *Sweeper) rotate(ctx context.Context, req RotateRequest, last reportEnd, takenOver bool) (*Sealed, error) {
	at := later(s.Now().UTC(), last.finished)
	spec := Spec{Organization: req.Spec.Organization, Actor: req.Spec.Actor, Config: req.Spec.Config, Timestamp: req.Spec.Timestamp,
		Lock: req.Spec.Lock, LockDays: req.Spec.LockDays, ManifestDays: req.Spec.ManifestDays}
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("make the report's id: %w", err)
	}
	run := &Run{ID: id.String(), Type: evidence.TypeKeyRotation, Trigger: "manual", Spec: spec, TakenOver: takenOver,
		StartedAt: at, OldKeyLost: req.OldLost,
		Rotation: &evidence.Rotation{OldSPKISHA256: last.key, NewSPKISHA256: req.New}}
	if err := s.freeze(ctx, run); err != nil {
		return nil, err
	}
	sealed, err := s.Seal(ctx, run)
	if err != nil {
		return nil, fmt.Errorf("key rotation, report %d: %w", run.Number, err)
	}
	s.Log.Info().Int64("run", run.Number).Str("old", last.key).Str("new", req.New).Str("statement", sealed.StatementSHA256).
		Msg("the signing key was replaced")
	if _, err := s.tidy(ctx); err != nil {
		s.Log.Warn().Err(err).Msg("working files were not removed")
	}
	return sealed, nil
}

// reportEnd is what a report leaves to the one after it.
type reportEnd struct {
	finished time.Time
	key      string // SPKI SHA-256 of the key in force from then on
	rotation *evidence.Rotation
}

// rotated returns the report that handed over to the new key, if that is in force
// already, and else what the rotation begins with.
func (s *Sweeper) rotated(ctx context.Context, req RotateRequest) (*Sealed, reportEnd, error) {
	n, err := s.numbers(ctx)
	if err != nil || len(n.sealed) == 0 {
		return nil, reportEnd{key: req.Old}, err
	}
	number := n.sealed[len(n.sealed)-1]
	last, err := s.endOf(ctx, number)
	if err != nil {
		return nil, last, err
	}
	if last.key == req.New {
		sealed, err := s.handover(ctx, number, req.New)
		return sealed, last, err
	}
	return nil, last, s.replaceable(ctx, number, last, req)
}

func (s *Sweeper) endOf(ctx context.Context, number int64) (end reportEnd, err error) {
	r, err := s.readReport(ctx, number)
	if err != nil {
		return end, err
	}
	end.key, end.rotation = evidence.NextSigner(r.predicate), r.predicate.Rotation
	if end.finished, err = evidence.ParseTime(r.predicate.Run.FinishedAt); err != nil {
		return end, fmt.Errorf("report %d: %w", number, err)
	}
	return end, nil
}

// handover finds the report that put a key in force, at or before a number. Dead
// runs may have been sealed after it.
func (s *Sweeper) handover(ctx context.Context, number int64, key string) (*Sealed, error) {
	for n := number; n >= 0; n-- {
		r, err := s.readReport(ctx, n)
		if err != nil {
			return nil, err
		}
		if x := r.predicate.Rotation; x != nil && x.NewSPKISHA256 == key {
			return &Sealed{Number: n, ReportPath: evidence.ReportDir(n), StatementSHA256: evidence.SHA256Hex(r.payload),
				Predicate: r.predicate}, s.putTokens(ctx, n, r.bundle)
		}
	}
	return nil, fmt.Errorf("key %s is in force since report 0: it is not a new one; set signing.key and signing.trust to those in force", key)
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
	case run.OldKeyLost && run.Rotation.OldSPKISHA256 == want:
		return nil
	case before.Rotation != nil:
		return fmt.Errorf("report %d hands over to the signing key with the SPKI SHA-256 %s, and this one is %s: set signing.key and signing.trust to the new files",
			number, want, own)
	default:
		return fmt.Errorf("report %d was signed by the key with the SPKI SHA-256 %s, and this one is %s: use that key, or replace it with \"sweeper keys rotate\" (--old-key-lost if it is lost)",
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
