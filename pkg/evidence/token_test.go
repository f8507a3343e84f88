package evidence

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/asn1"
	"encoding/pem"
	"math/big"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/digitorus/timestamp"
)

// authority is a time stamp authority whose clock the test sets.
type authority struct {
	t    testing.TB
	root string // PEM
	leaf *x509.Certificate
	key  *ecdsa.PrivateKey
}

// newAuthority makes a root and a certificate for time stamps, valid through
// November 2026. change makes the certificate another.
func newAuthority(t testing.TB, change func(*x509.Certificate)) *authority {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	certificate := func(c, parent *x509.Certificate, key, signer *ecdsa.PrivateKey) *x509.Certificate {
		der, err := x509.CreateCertificate(rand.Reader, c, parent, key.Public(), signer)
		must(err)
		made, err := x509.ParseCertificate(der)
		must(err)
		return made
	}
	rootKey, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(err)
	forever := at(1, 0, 0).AddDate(100, 0, 0) // the library writes today's date into a token
	ca := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "Time Root"}, NotBefore: at(1, 0, 0),
		NotAfter: forever, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	ca = certificate(ca, ca, rootKey, rootKey)
	usage, err := asn1.Marshal([]asn1.ObjectIdentifier{{1, 3, 6, 1, 5, 5, 7, 3, 8}})
	must(err)
	leaf := &x509.Certificate{SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: "Time Stamps"}, NotBefore: at(1, 0, 0),
		NotAfter: forever, KeyUsage: x509.KeyUsageDigitalSignature,
		ExtraExtensions: []pkix.Extension{{Id: oidExtKeyUsage, Critical: true, Value: usage}}}
	if change != nil {
		change(leaf)
	}
	leaf = certificate(leaf, ca, key, rootKey)
	return &authority{t: t, root: string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: ca.Raw})), leaf: leaf, key: key}
}

func (a *authority) stamp(data []byte, when time.Time) []byte {
	a.t.Helper()
	sum := sha256.Sum256(data)
	return a.answer(timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Time: when, AddTSACertificate: true})
}

func (a *authority) answer(ts timestamp.Timestamp) []byte {
	a.t.Helper()
	ts.Policy = asn1.ObjectIdentifier{1, 2, 3, 4}
	token, err := ts.CreateResponseWithOpts(a.leaf, a.key, crypto.SHA256)
	if err != nil {
		a.t.Fatal(err)
	}
	return token
}

// signatureOf is the raw signature of a report of the fixture.
func (f *fixture) signatureOf(n int64) []byte {
	f.t.Helper()
	_, sig, _, err := OpenBundle(f.fs[ReportDir(n)+"/"+FileBundle].Data)
	f.must(err)
	return sig
}

func (f *fixture) putToken(n int64, nth int, token []byte) {
	f.fs[ReportDir(n)+"/"+FileToken(nth)] = &fstest.MapFile{Data: token}
}

func TestATimeStampIsCheckedAgainstTheTrustRootsAuthorities(t *testing.T) {
	sig, when := []byte("signature"), at(20, 3, 0)
	tsa, stranger := newAuthority(t, nil), newAuthority(t, nil)
	good := tsa.stamp(sig, when)
	got, err := CheckToken(good, sig, []string{stranger.root, tsa.root})
	if err != nil || !got.Time.Equal(when) {
		t.Fatalf("%v, %v", got, err)
	}
	for _, h := range []crypto.Hash{crypto.SHA384, crypto.SHA512} {
		sum := h.New()
		sum.Write(sig)
		token := tsa.answer(timestamp.Timestamp{HashAlgorithm: h, HashedMessage: sum.Sum(nil), Time: when, AddTSACertificate: true})
		if _, err := CheckToken(token, sig, []string{tsa.root}); err != nil {
			t.Errorf("%v: %v", h, err)
		}
	}
	alter := func(n int) []byte {
		bad := slices.Clone(good)
		bad[n] ^= 1
		return bad
	}
	refused, err := timestamp.CreateErrorResponse(timestamp.Rejection, timestamp.BadRequest)
	if err != nil {
		t.Fatal(err)
	}
	sum1 := crypto.SHA1.New()
	sum1.Write(sig)
	server := newAuthority(t, func(c *x509.Certificate) {
		c.ExtraExtensions, c.ExtKeyUsage = nil, []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}
	})
	both := newAuthority(t, func(c *x509.Certificate) {
		c.ExtraExtensions = nil
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageTimeStamping, x509.ExtKeyUsageServerAuth}
	})
	const leads = "its authority does not lead to one of the trust root's tsaRoots: "
	cases := map[string]struct {
		token []byte
		roots []string
		want  string
	}{
		"no roots":                  {good, nil, "the trust root names no time stamp authority (tsaRoots)"},
		"another root":              {good, []string{stranger.root}, leads},
		"a root that is not":        {good, []string{"x"}, "tsaRoots[0] is not one PEM certificate"},
		"a root with a note":        {good, []string{"trust me\n" + tsa.root}, "tsaRoots[0] is not one PEM certificate"},
		"other bytes":               {tsa.stamp([]byte("other"), when), []string{tsa.root}, "it is not over this report's signature"},
		"empty":                     {nil, []string{tsa.root}, "it is not a granted time stamp in DER: "},
		"something after":           {append(slices.Clone(good), 5, 0), []string{tsa.root}, "it is not a granted time stamp in DER: "},
		"a refusal":                 {refused, []string{tsa.root}, "it is not a granted time stamp in DER: "},
		"altered":                   {alter(len(good) - 1), []string{tsa.root}, "it is not a granted time stamp in DER: "},
		"not DER":                   {[]byte{0x30, 0x80, 0, 0}, []string{tsa.root}, "it is not DER: want definite, shortest lengths, and one-byte tags"},
		"large":                     {make([]byte, MaxToken+1), []string{tsa.root}, "it is larger than 65536 bytes"},
		"before the certificate":    {tsa.stamp(sig, at(1, 0, 0).Add(-time.Hour)), []string{tsa.root}, leads},
		"after the certificate":     {tsa.stamp(sig, at(1, 1, 0).AddDate(100, 0, 0)), []string{tsa.root}, leads},
		"a certificate for servers": {server.stamp(sig, when), []string{server.root}, leads},
		"a certificate for both": {both.stamp(sig, when), []string{both.root},
			"its certificate is not one for time stamps alone (a critical extendedKeyUsage timeStamping)"},
		"without a certificate": {tsa.answer(timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: func() []byte {
			s := sha256.Sum256(sig)
			return s[:]
		}(), Time: when}), []string{tsa.root}, "it does not hold exactly one signature and the certificate to it (ask the authority for certificates)"},
	}
	for name, c := range cases {
		if _, err := CheckToken(c.token, sig, c.roots); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s:\n got %v\nwant %s", name, err, c.want)
		}
	}
}

func TestEveryBitOfATimeStampCounts(t *testing.T) {
	sig, when := []byte("signature"), at(20, 3, 0)
	tsa := newAuthority(t, nil)
	good := tsa.stamp(sig, when)
	for i := range good {
		bad := slices.Clone(good)
		bad[i] ^= 4
		got, err := CheckToken(bad, sig, []string{tsa.root})
		if err == nil && !got.Time.Equal(when) {
			t.Fatalf("byte %d altered gives another time: %v", i, got)
		}
	}
}

func TestReportsWithTimeStampsAreTimestamped(t *testing.T) {
	f := newFixture(t)
	f.three()
	tsa := newAuthority(t, nil)
	f.trust.TSARoots = []string{tsa.root}
	for n := range int64(3) {
		f.putToken(n, 1, tsa.stamp(f.signatureOf(n), at(20+int(n), 2, 30)))
	}
	v := f.verify(VerifyOptions{Require: AssuranceTimestamped})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "exceptions", v.Exceptions, nil)
	sameStrings(t, "notes", v.Notes, []string{"lock: not checked (a local copy)"})
	if v.Assurance != AssuranceTimestamped || !v.Reports[2].Timestamped {
		t.Errorf("assurance %s", v.Assurance)
	}
	sameStrings(t, "anchored is required", f.verify(VerifyOptions{Require: AssuranceAnchored}).Problems, []string{
		"the assurance is timestamped, and anchored is required"})

	delete(f.fs, ReportDir(1)+"/report.tsr")
	sameStrings(t, "without one", f.verify(VerifyOptions{Require: AssuranceTimestamped}).Problems, []string{
		"the assurance is none, and timestamped is required"})
	v = f.verify(VerifyOptions{Require: AssuranceTimestamped, From: at(22, 0, 0)})
	sameStrings(t, "in a period of those that have one", v.Problems, nil)
	heads := []Head{{Sequence: 1, StatementSHA256: v.Reports[1].StatementSHA256}}
	sameStrings(t, "with a head for the others", f.verify(VerifyOptions{Require: AssuranceTimestamped, Heads: heads}).Problems, nil)
}

func TestATimeStampInTheBundleCounts(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	tsa := newAuthority(t, nil)
	f.trust.TSARoots = []string{tsa.root}
	name := ReportDir(0) + "/" + FileBundle
	token := tsa.stamp(f.signatureOf(0), at(20, 2, 30))
	stamped, err := AddToken(f.fs[name].Data, token)
	f.must(err)
	f.fs[name] = &fstest.MapFile{Data: stamped}
	v := f.verify(VerifyOptions{Require: AssuranceTimestamped})
	sameStrings(t, "problems", v.Problems, nil)
	all, err := Tokens(stamped)
	f.must(err)
	if len(all) != 1 || string(all[0]) != string(token) {
		t.Errorf("%d tokens in the bundle", len(all))
	}
	if _, err := AddToken(stamped, token); err == nil {
		t.Error("a second token was added")
	}
}

func TestATimeStampThatDoesNotCountIsAFinding(t *testing.T) {
	f := newFixture(t)
	f.three()
	tsa := newAuthority(t, nil)
	f.trust.TSARoots = []string{tsa.root}
	f.putToken(1, 1, tsa.stamp(f.signatureOf(2), at(21, 2, 30)))
	f.putToken(1, 2, tsa.stamp(f.signatureOf(1), at(21, 2, 16)))
	f.putToken(2, 1, tsa.stamp(f.signatureOf(2), at(22, 2, 16)))
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, []string{
		"report 1: report-2.tsr: it was stamped at 2026-11-21T02:16:00Z, and run.finishedAt 2026-11-21T02:21:03Z is more than 5 minutes later",
		"report 1: report.tsr: the time stamp does not count: it is not over this report's signature",
		"report 2: report.tsr: it was stamped at 2026-11-22T02:16:00Z, and run.finishedAt 2026-11-22T02:21:03Z is more than 5 minutes later",
	})
}

func TestALateTimeStampIsSaidToBe(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	tsa := newAuthority(t, nil)
	f.trust.TSARoots = []string{tsa.root}
	f.putToken(0, 1, tsa.stamp(f.signatureOf(0), at(21, 2, 21).Add(4*time.Second)))
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "exceptions", v.Exceptions, []string{
		"report 0: stamped late: it was finished at 2026-11-20T02:21:03Z, and first stamped at 2026-11-21T02:21:04Z"})
	f.putToken(0, 2, tsa.stamp(f.signatureOf(0), at(21, 2, 21).Add(3*time.Second)))
	sameStrings(t, "exceptions with one in time", f.verify(VerifyOptions{}).Exceptions, nil)
}

func TestTimeStampsWithoutAnAuthorityAreNotChecked(t *testing.T) {
	f := newFixture(t)
	f.three()
	f.putToken(1, 1, []byte("token"))
	f.putToken(1, 2, []byte("token"))
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	if v.Notes[0] != "report 1: its time stamps were not checked: the trust root names no time stamp authority (tsaRoots)" || v.Assurance != AssuranceNone {
		t.Errorf("notes: %q", v.Notes)
	}
}

func TestThePolicyThatAReportStatesIsHeld(t *testing.T) {
	f := newFixture(t)
	required, best := f.night(20), f.quiet(21)
	required.p.Evidence.TimestampPolicy, best.p.Evidence.TimestampPolicy = PolicyRequired, PolicyBestEffort
	f.seal(required)
	f.seal(best)
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, []string{
		"report 0: report.sigstore.json: evidence.timestampPolicy is required, and the report has no time stamp"})
	sameStrings(t, "exceptions", v.Exceptions, []string{
		"report 1: it has no time stamp: evidence.timestampPolicy is best-effort"})
}

func TestOfACompromisedKeyOnlyWhatWasStampedBeforeCounts(t *testing.T) {
	f := newFixture(t)
	f.three()
	tsa := newAuthority(t, nil)
	f.trust.TSARoots = []string{tsa.root}
	instant := "2026-11-21T12:00:00Z"
	f.trust.Keys[0].CompromisedAt = &instant
	f.putToken(1, 1, tsa.stamp(f.signatureOf(1), at(21, 2, 30)))
	f.putToken(2, 1, tsa.stamp(f.signatureOf(2), at(22, 2, 30)))
	problem := func(n string) string {
		return "report " + n + ": report.sigstore.json: the key was compromised at " + instant + ", and no time stamp or head from before then vouches for the report"
	}
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{problem("2")})

	sum := sha256.Sum256(f.signatureOf(1))
	f.putToken(1, 1, tsa.answer(timestamp.Timestamp{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], AddTSACertificate: true,
		Time: at(21, 11, 59), Accuracy: time.Minute}))
	sameStrings(t, "when it may be from after", f.verify(VerifyOptions{}).Problems, []string{problem("0"), problem("1"), problem("2")})
}

func TestOpensslAcceptsTheTimeStampsThatWeAccept(t *testing.T) {
	needTools(t, "openssl")
	tsa := newAuthority(t, nil)
	dir := t.TempDir()
	path := func(name string, data []byte) string {
		p := filepath.Join(dir, name)
		if err := os.WriteFile(p, data, 0o600); err != nil {
			t.Fatal(err)
		}
		return p
	}
	verify := func(data string) string {
		out, _ := exec.CommandContext(t.Context(), "openssl", "ts", "-verify", "-data", data, "-in", path("t.tsr", tsa.stamp([]byte("signature"), at(20, 3, 0))),
			"-CAfile", path("root.pem", []byte(tsa.root)), "-attime", "1795000000").CombinedOutput()
		return string(out)
	}
	if out := verify(path("sig.bin", []byte("signature"))); !strings.Contains(out, "Verification: OK") {
		t.Error(out)
	}
	if out := verify(path("other.bin", []byte("other"))); !strings.Contains(out, "Verification: FAILED") {
		t.Error(out)
	}
}

func FuzzToken(f *testing.F) {
	tsa := newAuthority(f, nil)
	f.Add(tsa.stamp([]byte("x"), at(20, 3, 0)))
	f.Add([]byte{0x30, 0x80, 0x00, 0x00})
	f.Add([]byte{0x30, 0x09, 0x30, 0x03, 0x02, 0x01, 0x00, 0x30, 0x02, 0x1f, 0x80}) // a tag that never ends
	roots := []string{tsa.root}
	f.Fuzz(func(t *testing.T, data []byte) {
		if got, err := CheckToken(data, []byte("x"), roots); err == nil && !got.Time.Equal(at(20, 3, 0)) {
			t.Fatalf("a time that was never stamped: %v", got)
		}
	})
}
