package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"
	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/demo"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

func (a *app) demo() *cobra.Command {
	var dir string
	cmd := &cobra.Command{
		Use:   "demo [--dir DIR]",
		Short: "A whole run against an embedded S3 server: no account, no config",
		Long: `demo starts an S3 server in this process, fills it with some 2,000 requests and
responses of an LLM API, aged from 0 to 45 days, and makes one run through the
same code as "sweeper run". One ZDR team has an object that should not exist:
the report must say so. The vault is then verified.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return a.runDemo(cmd.Context(), dir) },
	}
	cmd.Flags().StringVar(&dir, "dir", "", "folder for config, keys and vault, new or empty (default a temporary one)")
	return cmd
}

func (a *app) runDemo(ctx context.Context, dir string) (err error) {
	log := zerolog.Nop()
	if a.logLevel != "info" {
		if log, err = a.log(); err != nil {
			return err
		}
	}
	if dir == "" {
		if dir, err = os.MkdirTemp("", "sweeper-demo-"); err != nil {
			return fmt.Errorf("demo: %w", err)
		}
	}
	now := time.Now()
	server, err := demo.Start(ctx)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	want, err := server.Seed(now)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintf(a.stdout, "An S3 server is listening at %s; bucket %s holds %d objects, up to 45 days old.\n",
		server.Endpoint, server.Bucket, want.Listed)
	c, err := demoConfig(dir, server.Endpoint, now)
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	fmt.Fprintf(a.stdout, "Config, keys and vault are in %s.\n\n", dir)
	progress, done := a.progress()
	sealed, where, err := execute(ctx, c, sweep.Request{Type: evidence.TypeSweep, Trigger: "manual"}, log, progress)
	done()
	if err != nil {
		return fmt.Errorf("demo: %w", err)
	}
	if err := a.print(sealed, c, where, false); err != nil {
		return err
	}
	fmt.Fprintln(a.stdout)
	if err := a.verifyDemo(c); err != nil {
		return err
	}
	if err := asPromised(sealed.Predicate, want); err != nil {
		return fmt.Errorf("demo: this is not what should have happened: %w", err)
	}
	fmt.Fprintf(a.stdout, `
All went as it should: what was too old is gone, the rest is there, and the one
object that a ZDR team should not have was found and reported (a run of this
kind exits with 3). Next, try

  sweeper verify %[1]s --trust %[2]s
  sweeper report show %[3]d --config %[4]s

or write a sweeper.yaml for a bucket of your own, and see what a run would do:

  sweeper keygen && sweeper check && sweeper run --dry-run
`, c.Vault.Dir, c.Signing.Trust, sealed.Number, c.Path)
	return nil
}

func demoConfig(dir, endpoint string, now time.Time) (*config.Config, error) {
	if err := demo.WriteConfig(dir, endpoint, now); err != nil {
		return nil, err
	}
	// The run begins after this instant, so the key is valid by then.
	if err := generateKeys(filepath.Join(dir, "keys"), now); err != nil {
		return nil, err
	}
	return config.Load(filepath.Join(dir, "sweeper.yaml"))
}

func (a *app) verifyDemo(c *config.Config) error {
	trust, err := readTrust(c.Signing.Trust)
	if err != nil {
		return err
	}
	v, err := verifyDir(c.Vault.Dir, trust, evidence.VerifyOptions{Now: time.Now()})
	if err != nil {
		return err
	}
	if err := render.Verification(a.stdout, v); err != nil {
		return err
	}
	if !v.Valid {
		return fmt.Errorf("demo: the evidence does not check out")
	}
	return nil
}

// asPromised compares the report with what was seeded.
func asPromised(p evidence.Predicate, want demo.Expectation) error {
	t := p.Totals
	switch {
	case t.Listed != want.Listed || t.Expired != want.Expired || t.Kept != want.Kept:
		return fmt.Errorf("listed %d, expired %d, kept %d; seeded were %d, %d, %d", t.Listed, t.Expired, t.Kept, want.Listed, want.Expired, want.Kept)
	case t.Deleted != want.Expired || p.Confirmation.ExpiredRemaining != 0:
		return fmt.Errorf("deleted %d of %d, %d remain", t.Deleted, want.Expired, p.Confirmation.ExpiredRemaining)
	case p.ZDR.Violation != 1 || p.ZDR.Zero != 1 || p.Result != evidence.ResultBroken:
		return fmt.Errorf("result %s with %d ZDR teams in violation and %d at zero; there should be one of each", p.Result, p.ZDR.Violation, p.ZDR.Zero)
	default:
		return nil
	}
}
