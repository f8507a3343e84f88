package sweep

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// payloadFile is written last among the files of work/N/seal/. From then on
// every sealer publishes exactly those bytes.
const payloadFile = "payload.json"

// Seal folds the run's files into a report, signs it, and stores it. It can be
// run again at any point, and by several at once: the first bundle wins.
func (s *Sweeper) Seal(ctx context.Context, run *Run) (*Sealed, error) {
	s.progress().Step("seal")
	payload, err := s.Work.Get(ctx, workName(run.Number, sealFile(payloadFile)))
	if errors.Is(err, vault.ErrNotFound) {
		payload, err = s.prepare(ctx, run)
	}
	if err == nil && run.OldKeyLost {
		payload, err = s.readdress(run, payload)
	}
	if err != nil {
		return nil, err
	}
	return s.publish(ctx, run, payload)
}

// prepare writes what will be published to the work area.
func (s *Sweeper) prepare(ctx context.Context, run *Run) ([]byte, error) {
	f, err := s.fold(ctx, run)
	if err != nil {
		return nil, err
	}
	f.finished, f.unstamped = later(s.Now().UTC(), run.endsAfter), s.unstamped(ctx, run)
	rows := f.teamRows(s.Identifiers)
	teams, err := evidence.EncodeTeams(rows)
	if err != nil {
		return nil, err
	}
	p, err := s.report(f, rows)
	if err == nil && run.OldKeyLost {
		err = declare(&p, *run.Rotation)
	}
	if err != nil {
		return nil, err
	}
	files := map[string][]byte{evidence.FileParts: evidence.EncodeParts(f.parts), evidence.FileTeams: teams, evidence.FileConfig: run.Spec.Config}
	for name, data := range files {
		stored, err := once(ctx, s.Work, workName(run.Number, sealFile(name)), data)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(stored, data) {
			return nil, fmt.Errorf("work area: %s was prepared by someone else with other bytes", sealFile(name))
		}
	}
	if page, err := s.page(f, p, rows); err != nil {
		return nil, err
	} else if page != nil {
		files[evidence.FileHTML] = page
		if _, err := once(ctx, s.Work, workName(run.Number, pageFile(evidence.SHA256Hex(page))), page); err != nil {
			return nil, err
		}
	}
	payload, err := evidence.NewStatement(p, files).Marshal()
	if err != nil {
		return nil, err
	}
	return once(ctx, s.Work, workName(run.Number, sealFile(payloadFile)), payload)
}

// rehearse makes and signs the report of a run that sees nothing, and keeps it
// to itself. A schedule, a roster, a chain, a key or a page that no report can be
// made with is so found out before anything is deleted.
func (s *Sweeper) rehearse(ctx context.Context, run *Run) error {
	f := &facts{run: run, stores: make([]storeFacts, len(run.Spec.Stores)), finished: run.StartedAt}
	for i := range f.stores {
		f.stores[i].before.Problem = CodeInterrupted
	}
	if err := s.foldChain(ctx, f); err != nil {
		return err
	}
	rows := f.teamRows(s.Identifiers)
	if _, err := evidence.EncodeTeams(rows); err != nil {
		return err
	}
	p, err := s.report(f, rows)
	if err != nil {
		return err
	}
	if _, err := s.page(f, p, rows); err != nil {
		return err
	}
	payload, err := evidence.NewStatement(p, nil).Marshal()
	if err != nil {
		return err
	}
	bundle, err := evidence.SealBundle(payload, s.Signer)
	if err != nil {
		return err
	}
	return s.rehearseStamp(ctx, run, bundle)
}

// publish puts the prepared files into the vault, the bundle last: it makes the
// report exist.
func (s *Sweeper) publish(ctx context.Context, run *Run, payload []byte) (*Sealed, error) {
	st, err := evidence.ParseStatement(payload)
	if err != nil {
		return nil, fmt.Errorf("work area: %s: %w", sealFile(payloadFile), err)
	}
	var teams []evidence.TeamRow
	for _, subject := range st.Subject {
		prepared := sealFile(subject.Name)
		if subject.Name == evidence.FileHTML {
			prepared = pageFile(subject.Digest.SHA256)
		}
		data, err := s.Work.Get(ctx, workName(run.Number, prepared))
		if err != nil {
			return nil, err
		}
		if evidence.SHA256Hex(data) != subject.Digest.SHA256 {
			return nil, fmt.Errorf("work area: %s is not the file that the payload names", prepared)
		}
		stored, err := once(ctx, s.Vault, reportFile(run.Number, subject.Name), data)
		if err != nil {
			return nil, err
		}
		if !bytes.Equal(stored, data) {
			return nil, fmt.Errorf("vault: report %d already has another %s: the vault was written by someone else", run.Number, subject.Name)
		}
		if subject.Name == evidence.FileTeams {
			if teams, err = evidence.ParseTeams(data); err != nil {
				return nil, err
			}
		}
	}
	signer, err := evidence.SignerFor(s.Signer.Public())
	if err != nil {
		return nil, err
	}
	if named := st.Predicate.Signer; named != signer {
		return nil, fmt.Errorf("report %d was prepared for the signing key with the SPKI SHA-256 %s, and this one is %s: seal it with that key first; "+
			"if that key is lost, \"sweeper keys rotate --old-key-lost\" seals it with a new one",
			run.Number, named.SPKISHA256, signer.SPKISHA256)
	}
	bundle, err := evidence.SealBundle(payload, s.Signer)
	if err != nil {
		return nil, err
	}
	if bundle, err = s.stamped(ctx, st.Predicate.Evidence.TimestampPolicy, bundle); err != nil {
		return nil, err
	}
	stored, err := once(ctx, s.Vault, reportFile(run.Number, evidence.FileBundle), bundle)
	if err != nil {
		return nil, err
	}
	published, _, _, err := evidence.OpenBundle(stored)
	if err != nil {
		return nil, fmt.Errorf("vault: report %d: %w", run.Number, err)
	}
	if !bytes.Equal(published, payload) {
		return nil, fmt.Errorf("vault: report %d already says something else: the vault was written by someone else", run.Number)
	}
	if err := s.putTokens(ctx, run.Number, stored); err != nil { // the report stands, and the bundle has it
		s.Log.Warn().Err(err).Msg("the time stamp was not put beside the report")
	}
	return &Sealed{Number: run.Number, ReportPath: evidence.ReportDir(run.Number),
		StatementSHA256: evidence.SHA256Hex(payload), Predicate: st.Predicate, Teams: teams}, nil
}
