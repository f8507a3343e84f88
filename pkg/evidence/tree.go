package evidence

import (
	"encoding/hex"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// tree is an RFC 6962 tree over leaves that are added one at a time. It holds
// O(log n) hashes.
type tree struct {
	r *compact.Range
}

func newTree() *tree {
	f := &compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	return &tree{r: f.NewEmptyRange(0)}
}

func (t *tree) add(leaf []byte) error {
	if err := t.r.Append(rfc6962.DefaultHasher.HashLeaf(leaf), nil); err != nil {
		return fmt.Errorf("add a leaf to the tree: %w", err)
	}
	return nil
}

func (t *tree) root() (string, error) {
	if t.r.End() == 0 {
		return hex.EncodeToString(rfc6962.DefaultHasher.EmptyRoot()), nil
	}
	root, err := t.r.GetRootHash(nil)
	if err != nil {
		return "", fmt.Errorf("root of the tree: %w", err)
	}
	return hex.EncodeToString(root), nil
}

// RootHash is the tree over the parts' roots (leaf: the 32 bytes), in the order
// given, hex. Without parts it is the empty tree's root.
func RootHash(parts []Part) (string, error) {
	t := newTree()
	for _, p := range parts {
		leaf, err := hex.DecodeString(p.PartRoot)
		if err != nil || len(leaf) != 32 {
			return "", fmt.Errorf("%s: partRoot is not a SHA-256 in hex", p.Name)
		}
		if err := t.add(leaf); err != nil {
			return "", err
		}
	}
	return t.root()
}
