package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func (a *app) keysRetireEpoch() *cobra.Command {
	var yes, next string
	cmd := &cobra.Command{
		Use:   "retire-epoch E [--yes E] [--next NAME]",
		Short: "Destroy the identifier secret of an epoch, for good, and begin the next",
		Long: `retire-epoch overwrites the secret of epoch E in identifiers.secret_file and puts
that of a new epoch there. From then on nobody can match a key with the lines of
E's reports: no "sweeper prove", no "sweeper keys team". The reports stay valid.
What was handed out already (proofs, teams' keys) is not called back, and copies
of the file elsewhere, such as in backups, are yours to destroy.

If it was cut short, run it again: it destroys what is left of the old secret.

It asks for the epoch's name once more, on standard input, unless --yes gives it.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			log, err := a.log()
			if err != nil {
				return err
			}
			c, err := a.load()
			if err != nil {
				return err
			}
			if err := a.meant(cmd, c, args[0], yes); err != nil {
				return err
			}
			k, err := readKeys(cmd.Context(), c, time.Now())
			if err != nil {
				return err
			}
			areas, err := openStorage(cmd.Context(), c, k)
			if err != nil {
				return err
			}
			return sweeper(c, k, areas, log, nil).Idle(cmd.Context(), func(ctx context.Context) error {
				return a.retire(ctx, c, areas, args[0], next)
			})
		},
	}
	cmd.Flags().StringVar(&yes, "yes", "", "the name of the `EPOCH` once more, instead of asking for it")
	cmd.Flags().StringVar(&next, "next", "", "`NAME` of the epoch that begins (default: the next number that no report has)")
	return cmd
}

// meant makes sure that the operator means the epoch whose secret is here; or one
// whose destruction was cut short.
func (a *app) meant(cmd *cobra.Command, c *config.Config, name, yes string) error {
	own, err := readIdentifiers(c)
	if err != nil {
		return usage(err)
	}
	file, err := secretFileOf(c)
	if err != nil {
		return err
	}
	if own.Epoch() != name && !exists(file.old()) {
		return usage(notHere(c, own.Epoch(), name))
	}
	if !cmd.Flags().Changed("yes") {
		fmt.Fprintf(a.stderr, "This destroys the secret of epoch %s for good. Type the epoch's name to go on: ", name)
		line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
		if err != nil && !errors.Is(err, io.EOF) {
			return fmt.Errorf("keys retire-epoch: read the answer: %w", err)
		}
		yes = strings.TrimSpace(line)
	}
	if yes != name {
		return usage(errors.New("keys retire-epoch: that is not the epoch's name: nothing was destroyed"))
	}
	return nil
}

func notHere(c *config.Config, own, name string) error {
	return fmt.Errorf("keys retire-epoch: %s holds the secret of epoch %s, not of %s: there is nothing to destroy", c.Identifiers.SecretFile, own, name)
}

// retire destroys the secret under the lease. What was true when the operator was
// asked is looked at again: another process may have been here since.
func (a *app) retire(ctx context.Context, c *config.Config, s storage, name, next string) error {
	file, err := secretFileOf(c)
	if err != nil {
		return err
	}
	finished, err := file.finish()
	if err != nil {
		return fmt.Errorf("keys retire-epoch: %w", err)
	}
	epochs, err := readEpochs(ctx, c, s)
	if err != nil {
		return err
	}
	own := epochs[len(epochs)-1].name
	if own != name {
		if !finished {
			return usage(notHere(c, own, name))
		}
		_, err = fmt.Fprintf(a.stdout, "What an earlier try left of the old secret is destroyed; %s holds that of epoch %s.\n", c.Identifiers.SecretFile, own)
		return err
	}
	if next, err = nextEpoch(epochs, name, next); err != nil {
		return usage(err)
	}
	secret, err := evidence.NewSecret(rand.Reader)
	if err != nil {
		return err
	}
	text, err := evidence.FormatSecret(secret, next)
	if err != nil {
		return usage(err)
	}
	if err := file.replace(text); err != nil {
		return fmt.Errorf("keys retire-epoch: %w; run it again", err)
	}
	_, err = fmt.Fprintf(a.stdout, "The secret of epoch %s is destroyed; the next report begins epoch %s.\nDestroy the copies of %s that you keep elsewhere.\n",
		name, next, c.Identifiers.SecretFile)
	return err
}

// nextEpoch is the name of the epoch that begins. A name that reports have already
// would make two secrets one to whoever reads them.
func nextEpoch(epochs []epoch, name, next string) (string, error) {
	used := func(name string) bool {
		return slices.ContainsFunc(epochs, func(e epoch) bool { return e.name == name })
	}
	if next != "" {
		if used(next) {
			return "", fmt.Errorf("keys retire-epoch: there is an epoch %s already (\"sweeper keys list\"): nothing was destroyed; choose another name with --next", next)
		}
		return next, nil
	}
	n, err := strconv.ParseUint(name, 10, 32)
	if err != nil {
		return "", fmt.Errorf("keys retire-epoch: epoch %s is not a number: name the one that follows with --next", name)
	}
	for {
		n++
		if next = strconv.FormatUint(n, 10); !used(next) {
			return next, nil
		}
	}
}
