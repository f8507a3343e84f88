package main

import (
	"encoding/pem"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func (a *app) keysTrust() *cobra.Command {
	var roots, compromised []string
	cmd := &cobra.Command{
		Use:   "trust [--tsa-root FILE] [--compromised SPKI=TIME]",
		Short: "Write the next trust root: a time stamp authority that counts, a key that was compromised",
		Long: `trust writes the trust root that follows the present one, beside it and into the
vault. It only adds: with --tsa-root the root certificate (PEM) of a time stamp
authority; with --compromised the instant from which a key may have been in other
hands: its reports then count only with a time stamp, or an auditor's head, from
before it. It does not touch the config: set signing.trust to the new file.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if len(roots)+len(compromised) == 0 {
				return usage(errors.New("keys trust: what is new? Name it with --tsa-root or --compromised"))
			}
			c, err := a.load()
			if err != nil {
				return err
			}
			before, beforeBytes, err := readTrustRoot(c)
			if err != nil {
				return usage(err)
			}
			next, err := amend(before, roots, compromised)
			if err != nil {
				return usage(fmt.Errorf("keys trust: %w", err))
			}
			// The one before must be in the vault too, for whoever follows the chain. The
			// signing key is not asked for: it may be what is lost.
			if _, err := openStorage(cmd.Context(), c, keys{trust: before, trustBytes: beforeBytes}); err != nil {
				return err
			}
			file, err := publishTrust(cmd.Context(), c, before, next, nil)
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "Wrote %s. Set signing.trust to it, and give it to your auditor by another way than the vault.\n", file)
			return err
		},
	}
	cmd.Flags().StringArrayVar(&roots, "tsa-root", nil, "root certificate of a time stamp authority, a PEM `FILE`; repeatable")
	cmd.Flags().StringArrayVar(&compromised, "compromised", nil, "a key and an instant, `SPKI=TIME` (RFC 3339); repeatable")
	return cmd
}

func amend(t evidence.TrustRoot, roots, compromised []string) (evidence.TrustRoot, error) {
	next, err := t.Next()
	if err != nil {
		return next, err
	}
	for _, file := range roots {
		data, err := os.ReadFile(file)
		if err != nil {
			return next, fmt.Errorf("--tsa-root: %w", err)
		}
		found := len(next.TSARoots)
		for block, rest := pem.Decode(data); block != nil; block, rest = pem.Decode(rest) {
			next.TSARoots = append(next.TSARoots, string(pem.EncodeToMemory(&pem.Block{Type: block.Type, Bytes: block.Bytes})))
		}
		if len(next.TSARoots) == found {
			return next, fmt.Errorf("--tsa-root: %s holds no PEM certificate", file)
		}
	}
	for _, text := range compromised {
		spki, instant, _ := strings.Cut(text, "=")
		at, err := time.Parse(time.RFC3339, instant)
		i := slices.IndexFunc(next.Keys, func(k evidence.TrustKey) bool { return k.SPKISHA256 == spki })
		if err != nil || i < 0 {
			return next, fmt.Errorf("--compromised %s: want SPKI=TIME, a key of the trust root and a time such as 2026-11-25T00:00:00Z", text)
		}
		if next.Keys[i].CompromisedAt != nil {
			return next, fmt.Errorf("--compromised: key %s has such an instant already, which never moves", spki)
		}
		s := evidence.FormatTime(at)
		next.Keys[i].CompromisedAt = &s
	}
	data, err := next.Marshal()
	if err != nil {
		return next, err
	}
	return evidence.ParseTrustRoot(data)
}

// readTrustRoot reads the trust root that the config names.
func readTrustRoot(c *config.Config) (evidence.TrustRoot, []byte, error) {
	data, err := os.ReadFile(c.Signing.Trust)
	if err != nil {
		return evidence.TrustRoot{}, nil, fmt.Errorf("signing.trust: %w; \"sweeper keygen\" makes one", err)
	}
	t, err := evidence.ParseTrustRoot(data)
	if err != nil {
		return t, nil, fmt.Errorf("signing.trust: %s: %w", c.Signing.Trust, err)
	}
	return t, data, nil
}
