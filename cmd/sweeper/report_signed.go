package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// source is a vault that is verified before it is shown.
type source struct {
	files fs.FS
	trust evidence.TrustRoot
}

// sourceAt opens the config's vault, or a copy of one, which needs no config.
// Without a trust root file the config's is taken.
func (a *app) sourceAt(ctx context.Context, copied, trustFile string) (s source, err error) {
	if copied != "" {
		if trustFile == "" {
			return s, usage(errors.New("--vault needs --trust: it is for who has no config"))
		}
		if _, err := os.Stat(copied); err != nil {
			return s, usage(fmt.Errorf("--vault: %w", err))
		}
		s.files = os.DirFS(copied)
	} else {
		c, areas, err := a.openVault(ctx)
		if err != nil {
			return s, err
		}
		if trustFile == "" {
			trustFile = c.Signing.Trust
		}
		if c.Vault.S3 == nil {
			s.files = os.DirFS(c.Vault.Dir)
		} else if s.files, err = openAreaFS(ctx, areas.vault, "reports/", "trust/"); err != nil {
			return s, err
		}
	}
	if s.trust, err = readTrust(trustFile); err != nil {
		return s, usage(err)
	}
	return s, nil
}

// signed reads the report in a folder as it was signed, and as verification
// found it. Of one whose signature does not hold nothing is shown.
func (s source) signed(dir string, check evidence.ReportCheck) (r stored, err error) {
	bundle, err := fs.ReadFile(s.files, dir+"/"+evidence.FileBundle)
	if err != nil {
		return r, err
	}
	st, err := evidence.OpenSigned(bundle, s.trust)
	if err != nil {
		return r, err
	}
	payload, _, _, err := evidence.OpenBundle(bundle)
	if err != nil {
		return r, err
	}
	if r.statementSHA256 = evidence.SHA256Hex(payload); r.statementSHA256 != check.StatementSHA256 {
		return r, errors.New("it was changed while it was verified")
	}
	if at := evidence.ReportDir(st.Predicate.Chain.Sequence); at != dir {
		return r, fmt.Errorf("it stands in %s, and is that of %s", dir, at)
	}
	r.predicate, r.subjects = st.Predicate, st.Subject
	data, err := fs.ReadFile(s.files, dir+"/"+evidence.FileTeams)
	if err == nil && r.signed(evidence.FileTeams, data) {
		r.teams, err = evidence.ParseTeams(data)
	}
	if err != nil && len(check.Problems) == 0 {
		return r, err
	}
	return r, nil // a teams.csv that is not the signed one is among the problems
}

// signed reports whether a file is the one that the report signed.
func (r stored) signed(name string, data []byte) bool {
	return slices.ContainsFunc(r.subjects, func(s evidence.Subject) bool {
		return s.Name == name && s.Digest.SHA256 == evidence.SHA256Hex(data)
	})
}
