package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// source is a vault that is verified before it is shown.
type source struct {
	files  fs.FS
	bucket *vault.S3FS // the same files; nil for a directory
	trust  evidence.TrustRoot
}

// sourceAt opens the config's vault, or a copy of one, which needs no config.
// Without a trust root file the config's is taken.
func (a *app) sourceAt(ctx context.Context, dir, trustFile string) (s source, err error) {
	if dir != "" {
		if trustFile == "" {
			return s, usage(errors.New("--vault needs --trust: it is for who has no config"))
		}
		if _, err := os.Stat(dir); err != nil {
			return s, usage(fmt.Errorf("--vault: %w", err))
		}
		s.files = copied(dir)
	} else {
		c, err := a.loadWith(config.LoadAnywhere)
		if err != nil {
			return s, err
		}
		if trustFile == "" {
			trustFile = c.Signing.Trust
		}
		if c.Vault.S3 == nil {
			s.files = copied(c.Vault.Dir)
		} else {
			if s.bucket, err = vault.OpenS3FS(ctx, s3Config(c.Vault.S3.Place, 0)); err != nil {
				return s, fmt.Errorf("vault: %w", err)
			}
			s.files = s.bucket
		}
	}
	if s.trust, err = readTrust(trustFile); err != nil {
		return s, usage(err)
	}
	return s, nil
}

// whole verifies the vault.
func (s source) whole(now time.Time) (evidence.Verification, error) {
	o := evidence.VerifyOptions{Now: now}
	if s.bucket != nil {
		o.Keeper = s.bucket
	}
	return s.verified(evidence.Verify(s.files, s.trust, o))
}

// alone verifies the report in a folder by itself.
func (s source) alone(dir string, now time.Time) (evidence.Verification, error) {
	files, err := fs.Sub(s.files, dir)
	if err != nil {
		return evidence.Verification{}, err
	}
	return s.verified(evidence.Verify(files, s.trust, evidence.VerifyOptions{Now: now}))
}

// verified lets a verification pass that saw all there is: a fault of the network
// says nothing about the evidence.
func (s source) verified(v evidence.Verification, err error) (evidence.Verification, error) {
	if s.bucket != nil && s.bucket.Err() != nil {
		return v, fmt.Errorf("the vault could not be read to its end, so nothing is known of it: %w", s.bucket.Err())
	}
	if err != nil {
		return v, usage(err)
	}
	return v, nil
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
	if page, err := fs.ReadFile(s.files, dir+"/"+evidence.FileHTML); err == nil && r.signed(evidence.FileHTML, page) {
		r.ages = render.AgesOf(page)
	}
	data, err := fs.ReadFile(s.files, dir+"/"+evidence.FileTeams)
	if err == nil && r.signed(evidence.FileTeams, data) {
		r.teams, err = evidence.ParseTeams(data)
	}
	if err != nil && len(check.Problems) == 0 {
		return r, err
	}
	return r, nil // a teams.csv that is not the signed one is among the problems
}

// page is what the page of a report is made with.
func (s source) page(r stored, check evidence.ReportCheck, problems []string) render.HTMLOptions {
	sig := render.GoodSignature(r.predicate.Signer.SPKISHA256, s.trust.Version)
	return render.HTMLOptions{Teams: r.teams, Ages: r.ages, StatementSHA256: r.statementSHA256, Problems: problems,
		Signature: &sig, Recounted: check.Recounted}
}

// signed reports whether a file is the one that the report signed.
func (r stored) signed(name string, data []byte) bool {
	return slices.ContainsFunc(r.subjects, func(s evidence.Subject) bool {
		return s.Name == name && s.Digest.SHA256 == evidence.SHA256Hex(data)
	})
}
