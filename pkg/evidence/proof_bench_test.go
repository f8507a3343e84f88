package evidence

import (
	"bytes"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"runtime"
	"testing"
)

// BenchmarkProof proves the last line of a manifest, so that all of it is read.
// The records are made while they are asked for; heap-MB is the most that was
// live while a part was open, one part's stored bytes included.
func BenchmarkProof(b *testing.B) {
	for _, million := range []int64{1, 4, 16} {
		b.Run(fmt.Sprintf("records=%dM", million), func(b *testing.B) { benchmarkProof(b, million*1_000_000) })
	}
}

func benchmarkProof(b *testing.B, records int64) {
	team := NewIdentifiers(Secret{1}, "1").Team("acme")
	m := Manifest{Format: ManifestFormat, TreeAlg: TreeAlg, RecordCount: records}
	var parts []Part
	for left := records; left > 0; left -= MaxPartLines {
		_, part := madePart(b, team, len(parts), min(left, MaxPartLines))
		parts = append(parts, part)
	}
	m.PartCount = int64(len(parts))
	var err error
	if m.RootHash, err = RootHash(parts); err != nil {
		b.Fatal(err)
	}
	text := EncodeParts(parts)
	payload, err := NewStatement(Predicate{ReportType: TypeSweep, Manifest: m}, map[string][]byte{FileParts: text}).Marshal()
	if err != nil {
		b.Fatal(err)
	}
	bundle := benchSealed(b, payload)
	var heap uint64
	open := func(name string) (io.ReadCloser, error) {
		if name == FileParts {
			return io.NopCloser(bytes.NewReader(text)), nil
		}
		b.StopTimer()
		defer b.StartTimer()
		_, n, _ := ParsePartName(name)
		data, _ := madePart(b, team, n, parts[n].Count)
		var s runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&s)
		heap = max(heap, s.HeapAlloc)
		return io.NopCloser(bytes.NewReader(data)), nil
	}
	last := len(parts) - 1
	sought := []Sought{Seek(team, 0, "object", "b", benchKey(last, parts[last].Count-1), "")}
	for b.Loop() {
		p, err := FindProof(bundle, open, sought)
		if err != nil {
			b.Fatal(err)
		}
		if err := p.included(m); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(heap)/1e6, "heap-MB")
	b.ReportMetric(float64(records)*float64(b.N)/b.Elapsed().Seconds(), "records/s")
}

func benchKey(part int, i int64) string { return fmt.Sprintf("acme/%d/%d.json", part, i) }

func madePart(b *testing.B, team TeamKey, n int, lines int64) ([]byte, Part) {
	b.Helper()
	w := NewPart(PartName(0, n))
	l := Line{TeamRef: team.Ref(), Kind: "object", Created: "2026-10-20T03:00:00Z", At: "2026-11-25T02:00:00Z", Why: WhyAge,
		Outcome: OutcomeDeleted, By: ByResponse}
	for i := range lines {
		l.KeyHMAC = team.KeyHMAC("object", "b", benchKey(n, i), "")
		if err := w.Add(l); err != nil {
			b.Fatal(err)
		}
	}
	data, part, err := w.Finish()
	if err != nil {
		b.Fatal(err)
	}
	return data, part
}

func benchSealed(b *testing.B, payload []byte) []byte {
	b.Helper()
	priv, _, err := GenerateKey(rand.Reader)
	if err != nil {
		b.Fatal(err)
	}
	s, err := LoadSigner(priv)
	if err != nil {
		b.Fatal(err)
	}
	data, err := SealBundle(payload, s)
	if err != nil {
		b.Fatal(err)
	}
	return data
}

// BenchmarkVerifyProof checks both levels of a proof from 16 million records.
func BenchmarkVerifyProof(b *testing.B) {
	const parts = 250
	leaf := make([]byte, 32)
	lines, err := newBranch(MaxPartLines-1, MaxPartLines)
	if err != nil {
		b.Fatal(err)
	}
	whole, err := newBranch(parts-1, parts)
	if err != nil {
		b.Fatal(err)
	}
	proofOf := func(br *branch, n int, leaf []byte) []string {
		for range n {
			if err := br.add(leaf); err != nil {
				b.Fatal(err)
			}
		}
		list, err := br.proof()
		if err != nil {
			b.Fatal(err)
		}
		return list
	}
	p := Proof{Line: string(leaf), LineIndex: MaxPartLines - 1, LineCount: MaxPartLines, PartIndex: parts - 1}
	p.LineProof = proofOf(lines, MaxPartLines, leaf)
	partRoot, err := rootOf(leaf, p.LineIndex, p.LineCount, p.LineProof)
	if err != nil {
		b.Fatal(err)
	}
	p.PartProof = proofOf(whole, parts, partRoot)
	m := Manifest{Format: ManifestFormat, TreeAlg: TreeAlg, RecordCount: parts * MaxPartLines, PartCount: parts}
	root, err := rootOf(partRoot, p.PartIndex, parts, p.PartProof)
	if err != nil {
		b.Fatal(err)
	}
	m.RootHash = hex.EncodeToString(root)
	b.ReportAllocs()
	for b.Loop() {
		if err := p.included(m); err != nil {
			b.Fatal(err)
		}
	}
}
