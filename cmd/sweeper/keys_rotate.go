package main

import (
	"bytes"
	"context"
	"crypto"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/signing"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

func (a *app) keysRotate() *cobra.Command {
	var newKey string
	var oldLost bool
	cmd := &cobra.Command{
		Use:   "rotate [--new-key FILE|awskms:///ARN] [--old-key-lost]",
		Short: "Replace the signing key: hand over in a signed report, and write the next trust root",
		Long: `rotate makes a new signing key beside the old one (encrypted, if the old one is),
seals a key-rotation report that the old key signs and that names both keys, and
writes the next trust root, in which one key ends and the other begins. It does
not touch the config: it says what to set. Until that is set, no run is made.

It may be run again if it was cut short.

With --old-key-lost the new key signs the report, and every verification will
say so: the trust root that reaches the auditor is then all that vouches for it.
A run that died before its key was lost is sealed by the new key too, under its
own number; its report then is the one that names both keys.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			log, err := a.log()
			if err != nil {
				return err
			}
			c, err := a.load()
			if err != nil {
				return err
			}
			r, err := prepareRotation(cmd.Context(), c, newKey, oldLost, time.Now())
			if err != nil {
				return err
			}
			areas, err := openStorage(cmd.Context(), c, r.keys)
			if err != nil {
				return err
			}
			req, err := r.request(c)
			if err != nil {
				return err
			}
			sealed, err := sweeper(c, r.keys, areas, log, nil).Rotate(cmd.Context(), req)
			if err != nil {
				return err
			}
			trustFile, err := r.finish(cmd.Context(), c, areas.vault, sealed)
			if err != nil {
				return fmt.Errorf("report %d is sealed, and the rotation is not finished; run it again: %w", sealed.Number, err)
			}
			_, err = fmt.Fprintf(a.stdout, `Report %d %s key %s to key %s.

Now set in %s:

  signing:
    key: %s
    trust: %s

Give %s to your auditor by another way than the vault.
Then destroy the old key.
`, sealed.Number, handing(sealed.Predicate), sealed.Predicate.Rotation.OldSPKISHA256, r.new, c.Path, r.name, trustFile, filepath.Base(trustFile))
			return err
		},
	}
	cmd.Flags().StringVar(&newKey, "new-key", "", "the new `KEY`: a file, made if it isn't there, or a key of AWS KMS")
	cmd.Flags().BoolVar(&oldLost, "old-key-lost", false, "the old key can't sign any more: the new one signs")
	return cmd
}

// rotation is a change of keys under way.
type rotation struct {
	keys      keys // what the report is sealed with
	next      evidence.Signer
	name      string // of the new key, as signing.key takes it
	old, new  string // SPKI SHA-256
	oldIsLost bool
	known     []crypto.PublicKey // public halves that lie beside the keys
}

// handing says in a few words what a report does to the keys.
func handing(p evidence.Predicate) string {
	if p.ReportType == evidence.TypeKeyRotation {
		return "hands over from"
	}
	return "is that of a run that died before its key was lost, and moves from"
}

func prepareRotation(ctx context.Context, c *config.Config, newKey string, oldLost bool, now time.Time) (r rotation, err error) {
	r.oldIsLost = oldLost
	if oldLost {
		if r.keys.trust, r.keys.trustBytes, err = readTrustRoot(c); err == nil {
			r.keys.identifiers, err = readIdentifiers(c)
		}
		if err == nil {
			err = stampable(c, r.keys.trust)
		}
		if err != nil {
			return r, usage(err)
		}
		if r.old, err = inForce(r.keys.trust); err != nil {
			return r, usage(fmt.Errorf("signing.trust: %s: %w", c.Signing.Trust, err))
		}
	} else {
		if r.keys, err = readKeys(ctx, c, now); err != nil {
			return r, err
		}
		if r.old, err = evidence.SPKISHA256(r.keys.signer.Public()); err != nil {
			return r, err
		}
	}
	if r.name = newKey; newKey == "" {
		if c.Signing.KMS() {
			return r, usage(errors.New("keys rotate: make the new key in AWS KMS (ECC_NIST_P256, SIGN_VERIFY), and name it with --new-key awskms:///ARN"))
		}
		r.name = newKeyFile(filepath.Dir(c.Signing.Key), r.keys.trust.Version+1)
	}
	if err := r.unnamed(c); err != nil {
		return r, usage(err)
	}
	if r.known, err = publicKeys(filepath.Dir(c.Signing.Trust), filepath.Dir(r.name)); err != nil {
		return r, err
	}
	if r.next, err = openOrMake(ctx, r.name, c.Signing.PassphraseFile); err != nil {
		return r, err
	}
	if r.new, err = evidence.SPKISHA256(r.next.Public()); err != nil {
		return r, err
	}
	if r.new == r.old {
		return r, usage(errors.New("keys rotate: the new key is the old one"))
	}
	if oldLost {
		r.keys.signer = r.next
	}
	return r, nil
}

// unnamed refuses to begin a rotation whose trust root could not be written,
// because another one has its name: an unfinished rotation has its key, too.
func (r rotation) unnamed(c *config.Config) error {
	file := nextTrustFile(c, r.keys.trust)
	if !exists(file) || strings.HasPrefix(r.name, signing.KMSScheme) || exists(r.name) {
		return nil
	}
	return fmt.Errorf("keys rotate: %s is newer than signing.trust (%s): set signing.trust to it first", file, c.Signing.Trust)
}

// inForce is the one key that a trust root does not say to have ended.
func inForce(t evidence.TrustRoot) (spki string, err error) {
	for _, k := range t.Keys {
		if k.NotAfter != nil {
			continue
		}
		if spki != "" {
			return "", errors.New("it names two keys in force, and only one of them can be replaced")
		}
		spki = k.SPKISHA256
	}
	if spki == "" {
		return "", errors.New("it names no key in force")
	}
	return spki, nil
}

// request is what the report will say.
func (r rotation) request(c *config.Config) (sweep.RotateRequest, error) {
	effective, err := c.Effective()
	if err != nil {
		return sweep.RotateRequest{}, err
	}
	actor, err := actor()
	if err != nil {
		return sweep.RotateRequest{}, err
	}
	s := sweep.Spec{Organization: evidence.Organization{Name: c.Organization.Name, Contact: c.Organization.Contact}, Actor: actor,
		Lock: "none", Config: effective, Timestamp: c.Signing.Timestamp.Policy}
	if c.Vault.S3 != nil && c.Vault.S3.Lock != nil {
		s.Lock, s.LockDays, s.ManifestDays = c.Vault.S3.Lock.Mode, c.Vault.S3.Lock.Days, c.Vault.S3.Lock.ManifestDays
	}
	return sweep.RotateRequest{Spec: s, Old: r.old, New: r.new, OldLost: r.oldIsLost, Known: r.known}, nil
}

// publishTrust writes a trust root beside the one that it follows, and into the
// vault with the public key that is in force.
func publishTrust(ctx context.Context, c *config.Config, before, next evidence.TrustRoot, signer evidence.Signer) (string, error) {
	data, err := next.Marshal()
	if err != nil {
		return "", err
	}
	if _, err := evidence.ParseTrustRoot(data); err != nil {
		return "", err
	}
	if err := next.Succeeds(before); err != nil {
		return "", err
	}
	file := nextTrustFile(c, before)
	if err := writeNew(file, data, 0o644); errors.Is(err, fs.ErrExist) {
		if have, err := os.ReadFile(file); err != nil || !bytes.Equal(have, data) {
			return "", errors.Join(err, fmt.Errorf("%s is there already, and says something else", file))
		}
	} else if err != nil {
		return "", err
	}
	_, err = openStorage(ctx, c, keys{signer: signer, trust: next, trustBytes: data})
	return file, err
}

// nextTrustFile is the name of the trust root that follows one.
func nextTrustFile(c *config.Config, before evidence.TrustRoot) string {
	return filepath.Join(filepath.Dir(c.Signing.Trust), filepath.Base(evidence.FileTrust(before.Version+1)))
}
