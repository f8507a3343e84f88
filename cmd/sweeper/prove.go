package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// exitNotFound says that no report is about the object.
const exitNotFound = 3

// proveFlags are the flags of prove.
type proveFlags struct {
	store, key, version, kind string
	teamKey, vault, trust     string
	out                       string
	json                      bool
}

func (a *app) prove() *cobra.Command {
	var f proveFlags
	cmd := &cobra.Command{
		Use:   "prove [N] --store S --key K [--version ID] [--out FILE]",
		Short: "What the evidence says of one object, with a proof that anybody can check",
		Long: `prove looks in report N, or in all reports from the newest back, for the first
line about one object, and proves that the signed report has it. It says what
became of the object and when, to the hour. "sweeper verify --proof" checks the
proof, offline. It opens that line and no other, and holds the key in the clear.

What keys are hashed with is the identifier secret of the config. Who has a
team's key instead ("sweeper keys team") finds that team's lines alone; with a
copy of the vault and its trust root no config is needed:

  sweeper prove --store S --key K --team-key acme.json --vault DIR --trust FILE

An entry of a bucket that keeps versions is named by its version id too, and an
incomplete upload by its upload id, both as --version ID. Exit status 3 means that
no report says that the object was deleted; it is said which could not be searched.
Exit status 6 means that a report does not check out, so that nothing can be said.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			number := int64(-1)
			if len(args) == 1 {
				var err error
				if number, err = reportNumber("prove", args[0]); err != nil {
					return usage(err)
				}
			}
			if err := f.check(); err != nil {
				return usage(fmt.Errorf("prove: %w", err))
			}
			return a.proveObject(cmd.Context(), number, f)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.store, "store", "", "`NAME` of the store, as in the config (required)")
	flags.StringVar(&f.key, "key", "", "the object's `KEY` (required)")
	flags.StringVar(&f.version, "version", "", "`ID` of the version or of the upload")
	flags.StringVar(&f.kind, "kind", "", "object, version, marker or upload (default all that it can be)")
	flags.StringVar(&f.teamKey, "team-key", "", "a team's key `FILE`, instead of the identifier secret")
	flags.StringVar(&f.vault, "vault", "", "a copy of the vault in `DIR`, instead of the config's vault")
	flags.StringVar(&f.trust, "trust", "", "trust root `FILE`, instead of the config's")
	flags.StringVar(&f.out, "out", "", "write the proof to `FILE`, which must not be there yet")
	flags.BoolVar(&f.json, "json", false, "print the proof instead of the sentence")
	return cmd
}

func (f proveFlags) check() error {
	switch {
	case f.store == "" || f.key == "":
		return errors.New("--store and --key are required: the store's name in the config, and the object's key")
	case f.kind != "" && !slices.Contains(evidence.KindNames(), f.kind):
		return fmt.Errorf("--kind %q is none of %s", f.kind, strings.Join(evidence.KindNames(), ", "))
	case f.kind == "upload" && f.version == "":
		return errors.New("an upload is named by its upload id: add --version ID")
	case f.vault != "" && (f.teamKey == "" || f.trust == ""):
		return errors.New("--vault needs --team-key and --trust: it is for who has no config")
	}
	return nil
}

// proveObject searches the reports and says what it found.
func (a *app) proveObject(ctx context.Context, number int64, f proveFlags) error {
	s, err := a.searchFor(ctx, f)
	if err != nil {
		return err
	}
	proof, claim, err := s.search(number)
	if errors.Is(err, evidence.ErrNoLine) {
		if err := s.noSuchStore(); err != nil {
			return err
		}
		w := a.stdout
		if f.json {
			w = a.stderr // stdout is for a proof alone
		}
		fmt.Fprintln(w, s.nothing())
		return exitWith(exitNotFound)
	}
	if err != nil {
		return fmt.Errorf("prove: %w", err)
	}
	data, err := proof.Marshal()
	if err != nil {
		return fmt.Errorf("prove: %w", err)
	}
	if f.out != "" {
		// The proof holds the key in the clear.
		if err := writeNew(f.out, data, 0o600); err != nil {
			return usage(fmt.Errorf("prove: --out: %w", err))
		}
	}
	if f.json {
		_, err = fmt.Fprintf(a.stdout, "%s", data)
		return err
	}
	fmt.Fprintln(a.stdout, claim.Sentence())
	for _, note := range s.notes() {
		fmt.Fprintln(a.stdout, note)
	}
	if f.out != "" {
		fmt.Fprintf(a.stdout, "The proof is in %s; check it with: sweeper verify --proof %s --trust trust-root.json\n", f.out, f.out)
	} else {
		fmt.Fprintln(a.stdout, "Add --out FILE for the proof.")
	}
	return nil
}

// searchFor reads what a search needs: from the config, or from the flags alone.
func (a *app) searchFor(ctx context.Context, f proveFlags) (*search, error) {
	s := &search{flags: f}
	var c *config.Config
	var err error
	if f.teamKey != "" {
		if s.team, err = readTeamKey(f.teamKey); err != nil {
			return nil, usage(err)
		}
	}
	if f.vault != "" {
		s.reports, err = reportsIn(f.vault)
	} else {
		var areas storage
		if c, areas, err = a.openVault(ctx); err == nil {
			s.reports, err = reportsOf(ctx, areas.vault)
		}
	}
	if err != nil {
		return nil, err
	}
	if c != nil {
		for _, store := range c.Stores {
			s.configured = append(s.configured, store.Name)
		}
	}
	if f.teamKey == "" {
		if s.ids, err = readIdentifiers(c); err != nil {
			return nil, usage(err)
		}
	}
	trust := f.trust
	if trust == "" {
		trust = c.Signing.Trust
	}
	if s.trust, err = readTrust(trust); err != nil {
		return nil, usage(err)
	}
	return s, nil
}

// readTeamKey reads a team's key file, which only its owner may read.
func readTeamKey(path string) (*evidence.TeamKeyFile, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, fmt.Errorf("--team-key: %w", err)
	}
	if exposed(info) {
		return nil, fmt.Errorf("--team-key: %s can be read by others (mode %04o): run chmod 600 %s", path, info.Mode().Perm(), path)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("--team-key: %w", err)
	}
	k, err := evidence.ParseTeamKeyFile(data)
	if err != nil {
		return nil, fmt.Errorf("--team-key: %s: %w", path, err)
	}
	return &k, nil
}
