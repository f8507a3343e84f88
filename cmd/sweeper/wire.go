package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"github.com/rs/zerolog"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// keys are the files that keygen makes, read and checked against each other.
type keys struct {
	signer      evidence.Signer
	trust       evidence.TrustRoot
	trustBytes  []byte
	identifiers *evidence.Identifiers
}

// readKeys reads the signing key, the trust root and the identifier secret. Any
// error is a usage error, but for a key service that doesn't answer.
func readKeys(ctx context.Context, c *config.Config, now time.Time) (k keys, err error) {
	if k.signer, err = openSigner(ctx, c); err != nil {
		return k, err
	}
	defer func() {
		if err != nil {
			err = usage(err)
		}
	}()
	if k.trust, k.trustBytes, err = readTrustRoot(c); err != nil {
		return k, err
	}
	if err := trusted(k, now); err != nil {
		return k, fmt.Errorf("signing.trust: %s: %w", c.Signing.Trust, err)
	}
	if err := stampable(c, k.trust); err != nil {
		return k, err
	}
	k.identifiers, err = readIdentifiers(c)
	return k, err
}

// stampable makes sure that the time stamps that the config asks for can be checked.
func stampable(c *config.Config, t evidence.TrustRoot) error {
	if p := c.Signing.Timestamp.Policy; p != evidence.PolicyNone && len(t.TSARoots) == 0 {
		return fmt.Errorf("signing.timestamp.policy is %s, and %s names no time stamp authority (tsaRoots), so nobody could check a time stamp; "+
			"\"sweeper keys trust --tsa-root FILE\" adds one", p, c.Signing.Trust)
	}
	return nil
}

// readIdentifiers reads the secret that keys and teams are hashed with.
func readIdentifiers(c *config.Config) (*evidence.Identifiers, error) {
	text, err := readSecret(c.Identifiers.SecretFile, "identifiers.secret_file")
	if err != nil {
		return nil, err
	}
	secret, epoch, err := evidence.ParseSecret(text)
	if err != nil {
		return nil, fmt.Errorf("identifiers.secret_file: %s: %w; \"sweeper keygen\" makes one", c.Identifiers.SecretFile, err)
	}
	return evidence.NewIdentifiers(secret, epoch), nil
}

// trusted makes sure that what this key signs now will verify.
func trusted(k keys, now time.Time) error {
	spki, err := evidence.SPKISHA256(k.signer.Public())
	if err != nil {
		return err
	}
	i := slices.IndexFunc(k.trust.Keys, func(t evidence.TrustKey) bool { return t.SPKISHA256 == spki })
	if i < 0 {
		return fmt.Errorf("the signing key (SPKI SHA-256 %s) is not in it: nobody could verify a report; use the trust root that belongs to the key", spki)
	}
	key := k.trust.Keys[i]
	from, err := evidence.ParseTime(key.NotBefore)
	if err != nil {
		return err
	}
	if now.Before(from) || key.NotAfter != nil || key.CompromisedAt != nil {
		return fmt.Errorf("the signing key (SPKI SHA-256 %s) is retired, compromised or not yet valid: nothing may be signed with it", spki)
	}
	return nil
}

// readSecret reads a file that only its owner may read.
func readSecret(path, setting string) ([]byte, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w; \"sweeper keygen\" makes one", setting, err)
	}
	if exposed(info) {
		return nil, fmt.Errorf("%s: %s can be read by others (mode %04o): run chmod 600 %s", setting, path, info.Mode().Perm(), path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return data, nil
}

// exposed reports whether a key file can be read by others. One that root lent
// to our group is the exception: so a Kubernetes Secret comes into a container
// that isn't root.
func exposed(info fs.FileInfo) bool {
	perm := info.Mode().Perm()
	if perm&0o077 == 0 {
		return false
	}
	return perm&0o037 != 0 || os.Geteuid() == 0 || !ownedByRoot(info)
}

// storage is the opened vault and work area.
type storage struct {
	vault, work vault.Area
	where       string // of the vault, for people
}

// openStorage opens both areas and makes sure that they keep their promises,
// before anything else is touched.
func openStorage(ctx context.Context, c *config.Config, k keys) (storage, error) {
	s, err := openAreas(ctx, c)
	if err != nil {
		return s, err
	}
	if err := vault.ProbeVault(ctx, s.vault, evidence.FileTrust(k.trust.Version), k.trustBytes); err != nil {
		return s, fmt.Errorf("vault: %w", err)
	}
	if k.signer != nil {
		if err := putPublicKey(ctx, s.vault, k); err != nil {
			return s, fmt.Errorf("vault: %w", err)
		}
	}
	if work, ok := s.work.(*vault.S3); ok {
		if err := work.CheckWork(ctx); err != nil {
			return s, fmt.Errorf("vault.work: %w", err)
		}
	}
	if err := vault.Probe(ctx, s.work); err != nil {
		return s, fmt.Errorf("vault.work: %w", err)
	}
	return s, nil
}

// newestTrust refuses a trust root that the vault holds a newer one of: that one
// may say that the key is retired or compromised, and what it signs would be void.
func newestTrust(ctx context.Context, v vault.Area, t evidence.TrustRoot) error {
	name := fmt.Sprintf("trust/trust-root-%04d.json", t.Version+1)
	switch _, err := v.Get(ctx, name); {
	case errors.Is(err, vault.ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("vault: %w", err)
	}
	return usage(fmt.Errorf("signing.trust is version %d, and the vault holds %s: nothing was touched; set signing.trust to a copy of the newest", t.Version, name))
}

// putPublicKey leaves the public key beside the trust root, for openssl and
// cosign. It is a convenience: nobody trusts a key because it lies in a vault.
func putPublicKey(ctx context.Context, v vault.Area, k keys) error {
	pub, err := evidence.MarshalPublicKey(k.signer.Public())
	if err != nil {
		return err
	}
	spki, err := evidence.SPKISHA256(k.signer.Public())
	if err != nil {
		return err
	}
	if err := v.Put(ctx, "trust/signing-"+spki+".pub", pub); !errors.Is(err, vault.ErrExists) {
		return err
	}
	return nil
}

// openAreas opens vault and work area without asking anything of them.
func openAreas(ctx context.Context, c *config.Config) (s storage, err error) {
	if c.Vault.S3 != nil {
		place := s3Config(c.Vault.S3.Place, c.Vault.LeaseTTL)
		if l := c.Vault.S3.Lock; l != nil {
			place.Lock = &vault.Lock{Mode: l.Mode, Days: l.Days, ManifestDays: l.ManifestDays}
		}
		if s.vault, err = vault.OpenS3(ctx, place); err != nil {
			return s, fmt.Errorf("vault: %w", err)
		}
		s.where = "s3://" + place.Bucket + "/" + place.Prefix
	} else {
		if s.vault, err = vault.OpenDir(c.Vault.Dir); err != nil {
			return s, fmt.Errorf("vault: %w", err)
		}
		s.where = c.Vault.Dir
	}
	if c.Vault.Work.S3 != nil {
		s.work, err = vault.OpenS3(ctx, s3Config(*c.Vault.Work.S3, c.Vault.LeaseTTL))
	} else {
		s.work, err = vault.OpenDir(c.Vault.Work.Dir)
	}
	if err != nil {
		return s, fmt.Errorf("vault.work: %w", err)
	}
	return s, nil
}

// s3Config bounds each request by the lease's ttl, which a takeover relies on.
func s3Config(p config.Place, ttl time.Duration) vault.S3Config {
	return vault.S3Config{RequestTimeout: ttl, Bucket: p.Bucket, Prefix: p.Prefix, Endpoint: p.Endpoint, Region: p.Region, PathStyle: p.PathStyle,
		Profile: p.Profile, CredentialsFile: p.CredentialsFile}
}

// openStore opens a store of a run, this one's or a dead one's. slots bound the
// requests in flight; nil: no bound.
func openStore(ctx context.Context, s sweep.StoreSpec, slots bucket.Slots) (*bucket.Bucket, error) {
	return bucket.Open(ctx, bucket.Config{Slots: slots, Name: s.Name, Bucket: s.Bucket, Prefix: s.Prefix, Endpoint: s.Endpoint, Region: s.Region,
		PathStyle: s.PathStyle, Profile: s.Profile, CredentialsFile: s.CredentialsFile, Versioning: s.Versioning, ListDecoder: s.ListDecoder, Checksum: s.Checksum, OverwriteGuard: s.OverwriteGuard})
}

// sweeper wires everything that a run needs.
func sweeper(c *config.Config, k keys, s storage, log zerolog.Logger, progress sweep.Progress) *sweep.Sweeper {
	slots := bucket.NewSlots(c.Limits.Concurrency) // all stores share them
	return &sweep.Sweeper{
		Lease: func(ctx context.Context) (*vault.Lease, error) {
			return vault.Acquire(ctx, s.work, vault.LeaseOptions{TTL: c.Vault.LeaseTTL})
		},
		Open: func(ctx context.Context, spec sweep.StoreSpec) (sweep.Bucket, error) {
			b, err := openStore(ctx, spec, slots)
			return sweep.Bucket{Store: b, Cutter: b, Examiner: b}, err
		},
		Vault: s.vault, Work: s.work,
		Signer: k.signer, Trust: k.trust, Identifiers: k.identifiers, Stamp: stamper(c, k.trust), Page: sealedPage,
		Now: time.Now, Log: log, Progress: progress, Concurrency: c.Limits.Concurrency,
	}
}
