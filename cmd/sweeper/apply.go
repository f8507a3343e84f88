package main

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

func (a *app) apply() *cobra.Command {
	var reason, ticket string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "apply N --reason CODE [--ticket ID]",
		Short: "Carry out the plan of a dry run, or one that a guard stopped",
		Long: `apply carries out the plan of report N: a dry run's, or one that a guard stopped.
It is the one way past a guard. Look at the plan first:

  sweeper report show N --plan
  sweeper apply N --reason BACKLOG_REVIEWED --ticket OPS-1234

A plan is carried out once, within 24 hours of its run's start, and with the
config that it was made with; else nothing is touched, and the exit status is 2.
Only limits.concurrency, delete.batch and http.listen may have changed since:
they decide neither what goes nor how it is proved.
Each entry is judged again as it is now: what was rewritten, became younger, is
held or is gone since is left alone and reported, and nothing goes that the plan
doesn't name. Clocks that differ still stop it: ages are not known then.

Reason and ticket stand in the signed report. The reason is a code of upper case
letters, digits and _. Output and exit statuses are otherwise those of run.`,
		Args: cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			plan, err := reviewed(args[0], reason, ticket)
			if err != nil {
				return usage(err)
			}
			req := sweep.Request{Type: evidence.TypeSweep, Trigger: evidence.TriggerApply, Apply: &plan}
			return a.one(cmd.Context(), req, "", asJSON)
		},
	}
	cmd.Flags().StringVar(&reason, "reason", "", "why it is right, a `CODE` such as BACKLOG_REVIEWED (required)")
	cmd.Flags().StringVar(&ticket, "ticket", "", "where it was decided, an `ID` such as OPS-1234")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the report as one JSON object")
	return cmd
}

// reviewed reads which plan is to be carried out, and why.
func reviewed(number, reason, ticket string) (sweep.Apply, error) {
	n, err := reportNumber("apply", number)
	switch {
	case err != nil:
		return sweep.Apply{}, err
	case reason == "":
		return sweep.Apply{}, fmt.Errorf("apply: --reason is required: say why the plan is right, as in --reason BACKLOG_REVIEWED")
	case !evidence.IsCode(reason):
		return sweep.Apply{}, fmt.Errorf("apply: --reason %q is not a code: upper case letters, digits and _, a letter first, 64 at most, as in BACKLOG_REVIEWED", reason)
	case ticket != "" && !evidence.IsTicket(ticket):
		return sweep.Apply{}, fmt.Errorf("apply: --ticket %q is not one word of at most 64 visible ASCII characters, as OPS-1234 is", ticket)
	}
	return sweep.Apply{Report: n, Reason: reason, Ticket: ticket}, nil
}

// reportNumber reads the number of a report.
func reportNumber(command, s string) (int64, error) {
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n < 0 {
		return 0, fmt.Errorf("%s: %q is not the number of a report; \"sweeper report list\" shows them", command, s)
	}
	return n, nil
}
