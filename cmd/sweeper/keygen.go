package main

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func (a *app) keygen() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "keygen [--dir DIR]",
		Short: "Make the signing key, its trust root and the identifier secret",
		Long: `keygen writes four files and never overwrites one:

  signing.pem          the private key (ECDSA P-256). Keep it with the job alone
  signing.pub          the public key, for openssl and cosign
  trust-root.json      whose signatures count for this vault. Give it to the
                       auditor by another way than the vault
  identifiers.secret   what keys are hashed with in the evidence. Keep it secret`,
		Args: cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			if err := generateKeys(dir, time.Now()); err != nil {
				return err
			}
			_, err := fmt.Fprintf(a.stdout, "Wrote signing.pem, signing.pub, trust-root.json and identifiers.secret to %s.\n"+
				"Give trust-root.json to your auditor by another way than the vault.\n", dir)
			return err
		},
	}
	cmd.Flags().StringVar(&dir, "dir", "keys", "folder to write to")
	return cmd
}

// generateKeys makes four files in dir, and none if one of them is there.
func generateKeys(dir string, now time.Time) error {
	private, public, err := evidence.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	pub, err := evidence.ParsePublicKey(public)
	if err != nil {
		return err
	}
	trust, err := evidence.NewTrustRoot(uuid.NewString(), pub, now.UTC().Truncate(time.Second))
	if err != nil {
		return err
	}
	trustBytes, err := trust.Marshal()
	if err != nil {
		return err
	}
	secret, err := evidence.NewSecret(rand.Reader)
	if err != nil {
		return err
	}
	text, err := evidence.FormatSecret(secret, "1")
	if err != nil {
		return err
	}
	files := []struct {
		name string
		data []byte
		mode fs.FileMode
	}{
		{"signing.pem", private, 0o600}, {"signing.pub", public, 0o644},
		{"trust-root.json", trustBytes, 0o644}, {"identifiers.secret", text, 0o600},
	}
	for _, f := range files {
		if _, err := os.Lstat(filepath.Join(dir, f.name)); !errors.Is(err, fs.ErrNotExist) {
			return usage(fmt.Errorf("keygen: %s is there already and is never overwritten: name another folder with --dir", filepath.Join(dir, f.name)))
		}
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return fmt.Errorf("keygen: %w", err)
	}
	for _, f := range files {
		if err := writeNew(filepath.Join(dir, f.name), f.data, f.mode); err != nil {
			return fmt.Errorf("keygen: %w", err)
		}
	}
	return nil
}

// writeNew creates a file, durably, and fails if it is there.
func writeNew(path string, data []byte, mode fs.FileMode) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(path)) // half a key is in the way of the next try
	}
	return syncDir(filepath.Dir(path))
}

// syncDir makes the names in a folder durable.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	return errors.Join(d.Sync(), d.Close())
}
