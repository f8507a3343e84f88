package main

import (
	"context"
	"crypto"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/signing"
)

// newKeyFile is the name of a new key beside the old one. A name whose public half
// is there alone was a key that is lost, and is not given to another.
func newKeyFile(dir string, version int64) string {
	name := filepath.Join(dir, fmt.Sprintf("signing-%04d.pem", version))
	for n := 2; !exists(name) && exists(publicName(name)); n++ {
		name = filepath.Join(dir, fmt.Sprintf("signing-%04d-%d.pem", version, n))
	}
	return name
}

func publicName(key string) string { return strings.TrimSuffix(key, ".pem") + ".pub" }

func exists(path string) bool {
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}

// openOrMake opens the new key, and makes it where it is a file that isn't there.
func openOrMake(ctx context.Context, name, passphraseFile string) (evidence.Signer, error) {
	if strings.HasPrefix(name, signing.KMSScheme) {
		return signing.OpenKMS(ctx, name)
	}
	if !exists(name) {
		if err := makeKey(name, passphraseFile); err != nil {
			return nil, fmt.Errorf("keys rotate: %w", err)
		}
	}
	s, err := readSigner(name, passphraseFile)
	if err != nil {
		return nil, usage(fmt.Errorf("keys rotate: the new key: %w", err))
	}
	return s, nil
}

// makeKey writes a new key and, first, its public half beside it: that is needed if
// the key is lost after it signed.
func makeKey(name, passphraseFile string) error {
	private, public, err := evidence.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	if passphraseFile != "" {
		passphrase, err := readSecret(passphraseFile, "signing.passphrase_file")
		if err != nil {
			return err
		}
		if private, err = signing.Encrypt(private, passphrase); err != nil {
			return err
		}
	}
	if err := writeNew(publicName(name), public, 0o644); err != nil {
		return err
	}
	return writeNew(name, private, 0o600)
}

// publicKeys reads the public halves of keys in these folders. They lie where the
// private ones do, so what stands there is as good as the operator's word.
func publicKeys(dirs ...string) (all []crypto.PublicKey, err error) {
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.pub"))
		if err != nil {
			return nil, fmt.Errorf("keys rotate: %w", err)
		}
		for _, file := range files {
			data, err := os.ReadFile(file)
			if err != nil {
				return nil, fmt.Errorf("keys rotate: %w", err)
			}
			if pub, err := evidence.ParsePublicKey(data); err == nil {
				all = append(all, pub)
			}
		}
	}
	return all, nil
}
