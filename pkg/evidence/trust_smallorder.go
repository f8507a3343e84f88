package evidence

import (
	"crypto"
	"crypto/ed25519"
	"encoding/hex"
	"slices"
)

// smallOrder reports whether an Ed25519 key is a point of order 1, 2, 4 or 8.
// Such a key has no private half, and a signature that anybody can write down
// verifies under it for at least one message in eight. No honest key is one.
//
// There are eight such points, and six more encodings that crypto/ed25519 reads
// as one of them: seven values of y, each with either sign of x. They are those
// of ge25519_has_small_order in libsodium, and of table 1 in "Taming the many
// EdDSAs" (Chalkias, Garillot, Nikolaenko, IACR ePrint 2020/1244).
func smallOrder(pub crypto.PublicKey) bool {
	k, ok := pub.(ed25519.PublicKey)
	if !ok || len(k) != ed25519.PublicKeySize {
		return false
	}
	y := slices.Clone(k)
	y[len(y)-1] &= 0x7f // the sign of x
	return slices.Contains(smallOrderY(), hex.EncodeToString(y))
}

// smallOrderY are the values of y, little-endian, p being 2^255-19.
func smallOrderY() []string {
	return []string{
		"0000000000000000000000000000000000000000000000000000000000000000", // 0: order 4
		"0100000000000000000000000000000000000000000000000000000000000000", // 1: order 1
		"26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05", // order 8
		"c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a", // order 8
		"ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p-1: order 2
		"edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p: read as 0
		"eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f", // p+1: read as 1
	}
}
