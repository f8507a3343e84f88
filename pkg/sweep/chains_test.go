package sweep

import (
	"fmt"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// genKeys draws the planned entries of some keys: mostly few of each, at times
// more than fit into a batch.
func genKeys(t *rapid.T, size int) (w *sweeping, idx []int) {
	w = &sweeping{}
	for k := range rapid.IntRange(0, 40).Draw(t, "keys") {
		n := rapid.SampledFrom([]int{1, 1, 1, 2, 3, size - 1, size, size + 1, 3*size + 1}).Draw(t, "entries")
		for range max(1, n) {
			idx = append(idx, len(w.entries))
			w.entries = append(w.entries, Planned{Key: fmt.Append(nil, k), Kind: retention.Version})
		}
	}
	return w, idx
}

func TestBatchesHoldEachEntryOnceAndKeepAKeysOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 20).Draw(t, "batch")
		w, idx := genKeys(t, size)
		in := map[string]int{} // the chain of each key
		var all []int
		for n, c := range w.chains(idx, size) {
			for _, b := range c {
				if len(b) == 0 || len(b) > size {
					t.Fatalf("a batch of %d, of %d at most", len(b), size)
				}
				for _, i := range b {
					key := string(w.entries[i].Key)
					if was, ok := in[key]; ok && was != n {
						t.Fatalf("key %s is in two chains, which go side by side", key)
					}
					in[key] = n
				}
				all = append(all, b...)
			}
		}
		if !slices.Equal(all, idx) {
			t.Fatalf("the batches hold %v, want %v", all, idx)
		}
	})
}

func TestBatchesAreAtMostTwoMoreThanItTakes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.IntRange(1, 20).Draw(t, "batch")
		got, entries := 0, 0
		for range 2 { // data, then markers
			w, idx := genKeys(t, size)
			entries += len(idx)
			for _, c := range w.chains(idx, size) {
				got += len(c)
			}
		}
		if least := (entries + size - 1) / size; got > least+2 {
			t.Fatalf("%d batches of %d for %d entries, want %d at most", got, size, entries, least+2)
		}
	})
}

// Where no key has two entries, none waits for another, and none is cut short.
func TestKeysWithOneEntryEachFillTheBatchesSideBySide(t *testing.T) {
	w, idx := &sweeping{}, []int{}
	for i := range 2001 {
		idx = append(idx, i)
		w.entries = append(w.entries, Planned{Key: fmt.Append(nil, i)})
	}
	chains := w.chains(idx, 1000)
	if len(chains) != 3 || len(chains[0]) != 1 || len(chains[0][0]) != 1000 || len(chains[1][0]) != 1000 || len(chains[2][0]) != 1 {
		t.Errorf("%d chains", len(chains))
	}
}
