package main

import (
	"errors"

	"github.com/spf13/cobra"
)

func (a *app) keysCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "keys",
		Short: "Custody of keys",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			return usage(errors.New(`which? "sweeper keys list", "keys rotate", "keys trust", "keys team TEAM", or "keys retire-epoch E"`))
		},
	}
	cmd.AddCommand(a.keysList(), a.keysRotate(), a.keysTrust(), a.keysTeam(), a.keysRetireEpoch())
	return cmd
}
