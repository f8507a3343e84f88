package evidence

import (
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// A signature of zeros, but for the point 1, is one that anybody can write down.
// Where it verifies a message, the key's order divides what the message hashes to.
func TestAKeyThatVerifiesWhatNobodySignedIsInNoTrustRoot(t *testing.T) {
	nobodys := make([]byte, ed25519.SignatureSize)
	nobodys[0] = 1
	for _, y := range smallOrderY() {
		for _, sign := range []byte{0, 0x80} {
			pub, err := hex.DecodeString(y)
			if err != nil || len(pub) != ed25519.PublicKeySize {
				t.Fatalf("%s: %v", y, err)
			}
			pub[31] |= sign
			weak := false
			for i := range 1000 {
				weak = weak || ed25519.Verify(pub, fmt.Appendf(nil, "message %d", i), nobodys)
			}
			if !weak {
				t.Errorf("%x is in the list, and verified none of 1000 messages", pub)
			}
			_, err = NewTrustRoot(fixtureVault, ed25519.PublicKey(pub), at(1, 0, 0))
			if want := "trust root: key 0: publicKeyPem is an Ed25519 key of small order, under which anybody can sign: make another key"; err == nil || err.Error() != want {
				t.Errorf("%x: %v", pub, err)
			}
		}
	}
}

func TestAnHonestEd25519KeyIsNotOfSmallOrder(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		seed := rapid.SliceOfN(rapid.Byte(), ed25519.SeedSize, ed25519.SeedSize).Draw(r, "seed")
		if pub := ed25519.NewKeyFromSeed(seed).Public(); smallOrder(pub) {
			r.Errorf("%x is said to be", pub)
		}
	})
}

func TestAKeysWindowDoesNotEndBeforeItBegins(t *testing.T) {
	f := newFixture(t)
	read := func(end string) error {
		trust := f.trust
		trust.Keys = []TrustKey{f.trust.Keys[0]}
		trust.Keys[0].NotAfter = &end
		data, err := trust.Marshal()
		f.must(err)
		_, err = ParseTrustRoot(data)
		return err
	}
	f.must(read("2026-11-01T00:00:00Z"))
	want := "trust root: key 0: notAfter 2026-10-31T23:59:59Z is before notBefore 2026-11-01T00:00:00Z"
	if err := read("2026-10-31T23:59:59Z"); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}
