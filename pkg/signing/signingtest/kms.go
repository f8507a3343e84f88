package signingtest

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
)

// KMSKey is the ARN of the key that a KMS begins with.
const KMSKey = "arn:aws:kms:eu-west-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab"

// KMS stands in for AWS KMS: GetPublicKey and Sign over its JSON protocol, with
// ECDSA P-256 keys that never leave it. It checks what a real one would: the
// key's name, the message type, the digest's length, that a request is signed.
type KMS struct {
	URL string

	mu    sync.Mutex
	keys  map[string]*ecdsa.PrivateKey
	spec  string
	lie   bool
	calls []string
}

// NewKMS starts one with the key KMSKey. It ends with the test.
func NewKMS(t testing.TB) *KMS {
	t.Helper()
	k := &KMS{keys: map[string]*ecdsa.PrivateKey{}, spec: "ECC_NIST_P256"}
	k.Add(t, KMSKey)
	server := httptest.NewServer(http.HandlerFunc(k.serve))
	t.Cleanup(server.Close)
	k.URL = server.URL
	return k
}

// Add makes a key with this ARN.
func (k *KMS) Add(t testing.TB, arn string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	k.keys[arn] = key
}

// Spec makes GetPublicKey say that its keys are of this spec.
func (k *KMS) Spec(spec string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.spec = spec
}

// Lie makes Sign sign another digest than the one it is given.
func (k *KMS) Lie() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lie = true
}

// Calls are the operations that were asked for, in order.
func (k *KMS) Calls() []string {
	k.mu.Lock()
	defer k.mu.Unlock()
	return append([]string(nil), k.calls...)
}

type kmsRequest struct {
	KeyID            string `json:"KeyId"`
	Message          string
	MessageType      string
	SigningAlgorithm string
}

func (k *KMS) serve(w http.ResponseWriter, r *http.Request) {
	k.mu.Lock()
	defer k.mu.Unlock()
	var in kmsRequest
	err := json.NewDecoder(r.Body).Decode(&in)
	key := k.keys[in.KeyID]
	op := strings.TrimPrefix(r.Header.Get("X-Amz-Target"), "TrentService.")
	k.calls = append(k.calls, op)
	switch {
	case err != nil || !strings.HasPrefix(r.Header.Get("Authorization"), "AWS4-HMAC-SHA256 "):
		refuse(w, "IncompleteSignatureException")
	case key == nil:
		refuse(w, "NotFoundException")
	case op == "GetPublicKey":
		k.publicKey(w, in, key)
	case op == "Sign":
		k.sign(w, in, key)
	default:
		refuse(w, "UnknownOperationException")
	}
}

func (k *KMS) publicKey(w http.ResponseWriter, in kmsRequest, key *ecdsa.PrivateKey) {
	der, err := x509.MarshalPKIXPublicKey(key.Public())
	if err != nil {
		refuse(w, "KMSInternalException")
		return
	}
	answer(w, map[string]any{"KeyId": in.KeyID, "KeySpec": k.spec, "KeyUsage": "SIGN_VERIFY",
		"SigningAlgorithms": []string{"ECDSA_SHA_256"}, "PublicKey": base64.StdEncoding.EncodeToString(der)})
}

func (k *KMS) sign(w http.ResponseWriter, in kmsRequest, key *ecdsa.PrivateKey) {
	digest, err := base64.StdEncoding.DecodeString(in.Message)
	if err != nil || in.MessageType != "DIGEST" || in.SigningAlgorithm != "ECDSA_SHA_256" || len(digest) != 32 {
		refuse(w, "ValidationException")
		return
	}
	if k.lie {
		digest[0] ^= 1
	}
	sig, err := ecdsa.SignASN1(rand.Reader, key, digest)
	if err != nil {
		refuse(w, "KMSInternalException")
		return
	}
	answer(w, map[string]any{"KeyId": in.KeyID, "SigningAlgorithm": in.SigningAlgorithm,
		"Signature": base64.StdEncoding.EncodeToString(sig)})
}

func answer(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, code string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	w.WriteHeader(http.StatusBadRequest)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": code, "message": "refused by the stand-in"})
}
