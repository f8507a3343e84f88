package main

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// identityVariable names the role or service that runs sweeper, for the
// evidence. Never a person.
const identityVariable = "SWEEPER_IDENTITY"

// actor says which program this is, down to the digest of its file.
func actor() (evidence.Actor, error) {
	path, err := os.Executable()
	if err != nil {
		return evidence.Actor{}, fmt.Errorf("find the running binary: %w", err)
	}
	sum, err := digest(path)
	if err != nil {
		return evidence.Actor{}, fmt.Errorf("read the running binary: %w", err)
	}
	v, c := builtFrom()
	identity := os.Getenv(identityVariable)
	if identity == "" {
		identity = "sweeper"
	}
	return evidence.Actor{Tool: "sweeper", Version: v, Commit: c, BinarySHA256: sum, Identity: identity}, nil
}

// digest is the SHA-256 of a file, in hex.
func digest(path string) (string, error) {
	f, err := os.Open(path)
	if err != nil {
		return "", err
	}
	h := sha256.New()
	_, err = io.Copy(h, f)
	return hex.EncodeToString(h.Sum(nil)), errors.Join(err, f.Close())
}

// builtFrom returns version and commit: the linker's, else those that the Go
// tool recorded.
func builtFrom() (v, c string) {
	v, c = version, commit
	info, ok := debug.ReadBuildInfo()
	if ok && v == "" {
		v = info.Main.Version
	}
	if ok && c == "" {
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" {
				c = s.Value
			}
		}
	}
	if v == "" {
		v = "(devel)"
	}
	if c == "" {
		c = "unknown"
	}
	return v, c
}

func (a *app) versionCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "version",
		Short: "Print version and commit",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v, c := builtFrom()
			_, err := fmt.Fprintf(a.stdout, "sweeper %s (%s)\n", v, c)
			return err
		},
	}
}
