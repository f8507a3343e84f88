package listxml

import "strings"

// slab makes pointers to values, many to an allocation.
type slab[T any] struct{ block []T }

func (s *slab[T]) put(v T) *T {
	if len(s.block) == cap(s.block) {
		s.block = make([]T, 0, min(max(8, 2*cap(s.block)), 2048))
	}
	s.block = append(s.block, v)
	return &s.block[len(s.block)-1]
}

// reset gives the last block's values up.
func (s *slab[T]) reset() { s.block = s.block[:0] }

// block is how many bytes of strings are allocated at once. Whoever keeps one
// string keeps its block, so blocks are small.
const block = 4096

// letters makes strings, many to an allocation.
type letters struct{ block strings.Builder }

func (l *letters) put(text []byte) string {
	if l.block.Cap()-l.block.Len() < len(text) {
		l.block.Reset()
		l.block.Grow(max(block, len(text)))
	}
	from := l.block.Len()
	l.block.Write(text)
	return l.block.String()[from:]
}
