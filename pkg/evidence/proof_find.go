package evidence

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Sought is one entry whose line is looked for. Its name holds the key.
type Sought struct {
	store   int
	name    []byte
	opening [32]byte
}

// Seek names an entry in a store (index into stores[]) by the key of its team.
func Seek(k TeamKey, store int, kind, bucket, key, id string) Sought {
	name := EntryName(kind, bucket, key, id)
	return Sought{store: store, name: name, opening: k.Opening(name)}
}

// KeyHMAC is that of the entry's line.
func (s Sought) KeyHMAC() string { return OpenEntry(s.name, s.opening) }

// String keeps the key out of logs and error texts.
func (s Sought) String() string { return "(entry " + s.KeyHMAC() + ")" }

// ErrNoLine says that no line of the report is about an entry that was sought.
var ErrNoLine = errors.New("no line of the report is about it")

// FindProof looks for the first line of a report that is about one of the
// entries, and proves it. The bundle must have been opened by OpenSigned; open
// opens the report's other files. Memory does not grow with the manifest, but for
// parts.jsonl. The error is ErrNoLine only if every part is the one that was
// signed and none has such a line.
func FindProof(bundle []byte, open func(name string) (io.ReadCloser, error), sought []Sought) (Proof, error) {
	f := finder{open: open, sought: map[string]Sought{}}
	for _, s := range sought {
		f.sought[s.KeyHMAC()] = s
	}
	if err := f.read(bundle); err != nil {
		return Proof{}, err
	}
	for i, part := range f.parts {
		h, err := f.search(part)
		if err != nil {
			return Proof{}, fmt.Errorf("%s: %w", part.Name, err)
		}
		if h.line != nil {
			return f.prove(i, h)
		}
	}
	return Proof{}, ErrNoLine
}

type finder struct {
	open   func(name string) (io.ReadCloser, error)
	sought map[string]Sought // by keyHmac
	b      bundle
	parts  []Part
}

// hit is a line that was sought; line is nil if there was none.
type hit struct {
	line  []byte
	index int64 // in its part
	entry Sought
}

// read reads the bundle and the parts.jsonl that it signs.
func (f *finder) read(data []byte) error {
	var err error
	if f.b, err = parseBundle(data); err != nil {
		return err
	}
	s, err := ParseStatement(f.b.DSSEEnvelope.Payload)
	if err != nil {
		return err
	}
	file, err := f.open(FileParts)
	if err != nil {
		return fmt.Errorf("%s: %w", FileParts, err)
	}
	defer file.Close() //nolint:errcheck // opened for reading only
	text, err := io.ReadAll(io.LimitReader(file, maxDocument+1))
	if err != nil {
		return fmt.Errorf("%s: %w", FileParts, err)
	}
	signed := Subject{Name: FileParts, Digest: Digest{SHA256: SHA256Hex(text)}}
	if !slices.Contains(s.Subject, signed) {
		return fmt.Errorf("%s: it is not the file that was signed: its SHA-256 differs", FileParts)
	}
	if f.parts, err = ParseParts(text); err != nil {
		return err
	}
	if root, err := RootHash(f.parts); err != nil || root != s.Predicate.Manifest.RootHash {
		return fmt.Errorf("%s: the tree over its parts has the root %s, manifest.rootHash is %s", FileParts, root, s.Predicate.Manifest.RootHash)
	}
	return nil
}

// search looks through one part: at its digest and at the identifier in each
// line, no more. A part with a hit is read again, strictly.
func (f *finder) search(want Part) (hit, error) {
	file, err := f.open(want.Name)
	if err != nil {
		return hit{}, err
	}
	defer file.Close() //nolint:errcheck // opened for reading only
	stored := &meter{r: file, h: sha256.New()}
	gz, err := gzip.NewReader(bufio.NewReaderSize(stored, 64<<10))
	if err != nil {
		return hit{}, fmt.Errorf("not a gzip file: %w", err)
	}
	lines := bufio.NewScanner(gz)
	lines.Buffer(make([]byte, 0, 4<<10), maxLine+1)
	var found hit
	for n := int64(0); lines.Scan(); n++ {
		entry, ok := f.sought[string(lineHMAC(lines.Bytes()))]
		if !ok || found.line != nil {
			continue
		}
		l, err := ParseLine(lines.Bytes())
		if err != nil {
			return hit{}, fmt.Errorf("line %d is about the object, and can't be read: %w", n+1, err)
		}
		if l.Store == entry.store {
			found = hit{line: bytes.Clone(lines.Bytes()), index: n, entry: entry}
		}
	}
	if err := lines.Err(); err != nil {
		return hit{}, fmt.Errorf("read its lines: %w", err)
	}
	if have := hex.EncodeToString(stored.h.Sum(nil)); have != want.SHA256 {
		return hit{}, fmt.Errorf("its SHA-256 is %s, %s says %s", have, FileParts, want.SHA256)
	}
	return found, nil
}

// lineHMAC cuts keyHmac out of a line, nil if it can't. No field before it holds
// a text of anybody's choice.
func lineHMAC(line []byte) []byte {
	_, rest, ok := bytes.Cut(line, []byte(`"keyHmac":"`))
	if !ok || len(rest) < 64 {
		return nil
	}
	return rest[:64]
}

// prove builds the proof of the hit in part number i.
func (f *finder) prove(i int, h hit) (Proof, error) {
	part := f.parts[i]
	lines, err := f.proveLine(part, h.index)
	if err != nil {
		return Proof{}, fmt.Errorf("%s: %w", part.Name, err)
	}
	inRoot, err := provePart(f.parts, i)
	if err != nil {
		return Proof{}, err
	}
	f.b.VerificationMaterial.Tokens = nil
	b, err := encodeJSON(f.b)
	if err != nil {
		return Proof{}, fmt.Errorf("encode proof: %w", err)
	}
	return Proof{Format: ProofFormat, Bundle: b, Name: h.entry.name, Opening: h.entry.opening[:],
		Line: string(h.line), LineIndex: h.index, LineCount: part.Count, LineProof: lines,
		PartIndex: int64(i), PartProof: inRoot}, nil
}

func (f *finder) proveLine(want Part, index int64) ([]string, error) {
	p, err := newBranch(index, want.Count)
	if err != nil {
		return nil, err
	}
	file, err := f.open(want.Name)
	if err != nil {
		return nil, err
	}
	defer file.Close() //nolint:errcheck // opened for reading only
	have, err := readPart(want.Name, file, func(_ int64, raw []byte, _ Line) error { return p.add(raw) })
	if err != nil {
		return nil, err
	}
	if have != want {
		return nil, fmt.Errorf("it is not as %s says", FileParts)
	}
	return p.proof()
}

// provePart proves the root of part i among those of all parts.
func provePart(parts []Part, i int) ([]string, error) {
	p, err := newBranch(int64(i), int64(len(parts)))
	if err != nil {
		return nil, err
	}
	for _, part := range parts {
		root, err := hex.DecodeString(part.PartRoot)
		if err != nil {
			return nil, fmt.Errorf("%s: partRoot: %w", part.Name, err)
		}
		if err := p.add(root); err != nil {
			return nil, err
		}
	}
	return p.proof()
}
