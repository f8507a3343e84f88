package main

import (
	"math/bits"
	"sync/atomic"
)

// bitmap is a bit a key. All its methods may be called at the same time.
type bitmap []atomic.Uint64

func newBitmap(n int) bitmap { return make(bitmap, (n+63)/64) }

// set sets a bit and reports whether it was clear.
func (b bitmap) set(i int) bool {
	return b[i/64].Or(1<<(i%64))&(1<<(i%64)) == 0
}

func (b bitmap) has(i int) bool { return b[i/64].Load()&(1<<(i%64)) != 0 }

// clear returns the first clear bit in [from, to), or to.
func (b bitmap) clear(from, to int) int {
	for i := from; i < to; {
		if word := ^b[i/64].Load() >> (i % 64); word != 0 {
			return min(i+bits.TrailingZeros64(word), to)
		}
		i += 64 - i%64
	}
	return to
}
