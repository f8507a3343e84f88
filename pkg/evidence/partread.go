package evidence

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
)

// maxLine is the longest line of a manifest in bytes: a key of 1,024 bytes in
// its longest spelling, a team id, and the fixed fields.
const maxLine = 32 << 10

// ReadPart reads a part from r as it comes, calls line for each of its lines
// (the bytes are valid only during the call), and returns what parts.jsonl
// should say of it. It refuses a gzip header with a name, a time or anything
// else, a second gzip member and bytes after it. Memory does not grow with the
// part.
func ReadPart(name string, r io.Reader, line func(n int64, raw []byte, l Line) error) (Part, error) {
	p, err := readPart(name, r, line)
	if err != nil {
		return Part{}, fmt.Errorf("%s: %w", name, err)
	}
	return p, nil
}

func readPart(name string, r io.Reader, line func(n int64, raw []byte, l Line) error) (Part, error) {
	stored := &meter{r: r, h: sha256.New()}
	// gzip reads byte by byte from a bufio.Reader, and so not past its end.
	in := bufio.NewReaderSize(stored, 64<<10)
	gz, err := gzip.NewReader(in)
	if err != nil {
		return Part{}, fmt.Errorf("not a gzip file: %w", err)
	}
	gz.Multistream(false)
	if gz.Name != "" || gz.Comment != "" || len(gz.Extra) > 0 || !gz.ModTime.IsZero() {
		return Part{}, errors.New("the gzip header carries a name, a time or a note")
	}
	plain := &meter{r: gz, h: sha256.New()}
	t := newTree()
	count, err := readLines(plain, t, line)
	if err != nil {
		return Part{}, err
	}
	if _, err := in.ReadByte(); !errors.Is(err, io.EOF) {
		return Part{}, errors.New("there is something after the gzip data")
	}
	return Part{
		Name:               name,
		SHA256:             hex.EncodeToString(stored.h.Sum(nil)),
		UncompressedSHA256: hex.EncodeToString(plain.h.Sum(nil)),
		Bytes:              stored.n,
		Count:              count,
		PartRoot:           t.root(),
	}, nil
}

func readLines(r io.Reader, t *tree, line func(n int64, raw []byte, l Line) error) (int64, error) {
	in := bufio.NewReaderSize(r, maxLine+1)
	for n := int64(1); ; n++ {
		raw, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, io.EOF) && len(raw) == 0:
			return n - 1, nil
		case errors.Is(err, io.EOF):
			return 0, fmt.Errorf("line %d does not end in a newline", n)
		case errors.Is(err, bufio.ErrBufferFull):
			return 0, fmt.Errorf("line %d is longer than %d bytes", n, maxLine)
		case err != nil:
			return 0, fmt.Errorf("read line %d: %w", n, err)
		case n > MaxPartLines:
			return 0, fmt.Errorf("more than %d lines", MaxPartLines)
		}
		raw = raw[:len(raw)-1]
		l, err := ParseLine(raw)
		if err != nil {
			return 0, fmt.Errorf("line %d: %w", n, err)
		}
		t.add(raw)
		if err := line(n, raw, l); err != nil {
			return 0, err
		}
	}
}
