package main

import (
	"fmt"
	"os"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// proofChecked is what verify --proof --json prints.
type proofChecked struct {
	Valid   bool            `json:"valid"`
	Claim   *evidence.Claim `json:"claim,omitempty"`
	Problem string          `json:"problem,omitempty"`
}

// verifyProof checks a proof and says what it proves.
func (a *app) verifyProof(path, trustFile string, asJSON bool) error {
	trust, err := readTrust(trustFile)
	if err != nil {
		return usage(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return usage(fmt.Errorf("--proof: %w", err))
	}
	claim, err := checkProof(data, trust)
	checked := proofChecked{Valid: err == nil}
	if err == nil {
		checked.Claim = &claim
	} else {
		checked.Problem = err.Error()
	}
	switch {
	case asJSON:
		err = printJSON(a.stdout, checked)
	case checked.Valid:
		_, err = fmt.Fprintf(a.stdout, "%s\nThe proof holds: report %d, signed by a key of the trust root (statement SHA-256 %s), has this line.\n"+
			"That no report was removed or rewritten is for \"sweeper verify VAULT\" to find.\n", claim.Sentence(), claim.Report, claim.StatementSHA256)
	default:
		_, err = fmt.Fprintf(a.stdout, "THE PROOF DOES NOT HOLD: %s\n", checked.Problem)
	}
	if err == nil && !checked.Valid {
		err = exitWith(exitEvidence)
	}
	return err
}

func checkProof(data []byte, trust evidence.TrustRoot) (evidence.Claim, error) {
	p, err := evidence.ParseProof(data)
	if err != nil {
		return evidence.Claim{}, err
	}
	return evidence.VerifyProof(p, trust)
}
