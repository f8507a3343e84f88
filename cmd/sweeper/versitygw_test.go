package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
)

// gateway is a real S3 server in a container with one bucket.
type gateway struct {
	*containers.Server
	client *s3.Client
}

func startGateway(t *testing.T, buckets ...string) *gateway {
	t.Helper()
	return startServer(t, containers.Versitygw, buckets...)
}

func startServer(t *testing.T, start func(testing.TB) *containers.Server, buckets ...string) *gateway {
	t.Helper()
	server := start(t)
	g := &gateway{server, server.Admin()}
	for _, name := range append(buckets, "exchanges") {
		if _, err := g.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(name)}); err != nil {
			t.Fatal(err)
		}
	}
	return g
}

// put stores an object that was last modified at the given time.
func (g *gateway) put(t *testing.T, key string, modified time.Time) {
	t.Helper()
	if _, err := g.client.PutObject(t.Context(), &s3.PutObjectInput{Bucket: aws.String("exchanges"), Key: aws.String(key),
		Body: strings.NewReader(`{"messages":[]}`)}); err != nil {
		t.Fatal(err)
	}
	g.SetModified(t, "exchanges", key, modified)
}

// keys are the objects in the bucket, as the server itself lists them.
func (g *gateway) keys(t *testing.T, bucket string) []string {
	t.Helper()
	var keys []string
	pages := s3.NewListObjectsV2Paginator(g.client, &s3.ListObjectsV2Input{Bucket: aws.String(bucket)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(context.WithoutCancel(t.Context()))
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			keys = append(keys, aws.ToString(o.Key))
		}
	}
	return keys
}

func TestOnARealServerOnlyWhatIsOlderThan30DaysGoes(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	now := time.Now().UTC().Truncate(time.Second)
	ages := map[string]time.Duration{
		"acme/d29.request.json":        29 * 24 * time.Hour,
		"acme/d30-young.request.json":  30*24*time.Hour - 10*time.Minute,
		"acme/d30-old.request.json":    30*24*time.Hour + time.Minute,
		"acme/d31.request.json":        31 * 24 * time.Hour,
		"acme/new.request.json":        0,
		"beta/d31 a+b%2F&c.part.json":  31 * 24 * time.Hour,
		"beta/d400.request.json":       400 * 24 * time.Hour,
		"beta/d29 \u00e9\u6f22.r.json": 29 * 24 * time.Hour,
	}
	var stay []string
	for key, age := range ages {
		g.put(t, key, now.Add(-age))
		if age <= 30*24*time.Hour {
			stay = append(stay, key)
		}
	}
	slices.Sort(stay)
	b := install(t, configFor(g.Endpoint, dirVault), g.AccessKey, g.SecretKey)

	b.run(t, 0, "check")
	out, _ := b.run(t, 0, "run", "--dry-run", "--json")
	if p := report(t, out); p.Totals.Planned != 4 || p.Totals.Left != 4 || len(g.keys(t, "exchanges")) != len(ages) {
		t.Errorf("dry run: planned %d, left %d; the bucket has %v", p.Totals.Planned, p.Totals.Left, g.keys(t, "exchanges"))
	}
	out, _ = b.run(t, 0, "run", "--json")
	if left := g.keys(t, "exchanges"); !slices.Equal(left, stay) {
		t.Errorf("left are %q, want %q", left, stay)
	}
	p := report(t, out)
	if tt := p.Totals; p.Result != "kept" || tt.Listed != 8 || tt.Expired != 4 || tt.Deleted != 4 || tt.Kept != 4 {
		t.Errorf("result %s, totals %+v", p.Result, tt)
	}
	if c := p.Confirmation; !c.Complete || c.ExpiredRemaining != 0 {
		t.Errorf("confirmation %+v", c)
	}
	if p.Stores[0].Versioning != "never" || p.ZDR.Zero != 1 {
		t.Errorf("store %+v, zdr %+v", p.Stores[0], p.ZDR)
	}
	if v := b.verified(t); len(v.Reports) != 2 || v.Reports[1].Lines != 4 {
		t.Errorf("verified: %+v", v.Reports)
	}
	if out, _ = b.run(t, 0, "run", "--json"); report(t, out).Totals.Expired != 0 {
		t.Error("a second run found something to do")
	}
	b.verified(t)
}

func TestOnARealServerCredentialsThatMayNotDeleteDeleteNothing(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	g.put(t, "acme/d31.request.json", time.Now().Add(-31*24*time.Hour))
	g.AddReader(t, "exchanges", "reader", "reader-secret-key")
	b := install(t, configFor(g.Endpoint, dirVault), "reader", "reader-secret-key")
	for _, command := range []string{"check", "run"} {
		out, errs := b.run(t, 1, command)
		if !strings.Contains(out+errs, "s3:DeleteObject") || !strings.Contains(out+errs, "exchanges") {
			t.Errorf("%s does not name the right and the bucket:\n%s%s", command, out, errs)
		}
	}
	if left := g.keys(t, "exchanges"); len(left) != 1 {
		t.Errorf("left are %q", left)
	}
}

func TestOnARealServerTheVaultCanBeABucket(t *testing.T) {
	t.Parallel()
	g := startGateway(t, "evidence", "scratch")
	g.put(t, "acme/d31.request.json", time.Now().Add(-31*24*time.Hour))
	place := func(bucket, prefix string) string {
		return fmt.Sprintf(`{bucket: %s, prefix: "%s", endpoint: "%s", region: us-east-1, path_style: true}`, bucket, prefix, g.Endpoint)
	}
	b := install(t, configFor(g.Endpoint, "  s3: "+place("evidence", "sweeper/")+"\n  work: {s3: "+place("scratch", "")+"}\n"),
		g.AccessKey, g.SecretKey)
	b.run(t, 0, "check")
	out, _ := b.run(t, 0, "run", "--json")
	if p := report(t, out); p.ReportPath != "s3://evidence/sweeper/reports/0000000000" || p.Totals.Deleted != 1 {
		t.Errorf("report path %s, totals %+v", p.ReportPath, p.Totals)
	}
	b.run(t, 0, "run")
	if left := g.keys(t, "scratch"); !slices.Equal(left, []string{"lease.json"}) {
		t.Errorf("the work area holds %q", left)
	}
	// The auditor's copy: the objects as files.
	for _, key := range g.keys(t, "evidence") {
		g.fetch(t, key, filepath.Join(b.dir, "vault", filepath.FromSlash(strings.TrimPrefix(key, "sweeper/"))))
	}
	if v := b.verified(t); len(v.Reports) != 2 {
		t.Errorf("reports: %+v", v.Reports)
	}
	if out, _ = b.run(t, 0, "report", "list"); !strings.Contains(out, "sweep") {
		t.Errorf("report list:\n%s", out)
	}
	if out, _ = b.run(t, 0, "report", "show", "0", "--html", "-"); !strings.Contains(out, "KEPT") || strings.Contains(out, "NOT VERIFIED") {
		t.Errorf("report show --html:\n%s", out)
	}
	if out, _ = b.run(t, 0, "report", "site", "--out", "site"); !strings.Contains(out, "Reports: 2") {
		t.Errorf("report site:\n%s", out)
	}
	if out, _ = b.run(t, 0, "report", "show", "0", "--format", "csv"); strings.Count(out, ",deleted,,response\n") != 1 {
		t.Errorf("report show --format csv:\n%s", out)
	}
}

func TestOnARealServerEvidenceIsPutUnderObjectLock(t *testing.T) {
	t.Parallel()
	g := startGateway(t, "scratch")
	g.put(t, "acme/d31.request.json", time.Now().Add(-31*24*time.Hour))
	if _, err := g.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("evidence"), ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	place := fmt.Sprintf(`endpoint: "%s", region: us-east-1, path_style: true`, g.Endpoint)
	b := install(t, configFor(g.Endpoint, "  s3: {bucket: evidence, "+place+", lock: {mode: compliance, days: 2557, manifest_days: 400}}\n  work: {s3: {bucket: scratch, "+place+"}}\n"),
		g.AccessKey, g.SecretKey)
	out, _ := b.run(t, 0, "run", "--json")
	p := report(t, out)
	if p.Evidence.ObjectLockMode != "compliance" || p.Evidence.RetainUntil == nil {
		t.Errorf("evidence %+v", p.Evidence)
	}
	for _, key := range g.keys(t, "evidence") {
		days := 2557
		if strings.Contains(key, "manifest-") {
			days = 400
		}
		lock, err := g.client.GetObjectRetention(t.Context(), &s3.GetObjectRetentionInput{Bucket: aws.String("evidence"), Key: aws.String(key)})
		if err != nil {
			t.Fatalf("%s: %v", key, err)
		}
		until := time.Now().Add(time.Duration(days) * 24 * time.Hour)
		if r := lock.Retention; r.Mode != types.ObjectLockRetentionModeCompliance || until.Sub(*r.RetainUntilDate).Abs() > time.Hour {
			t.Errorf("%s: mode %s until %s", key, r.Mode, r.RetainUntilDate)
		}
	}
}

// One key that XML can't carry must not keep a store from being swept, and must
// not be called deleted: the server shows another key in its place.
func TestOnARealServerAKeyThatCannotBeSpeltSpoilsNothing(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	old := time.Now().Add(-31 * 24 * time.Hour)
	for _, key := range []string{"acme/a.r.json", "acme/b\x01c.r.json", "acme/b\x02c.r.json", "acme/bb.r.json", "acme/d.r.json"} {
		path := filepath.Join(g.Root, "exchanges", filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
	}
	b := install(t, configFor(g.Endpoint, dirVault), g.AccessKey, g.SecretKey)
	out, _ := b.run(t, 3, "run", "--json")
	p := report(t, out)
	if p.Result != "broken" || p.Totals.Deleted != 3 || p.Totals.Failed != 2 || p.Confirmation.ExpiredRemaining != 2 {
		t.Errorf("result %s, totals %+v, confirmation %+v", p.Result, p.Totals, p.Confirmation)
	}
	if p.ZDR.Inconclusive != 1 || !strings.Contains(out, "KEY_UNREPRESENTABLE") {
		t.Errorf("zdr %+v, exceptions %+v", p.ZDR, p.Exceptions)
	}
	if left, err := os.ReadDir(filepath.Join(g.Root, "exchanges", "acme")); err != nil || len(left) != 2 {
		t.Errorf("left are %v (%v)", left, err)
	}
	b.verified(t)
}

func (g *gateway) fetch(t *testing.T, key, path string) {
	t.Helper()
	out, err := g.client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("evidence"), Key: aws.String(key)})
	if err != nil {
		t.Fatal(err)
	}
	defer out.Body.Close()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.ReadFrom(out.Body); err != nil {
		t.Fatal(err)
	}
}

func TestOnARealServerAWorkBucketWithObjectLockIsRefused(t *testing.T) {
	t.Parallel()
	g := startGateway(t, "evidence")
	g.put(t, "acme/d31.request.json", time.Now().Add(-31*24*time.Hour))
	if _, err := g.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("locked"), ObjectLockEnabledForBucket: aws.Bool(true)}); err != nil {
		t.Fatal(err)
	}
	place := func(bucket string) string {
		return fmt.Sprintf(`{bucket: %s, endpoint: "%s", region: us-east-1, path_style: true}`, bucket, g.Endpoint)
	}
	b := install(t, configFor(g.Endpoint, "  s3: "+place("evidence")+"\n  work: {s3: "+place("locked")+"}\n"), g.AccessKey, g.SecretKey)
	_, errs := b.run(t, 1, "run")
	if !strings.Contains(errs, "vault.work") || !strings.Contains(errs, "locked") || !strings.Contains(errs, "Object Lock") {
		t.Errorf("the refusal does not say which and why:\n%s", errs)
	}
	if left := g.keys(t, "exchanges"); len(left) != 1 {
		t.Errorf("left are %q", left)
	}
}

func TestTheContainerImageSweepsARealServer(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	now := time.Now()
	g.put(t, "acme/d31.request.json", now.Add(-31*24*time.Hour))
	g.put(t, "acme/d29.request.json", now.Add(-29*24*time.Hour))
	b := install(t, configFor(g.Endpoint, dirVault), g.AccessKey, g.SecretKey)
	job := containers.Job{Image: containers.SweeperImage(t), Args: []string{"run", "--json", "--config", "/data/sweeper.yaml"},
		Env:  map[string]string{"AWS_ACCESS_KEY_ID": g.AccessKey, "AWS_SECRET_ACCESS_KEY": g.SecretKey},
		Dirs: map[string]string{b.dir: "/data"}}
	r := containers.Run(t, job)
	if r.Exit != 0 {
		t.Fatalf("exit status %d\n%s%s", r.Exit, r.Stdout, r.Stderr)
	}
	if p := report(t, r.Stdout); p.Totals.Deleted != 1 || p.Result != "kept" {
		t.Errorf("result %s, totals %+v", p.Result, p.Totals)
	}
	if left := g.keys(t, "exchanges"); !slices.Equal(left, []string{"acme/d29.request.json"}) {
		t.Errorf("left are %q", left)
	}
	b.verified(t)
}

// A thousand keys fill a page exactly, and more make several batches: sizes
// around both edges must come out even.
func TestOnARealServerPageEdgesLoseNothing(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	now := time.Now()
	want := map[string]bool{}
	for i := range 2001 {
		key := fmt.Sprintf("team-%d/r%04d.request.json", i%3, i)
		path := filepath.Join(g.Root, "exchanges", filepath.FromSlash(key))
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("{}"), 0o644); err != nil {
			t.Fatal(err)
		}
		age := 31 * 24 * time.Hour
		if i%10 == 0 {
			age, want[key] = 24*time.Hour, true
		}
		if err := os.Chtimes(path, now.Add(-age), now.Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	b := install(t, configFor(g.Endpoint, dirVault), g.AccessKey, g.SecretKey)
	out, _ := b.run(t, 0, "run", "--json")
	if p := report(t, out); p.Totals.Deleted != 1800 || p.Totals.Listed != 2001 {
		t.Errorf("totals %+v", p.Totals)
	}
	if left := g.keys(t, "exchanges"); !slices.Equal(left, slices.Sorted(maps.Keys(want))) {
		t.Errorf("%d objects are left, want %d", len(left), len(want))
	}
	b.verified(t)
}
