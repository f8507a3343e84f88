package main

import (
	"encoding/base64"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/signing/signingtest"
)

// keyed is a folder with keys and a config for an embedded server that holds one
// old object and one young one.
type keyed struct {
	*built
	t      *testing.T
	server *buckettest.Server
}

func newKeyed(t *testing.T, more string) *keyed {
	t.Helper()
	server := buckettest.Embedded(t)
	server.CreateBucket("exchanges")
	k := &keyed{built: install(t, configFor(server.URL, dirVault)+more, "test", "testtest"), t: t, server: server}
	k.put()
	return k
}

// put stores an object that expired yesterday.
func (k *keyed) put() {
	k.server.Put("exchanges", "acme/r1.request.json", []byte("{}"), time.Now().Add(-31*24*time.Hour))
}

// set replaces a text in the config.
func (k *keyed) set(old, now string) {
	k.t.Helper()
	data, err := os.ReadFile(filepath.Join(k.dir, "sweeper.yaml"))
	if err != nil {
		k.t.Fatal(err)
	}
	if n := strings.Count(string(data), old); n != 1 {
		k.t.Fatalf("%q stands %d times in the config", old, n)
	}
	k.write(k.t, "sweeper.yaml", strings.Replace(string(data), old, now, 1))
}

// verify verifies the vault with a trust root and returns what was found.
func (k *keyed) verify(want int, trust string, args ...string) evidence.Verification {
	k.t.Helper()
	out, _ := k.run(k.t, want, append([]string{"verify", "vault", "--trust", trust, "--json"}, args...)...)
	var v evidence.Verification
	if err := json.Unmarshal([]byte(out), &v); err != nil {
		k.t.Fatal(err)
	}
	return v
}

// remove loses files of the folder.
func (k *keyed) remove(names ...string) {
	k.t.Helper()
	for _, name := range names {
		if err := os.Remove(filepath.Join(k.dir, name)); err != nil {
			k.t.Fatal(err)
		}
	}
}

func (k *keyed) trust(name string) evidence.TrustRoot {
	k.t.Helper()
	data, err := os.ReadFile(filepath.Join(k.dir, name))
	if err != nil {
		k.t.Fatal(err)
	}
	root, err := evidence.ParseTrustRoot(data)
	if err != nil {
		k.t.Fatal(err)
	}
	return root
}

func contains(t *testing.T, what, text string, want ...string) {
	t.Helper()
	for _, w := range want {
		if !strings.Contains(text, w) {
			t.Errorf("%s: no %q in\n%s", what, w, text)
		}
	}
}

func TestAfterARotationReportsBeforeAndAfterVerifyAndTheOldTrustRootDoesNot(t *testing.T) {
	k := newKeyed(t, "signing:\n  key: keys/signing.pem\n  trust: keys/trust-root.json\n")
	k.run(t, 0, "run")
	out, _ := k.run(t, 0, "keys", "rotate")
	contains(t, "rotate", out, "Report 1 hands over", "key: ", "keys/signing-0001.pem", "keys/trust-root-0001.json")

	_, errs := k.run(t, 2, "run") // the old key may not sign any more, and nothing is deleted
	contains(t, "with the old key", errs, "the vault holds trust/trust-root-0001.json", "nothing was touched")
	again, _ := k.run(t, 0, "keys", "rotate")
	if again != out {
		t.Errorf("a second rotate did something else:\n%s", again)
	}

	k.set("keys/signing.pem", "keys/signing-0001.pem")
	_, errs = k.run(t, 2, "run")
	contains(t, "with the old trust root", errs, "is not in it")
	k.set("keys/trust-root.json", "keys/trust-root-0001.json")
	k.put()
	k.run(t, 0, "run")

	v := k.verify(0, "keys/trust-root-0001.json")
	one := k.trust("keys/trust-root-0001.json")
	old, spki := one.Keys[0].SPKISHA256, one.Keys[1].SPKISHA256
	if len(v.Reports) != 3 || v.Reports[1].Type != evidence.TypeKeyRotation ||
		!slices.Contains(v.Exceptions, "report 1: key "+old+" hands over to key "+spki) {
		t.Errorf("%+v", v)
	}
	v = k.verify(6, "keys/trust-root.json")
	want := "report 2: report.sigstore.json: it is signed by key " + spki + ", which the trust root does not name; " +
		"report 1 hands over to this key, so ask the organization for its newer trust root"
	if len(v.Problems) != 1 || v.Problems[0] != want {
		t.Errorf("with the old trust root: %q", v.Problems)
	}
	list, _ := k.run(t, 0, "keys", "list")
	contains(t, "list", list, old, spki, *one.Keys[0].NotAfter, "trust root 1", "0 to 2", "here")
	show, _ := k.run(t, 0, "report", "show", "1")
	contains(t, "show", show, "KEY ROTATION")
}

func TestALostKeyIsReplacedAndEveryVerificationSaysSo(t *testing.T) {
	k := newKeyed(t, "signing:\n  key: keys/signing.pem\n  trust: keys/trust-root.json\n")
	k.run(t, 0, "run")
	if err := os.Remove(filepath.Join(k.dir, "keys/signing.pem")); err != nil {
		t.Fatal(err)
	}
	k.run(t, 2, "keys", "rotate")
	out, _ := k.run(t, 0, "keys", "rotate", "--old-key-lost")
	again, _ := k.run(t, 0, "keys", "rotate", "--old-key-lost")
	if again != out {
		t.Errorf("a second rotate did something else:\n%s", again)
	}
	k.set("keys/signing.pem", "keys/signing-0001.pem")
	k.set("keys/trust-root.json", "keys/trust-root-0001.json")
	k.run(t, 0, "run")
	v := k.verify(0, "keys/trust-root-0001.json")
	if !slices.ContainsFunc(v.Exceptions, func(s string) bool { return strings.HasPrefix(s, "report 1: OLD_KEY_UNAVAILABLE: ") }) {
		t.Errorf("exceptions: %q", v.Exceptions)
	}
}

func TestAnEncryptedKeySignsAndItsRotationIsEncryptedToo(t *testing.T) {
	k := newKeyed(t, "signing:\n  key: keys/encrypted.pem\n  trust: keys/trust-root.json\n  passphrase_file: keys/passphrase\n")
	k.write(t, "keys/passphrase", "correct horse\n")
	cmd := exec.CommandContext(t.Context(), "openssl", "pkcs8", "-topk8", "-in", "keys/signing.pem", "-out", "keys/encrypted.pem",
		"-passout", "file:keys/passphrase", "-v2", "aes-256-cbc")
	cmd.Dir = k.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	k.run(t, 0, "run")
	k.run(t, 0, "keys", "rotate")
	k.set("keys/encrypted.pem", "keys/signing-0001.pem")
	k.set("keys/trust-root.json", "keys/trust-root-0001.json")
	k.run(t, 0, "run")
	k.verify(0, "keys/trust-root-0001.json")
	made, err := os.ReadFile(filepath.Join(k.dir, "keys/signing-0001.pem"))
	if err != nil || !strings.HasPrefix(string(made), "-----BEGIN ENCRYPTED PRIVATE KEY-----") {
		t.Errorf("the new key is not encrypted (%v)", err)
	}

	k.write(t, "keys/passphrase", "wrong horse\n")
	_, errs := k.run(t, 2, "run")
	contains(t, "with another passphrase", errs, "the passphrase is wrong")
	if strings.Contains(errs, "horse") {
		t.Errorf("the passphrase is in\n%s", errs)
	}
	if err := os.Chmod(filepath.Join(k.dir, "keys/passphrase"), 0o644); err != nil {
		t.Fatal(err)
	}
	_, errs = k.run(t, 2, "run")
	contains(t, "with a passphrase that others can read", errs, "signing.passphrase_file", "chmod 600")
}

func TestAKeyOfKMSSignsAndHandsOverToAnother(t *testing.T) {
	kms := signingtest.NewKMS(t)
	k := newKeyed(t, "signing:\n  key: keys/signing.pem\n  trust: keys/trust-root.json\n")
	k.env = append(k.env, "AWS_ENDPOINT_URL_KMS="+kms.URL)
	first, second := "awskms:///"+signingtest.KMSKey, "awskms:///"+strings.Replace(signingtest.KMSKey, "1234abcd", "99999999", 1)
	kms.Add(t, strings.TrimPrefix(second, "awskms:///"))

	k.run(t, 0, "run")
	k.run(t, 0, "keys", "rotate", "--new-key", first)
	k.set("keys/signing.pem", first)
	k.set("keys/trust-root.json", "keys/trust-root-0001.json")
	k.put()
	k.run(t, 0, "run")
	k.run(t, 2, "keys", "rotate") // a key of KMS is made in KMS
	k.run(t, 0, "keys", "rotate", "--new-key", second)
	k.set(first, second)
	k.set("keys/trust-root-0001.json", "keys/trust-root-0002.json")
	k.run(t, 0, "run")
	v := k.verify(0, "keys/trust-root-0002.json")
	if len(v.Reports) != 5 {
		t.Errorf("%d reports", len(v.Reports))
	}

	kms.Lie()
	_, errs := k.run(t, 1, "run")
	contains(t, "with a service that signs something else", errs, "does not verify", "nothing was deleted")
}

// stampedConfig has a time stamp authority and a policy.
func stampedConfig(tsa *signingtest.TSA, policy string) string {
	return "signing:\n  key: keys/signing.pem\n  trust: keys/trust-root.json\n  timestamp: {url: " + tsa.URL + ", policy: " + policy + "}\n"
}

func TestWithARequiredTimeStampEveryReportHasOneThatOpensslAccepts(t *testing.T) {
	tsa := signingtest.NewTSA(t)
	k := newKeyed(t, stampedConfig(tsa, "required"))
	_, errs := k.run(t, 2, "run")
	contains(t, "without an authority in the trust root", errs, "signing.timestamp.policy is required", "keys trust --tsa-root FILE")
	if got := k.server.Keys("exchanges"); len(got) != 1 {
		t.Errorf("the bucket has %q", got)
	}
	out, _ := k.run(t, 1, "check")
	contains(t, "check without an authority in the trust root", out, "signing.timestamp.policy is required", "keys trust --tsa-root FILE")
	_, errs = k.run(t, 2, "keys", "rotate", "--old-key-lost")
	contains(t, "rotate without an authority in the trust root", errs, "keys trust --tsa-root FILE")
	k.write(t, "noted.pem", "This is our authority.\n"+tsa.Root)
	k.run(t, 2, "keys", "trust", "--tsa-root", "sweeper.yaml")
	k.run(t, 0, "keys", "trust", "--tsa-root", "noted.pem")
	k.set("keys/trust-root.json", "keys/trust-root-0001.json")

	tsa.Fail(http.StatusServiceUnavailable)
	_, errs = k.run(t, 1, "run")
	contains(t, "without an answer", errs, "a time stamp is required", "HTTP status 503", "nothing was deleted")
	if got := k.server.Keys("exchanges"); len(got) != 1 {
		t.Errorf("the bucket has %q", got)
	}
	out, _ = k.run(t, 1, "check")
	contains(t, "check without an answer", out, "no run is made without one")
	tsa.Fail(0)
	out, _ = k.run(t, 0, "check")
	contains(t, "check", out, "the authority answers, and the trust root knows it")
	k.run(t, 0, "run")
	v := k.verify(0, "keys/trust-root-0001.json", "--require", "timestamped")
	if v.Assurance != evidence.AssuranceTimestamped || len(v.Notes) != 1 { // the lock is not checked; all trust roots were
		t.Errorf("%+v", v)
	}

	report := filepath.Join(k.dir, "vault", evidence.ReportDir(0))
	bundle, err := os.ReadFile(filepath.Join(report, evidence.FileBundle))
	if err != nil {
		t.Fatal(err)
	}
	var b struct {
		DSSEEnvelope struct{ Signatures []struct{ Sig string } }
	}
	if err := json.Unmarshal(bundle, &b); err != nil {
		t.Fatal(err)
	}
	sig, err := base64.StdEncoding.DecodeString(b.DSSEEnvelope.Signatures[0].Sig)
	if err != nil {
		t.Fatal(err)
	}
	k.write(t, "sig.bin", string(sig))
	cmd := exec.CommandContext(t.Context(), "openssl", "ts", "-verify", "-data", "sig.bin", "-in", filepath.Join(report, "report.tsr"), "-CAfile", tsa.RootFile)
	cmd.Dir = k.dir
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "Verification: OK") {
		t.Errorf("%v\n%s", err, out)
	}
}

func TestWithBestEffortAMissingTimeStampIsSaidAndMayComeLater(t *testing.T) {
	tsa := signingtest.NewTSA(t)
	k := newKeyed(t, stampedConfig(tsa, "best-effort"))
	k.run(t, 0, "keys", "trust", "--tsa-root", tsa.RootFile)
	k.set("keys/trust-root.json", "keys/trust-root-0001.json")
	tsa.Fail(http.StatusServiceUnavailable)
	out, _ := k.run(t, 0, "run", "--json")
	p := report(t, out)
	if !slices.Contains(p.Reasons, evidence.Reason{Code: "TIMESTAMP_MISSING", Count: 1}) || p.Result != evidence.ResultKept {
		t.Errorf("%s: %+v", p.Result, p.Reasons)
	}
	v := k.verify(0, "keys/trust-root-0001.json")
	if v.Assurance != evidence.AssuranceNone || !slices.Contains(v.Exceptions, "report 0: it has no time stamp: evidence.timestampPolicy is best-effort") {
		t.Errorf("%+v", v)
	}
	out, _ = k.run(t, 0, "check")
	contains(t, "check", out, "time stamps", "reports will have none", "HTTP status 503")
	k.run(t, 1, "report", "timestamp", "0")
	k.run(t, 2, "report", "timestamp", "7")
	tsa.Fail(0)
	out, _ = k.run(t, 0, "report", "timestamp", "0")
	contains(t, "timestamp", out, "Report 0 was stamped at ", "report.tsr")
	out, _ = k.run(t, 0, "report", "timestamp", "0")
	contains(t, "timestamp again", out, "report-2.tsr")
	k.verify(0, "keys/trust-root-0001.json", "--require", "timestamped")
}

func TestOfACompromisedKeyOnlyStampedReportsCount(t *testing.T) {
	tsa := signingtest.NewTSA(t)
	k := newKeyed(t, stampedConfig(tsa, "none"))
	k.run(t, 0, "keys", "trust", "--tsa-root", tsa.RootFile)
	k.set("keys/trust-root.json", "keys/trust-root-0001.json")
	k.run(t, 0, "run")
	k.run(t, 0, "report", "timestamp", "0")
	k.run(t, 0, "run")
	spki := k.trust("keys/trust-root-0001.json").Keys[0].SPKISHA256
	k.run(t, 2, "keys", "trust", "--compromised", "abc=2026-01-01T00:00:00Z")
	after := time.Now().Add(3 * time.Second).UTC().Format(time.RFC3339) // genTime has whole seconds, and an accuracy of one
	k.run(t, 0, "keys", "trust", "--compromised", spki+"="+after)
	v := k.verify(6, "keys/trust-root-0002.json")
	want := "report 1: report.sigstore.json: the key was compromised at " + after + ", and no time stamp or head from before then vouches for the report"
	if len(v.Problems) != 1 || v.Problems[0] != want {
		t.Errorf("problems: %q", v.Problems)
	}
	k.set("keys/trust-root-0001.json", "keys/trust-root-0002.json")
	_, errs := k.run(t, 2, "run")
	contains(t, "run", errs, "compromised")
}

func TestARunThatWaitsForADeadAuthorityIsSealedWithAnother(t *testing.T) {
	dying, other := signingtest.NewTSA(t), signingtest.NewTSA(t)
	k := newKeyed(t, stampedConfig(dying, "required"))
	k.run(t, 0, "keys", "trust", "--tsa-root", dying.RootFile)
	k.set("keys/trust-root.json", "keys/trust-root-0001.json")
	var asked atomic.Int64
	refuse := func(w http.ResponseWriter, _ *http.Request) bool {
		if asked.Add(1) == 1 { // the rehearsal
			return false
		}
		w.WriteHeader(http.StatusServiceUnavailable)
		return true
	}
	dying.Before.Store(&refuse)
	k.run(t, 1, "run")
	if got := k.server.Keys("exchanges"); len(got) != 0 {
		t.Errorf("the bucket has %q", got)
	}
	_, errs := k.run(t, 1, "run")
	contains(t, "run", errs, "recover run 0, nothing was deleted: a time stamp is required (signing.timestamp), and there is none", "HTTP status 503")

	k.run(t, 0, "keys", "trust", "--tsa-root", other.RootFile)
	k.set("keys/trust-root-0001.json", "keys/trust-root-0002.json")
	k.set(dying.URL, other.URL)
	k.run(t, 0, "run")
	if v := k.verify(0, "keys/trust-root-0002.json", "--require", "timestamped"); len(v.Reports) != 2 {
		t.Errorf("%d reports", len(v.Reports))
	}
}

func TestATrustRootIsWrittenWithoutTheSigningKey(t *testing.T) {
	k := newKeyed(t, "signing:\n  key: keys/signing.pem\n  trust: keys/trust-root.json\n")
	k.run(t, 0, "run")
	k.remove("keys/signing.pem")
	spki := k.trust("keys/trust-root.json").Keys[0].SPKISHA256
	k.run(t, 0, "keys", "trust", "--compromised", spki+"=2100-01-01T00:00:00Z")
	k.set("keys/trust-root.json", "keys/trust-root-0001.json")
	k.run(t, 0, "keys", "rotate", "--old-key-lost")
	k.set("keys/signing.pem", "keys/signing-0002.pem")
	k.set("keys/trust-root-0001.json", "keys/trust-root-0002.json")
	k.run(t, 0, "run")
	k.verify(6, "keys/trust-root-0002.json") // nothing vouches for report 0
}
