// Package signingtest has the servers that the tests of signing talk to: a time
// stamp authority that openssl runs, and a stand-in for AWS KMS that really
// signs.
package signingtest

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

const tsaConfig = `
[req]
distinguished_name = dn
prompt = no
[dn]
CN = Sweeper Test
[ca]
basicConstraints = critical,CA:TRUE
keyUsage = critical,keyCertSign
subjectKeyIdentifier = hash
[stamps]
basicConstraints = CA:FALSE
keyUsage = critical,digitalSignature
extendedKeyUsage = critical,timeStamping
subjectKeyIdentifier = hash
authorityKeyIdentifier = keyid
[tsa]
default_tsa = here
[here]
serial = serial
crypto_device = builtin
signer_cert = tsa.pem
certs = root.pem
signer_key = tsa.key
signer_digest = sha256
default_policy = 1.2.3.4.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = no
ess_cert_id_chain = no
ess_cert_id_alg = sha256
`

// TSA is an RFC 3161 server around `openssl ts -reply`.
type TSA struct {
	URL string
	// Root is the PEM of its root certificate, RootFile the file that holds it.
	Root, RootFile string
	// Before, if it is set and returns true, answers in the authority's place.
	Before atomic.Pointer[func(w http.ResponseWriter, r *http.Request) bool]

	dir   string
	mu    sync.Mutex // of the serial file
	asked atomic.Int64
}

// Asked is how many queries came in so far.
func (a *TSA) Asked() int64 { return a.asked.Load() }

// NewTSA makes keys and certificates with openssl and starts the server. It
// ends with the test.
func NewTSA(t testing.TB) *TSA {
	t.Helper()
	a := &TSA{dir: t.TempDir()}
	a.RootFile = filepath.Join(a.dir, "root.pem")
	write(t, filepath.Join(a.dir, "tsa.cnf"), tsaConfig)
	write(t, filepath.Join(a.dir, "serial"), "01\n")
	key := []string{"-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-config", "tsa.cnf"}
	a.openssl(t, append([]string{"req", "-x509", "-days", "30", "-extensions", "ca", "-subj", "/CN=Test Root", "-keyout", "root.key", "-out", "root.pem"}, key...)...)
	a.openssl(t, append([]string{"req", "-new", "-subj", "/CN=Test TSA", "-keyout", "tsa.key", "-out", "tsa.csr"}, key...)...)
	a.openssl(t, "x509", "-req", "-days", "20", "-in", "tsa.csr", "-CA", "root.pem", "-CAkey", "root.key", "-set_serial", "2",
		"-extfile", "tsa.cnf", "-extensions", "stamps", "-out", "tsa.pem")
	root, err := os.ReadFile(a.RootFile)
	if err != nil {
		t.Fatal(err)
	}
	a.Root = string(root)
	server := httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(server.Close)
	a.URL = server.URL
	return a
}

func (a *TSA) serve(w http.ResponseWriter, r *http.Request) {
	a.asked.Add(1)
	if before := a.Before.Load(); before != nil && (*before)(w, r) {
		return
	}
	query, err := io.ReadAll(r.Body)
	if err != nil || r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/timestamp-query" {
		http.Error(w, "not a query", http.StatusBadRequest)
		return
	}
	token, err := a.Reply(query)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/timestamp-reply")
	_, _ = w.Write(token)
}

// Reply answers a query (TimeStampReq, DER).
func (a *TSA) Reply(query []byte) ([]byte, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	in, out := filepath.Join(a.dir, "query.tsq"), filepath.Join(a.dir, "reply.tsr")
	if err := os.WriteFile(in, query, 0o600); err != nil {
		return nil, err
	}
	cmd := exec.Command("openssl", "ts", "-reply", "-config", "tsa.cnf", "-queryfile", in, "-out", out)
	cmd.Dir = a.dir
	if text, err := cmd.CombinedOutput(); err != nil {
		return nil, fmt.Errorf("openssl ts -reply: %w\n%s", err, text)
	}
	return os.ReadFile(out)
}

// SHA1CertID makes it name its certificate by SHA-1 in what it signs, as older
// authorities do (RFC 2634).
func (a *TSA) SHA1CertID(t testing.TB) {
	t.Helper()
	a.mu.Lock()
	defer a.mu.Unlock()
	write(t, filepath.Join(a.dir, "tsa.cnf"), strings.Replace(tsaConfig, "ess_cert_id_alg = sha256", "ess_cert_id_alg = sha1", 1))
}

// Fail makes the authority answer with this status from now on; 0 makes it well.
func (a *TSA) Fail(status int) {
	if status == 0 {
		a.Before.Store(nil)
		return
	}
	f := func(w http.ResponseWriter, _ *http.Request) bool {
		w.WriteHeader(status)
		return true
	}
	a.Before.Store(&f)
}

func (a *TSA) openssl(t testing.TB, args ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "openssl", args...)
	cmd.Dir = a.dir
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("openssl %v: %v\n%s", args, err, out)
	}
}

func write(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
