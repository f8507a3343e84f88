package main

import (
	"context"
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/signing"
)

// openSigner opens the signing key that the config names. What is wrong with a
// file is a usage error; KMS may just not answer.
func openSigner(ctx context.Context, c *config.Config) (evidence.Signer, error) {
	if c.Signing.KMS() {
		s, err := signing.OpenKMS(ctx, c.Signing.Key)
		if err != nil {
			return nil, fmt.Errorf("signing.key: %w", err)
		}
		return s, nil
	}
	s, err := readSigner(c.Signing.Key, c.Signing.PassphraseFile)
	if err != nil {
		return nil, usage(err)
	}
	return s, nil
}

// readSigner reads a key file, with its passphrase file where there is one.
func readSigner(path, passphraseFile string) (evidence.Signer, error) {
	pemBytes, err := readSecret(path, "signing.key")
	if err != nil {
		return nil, err
	}
	var passphrase []byte
	if passphraseFile != "" {
		if passphrase, err = readSecret(passphraseFile, "signing.passphrase_file"); err != nil {
			return nil, err
		}
	}
	s, err := signing.Parse(pemBytes, passphrase)
	if err != nil {
		return nil, fmt.Errorf("signing.key: %s: %w", path, err)
	}
	return s, nil
}

// stamper asks the time stamp authority that the config names; nil without one.
func stamper(c *config.Config, trust evidence.TrustRoot) func(ctx context.Context, sig []byte) ([]byte, error) {
	if c.Signing.Timestamp.URL == "" {
		return nil
	}
	return signing.Authority{URL: c.Signing.Timestamp.URL, Roots: trust.TSARoots}.Stamp
}
