package main

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// verifiedIn demands an exit status of verify s3:// and returns what it found.
func (g *gateway) verifiedIn(t *testing.T, b *built, want int) evidence.Verification {
	t.Helper()
	out, _ := b.run(t, want, "verify", "s3://evidence/sweeper", "--trust", "keys/trust-root.json", "--endpoint", g.Endpoint, "--region", g.Region,
		"--path-style", "--json")
	var v evidence.Verification
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// lay puts an object into the vault with no condition and no lock, as whoever
// has the right to put can.
func (g *gateway) lay(t *testing.T, key, data string) {
	t.Helper()
	if _, err := g.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("evidence"), Key: aws.String(key), Body: strings.NewReader(data)}); err != nil {
		t.Fatal(err)
	}
}

// The whole way on two servers: runs of the built binary into a vault under
// governance, which the root account can undermine, and what an auditor is told.
func TestAVaultInABucketIsVerifiedWhereItLiesAndWhatWasDoneToItIsFound(t *testing.T) {
	t.Parallel()
	for _, kind := range []containers.Kind{{Name: "minio", Start: containers.Minio}, {Name: "versitygw", Start: containers.Versitygw}} {
		t.Run(kind.Name, func(t *testing.T) {
			t.Parallel()
			g := startServer(t, kind.Start, "scratch")
			if _, err := g.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("evidence"), ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
				t.Fatal(err)
			}
			g.PutAt(t, time.Now().Add(-31*24*time.Hour), &s3.PutObjectInput{Bucket: aws.String("exchanges"), Key: aws.String("acme/d31.request.json")})
			place := fmt.Sprintf(`endpoint: "%s", region: us-east-1, path_style: true`, g.Endpoint)
			b := install(t, configFor(g.Endpoint, "  s3: {bucket: evidence, prefix: sweeper/, "+place+", lock: {mode: governance, days: 30, manifest_days: 10}}\n"+
				"  work: {s3: {bucket: scratch, "+place+"}}\n"), g.AccessKey, g.SecretKey)
			for n := range 4 {
				out, _ := b.run(t, 0, "run", "--json")
				if p := report(t, out); n == 0 && p.Totals.Deleted != 1 {
					t.Fatalf("totals %+v", p.Totals)
				}
			}
			v := g.verifiedIn(t, b, 0)
			files := slices.DeleteFunc(g.keys(t, "evidence"), func(key string) bool { return !strings.HasPrefix(key, "sweeper/reports/") })
			if len(v.Reports) != 4 || v.Reports[0].Lines != 1 || v.Notes[0] != fmt.Sprintf("lock: %d files are locked as their reports state", len(files)) {
				t.Errorf("verified: %+v, notes %q", v.Reports, v.Notes)
			}
			if out, _ := b.run(t, 0, "verify", "--trust", "keys/trust-root.json"); !strings.Contains(out, "the evidence checks out") {
				t.Errorf("without an argument, the config's vault:\n%s", out)
			}
			_, errs := b.run(t, 2, "verify", "vault", "--region", "x", "--trust", "keys/trust-root.json")
			if !strings.Contains(errs, "--region is for a vault that is named s3://BUCKET/PREFIX") {
				t.Error(errs)
			}

			const first, second, third = "sweeper/reports/0000000000/", "sweeper/reports/0000000001/", "sweeper/reports/0000000003/"
			g.lay(t, first+"config.json", "{}")
			if _, err := g.client.DeleteObject(t.Context(), &s3.DeleteObjectInput{Bucket: aws.String("evidence"), Key: aws.String(third + "report.sigstore.json")}); err != nil {
				t.Fatal(err)
			}
			g.lay(t, second+"extra.txt", "x")
			until := time.Now().Add(24 * time.Hour).UTC().Truncate(time.Second)
			if _, err := g.client.PutObjectRetention(t.Context(), &s3.PutObjectRetentionInput{Bucket: aws.String("evidence"), Key: aws.String(second + "teams.csv"),
				BypassGovernanceRetention: aws.Bool(true), Retention: &types.ObjectLockRetention{Mode: types.ObjectLockRetentionModeGovernance, RetainUntilDate: &until}}); err != nil {
				t.Fatal(err)
			}
			found := g.verifiedIn(t, b, 6)
			least := func(r evidence.ReportCheck) string {
				at, err := evidence.ParseTime(r.FinishedAt)
				if err != nil {
					t.Fatal(err)
				}
				return "governance until " + evidence.FormatTime(at.Add(30*24*time.Hour-5*time.Minute)) + " at least"
			}
			want := []string{
				"report 0: config.json: it is not the file that was signed: its SHA-256 differs",
				"report 0: config.json: 2 versions and 0 delete markers are stored under it, and a vault has one version of a file and no marker",
				"report 0: config.json: its lock is none, and the report states " + least(v.Reports[0]),
				"report 1: extra.txt: it does not belong to the report",
				"report 1: teams.csv: its lock is governance until " + evidence.FormatTime(until) + ", and the report states " + least(v.Reports[1]),
				`"reports/0000000003/report.sigstore.json": 1 version and 1 delete marker are stored under it, and a vault has one version of a file and no marker`,
			}
			if !slices.Equal(found.Problems, want) {
				t.Errorf("found\n%s\nwant\n%s", strings.Join(found.Problems, "\n"), strings.Join(want, "\n"))
			}
			out, _ := b.run(t, 6, "verify", "--trust", "keys/trust-root.json")
			if said := strings.Join(strings.Fields(out), " "); !strings.Contains(said, "THE EVIDENCE DOES NOT CHECK OUT, 6 problems.") || !strings.Contains(said, want[1]) {
				t.Errorf("a person reads\n%s", out)
			}
		})
	}
}

// What an auditor's identity needs, no more; and what it is told that lacks it.
func TestAnAuditorVerifiesABucketWithThreeRightsAndIsToldWhichIsMissing(t *testing.T) {
	t.Parallel()
	g := startGateway(t, "scratch")
	if _, err := g.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("evidence"), ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	place := fmt.Sprintf(`endpoint: "%s", region: us-east-1, path_style: true`, g.Endpoint)
	b := install(t, configFor(g.Endpoint, "  s3: {bucket: evidence, prefix: sweeper/, "+place+", lock: {mode: compliance, days: 30, manifest_days: 10}}\n"+
		"  work: {s3: {bucket: scratch, "+place+"}}\n"), g.AccessKey, g.SecretKey)
	b.run(t, 0, "run")
	g.AddUser(t, "auditor", "auditor-secret-key")
	b.write(t, "auditor.ini", "[default]\naws_access_key_id = auditor\naws_secret_access_key = auditor-secret-key\n")
	args := []string{"verify", "s3://evidence/sweeper/", "--trust", "keys/trust-root.json", "--endpoint", g.Endpoint, "--region", "us-east-1", "--path-style",
		"--credentials-file", "auditor.ini"}
	rights := []string{"s3:ListBucketVersions", "s3:GetObject", "s3:GetObjectRetention"}
	for _, lacking := range rights {
		g.Allow(t, "evidence", "auditor", slices.DeleteFunc(slices.Clone(rights), func(r string) bool { return r == lacking })...)
		out, errs := b.run(t, 1, args...)
		if out != "" || !strings.Contains(errs, "this identity needs "+lacking+" on ") || !strings.Contains(errs, "s3://evidence/sweeper/") {
			t.Errorf("without %s:\n%s%s", lacking, out, errs)
		}
	}
	g.Allow(t, "evidence", "auditor", rights...)
	if out, _ := b.run(t, 0, args...); !strings.Contains(out, "files are locked as their reports state") {
		t.Errorf("with all three:\n%s", out)
	}
}

func TestVerifyTellsAWrongPlaceAndAnUnreachableOneFromWrongEvidence(t *testing.T) {
	t.Parallel()
	b := install(t, configFor("http://127.0.0.1:1", dirVault), "x", "x")
	for _, c := range []struct {
		args []string
		exit int
		says string
	}{
		{[]string{"s3://"}, 2, "want s3://BUCKET or s3://BUCKET/PREFIX"},
		{[]string{"s3://evidence/?region=x"}, 2, "endpoint and region are flags"},
		{[]string{"--path-style"}, 2, "--path-style is for a vault that is named s3://BUCKET/PREFIX"},
		{[]string{"--proof", "p", "--endpoint", "x"}, 2, "leave out the vault and its flags"},
		{nil, 2, "name the vault's copy, or s3://BUCKET/PREFIX"},
		{[]string{"s3://evidence", "--endpoint", "http://127.0.0.1:1", "--path-style"}, 1, "check the endpoint and the network"},
	} {
		out, errs := b.run(t, c.exit, append(append([]string{"verify"}, c.args...), "--trust", "keys/trust-root.json")...)
		if out != "" || !strings.Contains(errs, c.says) {
			t.Errorf("verify %q:\n%s%s", c.args, out, errs)
		}
	}
}
