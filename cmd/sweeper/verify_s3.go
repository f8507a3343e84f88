package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// bucketFlags say where a vault named by s3:// is, and as whom it is read.
type bucketFlags struct {
	cmd   *cobra.Command
	place vault.S3Config
}

func (b *bucketFlags) add(cmd *cobra.Command) {
	b.cmd = cmd
	f := cmd.Flags()
	f.StringVar(&b.place.Endpoint, "endpoint", "", "`URL` of the S3 server that holds s3://BUCKET (default AWS)")
	f.StringVar(&b.place.Region, "region", "", "region of the bucket (default from the AWS settings)")
	f.BoolVar(&b.place.PathStyle, "path-style", false, "put the bucket into the path, not into the host name")
	f.StringVar(&b.place.Profile, "profile", "", "profile of the AWS settings to read the bucket with")
	f.StringVar(&b.place.CredentialsFile, "credentials-file", "", "`FILE` with credentials, in the AWS shared format")
}

// given names a flag that was set, or is "".
func (b *bucketFlags) given() string {
	for _, name := range []string{"endpoint", "region", "path-style", "profile", "credentials-file"} {
		if b.cmd.Flags().Changed(name) {
			return "--" + name
		}
	}
	return ""
}

// verifyPlace verifies what the arguments name: a bucket, a directory, or, if
// they name nothing, the vault of the config.
func (a *app) verifyPlace(ctx context.Context, args []string, b *bucketFlags, trust evidence.TrustRoot, o evidence.VerifyOptions) (evidence.Verification, error) {
	var none evidence.Verification
	if len(args) == 1 && strings.HasPrefix(args[0], "s3://") {
		place, err := bucketPlace(args[0], b.place)
		if err != nil {
			return none, usage(err)
		}
		return verifyBucket(ctx, place, trust, o)
	}
	if flag := b.given(); flag != "" {
		return none, usage(fmt.Errorf("verify: %s is for a vault that is named s3://BUCKET/PREFIX", flag))
	}
	if len(args) == 1 {
		return verifyDir(args[0], trust, o)
	}
	if _, err := config.FindDefault(); err != nil && a.configPath == "" {
		return verifyDir("vault", trust, o)
	}
	c, err := a.loadWith(config.LoadAnywhere)
	if err != nil {
		return none, err
	}
	if c.Vault.S3 != nil {
		return verifyBucket(ctx, s3Config(c.Vault.S3.Place, 0), trust, o)
	}
	return verifyDir(c.Vault.Dir, trust, o)
}

// bucketPlace reads s3://BUCKET or s3://BUCKET/PREFIX into the place that the
// flags describe.
func bucketPlace(arg string, place vault.S3Config) (vault.S3Config, error) {
	place.Bucket, place.Prefix, _ = strings.Cut(strings.TrimPrefix(arg, "s3://"), "/")
	if place.Bucket == "" || strings.ContainsAny(arg, "?#") {
		return place, fmt.Errorf("verify: %q: want s3://BUCKET or s3://BUCKET/PREFIX; endpoint and region are flags", arg)
	}
	if place.Prefix != "" && !strings.HasSuffix(place.Prefix, "/") {
		place.Prefix += "/"
	}
	return place, nil
}

// verifyBucket verifies a vault where it lies. It only reads.
func verifyBucket(ctx context.Context, place vault.S3Config, trust evidence.TrustRoot, o evidence.VerifyOptions) (evidence.Verification, error) {
	stored, err := vault.OpenS3FS(ctx, place)
	if err != nil {
		return evidence.Verification{}, fmt.Errorf("verify: %w", err)
	}
	o.Keeper = stored
	v, err := evidence.Verify(stored, trust, o)
	// A fault of the network says nothing about the evidence.
	if fault := stored.Err(); fault != nil {
		return evidence.Verification{}, fmt.Errorf("verify: not finished, so nothing is known of the evidence: %w", fault)
	}
	if err != nil {
		return v, usage(fmt.Errorf("verify: s3://%s/%s: %w", place.Bucket, place.Prefix, err))
	}
	return v, nil
}

// verifyDir verifies a vault's copy, or the copy of a report's folder.
func verifyDir(dir string, trust evidence.TrustRoot, o evidence.VerifyOptions) (evidence.Verification, error) {
	info, err := os.Stat(dir)
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			err = fmt.Errorf("%w: name the vault's copy, or s3://BUCKET/PREFIX", err)
		}
		return evidence.Verification{}, usage(fmt.Errorf("verify: %w", err))
	}
	if !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	v, err := evidence.Verify(copied(dir), trust, o)
	if err != nil {
		return v, usage(err)
	}
	return v, nil
}
