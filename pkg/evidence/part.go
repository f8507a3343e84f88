package evidence

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// MaxPartLines is how many lines a part can have: as many as a plan segment has
// entries.
const MaxPartLines = 64000

// Part is one line of parts.jsonl.
type Part struct {
	Name               string `json:"name"`
	SHA256             string `json:"sha256"` // of the stored file
	UncompressedSHA256 string `json:"uncompressedSha256"`
	Bytes              int64  `json:"bytes"` // size of the stored file
	Count              int64  `json:"count"` // lines
	PartRoot           string `json:"partRoot"`
}

// PartName names part n of a shard.
func PartName(shard, n int) string { return fmt.Sprintf("manifest-%04d-%05d.jsonl.gz", shard, n) }

// ParsePartName is PartName backwards; ok is false for every other name.
func ParsePartName(name string) (shard, n int, ok bool) {
	middle, found := strings.CutPrefix(name, "manifest-")
	if !found {
		return 0, 0, false
	}
	middle, found = strings.CutSuffix(middle, ".jsonl.gz")
	if !found {
		return 0, 0, false
	}
	a, b, found := strings.Cut(middle, "-")
	if !found {
		return 0, 0, false
	}
	shard, errA := strconv.Atoi(a)
	n, errB := strconv.Atoi(b)
	if errA != nil || errB != nil || shard < 0 || n < 0 || PartName(shard, n) != name {
		return 0, 0, false
	}
	return shard, n, true
}

// PartWriter builds one part in memory. The same lines give the same bytes: the
// gzip header carries no name and no time. Nothing compares them with those of
// another version of this program, whose compression may differ: a part is
// written once and read from then on.
type PartWriter struct {
	name  string
	out   bytes.Buffer
	gz    *gzip.Writer
	plain hash.Hash
	tree  *tree
	count int64
	line  []byte
}

// NewPart starts the part of that name.
func NewPart(name string) *PartWriter {
	w := &PartWriter{name: name, plain: sha256.New(), tree: newTree()}
	w.gz, _ = gzip.NewWriterLevel(&w.out, gzip.BestSpeed) // the level is a valid one
	return w
}

// Add appends a line. It refuses an invalid line and one too many.
func (w *PartWriter) Add(l Line) error {
	if w.count >= MaxPartLines {
		return fmt.Errorf("%s: more than %d lines", w.name, MaxPartLines)
	}
	if err := l.Validate(); err != nil {
		return fmt.Errorf("%s: line %d: %w", w.name, w.count+1, err)
	}
	w.line = l.Append(w.line[:0])
	if len(w.line) > maxLine {
		return fmt.Errorf("%s: line %d: longer than %d bytes", w.name, w.count+1, maxLine)
	}
	w.tree.add(w.line)
	w.line = append(w.line, '\n')
	w.plain.Write(w.line)
	if _, err := w.gz.Write(w.line); err != nil {
		return fmt.Errorf("%s: compress: %w", w.name, err)
	}
	w.count++
	return nil
}

// Finish returns the bytes to store and the part's line in parts.jsonl. The
// writer can't be used afterwards. A part without lines is an error: a shard
// that plans nothing has no part.
func (w *PartWriter) Finish() ([]byte, Part, error) {
	if w.count == 0 {
		return nil, Part{}, fmt.Errorf("%s: a part needs at least one line", w.name)
	}
	if err := w.gz.Close(); err != nil {
		return nil, Part{}, fmt.Errorf("%s: compress: %w", w.name, err)
	}
	data := w.out.Bytes()
	return data, Part{
		Name:               w.name,
		SHA256:             SHA256Hex(data),
		UncompressedSHA256: hex.EncodeToString(w.plain.Sum(nil)),
		Bytes:              int64(len(data)),
		Count:              w.count,
		PartRoot:           w.tree.root(),
	}, nil
}

// EncodeParts writes parts.jsonl: one JSON object a line, each ended by a
// newline, in part order.
func EncodeParts(parts []Part) []byte {
	var out []byte
	for _, p := range parts {
		b, err := encodeJSON(p)
		if err != nil { // strings and integers always encode
			continue
		}
		out = append(append(out, b...), '\n')
	}
	return out
}

// ParseParts reads what EncodeParts writes for valid parts in part order (by
// shard, then number), and nothing else.
func ParseParts(data []byte) ([]Part, error) {
	if len(data) > maxDocument {
		return nil, fmt.Errorf("%s: larger than %d bytes", FileParts, maxDocument)
	}
	var parts []Part
	for n := 1; len(data) > 0; n++ {
		line, rest, found := bytes.Cut(data, []byte("\n"))
		if !found {
			return nil, fmt.Errorf("%s: line %d does not end in a newline", FileParts, n)
		}
		p, err := parsePart(line)
		if err != nil {
			return nil, fmt.Errorf("%s: line %d: %w", FileParts, n, err)
		}
		if len(parts) > 0 && !partBefore(parts[len(parts)-1].Name, p.Name) {
			return nil, fmt.Errorf("%s: line %d: %s is out of order or stands twice", FileParts, n, p.Name)
		}
		parts, data = append(parts, p), rest
	}
	return parts, nil
}

func parsePart(line []byte) (Part, error) {
	var p Part
	if err := decodeStrict(line, &p); err != nil {
		return Part{}, err
	}
	again, err := encodeJSON(p)
	if err != nil {
		return Part{}, err
	}
	if err := sameBytes(line, again); err != nil {
		return Part{}, err
	}
	if _, _, ok := ParsePartName(p.Name); !ok {
		return Part{}, fmt.Errorf("%q is not the name of a part", p.Name)
	}
	if !isHex(p.SHA256, 32) || !isHex(p.UncompressedSHA256, 32) || !isHex(p.PartRoot, 32) {
		return Part{}, errors.New("a digest is not a SHA-256 in lower-case hex")
	}
	if p.Bytes <= 0 || p.Count <= 0 || p.Count > MaxPartLines {
		return Part{}, errors.New("bytes or count is out of range")
	}
	return p, nil
}

func partBefore(a, b string) bool {
	shardA, nA, _ := ParsePartName(a)
	shardB, nB, _ := ParsePartName(b)
	return shardA < shardB || shardA == shardB && nA < nB
}
