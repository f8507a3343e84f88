package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
	"github.com/sweeper-audit/sweeper/pkg/signing/signingtest"
)

func TestMakeGoldenOnce(t *testing.T) {
	g := startServer(t, containers.Versitygw)
	g.versioned(t)
	gate := buckettest.Proxy(t, g.Endpoint)
	tsa := signingtest.NewTSA(t)
	config := configFor(gate.URL, dirVault+"  lease: {ttl: 5s}\n") + `evidence: {teams: all}
schedule: {cron: "15 2 * * *", timezone: UTC}
holds: holds.yaml
signing:
  key: keys/signing.pem
  trust: keys/trust-root.json
`
	config = strings.Replace(config, "zdr: {roster: zdr-teams.yaml}", "zdr: {roster: zdr-teams.yaml, purge_violations: true}", 1)
	b := install(t, config, g.AccessKey, g.SecretKey)
	old := b.dir
	b.dir = "/srv/sweeper"
	if out, err := exec.Command("cp", "-r", old+"/.", b.dir).CombinedOutput(); err != nil {
		t.Fatal(string(out))
	}
	b.env = append(b.env, "SWEEPER_IDENTITY=role/sweeper")
	b.write(t, "holds.yaml", "holds:\n  - {id: case-17, reason: abuse investigation, owner: trust-and-safety, until: 2027-01-31, match: {store: exchanges, team: beta}}\n")
	put := func(key string, days int) string {
		return g.PutAt(t, time.Now().Add(-time.Duration(days)*24*time.Hour), &s3.PutObjectInput{Bucket: aws.String("exchanges"), Key: &key, Body: strings.NewReader("{}")})
	}
	do := func(args ...string) string {
		c := b.command(t, args...)
		said, _ := c.CombinedOutput()
		fmt.Println(args, c.ProcessState)
		return string(said)
	}
	o, _ := g.seedKinds(t, "a")
	held := put("beta/held.request.json", 45)
	put("zeta/old.request.json", 45)
	do("run", "--dry-run")
	do("apply", "0", "--reason", "FIRST_RUN_REVIEWED", "--ticket", "OPS-1")
	g.seedKinds(t, "b")
	put("zeta/young.request.json", 2)
	do("run", "--slot", "auto")
	do("attest")
	do("attest", "--prefix-only")
	g.seedKinds(t, "c")
	b.write(t, "sweeper.yaml", strings.Replace(config, "limits: {", "limits: {max_deletions: 2, ", 1))
	do("run")
	b.write(t, "sweeper.yaml", config)
	var deletes atomic.Int32
	g.seedKinds(t, "d")
	var cmd *exec.Cmd
	gate.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if strings.Contains(c.Op, "Delete") && deletes.Add(1) == 2 {
			_ = cmd.Process.Kill()
			return buckettest.Verdict{Drop: true}
		}
		return buckettest.Verdict{}
	})
	cmd = b.command(t, "run")
	cmd.Stderr = os.Stderr
	_ = cmd.Run()
	fmt.Println(cmd.ProcessState, deletes.Load())
	gate.OnRequest(nil)
	time.Sleep(7 * time.Second)
	do("run")
	out := do("keys", "rotate")
	fmt.Println(out)
	config = strings.Replace(config, "key: keys/signing.pem\n  trust: keys/trust-root.json", "key: keys/signing-0001.pem\n  trust: keys/trust-root-0001.json", 1)
	b.write(t, "sweeper.yaml", config)
	do("keys", "trust", "--tsa-root", tsa.RootFile)
	config = strings.Replace(config, "trust-root-0001.json", "trust-root-0002.json", 1) + "  timestamp: {url: " + tsa.URL + ", policy: required}\n"
	b.write(t, "sweeper.yaml", config)
	put("acme/late.request.json", 31)
	odd := put("odd", 31)
	c2 := b.command(t, "run")
	said, _ := c2.CombinedOutput()
	fmt.Println(string(said), c2.ProcessState)
	do("report", "timestamp", "7")
	said, _ = b.command(t, "report", "list").CombinedOutput()
	fmt.Println(string(said))
	do("prove", "--store", "exchanges", "--key", "beta/held.request.json", "--version", held, "--out", "held.proof.json")
	do("prove", "1", "--store", "exchanges", "--key", o[0].key, "--version", o[0].id, "--out", "deleted.proof.json")
	do("prove", "--store", "exchanges", "--key", "odd", "--version", odd, "--out", "nobody.proof.json")
	said, _ = b.command(t, "verify", "vault", "--trust", "keys/trust-root-0002.json").CombinedOutput()
	fmt.Println(string(said))
	said, _ = exec.Command("find", filepath.Join(b.dir)).CombinedOutput()
	fmt.Println(string(said))
}
