package main

import (
	"context"
	"fmt"
	"io"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func (a *app) keysList() *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the signing keys with their windows, and the epochs of the identifier secret",
		Args:  cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			c, s, err := a.openVault(cmd.Context())
			if err != nil {
				return err
			}
			trust, _, err := readTrustRoot(c)
			if err != nil {
				return usage(err)
			}
			if err := listKeys(a.stdout, trust); err != nil {
				return err
			}
			epochs, err := readEpochs(cmd.Context(), c, s)
			if err != nil {
				return err
			}
			return listEpochs(a.stdout, epochs)
		},
	}
}

func listKeys(to io.Writer, t evidence.TrustRoot) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintf(w, "vault %s, trust root %d\n\nKEY (SPKI SHA-256)\tALGORITHM\tFROM\tTO\tCOMPROMISED\n", t.VaultID, t.Version)
	for _, k := range t.Keys {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", k.SPKISHA256, k.Algorithm, k.NotBefore, instant(k.NotAfter), instant(k.CompromisedAt))
	}
	fmt.Fprintln(w)
	return w.Flush()
}

func instant(s *string) string {
	if s == nil {
		return "-"
	}
	return *s
}

// epoch is one secret's time: the reports that were made with it.
type epoch struct {
	name, commit string
	first, last  int64 // reports; -1 if there is none yet
	here         bool  // its secret is in identifiers.secret_file
}

// readEpochs reads which secrets the reports were made with, in their order.
func readEpochs(ctx context.Context, c *config.Config, s storage) ([]epoch, error) {
	own, err := readIdentifiers(c)
	if err != nil {
		return nil, usage(err)
	}
	numbers, err := reportNumbers(ctx, s.vault)
	if err != nil {
		return nil, err
	}
	var all []epoch
	for _, n := range numbers {
		r, err := readReport(ctx, s.vault, n)
		if err != nil {
			return nil, err
		}
		id := r.predicate.Identifiers
		if last := len(all) - 1; last >= 0 && all[last].commit == id.EpochCommit || id.Epoch == "" {
			if last >= 0 {
				all[last].last = n
			}
			continue
		}
		all = append(all, epoch{name: id.Epoch, commit: id.EpochCommit, first: n, last: n, here: id.EpochCommit == own.EpochCommit()})
	}
	if len(all) == 0 || !all[len(all)-1].here {
		all = append(all, epoch{name: own.Epoch(), commit: own.EpochCommit(), first: -1, last: -1, here: true})
	}
	return all, nil
}

func listEpochs(to io.Writer, all []epoch) error {
	w := tabwriter.NewWriter(to, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "EPOCH\tREPORTS\tSECRET\tCOMMITMENT")
	for _, e := range all {
		reports, secret := "none yet", "not in identifiers.secret_file"
		if e.first >= 0 {
			reports = fmt.Sprintf("%d to %d", e.first, e.last)
		}
		if e.here {
			secret = "here"
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", e.name, reports, secret, e.commit)
	}
	return w.Flush()
}
