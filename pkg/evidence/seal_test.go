package evidence

import (
	"bytes"
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"flag"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/secure-systems-lab/go-securesystemslib/dsse"
)

func TestTheBundleIsInProtobufsJSONForm(t *testing.T) {
	s := newSigner(t)
	data, err := SealBundle([]byte(`{"_type":"x"}`), s)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := SPKISHA256(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	keyid, err := dsse.SHA256KeyID(s.Public())
	if err != nil {
		t.Fatal(err)
	}
	_, sig, hint, err := OpenBundle(data)
	if err != nil {
		t.Fatal(err)
	}
	want := `{"mediaType":"application/vnd.dev.sigstore.bundle.v0.3+json",` +
		`"verificationMaterial":{"publicKey":{"hint":"` + spki + `"}},` +
		`"dsseEnvelope":{"payload":"eyJfdHlwZSI6IngifQ==","payloadType":"application/vnd.in-toto+json",` +
		`"signatures":[{"sig":"` + base64.StdEncoding.EncodeToString(sig) + `","keyid":"` + keyid + `"}]}}`
	if string(data) != want {
		t.Errorf("\n got %s\nwant %s", data, want)
	}
	if hint != spki {
		t.Errorf("hint is %s, want %s", hint, spki)
	}
}

func TestSealingTwiceGivesTheSameBytes(t *testing.T) {
	s := newSigner(t)
	a, err := SealBundle([]byte("payload"), s)
	if err != nil {
		t.Fatal(err)
	}
	b, err := SealBundle([]byte("payload"), s)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(a, b) {
		t.Error("two bundles of one payload differ")
	}
}

func TestAnEd25519KeySealsToo(t *testing.T) {
	_, priv, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(priv)
	if err != nil {
		t.Fatal(err)
	}
	s, err := LoadSigner(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
	if err != nil {
		t.Fatal(err)
	}
	f := newFixture(t)
	f.signer = s
	f.trust, err = NewTrustRoot(fixtureVault, s.Public(), at(1, 0, 0))
	f.must(err)
	f.three()
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, nil)
}

// badSigner answers with a good signature over something else, as a key service
// that is given the wrong digest mode does.
type badSigner struct{ Signer }

func (b badSigner) Sign(rand io.Reader, digest []byte, opts crypto.SignerOpts) ([]byte, error) {
	return b.Signer.Sign(rand, bytes.Repeat([]byte{1}, len(digest)), opts)
}

func TestSealingRefusesASignatureThatDoesNotVerify(t *testing.T) {
	if _, err := SealBundle([]byte("x"), badSigner{newSigner(t)}); err == nil || !strings.Contains(err.Error(), "nothing was sealed") {
		t.Errorf("got %v", err)
	}
}

func TestAnyOtherBundleIsRefused(t *testing.T) {
	data, err := SealBundle([]byte("payload"), newSigner(t))
	if err != nil {
		t.Fatal(err)
	}
	good := string(data)
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in the bundle", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	sigs := good[strings.Index(good, `{"sig"`):strings.Index(good, `]}}`)]
	for name, bad := range map[string]string{
		"empty": "", "null": "null", "a list": "[]", "an empty object": "{}",
		"another version":         replace("v0.3", "v0.2"),
		"two signatures":          replace(sigs, sigs+","+sigs),
		"no signature":            replace(sigs, ""),
		"an entry of a log":       replace(`"publicKey"`, `"tlogEntries":[],"publicKey"`),
		"a field twice":           replace(`"payloadType"`, `"payload":"","payloadType"`),
		"unpadded base64":         replace(`cGF5bG9hZA==`, `cGF5bG9hZA`),
		"sloppy base64":           replace(`cGF5bG9hZA==`, `cGF5bG9hZB==`),
		"another hint":            replace(`"hint":"`, `"hint":"x`),
		"no payload":              replace(`cGF5bG9hZA==`, ``),
		"an empty list of stamps": replace(`}},"dsse`, `},"timestampVerificationData":{"rfc3161Timestamps":[]}},"dsse`),
		"a newline":               good + "\n",
	} {
		if _, _, _, err := OpenBundle([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	stamped := replace(`}},"dsse`, `},"timestampVerificationData":{"rfc3161Timestamps":[{"signedTimestamp":"AQI="}]}},"dsse`)
	if _, _, _, err := OpenBundle([]byte(stamped)); err != nil {
		t.Errorf("a bundle with a token: %v", err)
	}
}

func TestAFileThatIsNotASigningKeyGivesOneClearError(t *testing.T) {
	encode := func(kind string, key any) []byte {
		der, err := x509.MarshalPKCS8PrivateKey(key)
		if err != nil {
			t.Fatal(err)
		}
		return pem.EncodeToMemory(&pem.Block{Type: kind, Bytes: der})
	}
	p384, err := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	priv, pub, err := GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"empty": nil, "a public key": pub, "a config": []byte("signing: {key: x}\n"), "two keys": append(bytes.Clone(priv), priv...),
		"another curve": encode("PRIVATE KEY", p384), "another label": encode("EC PRIVATE KEY", p384),
		"cut short": priv[:len(priv)/2], "garbage inside": pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("garbage")}),
		"encrypted": pem.EncodeToMemory(&pem.Block{Type: "ENCRYPTED PRIVATE KEY", Bytes: []byte("x")}),
	} {
		_, err := LoadSigner(data)
		if err == nil || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := LoadSigner(priv); err != nil {
		t.Errorf("the generated key: %v", err)
	}
	if _, err := ParsePublicKey(priv); err == nil {
		t.Error("a private key was read as a public one")
	}
}

func TestAStatementReadsBackAndNothingElseDoes(t *testing.T) {
	f := newFixture(t)
	f.three()
	payload, _, _, err := OpenBundle(f.fs[ReportDir(2)+"/"+FileBundle].Data)
	f.must(err)
	s, err := ParseStatement(payload)
	f.must(err)
	again, err := s.Marshal()
	f.must(err)
	if !bytes.Equal(again, payload) {
		t.Fatal("the statement does not re-encode to its own bytes")
	}
	good := string(payload)
	replace := func(old, new string) string {
		if !strings.Contains(good, old) {
			t.Fatalf("%s is not in the statement", old)
		}
		return strings.Replace(good, old, new, 1)
	}
	for name, bad := range map[string]string{
		"empty": "", "null": "null", "another type": replace("Statement/v1", "Statement/v2"),
		"a field twice":       replace(`"result":`, `"result":"kept","result":`),
		"a field in capitals": replace(`"result":`, `"Result":`),
		"an unknown field":    replace(`"result":`, `"extra":1,"result":`),
		"a list that is null": replace(`"exceptions":[]`, `"exceptions":null`),
		"a space":             replace(`"result":`, `"result": `),
		"a float":             replace(`"sequence":2`, `"sequence":2.0`),
		"another kind":        replace("urn:sweeper:deletion-report:v1", "urn:sweeper:dry-run:v1"),
		"an unknown kind":     replace(`"reportType":"sweep"`, `"reportType":"swept"`),
		"something after":     good + "1",
		"a missing field":     replace(`"holdsSha256":"",`, ``),
	} {
		if _, err := ParseStatement([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

var update = flag.Bool("update", false, "write the golden files anew")

// The payload's text is a format: a change of it needs a new version number.
func TestAStatementHasThisText(t *testing.T) {
	f := newFixture(t)
	pl := f.quiet(21)
	due := "2026-11-22T02:15:00Z"
	pl.p.Signer = SignerRef{SPKISHA256: SHA256Hex([]byte("key")), Algorithm: AlgorithmECDSA}
	pl.p.Chain = Chain{VaultID: fixtureVault, NextDue: &due}
	files := f.files(pl)
	got, err := NewStatement(pl.p, files).Marshal()
	f.must(err)
	sameStrings(t, "findings", ValidatePredicate(pl.p), nil)
	const golden = "testdata/statement.golden.json"
	if *update {
		f.must(os.WriteFile(golden, got, 0o644))
	}
	want, err := os.ReadFile(golden)
	f.must(err)
	if !bytes.Equal(got, want) {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestSubjectsStandInAFixedOrder(t *testing.T) {
	s := NewStatement(Predicate{ReportType: TypeDryRun}, map[string][]byte{
		"zz": nil, FileHTML: nil, FileConfig: nil, "aa": nil, FileTeams: nil, FileParts: []byte("x")})
	var names []string
	for _, sub := range s.Subject {
		names = append(names, sub.Name)
	}
	sameStrings(t, "subjects", names, []string{FileParts, FileTeams, FileConfig, FileHTML, "aa", "zz"})
	if s.PredicateType != PredicateDryRun || s.Subject[0].Digest.SHA256 != SHA256Hex([]byte("x")) {
		t.Errorf("%+v", s)
	}
}

func TestATrustRootReadsBackAndNothingElseDoes(t *testing.T) {
	s := newSigner(t)
	root, err := NewTrustRoot("v1", s.Public(), at(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	data, err := root.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	back, err := ParseTrustRoot(data)
	if err != nil || back.Keys[0] != root.Keys[0] || back.VaultID != "v1" {
		t.Fatalf("%+v, %v", back, err)
	}
	other, err := NewTrustRoot("v1", newSigner(t).Public(), at(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	change := func(edit func(*TrustRoot)) string {
		var c TrustRoot
		if err := json.Unmarshal(data, &c); err != nil {
			t.Fatal(err)
		}
		edit(&c)
		out, err := c.Marshal()
		if err != nil {
			t.Fatal(err)
		}
		return string(out)
	}
	bad := "not a time"
	for name, text := range map[string]string{
		"empty": "", "a space": strings.Replace(string(data), ":", ": ", 1), "a newline": string(data) + "\n", "null": "null",
		"no vault":                         change(func(r *TrustRoot) { r.VaultID = "" }),
		"no key":                           change(func(r *TrustRoot) { r.Keys = nil }),
		"a key twice":                      change(func(r *TrustRoot) { r.Keys = append(r.Keys, r.Keys[0]) }),
		"another SPKI":                     change(func(r *TrustRoot) { r.Keys[0].SPKISHA256 = other.Keys[0].SPKISHA256 }),
		"another keyid":                    change(func(r *TrustRoot) { r.Keys[0].KeyID = other.Keys[0].KeyID }),
		"another PEM":                      change(func(r *TrustRoot) { r.Keys[0].PublicKeyPEM = other.Keys[0].PublicKeyPEM }),
		"another algorithm":                change(func(r *TrustRoot) { r.Keys[0].Algorithm = AlgorithmEd25519 }),
		"PEM with a note":                  change(func(r *TrustRoot) { r.Keys[0].PublicKeyPEM = "note\n" + r.Keys[0].PublicKeyPEM }),
		"notBefore":                        change(func(r *TrustRoot) { r.Keys[0].NotBefore = bad }),
		"notAfter":                         change(func(r *TrustRoot) { r.Keys[0].NotAfter = &bad }),
		"compromisedAt":                    change(func(r *TrustRoot) { r.Keys[0].CompromisedAt = &bad }),
		"a version without the one before": change(func(r *TrustRoot) { r.Version = 1 }),
	} {
		if _, err := ParseTrustRoot([]byte(text)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
