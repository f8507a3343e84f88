package evidence

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
)

// tree is an RFC 6962 tree over leaves that are added one at a time. It holds
// O(log n) hashes. Every line of every manifest goes through one, so it does
// without the allocations of a general implementation; the tests hold it
// against two of those.
type tree struct {
	size  uint64
	roots [][sha256.Size]byte // of the full subtrees, the largest first: one for each bit of size
	leaf  []byte
}

func newTree() *tree { return &tree{} }

func (t *tree) add(leaf []byte) {
	t.leaf = append(append(t.leaf[:0], 0), leaf...)
	hash := sha256.Sum256(t.leaf)
	for n := t.size; n&1 == 1; n >>= 1 { // a subtree of the same size lies to the left
		hash = node(t.pop(), hash)
	}
	t.roots = append(t.roots, hash)
	t.size++
}

func (t *tree) pop() [sha256.Size]byte {
	last := len(t.roots) - 1
	hash := t.roots[last]
	t.roots = t.roots[:last]
	return hash
}

// root returns the root and ends the tree: nothing can be added any more.
func (t *tree) root() string {
	if t.size == 0 {
		hash := sha256.Sum256(nil)
		return hex.EncodeToString(hash[:])
	}
	hash := t.pop()
	for len(t.roots) > 0 {
		hash = node(t.pop(), hash)
	}
	return hex.EncodeToString(hash[:])
}

func node(left, right [sha256.Size]byte) [sha256.Size]byte {
	var both [1 + 2*sha256.Size]byte
	both[0] = 1
	copy(both[1:], left[:])
	copy(both[1+sha256.Size:], right[:])
	return sha256.Sum256(both[:])
}

// RootHash is the tree over the parts' roots (leaf: the 32 bytes), in the order
// given, hex. Without parts it is the empty tree's root.
func RootHash(parts []Part) (string, error) {
	t := newTree()
	for _, p := range parts {
		leaf, err := hex.DecodeString(p.PartRoot)
		if err != nil || len(leaf) != sha256.Size {
			return "", fmt.Errorf("%s: partRoot is not a SHA-256 in hex", p.Name)
		}
		t.add(leaf)
	}
	return t.root(), nil
}
