package main

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// maxTokens bounds the search for a free name.
const maxTokens = 100

func (a *app) reportTimestamp() *cobra.Command {
	return &cobra.Command{
		Use:   "timestamp N",
		Short: "Have a report stamped by the time stamp authority, now",
		Long: `timestamp asks the authority that signing.timestamp.url names for an RFC 3161 time
stamp over the signature of report N, checks it against the trust root, and adds
it to the report as report.tsr, or as report-2.tsr and so on. A report may be
stamped at any time and more than once; one that is first stamped a day after it
was made is said to be stamped late by "sweeper verify".`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n, err := reportNumber("report timestamp", args[0])
			if err != nil {
				return usage(err)
			}
			c, s, err := a.openVault(cmd.Context())
			if err != nil {
				return err
			}
			trust, _, err := readTrustRoot(c)
			if err != nil {
				return usage(err)
			}
			stamp := stamper(c, trust)
			if stamp == nil {
				return usage(errors.New("report timestamp: no authority is set: set signing.timestamp.url"))
			}
			bundle, err := s.vault.Get(cmd.Context(), evidence.ReportDir(n)+"/"+evidence.FileBundle)
			if errors.Is(err, vault.ErrNotFound) {
				return usage(fmt.Errorf("there is no report %d; \"sweeper report list\" shows those that are", n))
			}
			if err != nil {
				return err
			}
			if _, err := evidence.OpenSigned(bundle, trust); err != nil {
				return fmt.Errorf("report %d is not stamped: %w", n, err)
			}
			_, sig, _, err := evidence.OpenBundle(bundle)
			if err != nil {
				return err
			}
			token, err := stamp(cmd.Context(), sig)
			if err != nil {
				return err
			}
			said, err := evidence.CheckStamp(bundle, token, trust.TSARoots)
			if err != nil {
				return fmt.Errorf("the time stamp of report %d would not count, and is not stored: %w", n, err)
			}
			for i := 1; i <= maxTokens; i++ {
				name := evidence.ReportDir(n) + "/" + evidence.FileToken(i)
				if err = s.vault.Put(cmd.Context(), name, token); err == nil {
					_, err = fmt.Fprintf(a.stdout, "Report %d was stamped at %s: %s\n", n, evidence.FormatTime(said.Time), reportPath(s.where, name))
					return err
				}
				if !errors.Is(err, vault.ErrExists) {
					return err
				}
			}
			return fmt.Errorf("report %d has %d time stamps already", n, maxTokens)
		},
	}
}
