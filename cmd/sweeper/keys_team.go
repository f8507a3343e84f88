package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func (a *app) keysTeam() *cobra.Command {
	var out string
	cmd := &cobra.Command{
		Use:   "team TEAM [--out FILE]",
		Short: "Hand out one team's key, which finds that team's lines and no others",
		Long: `team writes the key that TEAM's entries are hashed with, its epoch and its
commitment (teamKeyCommit of teams.csv), as one JSON object, to stdout or to a
file that only its owner may read. With "sweeper prove --team-key" the team finds
what became of its own objects, and can read nothing of anybody else's.

A key that was handed out can't be called back: it finds the team's lines of its
epoch for ever, even when the epoch's secret is destroyed.`,
		Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			c, err := a.loadWith(config.LoadAnywhere)
			if err != nil {
				return err
			}
			ids, err := readIdentifiers(c)
			if err != nil {
				return usage(err)
			}
			data, err := evidence.TeamKeyFile{Team: args[0], Epoch: ids.Epoch(), Key: ids.Team(args[0])}.Marshal()
			if err != nil {
				return usage(fmt.Errorf("keys team: %w", err))
			}
			if out == "" {
				_, err = a.stdout.Write(data)
				return err
			}
			if err := writeNew(out, data, 0o600); err != nil {
				return usage(fmt.Errorf("keys team: --out: %w", err))
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&out, "out", "", "write to `FILE`, which must not be there yet")
	return cmd
}
