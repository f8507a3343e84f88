package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// checker checks the signatures of reports by the config's trust root. Without
// one it checks nothing, and why says so.
type checker struct {
	vault vault.Area
	trust evidence.TrustRoot
	why   error
}

func newChecker(c *config.Config, v vault.Area) checker {
	trust, _, err := readTrustRoot(c)
	if errors.Is(err, fs.ErrNotExist) { // the way out is not to make one
		err = fmt.Errorf("there is no trust root at signing.trust: %s", c.Signing.Trust)
	}
	return checker{vault: v, trust: trust, why: err}
}

// check says who signed report n. It looks at the bundle and at teams.csv alone,
// which are what is shown; verify looks at everything. The error is the vault's.
func (k checker) check(ctx context.Context, n int64, r stored) (render.Signature, error) {
	c := r.predicate.Chain
	switch {
	case r.broken != nil:
		return render.BadSignature(r.broken), nil
	case r.otherTeams:
		return render.BadSignature(fmt.Errorf("%s is not the file that was signed, and is not shown", evidence.FileTeams)), nil
	case c.Sequence != n:
		return render.BadSignature(fmt.Errorf("it is that of report %d, and stands here as report %d", c.Sequence, n)), nil
	case k.why != nil:
		return render.NotChecked(k.why), nil
	}
	_, err := evidence.OpenCounted(r.bundle, nil, k.trust)
	if errors.Is(err, evidence.ErrCompromised) {
		tokens, fault := k.tokens(ctx, n)
		if fault != nil {
			return render.Signature{}, fault
		}
		_, err = evidence.OpenCounted(r.bundle, tokens, k.trust)
	}
	if err != nil {
		return render.BadSignature(err), nil
	}
	if c.VaultID != k.trust.VaultID {
		return render.BadSignature(fmt.Errorf("it is that of vault %s, and the trust root that of vault %s", c.VaultID, k.trust.VaultID)), nil
	}
	return render.GoodSignature(r.predicate.Signer.SPKISHA256, k.trust.Version), nil
}

// tokens reads the time stamps that stand beside a report.
func (k checker) tokens(ctx context.Context, n int64) (tokens [][]byte, err error) {
	for i := 1; i <= maxTokens; i++ {
		token, err := k.vault.Get(ctx, evidence.ReportDir(n)+"/"+evidence.FileToken(i))
		if errors.Is(err, vault.ErrNotFound) {
			break
		}
		if err != nil {
			return nil, err
		}
		tokens = append(tokens, token)
	}
	return tokens, nil
}

// gate lets a machine-readable format pass only under a good signature, or one
// that nobody could check; what a program reads has no place for a remark.
func (a *app) gate(n int64, s render.Signature) error {
	switch s.State {
	case render.Fail:
		return &exitError{exitEvidence, fmt.Errorf("report %d: %s", n, s)}
	case render.OK:
	default:
		fmt.Fprintf(a.stderr, "sweeper: report %d: %s\n", n, s)
	}
	return nil
}

// exitOf is the exit status of what was shown under a signature.
func exitOf(s render.Signature) error {
	if s.State == render.Fail {
		return exitWith(exitEvidence)
	}
	return nil
}
