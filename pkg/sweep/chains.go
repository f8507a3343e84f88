package sweep

import "bytes"

// chain is batches of which each goes when the one before is settled. Chains go
// side by side.
type chain [][]int

// chains cuts entries into batches of at most size, in their order. The entries of
// a key stay in one batch, or in batches of one chain: an older version never goes
// after a newer one. Whole keys leave places empty at the ends of batches, but never
// so many that it takes more than one batch more; with markers cut by themselves,
// all batches of a segment are at most two more than it takes.
func (w *sweeping) chains(idx []int, size int) []chain {
	c := filler{size: size, spare: size / 2}
	for len(idx) > 0 {
		n := 1
		for n < len(idx) && bytes.Equal(w.entries[idx[n]].Key, w.entries[idx[0]].Key) {
			n++
		}
		c.add(idx[:n])
		idx = idx[n:]
	}
	c.close()
	return c.done
}

// filler fills batches.
type filler struct {
	size, spare int // places in a batch, and how many may yet stay empty
	done        []chain
	open        chain // its last batch is being filled
}

// add adds the entries of a key.
func (c *filler) add(key []int) {
	free := c.free()
	if free < len(key) && free <= c.spare {
		c.spare -= free
		c.close()
	}
	for len(key) > 0 {
		if c.free() == 0 {
			c.open = append(c.open, make([]int, 0, c.size))
		}
		last := &c.open[len(c.open)-1]
		n := min(c.size-len(*last), len(key))
		*last = append(*last, key[:n]...)
		key = key[n:]
	}
}

// free is how many places the open batch has left.
func (c *filler) free() int {
	if len(c.open) == 0 {
		return 0
	}
	return c.size - len(c.open[len(c.open)-1])
}

func (c *filler) close() {
	if len(c.open) > 0 {
		c.done = append(c.done, c.open)
	}
	c.open = nil
}
