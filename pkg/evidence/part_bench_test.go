package evidence

import (
	"bytes"
	"fmt"
	"testing"
	"time"
)

// benchLines are the lines of a part, ready to be written.
func benchLines(n int) []Line {
	at := time.Date(2026, 11, 25, 2, 15, 0, 0, time.UTC)
	lines := make([]Line, n)
	for i := range lines {
		team := TeamKey{byte(i * 8 / n)}
		lines[i] = Line{TeamRef: team.Ref(), KeyHMAC: team.KeyHMAC("object", "api-exchanges", fmt.Sprint("team/2026/10/20/req-", i), ""), Kind: "object",
			Created: HourUp(at.Add(-31*24*time.Hour + time.Duration(i%3600)*time.Second)), At: HourDown(at), Why: WhyAge, Outcome: OutcomeDeleted, By: ByResponse}
	}
	return lines
}

func perRecord(b *testing.B, records int) {
	n := float64(b.N) * float64(records)
	b.ReportMetric(n/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/record")
}

// BenchmarkPart writes a part from lines that are ready.
func BenchmarkPart(b *testing.B) {
	lines := benchLines(8000)
	b.ReportAllocs()
	var size int
	for b.Loop() {
		w := NewPart(PartName(0, 0))
		for i := range lines {
			if err := w.Add(lines[i]); err != nil {
				b.Fatal(err)
			}
		}
		data, _, err := w.Finish()
		if err != nil {
			b.Fatal(err)
		}
		size = len(data)
	}
	perRecord(b, len(lines))
	b.ReportMetric(float64(size)/float64(len(lines)), "bytes/record")
}

// BenchmarkReadPart reads a part as the seal and verify do.
func BenchmarkReadPart(b *testing.B) {
	lines := benchLines(8000)
	w := NewPart(PartName(0, 0))
	for i := range lines {
		if err := w.Add(lines[i]); err != nil {
			b.Fatal(err)
		}
	}
	data, _, err := w.Finish()
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := ReadPart(PartName(0, 0), bytes.NewReader(data), func(int64, []byte, Line) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	perRecord(b, len(lines))
}

// BenchmarkEntryHasher identifies entries: two hashes of each one's name.
func BenchmarkEntryHasher(b *testing.B) {
	entries, key := TeamKey{1}.Entries(), []byte("team-0001/2026/10/20/req_0123456789abcdef01234567.response.json")
	b.ReportAllocs()
	for b.Loop() {
		if entries.KeyHMAC("object", "api-exchanges", key, "") == "" {
			b.Fatal("no identifier")
		}
	}
	perRecord(b, 1)
}

// BenchmarkTree builds the tree over a part's lines.
func BenchmarkTree(b *testing.B) {
	lines := benchLines(8000)
	leaves := make([][]byte, len(lines))
	for i, l := range lines {
		leaves[i] = l.Append(nil)
	}
	b.ReportAllocs()
	for b.Loop() {
		t := newTree()
		for _, leaf := range leaves {
			t.add(leaf)
		}
		if t.root() == "" {
			b.Fatal("no root")
		}
	}
	perRecord(b, len(leaves))
}
