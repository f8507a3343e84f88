package main

import (
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
)

func (a *app) verify() *cobra.Command {
	var trustFile, require, from, to, proof string
	var heads []string
	var asJSON bool
	var bucket bucketFlags
	cmd := &cobra.Command{
		Use:   "verify [DIR or s3://BUCKET/PREFIX] --trust FILE",
		Short: "Check the evidence, trusting nothing but the trust root",
		Long: `verify checks a vault, or the folder of one report: signatures, keys, every file
and every manifest line, the chain from report to report, and what changed in
between. Exit status 6 means that the evidence does not check out.

On a copy it works offline and needs no config. On s3:// it reads the bucket and
writes nothing, and finds two things more: a version or a delete marker laid over
a file, and a file that is not locked as its report states. That takes the rights
s3:ListBucketVersions, s3:GetObject and s3:GetObjectRetention. Without an argument
it checks the vault of the config, or the directory vault if there is no config.

With --proof it checks one proof instead, which "sweeper prove" wrote, and says
what it proves.`,
		Args: cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if proof != "" {
				if len(args) > 0 || bucket.given() != "" || require != "" || from != "" || to != "" || len(heads) > 0 {
					return usage(errors.New("verify: a proof is checked by itself: leave out the vault and its flags, --head, --require, --from and --to"))
				}
				return a.verifyProof(proof, trustFile, asJSON)
			}
			opts, err := verifyOptions(require, from, to, heads)
			if err != nil {
				return usage(err)
			}
			trust, err := readTrust(trustFile)
			if err != nil {
				return usage(err)
			}
			v, err := a.verifyPlace(cmd.Context(), args, &bucket, trust, opts)
			if err != nil {
				return err
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
	f.StringArrayVar(&heads, "head", nil, "`SEQ:STATEMENT_SHA256[@TIME]` of a report, noted by someone else, and when (RFC 3339); repeatable")
	f.StringVar(&require, "require", "", "least assurance: timestamped or anchored")
	f.StringVar(&from, "from", "", "begin of the audit period, a `TIME` (RFC 3339) or a day")
	f.StringVar(&to, "to", "", "end of the audit period, a `TIME` (RFC 3339) or a day; not included")
	f.StringVar(&proof, "proof", "", "check this proof `FILE` that \"sweeper prove\" wrote, instead of a vault")
	f.BoolVar(&asJSON, "json", false, "print one JSON object")
	bucket.add(cmd)
	return cmd
}

func verifyOptions(require, from, to string, heads []string) (evidence.VerifyOptions, error) {
	o := evidence.VerifyOptions{Require: require, Now: time.Now()}
	for _, h := range heads {
		head, err := evidence.ParseNotedHead(h)
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
