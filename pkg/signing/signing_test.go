package signing_test

import (
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/signing"
	"github.com/sweeper-audit/sweeper/pkg/signing/signingtest"
)

func newKey(t *testing.T) []byte {
	t.Helper()
	private, _, err := evidence.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return private
}

func sameKey(t *testing.T, a, b evidence.Signer) {
	t.Helper()
	x, err := evidence.SPKISHA256(a.Public())
	y, err2 := evidence.SPKISHA256(b.Public())
	if err := errors.Join(err, err2); err != nil || x != y {
		t.Errorf("another key: %v", err)
	}
}

func TestAnEncryptedKeyIsReadWithItsPassphraseAndNotWithout(t *testing.T) {
	plain := newKey(t)
	want, err := evidence.LoadSigner(plain)
	if err != nil {
		t.Fatal(err)
	}
	encrypted, err := signing.Encrypt(plain, []byte("correct horse\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, passphrase := range []string{"correct horse", "correct horse\n", "correct horse\r\n"} {
		got, err := signing.Parse(encrypted, []byte(passphrase))
		if err != nil {
			t.Fatalf("%q: %v", passphrase, err)
		}
		sameKey(t, got, want)
	}
	for name, c := range map[string]struct {
		key, passphrase []byte
		want            string
	}{
		"no passphrase": {encrypted, nil, "the key is encrypted: name the file with its passphrase in signing.passphrase_file"},
		"another":       {encrypted, []byte("wrong"), "the key can't be decrypted: "},
		"empty":         {encrypted, []byte{}, "the key can't be decrypted: "},
		"a plain key":   {plain, []byte("correct horse"), "the key is not encrypted, and signing.passphrase_file is set: "},
		"two keys":      {append(append([]byte{}, encrypted...), plain...), []byte("x"), "there is something after the encrypted key"},
		"nothing":       {nil, nil, "not a signing key"},
	} {
		_, err := signing.Parse(c.key, c.passphrase)
		if err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
		if err != nil && (strings.Contains(err.Error(), "horse") || strings.Contains(err.Error(), "wrong passphrase")) {
			t.Errorf("%s: the passphrase is in %v", name, err)
		}
	}
	if _, err := signing.Encrypt(plain, []byte("\n")); err == nil {
		t.Error("an empty passphrase was taken")
	}
}

func TestAKeyThatOpensslEncryptedIsRead(t *testing.T) {
	plain := newKey(t)
	want, err := evidence.LoadSigner(plain)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	in, out := filepath.Join(dir, "plain.pem"), filepath.Join(dir, "encrypted.pem")
	if err := os.WriteFile(in, plain, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, args := range [][]string{{"-v2", "aes-256-cbc"}, {"-v2", "aes256", "-v2prf", "hmacWithSHA256", "-iter", "10000"}, {"-scrypt"}} {
		args = append([]string{"pkcs8", "-topk8", "-in", in, "-out", out, "-passout", "pass:secret"}, args...)
		if text, err := exec.CommandContext(t.Context(), "openssl", args...).CombinedOutput(); err != nil {
			t.Fatalf("%v: %v\n%s", args, err, text)
		}
		data, err := os.ReadFile(out)
		if err != nil {
			t.Fatal(err)
		}
		got, err := signing.Parse(data, []byte("secret"))
		if err != nil {
			t.Fatalf("%v: %v", args, err)
		}
		sameKey(t, got, want)
	}
}

// kms starts a stand-in and points the SDK at it.
func kms(t *testing.T) *signingtest.KMS {
	t.Helper()
	k := signingtest.NewKMS(t)
	t.Setenv("AWS_ENDPOINT_URL_KMS", k.URL)
	t.Setenv("AWS_ACCESS_KEY_ID", "test")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "test")
	t.Setenv("AWS_CONFIG_FILE", "/nowhere")
	t.Setenv("AWS_SHARED_CREDENTIALS_FILE", "/nowhere")
	return k
}

func TestAReportIsSealedWithAKeyOfKMS(t *testing.T) {
	k := kms(t)
	ctx, stop := context.WithCancel(t.Context())
	s, err := signing.OpenKMS(ctx, signing.KMSScheme+signingtest.KMSKey)
	if err != nil {
		t.Fatal(err)
	}
	stop() // a run that is told to stop still signs
	bundle, err := evidence.SealBundle([]byte("payload"), s)
	if err != nil {
		t.Fatal(err)
	}
	_, _, hint, err := evidence.OpenBundle(bundle)
	if err != nil {
		t.Fatal(err)
	}
	spki, err := evidence.SPKISHA256(s.Public())
	if err != nil || hint != spki {
		t.Errorf("hint %s, key %s, %v", hint, spki, err)
	}
	if calls := strings.Join(k.Calls(), " "); calls != "GetPublicKey Sign" {
		t.Errorf("calls: %s", calls)
	}
}

func TestASignatureOfKMSThatDoesNotVerifyIsNotUsed(t *testing.T) {
	k := kms(t)
	s, err := signing.OpenKMS(t.Context(), signing.KMSScheme+signingtest.KMSKey)
	if err != nil {
		t.Fatal(err)
	}
	k.Lie()
	if _, err := evidence.SealBundle([]byte("payload"), s); err == nil ||
		!strings.HasSuffix(err.Error(), "its signature does not verify with its own public key, and is not used") {
		t.Errorf("got %v", err)
	}
	if _, err := s.Sign(nil, make([]byte, 48), crypto.SHA384); err == nil {
		t.Error("another digest was signed")
	}
}

func TestAKeyOfKMSMustBeOneThatAReportCanBeSignedWith(t *testing.T) {
	k := kms(t)
	k.Spec("ECC_SECG_P256K1")
	if _, err := signing.OpenKMS(t.Context(), signing.KMSScheme+signingtest.KMSKey); err == nil ||
		!strings.HasSuffix(err.Error(), "is ECC_SECG_P256K1 for SIGN_VERIFY: want ECC_NIST_P256 for SIGN_VERIFY") {
		t.Errorf("got %v", err)
	}
	other := strings.Replace(signingtest.KMSKey, "1234abcd", "ffffffff", 1)
	if _, err := signing.OpenKMS(t.Context(), signing.KMSScheme+other); err == nil ||
		!strings.Contains(err.Error(), "NotFoundException") || !strings.Contains(err.Error(), "kms:GetPublicKey") {
		t.Errorf("got %v", err)
	}
}

func TestKMSNames(t *testing.T) {
	arn, region, err := signing.ParseKMS("awskms:///" + signingtest.KMSKey)
	if err != nil || arn != signingtest.KMSKey || region != "eu-west-1" {
		t.Errorf("%s, %s, %v", arn, region, err)
	}
	for _, bad := range []string{"", "keys/signing.pem", "awskms://" + signingtest.KMSKey, "awskms:///x", signingtest.KMSKey,
		"awskms:///arn:aws:s3:eu-west-1:1:key/x", "awskms:///arn:aws:kms::1:key/x", "awskms:///arn:aws:kms:eu-west-1:1:alias/x"} {
		if _, _, err := signing.ParseKMS(bad); err == nil {
			t.Errorf("%q was taken", bad)
		}
	}
}

func TestAnAuthoritysTimeStampIsOneThatOpensslAccepts(t *testing.T) {
	tsa := signingtest.NewTSA(t)
	sig := []byte("a raw signature")
	token, err := signing.Authority{URL: tsa.URL, Roots: []string{tsa.Root}}.Stamp(t.Context(), sig)
	if err != nil {
		t.Fatal(err)
	}
	got, err := evidence.CheckToken(token, sig, []string{tsa.Root})
	if err != nil || time.Since(got.Time).Abs() > time.Minute || got.Accuracy != time.Second {
		t.Errorf("%+v, %v", got, err)
	}
	dir := t.TempDir()
	for name, data := range map[string][]byte{"sig.bin": sig, "other.bin": []byte("other"), "report.tsr": token} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, want := range map[string]string{"sig.bin": "Verification: OK", "other.bin": "Verification: FAILED"} {
		cmd := exec.CommandContext(t.Context(), "openssl", "ts", "-verify", "-data", name, "-in", "report.tsr", "-CAfile", tsa.RootFile)
		cmd.Dir = dir
		out, _ := cmd.CombinedOutput()
		if !strings.Contains(string(out), want) {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestAnAuthorityMayNameItsCertificateInTheOlderWay(t *testing.T) {
	tsa := signingtest.NewTSA(t)
	tsa.SHA1CertID(t)
	if _, err := (signing.Authority{URL: tsa.URL, Roots: []string{tsa.Root}}).Stamp(t.Context(), []byte("x")); err != nil {
		t.Error(err)
	}
}

func TestAnAnswerThatIsNoTimeStampOfThisQueryIsRefused(t *testing.T) {
	tsa, stranger := signingtest.NewTSA(t), signingtest.NewTSA(t)
	sig := []byte("a raw signature")
	ask := func(root string) error {
		_, err := signing.Authority{URL: tsa.URL + "/s3cr3t?k=s3cr3t", Roots: []string{root}}.Stamp(t.Context(), sig)
		return err
	}
	if err := ask(stranger.Root); err == nil || !strings.Contains(err.Error(), "does not lead to one of the trust root's tsaRoots") {
		t.Errorf("an authority that the trust root does not name: %v", err)
	}
	old, err := signing.Authority{URL: tsa.URL, Roots: []string{tsa.Root}}.Stamp(t.Context(), sig)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(kind string, body []byte) func(http.ResponseWriter, *http.Request) bool {
		return func(w http.ResponseWriter, _ *http.Request) bool {
			w.Header().Set("Content-Type", kind)
			_, _ = w.Write(body)
			return true
		}
	}
	sum := sha256.Sum256(sig)
	for name, c := range map[string]struct {
		answer func(http.ResponseWriter, *http.Request) bool
		want   string
	}{
		"replayed":   {answer("application/timestamp-reply", old), "it answered another query than this one (the nonce differs)"},
		"a web page": {answer("text/html; charset=utf-8", []byte("<html>")), `it answered with "text/html", which is not a time stamp: is the URL right?`},
		"endless":    {answer("application/timestamp-reply", make([]byte, evidence.MaxToken+1)), "its answer is larger than 65536 bytes"},
		"garbage":    {answer("application/timestamp-reply", sum[:]), "the time stamp that it gave does not count: "},
		"moved": {func(w http.ResponseWriter, r *http.Request) bool {
			http.Redirect(w, r, stranger.URL, http.StatusTemporaryRedirect)
			return true
		}, "it answered with HTTP status 307"},
	} {
		tsa.Before.Store(&c.answer)
		if err := ask(tsa.Root); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	tsa.Fail(http.StatusServiceUnavailable)
	if err := ask(tsa.Root); err == nil || !strings.HasSuffix(err.Error(), "it answered with HTTP status 503") {
		t.Errorf("unavailable: %v", err)
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := (signing.Authority{URL: "http://127.0.0.1:1/s3cr3t", Roots: []string{tsa.Root}}).Stamp(ctx, sig); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "s3cr3t") {
		t.Errorf("cancelled: %v", err)
	}
}
