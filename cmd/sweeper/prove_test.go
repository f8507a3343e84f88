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

// Whoever holds the signing key could state a date that is soon over, take the
// manifest away, and have it said that no report is about the object.
func TestAManifestIsCalledExpiredJustIfTheConfigDeclaresIt(t *testing.T) {
	t.Parallel()
	server, gate := embedded(t)
	server.Put(scriptBucket, "acme/r1.request.json", []byte("{}"), time.Now().Add(-31*24*time.Hour))
	b := install(t, configFor(gate.URL, dirVault), "test", "testtest")
	b.run(t, 0, "run")
	dir := filepath.Join(b.dir, "vault", evidence.ReportDir(0))
	b.signAgain(t, filepath.Join(dir, evidence.FileBundle), func(p *evidence.Predicate) {
		finished, err := evidence.ParseTime(p.Run.FinishedAt)
		if err != nil {
			t.Fatal(err)
		}
		soon := evidence.FormatTime(finished.Add(time.Nanosecond))
		p.Evidence.ManifestRetainUntil = &soon
	})
	b.run(t, exitOK, "prove", "--store", "exchanges", "--key", "acme/r1.request.json")
	if err := os.Remove(filepath.Join(dir, evidence.PartName(0, 0))); err != nil {
		t.Fatal(err)
	}
	_, errs := b.run(t, exitFailed, "prove", "--store", "exchanges", "--key", "acme/r1.request.json")
	if !strings.Contains(errs, "report 0: manifest-0000-00000.jsonl.gz: ") {
		t.Error(errs)
	}
	out, _ := b.run(t, exitEvidence, "verify", "vault", "--trust", "keys/trust-root.json")
	if said := strings.Join(strings.Fields(out), " "); !strings.Contains(said, "no vault.s3.lock of its config.json says that it may be") {
		t.Error(out)
	}
}

// signAgain changes a sealed report and signs it with the vault's own key.
func (b *built) signAgain(t *testing.T, bundle string, change func(*evidence.Predicate)) {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	data, err := os.ReadFile(bundle)
	must(err)
	payload, _, _, err := evidence.OpenBundle(data)
	must(err)
	st, err := evidence.ParseStatement(payload)
	must(err)
	change(&st.Predicate)
	payload, err = st.Marshal()
	must(err)
	priv, err := os.ReadFile(filepath.Join(b.dir, "keys", "signing.pem"))
	must(err)
	signer, err := evidence.LoadSigner(priv)
	must(err)
	data, err = evidence.SealBundle(payload, signer)
	must(err)
	must(os.Chmod(bundle, 0o600))
	must(os.WriteFile(bundle, data, 0o600))
}

func TestReportsAreNamedByTheirRows(t *testing.T) {
	var s spans
	for _, n := range []int64{9, 7, 6, 5, 3} {
		s = s.with(n)
	}
	if got := s.String(); got != "3, 5 to 7, 9" {
		t.Error(got)
	}
	for want, numbers := range map[string][]int64{"": {0, 1, 2}, "0 to 1, 3": {2, 4}, "1 to 9999999998": {0, 9999999999}} {
		if got := (reports{numbers: numbers}).missing().String(); got != want {
			t.Errorf("%v: %s", numbers, got)
		}
	}
}
