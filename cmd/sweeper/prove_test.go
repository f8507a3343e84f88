package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// provedBy is what verify --proof says of a proof.
func (b *built) provedBy(t *testing.T, proof string) evidence.Claim {
	t.Helper()
	out, _ := b.run(t, 0, "verify", "--proof", proof, "--trust", "keys/trust-root.json", "--json")
	var v proofChecked
	if err := json.Unmarshal([]byte(out), &v); err != nil || !v.Valid || v.Claim == nil {
		t.Fatalf("%v: %s", err, out)
	}
	return *v.Claim
}

func TestOnARealServerEachVersionMarkerAndUploadIsProvedByItsID(t *testing.T) {
	t.Parallel()
	g := startServer(t, containers.Versitygw)
	g.versioned(t)
	old, young := g.seedKinds(t, "proof")
	b := install(t, configFor(g.Endpoint, dirVault), g.AccessKey, g.SecretKey)
	b.run(t, 0, "run", "--json")
	for i, e := range old {
		file := "proof-" + string(rune('a'+i)) + ".json"
		b.run(t, 0, "prove", "--store", "exchanges", "--key", e.key, "--version", e.id, "--out", file)
		c := b.provedBy(t, file)
		if kind := c.Kind; kind != e.kind && (kind != "object" || e.kind != "version") {
			t.Errorf("%v: proved as kind %s", e, kind)
		}
		if c.Key != e.key || c.ID != e.id || !c.Gone || c.At == "" {
			t.Errorf("%v: %+v", e, c)
		}
	}
	for _, e := range young {
		out, _ := b.run(t, exitNotFound, "prove", "--store", "exchanges", "--key", e.key, "--version", e.id)
		if !strings.Contains(out, "No report says") {
			t.Errorf("%v: %s", e, out)
		}
	}
	out, _ := b.run(t, exitNotFound, "prove", "--store", "exchanges", "--key", old[0].key)
	if !strings.Contains(out, "--version ID") {
		t.Errorf("nothing says that a version is wanted: %s", out)
	}
}

// Keys are for stdout, where they were asked for, and for proofs: a log is read
// by others.
func TestProveNamesNoKeyInLogsAndErrors(t *testing.T) {
	t.Parallel()
	server, gate := embedded(t)
	server.Put(scriptBucket, canary, []byte("{}"), time.Now().Add(-31*24*time.Hour))
	b := install(t, configFor(gate.URL, dirVault), "test", "testtest")
	b.run(t, 3, "run")
	quiet := func(want int, args ...string) {
		t.Helper()
		if _, said := b.run(t, want, append(args, "--log-level", "trace")...); sings(said) {
			t.Errorf("sweeper %v: %s", args, said)
		}
	}
	quiet(exitOK, "prove", "--store", "exchanges", "--key", canary, "--out", "proof.json")
	quiet(exitNotFound, "prove", "--store", "exchanges", "--key", canary+"x", "--json")
	quiet(exitUsage, "prove", "--store", "exchanges", "--key", canary, "--kind", "bucket")
	part := filepath.Join(b.dir, "vault", evidence.ReportDir(0), evidence.PartName(0, 0))
	if err := os.Remove(part); err != nil {
		t.Fatal(err)
	}
	quiet(exitFailed, "prove", "--store", "exchanges", "--key", canary)
	data, err := os.ReadFile(filepath.Join(b.dir, "proof.json"))
	if err != nil {
		t.Fatal(err)
	}
	b.write(t, "tampered.json", strings.Replace(string(data), "deleted", "absent", 1))
	out, _ := b.run(t, exitEvidence, "verify", "--proof", "tampered.json", "--trust", "keys/trust-root.json")
	if sings(out) || !strings.Contains(out, "DOES NOT HOLD") {
		t.Error(out)
	}
}

func TestAnObjectIsSoughtUnderAllThatItCanHaveBeen(t *testing.T) {
	for _, c := range []struct {
		kind, version string
		want          []candidate
	}{
		{"", "", []candidate{{"object", ""}, {"object", "null"}, {"version", "null"}, {"marker", "null"}}},
		{"", "v1", []candidate{{"object", "v1"}, {"version", "v1"}, {"marker", "v1"}, {"upload", "v1"}}},
		{"object", "", []candidate{{"object", ""}, {"object", "null"}}},
		{"marker", "", []candidate{{"marker", "null"}}},
		{"upload", "u1", []candidate{{"upload", "u1"}}},
	} {
		if got := candidates(c.kind, c.version); !slices.Equal(got, c.want) {
			t.Errorf("kind %q, version %q: %v", c.kind, c.version, got)
		}
	}
}
