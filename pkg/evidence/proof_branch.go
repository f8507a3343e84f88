package evidence

import (
	"errors"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// branch collects the inclusion proof of one leaf while all leaves of its tree go
// by. It holds O(log n) hashes.
type branch struct {
	r     *compact.Range
	nodes proof.Nodes
	// place of each node that the proof needs, in nodes and in found.
	place map[compact.NodeID]int
	found [][]byte
}

// newBranch is for leaf index (from 0) of a tree of size leaves.
func newBranch(index, size int64) (*branch, error) {
	if index < 0 || size < 0 {
		return nil, errors.New("a leaf's index and a tree's size are not negative")
	}
	nodes, err := proof.Inclusion(uint64(index), uint64(size))
	if err != nil {
		return nil, fmt.Errorf("inclusion proof: %w", err)
	}
	tree := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	p := &branch{r: tree.NewEmptyRange(0), nodes: nodes, place: map[compact.NodeID]int{}, found: make([][]byte, len(nodes.IDs))}
	for i, id := range nodes.IDs {
		p.place[id] = i
	}
	return p, nil
}

func (p *branch) add(leaf []byte) error {
	err := p.r.Append(rfc6962.DefaultHasher.HashLeaf(leaf), func(id compact.NodeID, hash []byte) {
		if i, ok := p.place[id]; ok {
			p.found[i] = hash
		}
	})
	if err != nil {
		return fmt.Errorf("add a leaf to the tree: %w", err)
	}
	return nil
}

// proof returns the sibling hashes from the leaf up, once all leaves are added.
func (p *branch) proof() ([]string, error) {
	for _, h := range p.found {
		if h == nil {
			return nil, errors.New("inclusion proof: the tree has fewer leaves than were announced")
		}
	}
	list, err := p.nodes.Rehash(p.found, rfc6962.DefaultHasher.HashChildren)
	if err != nil {
		return nil, fmt.Errorf("inclusion proof: %w", err)
	}
	return hexes(list), nil
}

// rootOf computes the root that an inclusion proof leads to.
func rootOf(leaf []byte, index, size int64, list []string) ([]byte, error) {
	siblings, err := hashes(list)
	if err != nil {
		return nil, err
	}
	return proof.RootFromInclusionProof(rfc6962.DefaultHasher, uint64(index), uint64(size), rfc6962.DefaultHasher.HashLeaf(leaf), siblings)
}
