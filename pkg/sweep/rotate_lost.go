package sweep

import (
	"context"
	"crypto"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// knowing returns a Sweeper that also reads reports by keys that no trust root
// names yet: a rotation may have been cut short before its trust root was written.
func (s *Sweeper) knowing(keys []crypto.PublicKey) (*Sweeper, error) {
	knows := *s
	knows.Trust.Keys = slices.Clone(s.Trust.Keys)
	for _, pub := range keys {
		t, err := evidence.NewTrustRoot(s.Trust.VaultID, pub, time.Unix(0, 0))
		if err != nil {
			return nil, err
		}
		if !names(knows.Trust, t.Keys[0].SPKISHA256) {
			knows.Trust.Keys = append(knows.Trust.Keys, t.Keys...)
		}
	}
	return &knows, nil
}

func names(t evidence.TrustRoot, spki string) bool {
	return slices.ContainsFunc(t.Keys, func(k evidence.TrustKey) bool { return k.SPKISHA256 == spki })
}

// replaceable makes sure that the key in force since a report is the one that is
// to be replaced; or one that it handed over to, and that was lost before any
// trust root named it.
func (s *Sweeper) replaceable(ctx context.Context, number int64, end reportEnd, req RotateRequest) error {
	if end.key == req.Old {
		return nil
	}
	if x := end.rotation; x != nil && x.OldSPKISHA256 == req.Old && !req.OldLost {
		return fmt.Errorf("report %d hands over to key %s already, and the new key is %s: put that key's file back, or rotate with --new-key; "+
			"if it is lost too, rotate with --old-key-lost", number, end.key, req.New)
	}
	newer, err := s.trustIsOld(ctx)
	if err != nil {
		return err
	}
	if !req.OldLost || newer || names(req.trust, end.key) {
		return fmt.Errorf("the key in force since report %d is %s, and the key to be replaced is %s: set signing.key and signing.trust to those in force",
			number, end.key, req.Old)
	}
	s.Log.Warn().Int64("report", number).Str("key", end.key).Msg("a key that no trust root names is replaced as lost")
	return nil
}

// trustIsOld reports whether the vault holds a newer trust root than this one.
func (s *Sweeper) trustIsOld(ctx context.Context) (bool, error) {
	_, err := s.Vault.Get(ctx, evidence.FileTrust(s.Trust.Version+1))
	if errors.Is(err, vault.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

// inherit makes the report of a dead run, whose key is lost, declare the change to
// the new key, which signs it. Its number is taken and its parts may be in the
// vault, so no report of the rotation alone could come before it.
func (s *Sweeper) inherit(ctx context.Context, run *Run, req RotateRequest) error {
	before := reportEnd{key: req.Old}
	if run.Number > 0 {
		var err error
		if before, err = s.endOf(ctx, run.Number-1); err != nil {
			return err
		}
	}
	if before.key == req.New { // an older dead run's report declares it
		return nil
	}
	run.Rotation, run.OldKeyLost = &evidence.Rotation{OldSPKISHA256: before.key, NewSPKISHA256: req.New}, true
	run.endsAfter = before.finished
	return nil
}

// readdress gives a payload that was prepared for a lost key, which nobody can
// sign any more, to the new one. Its subjects stay: they may be in the vault.
func (s *Sweeper) readdress(run *Run, payload []byte) ([]byte, error) {
	st, err := evidence.ParseStatement(payload)
	if err != nil {
		return nil, fmt.Errorf("work area: %s: %w", sealFile(payloadFile), err)
	}
	own, err := evidence.SignerFor(s.Signer.Public())
	if err != nil {
		return nil, err
	}
	p := &st.Predicate
	if p.Signer == own || own.SPKISHA256 != run.Rotation.NewSPKISHA256 {
		return payload, nil
	}
	finished, err := evidence.ParseTime(p.Run.FinishedAt)
	if err != nil {
		return nil, fmt.Errorf("work area: %s: %w", sealFile(payloadFile), err)
	}
	p.Signer = own
	p.Run.FinishedAt = evidence.FormatTime(later(s.Now().UTC(), later(finished, run.endsAfter)))
	if err := declare(p, *run.Rotation); err != nil {
		return nil, err
	}
	return st.Marshal()
}

// declare makes a report say that the key before is lost and the new one signs.
func declare(p *evidence.Predicate, x evidence.Rotation) error {
	p.Rotation = &x
	if !slices.ContainsFunc(p.Reasons, func(r evidence.Reason) bool { return r.Code == evidence.CodeOldKeyUnavailable }) {
		p.Reasons = append(p.Reasons, evidence.Reason{Code: evidence.CodeOldKeyUnavailable, Count: 1})
	}
	return contradictions(*p)
}
