package main

import (
	"bufio"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
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
			k, err := readKeys(cmd.Context(), c, time.Now())
			if err != nil {
				return err
			}
			if own := k.identifiers.Epoch(); own != args[0] {
				return usage(fmt.Errorf("keys retire-epoch: %s holds the secret of epoch %s, not of %s: there is nothing to destroy", c.Identifiers.SecretFile, own, args[0]))
			}
			if next == "" {
				if next, err = epochAfter(args[0]); err != nil {
					return usage(err)
				}
			}
			if next == args[0] {
				return usage(errors.New("keys retire-epoch: the next epoch has the name of this one"))
			}
			if !cmd.Flags().Changed("yes") {
				fmt.Fprintf(a.stderr, "This destroys the secret of epoch %s for good. Type the epoch's name to go on: ", args[0])
				line, err := bufio.NewReader(cmd.InOrStdin()).ReadString('\n')
				if err != nil && !errors.Is(err, io.EOF) {
					return fmt.Errorf("keys retire-epoch: read the answer: %w", err)
				}
				yes = strings.TrimSpace(line)
			}
			if yes != args[0] {
				return usage(errors.New("keys retire-epoch: that is not the epoch's name: nothing was destroyed"))
			}
			areas, err := openStorage(cmd.Context(), c, k)
			if err != nil {
				return err
			}
			err = sweeper(c, k, areas, log, nil).Idle(cmd.Context(), func(context.Context) error { return replaceSecret(c, next) })
			if err != nil {
				return err
			}
			_, err = fmt.Fprintf(a.stdout, "The secret of epoch %s is destroyed; the next report begins epoch %s.\nDestroy the copies of %s that you keep elsewhere.\n",
				args[0], next, c.Identifiers.SecretFile)
			return err
		},
	}
	cmd.Flags().StringVar(&yes, "yes", "", "the name of the `EPOCH` once more, instead of asking for it")
	cmd.Flags().StringVar(&next, "next", "", "`NAME` of the epoch that begins (default: the number after E)")
	return cmd
}

func epochAfter(name string) (string, error) {
	n, err := strconv.ParseUint(name, 10, 32)
	if err != nil {
		return "", fmt.Errorf("keys retire-epoch: epoch %s is not a number: name the one that follows with --next", name)
	}
	return strconv.FormatUint(n+1, 10), nil
}

// replaceSecret puts a new secret in place of the old one, and overwrites that:
// as far as a file system lets it.
func replaceSecret(c *config.Config, next string) error {
	secret, err := evidence.NewSecret(rand.Reader)
	if err != nil {
		return err
	}
	text, err := evidence.FormatSecret(secret, next)
	if err != nil {
		return usage(err)
	}
	path := c.Identifiers.SecretFile
	made := path + ".new"
	if err := writeNew(made, text, 0o600); err != nil {
		return fmt.Errorf("keys retire-epoch: %w", err)
	}
	old, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return fmt.Errorf("keys retire-epoch: %w", err)
	}
	if err := os.Rename(made, path); err != nil {
		return fmt.Errorf("keys retire-epoch: %w", errors.Join(err, old.Close()))
	}
	info, err := old.Stat()
	if err == nil {
		_, err = old.WriteAt(make([]byte, info.Size()), 0)
	}
	if err := errors.Join(err, old.Sync(), old.Close()); err != nil {
		return fmt.Errorf("keys retire-epoch: the old secret was replaced, and could not be overwritten: %w", err)
	}
	return nil
}
