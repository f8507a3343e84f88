package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/telemetry"
)

// app is what all commands share: the streams and the global flags.
type app struct {
	stdout, stderr io.Writer
	// line draws progress on a terminal and steps aside for the log; nil for
	// commands without progress.
	line       *render.Line
	configPath string
	logLevel   string
	logFormat  string
}

// run runs the command line and returns the exit status. It never exits itself.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	a := &app{stdout: stdout, stderr: stderr}
	root := a.root()
	root.SetArgs(args)
	root.SetOut(stdout)
	root.SetErr(stderr)
	err := root.ExecuteContext(ctx)
	var e *exitError
	if err != nil && (!errors.As(err, &e) || e.err != nil) {
		fmt.Fprintf(stderr, "sweeper: %v\n", err)
	}
	return statusOf(err)
}

func (a *app) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "sweeper",
		Short: "Deletes what is older than its retention from S3-compatible storage, and proves it",
		Long: `sweeper lists the objects of an S3-compatible store, deletes what is older than
its retention, reports how many objects each Zero Data Retention team has, and
leaves a signed report that an outsider can check.

Try it without an account or a config: sweeper demo`,
		SilenceUsage:  true,
		SilenceErrors: true,
		Args:          cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := cmd.Help(); err != nil {
				return err
			}
			return exitWith(exitUsage)
		},
	}
	root.CompletionOptions.HiddenDefaultCmd = true
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usage(fmt.Errorf("%w; see \"%s --help\"", err, cmd.CommandPath()))
	})
	flags := root.PersistentFlags()
	flags.StringVar(&a.configPath, "config", "", "config `FILE` (default sweeper.yaml, then /etc/sweeper/sweeper.yaml)")
	flags.StringVar(&a.logLevel, "log-level", "info", "trace, debug, info, warn or error")
	flags.StringVar(&a.logFormat, "log-format", "", "json or console (default console on a terminal, else json)")
	root.AddCommand(a.demo(), a.keygen(), a.check(), a.runCommand(), a.apply(), a.attest(), a.serve(), a.report(), a.verify(), a.prove(), a.keysCommand(), a.versionCommand())
	argsAreUsage(root)
	return root
}

// argsAreUsage makes a wrong number of arguments, or an unknown command, a
// usage error.
func argsAreUsage(c *cobra.Command) {
	check := c.Args
	if check == nil {
		check = cobra.NoArgs
	}
	c.Args = func(cmd *cobra.Command, args []string) error {
		if err := check(cmd, args); err != nil {
			return usage(fmt.Errorf("%w; see \"%s --help\"", err, cmd.CommandPath()))
		}
		return nil
	}
	for _, sub := range c.Commands() {
		argsAreUsage(sub)
	}
}

// log makes the logger that the flags ask for.
func (a *app) log() (zerolog.Logger, error) {
	w := a.stderr
	if a.line != nil {
		w = a.line
	}
	log, err := telemetry.Logger(w, a.logLevel, a.logFormat, a.terminal())
	if err != nil {
		return log, usage(err)
	}
	return log, nil
}

// terminal reports whether stderr is one.
func (a *app) terminal() bool {
	f, ok := a.stderr.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// load reads the config that the flags name.
func (a *app) load() (*config.Config, error) { return a.loadWith(config.Load) }

func (a *app) loadWith(load func(path string) (*config.Config, error)) (*config.Config, error) {
	path := a.configPath
	if path == "" {
		var err error
		if path, err = config.FindDefault(); err != nil {
			return nil, usage(err)
		}
	}
	c, err := load(path)
	if err != nil {
		return nil, usage(err)
	}
	return c, nil
}
