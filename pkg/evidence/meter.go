package evidence

import (
	"hash"
	"io"
)

// meter hashes and counts what is read through it.
type meter struct {
	r io.Reader
	h hash.Hash
	n int64
}

func (m *meter) Read(p []byte) (int, error) {
	n, err := m.r.Read(p)
	m.h.Write(p[:n])
	m.n += int64(n)
	return n, err
}
