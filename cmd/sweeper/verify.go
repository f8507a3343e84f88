package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
)

func (a *app) verify() *cobra.Command {
	var trustFile, require, from, to, proof string
	var heads []string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "verify [VAULT or REPORT DIR] --trust FILE",
		Short: "Check the evidence, offline, trusting nothing but the trust root",
		Long: `verify checks a copy of a vault, or the folder of one report: signatures, keys,
every file and every manifest line, the chain from report to report, and what
changed in between. It needs no config and no network. Exit status 6 means that
the evidence does not check out. With --proof it checks one proof instead, which
"sweeper prove" wrote, and says what it proves.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if proof != "" {
				if len(args) > 0 || require != "" || from != "" || to != "" || len(heads) > 0 {
					return usage(errors.New("verify: a proof is checked by itself: leave out the vault, --head, --require, --from and --to"))
				}
				return a.verifyProof(proof, trustFile, asJSON)
			}
			opts, err := verifyOptions(require, from, to, heads)
			if err != nil {
				return usage(err)
			}
			dir := "vault"
			if len(args) == 1 {
				dir = args[0]
			}
			trust, err := readTrust(trustFile)
			if err != nil {
				return usage(err)
			}
			v, err := verifyDir(dir, trust, opts)
			if err != nil {
				return usage(err)
			}
			if asJSON {
				err = printJSON(a.stdout, v)
			} else {
				err = render.Verification(a.stdout, v)
			}
			if err == nil && !v.Valid {
				err = exitWith(exitEvidence)
			}
			return err
		},
	}
	f := cmd.Flags()
	f.StringVar(&trustFile, "trust", "", "trust root `FILE`, got by another way than the vault (required)")
	f.StringArrayVar(&heads, "head", nil, "`SEQ:STATEMENT_SHA256` of a report, noted by someone else; repeatable")
	f.StringVar(&require, "require", "", "least assurance: timestamped or anchored")
	f.StringVar(&from, "from", "", "begin of the audit period, a `TIME` (RFC 3339) or a day")
	f.StringVar(&to, "to", "", "end of the audit period, a `TIME` (RFC 3339) or a day; not included")
	f.StringVar(&proof, "proof", "", "check this proof `FILE` that \"sweeper prove\" wrote, instead of a vault")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	return cmd
}

func verifyOptions(require, from, to string, heads []string) (evidence.VerifyOptions, error) {
	o := evidence.VerifyOptions{Require: require, Now: time.Now()}
	for _, h := range heads {
		head, err := evidence.ParseHead(h)
		if err != nil {
			return o, fmt.Errorf("--head: %w", err)
		}
		o.Heads = append(o.Heads, head)
	}
	var err error
	if o.From, err = period("--from", from); err != nil {
		return o, err
	}
	o.To, err = period("--to", to)
	return o, err
}

func period(flag, s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{time.RFC3339, time.DateOnly} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC(), nil
		}
	}
	return time.Time{}, fmt.Errorf("%s: %q is neither a time such as 2026-11-25T00:00:00Z nor a day such as 2026-11-25", flag, s)
}

// readTrust reads the only file whose keys count.
func readTrust(path string) (evidence.TrustRoot, error) {
	if path == "" {
		return evidence.TrustRoot{}, fmt.Errorf("--trust is required: the trust root that the organization gave you, not one from the vault")
	}
	data, err := os.ReadFile(path)
	if err != nil {
		return evidence.TrustRoot{}, fmt.Errorf("--trust: %w", err)
	}
	t, err := evidence.ParseTrustRoot(data)
	if err != nil {
		return t, fmt.Errorf("--trust: %s: %w", path, err)
	}
	return t, nil
}

// verifyDir verifies a vault or a report's folder.
func verifyDir(dir string, trust evidence.TrustRoot, o evidence.VerifyOptions) (evidence.Verification, error) {
	if strings.HasPrefix(dir, "s3://") {
		return evidence.Verification{}, fmt.Errorf("verify: %s: this version checks a local copy: fetch the vault with any S3 tool and name its folder", dir)
	}
	info, err := os.Stat(dir)
	if err != nil {
		return evidence.Verification{}, fmt.Errorf("verify: %w", err)
	}
	if !info.IsDir() {
		dir = filepath.Dir(dir)
	}
	return evidence.Verify(os.DirFS(dir), trust, o)
}
