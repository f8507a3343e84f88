package evidence

import (
	"bytes"
	"compress/gzip"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
	"time"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

func someLines(n int) []Line {
	lines := make([]Line, n)
	for i := range lines {
		lines[i] = Line{KeyHMAC: SHA256Hex([]byte(fmt.Sprint(i))), Kind: "object", Why: WhyAge, Outcome: OutcomeDeleted, By: ByResponse}
	}
	return lines
}

func writePart(t testing.TB, name string, lines []Line) ([]byte, Part) {
	t.Helper()
	w := NewPart(name)
	for _, l := range lines {
		if err := w.Add(l); err != nil {
			t.Fatal(err)
		}
	}
	data, p, err := w.Finish()
	if err != nil {
		t.Fatal(err)
	}
	return data, p
}

// tlogRoot computes the same tree with Go's checksum database code.
func tlogRoot(t testing.TB, leaves [][]byte) string {
	t.Helper()
	var stored []tlog.Hash
	read := tlog.HashReaderFunc(func(indexes []int64) ([]tlog.Hash, error) {
		out := make([]tlog.Hash, len(indexes))
		for i, x := range indexes {
			out[i] = stored[x]
		}
		return out, nil
	})
	for i, leaf := range leaves {
		hashes, err := tlog.StoredHashes(int64(i), leaf, read)
		if err != nil {
			t.Fatal(err)
		}
		stored = append(stored, hashes...)
	}
	root, err := tlog.TreeHash(int64(len(leaves)), read)
	if err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(root[:])
}

func TestBothLevelsOfTheTreeAreThoseOfAnIndependentImplementation(t *testing.T) {
	var parts []Part
	var roots [][]byte
	for n := 1; n <= 40; n++ {
		lines := someLines(n)
		_, p := writePart(t, PartName(0, n), lines)
		leaves := make([][]byte, n)
		for i, l := range lines {
			leaves[i] = l.Append(nil)
		}
		if want := tlogRoot(t, leaves); p.PartRoot != want {
			t.Errorf("%d lines: root %s, want %s", n, p.PartRoot, want)
		}
		leaf, err := hex.DecodeString(p.PartRoot)
		if err != nil {
			t.Fatal(err)
		}
		parts, roots = append(parts, p), append(roots, leaf)
		root, err := RootHash(parts)
		if err != nil {
			t.Fatal(err)
		}
		if want := tlogRoot(t, roots); root != want {
			t.Errorf("%d parts: root %s, want %s", n, root, want)
		}
	}
}

func TestNoPartsGiveTheEmptyTreesRoot(t *testing.T) {
	root, err := RootHash(nil)
	if err != nil || root != SHA256Hex(nil) {
		t.Errorf("got %s, %v", root, err)
	}
	if _, err := RootHash([]Part{{PartRoot: "xx"}}); err == nil {
		t.Error("a root that is no hash was accepted")
	}
}

func TestTheSameLinesGiveTheSamePart(t *testing.T) {
	a, pa := writePart(t, PartName(1, 2), someLines(100))
	b, pb := writePart(t, PartName(1, 2), someLines(100))
	if !bytes.Equal(a, b) || pa != pb {
		t.Error("two parts differ")
	}
	if pa.SHA256 != SHA256Hex(a) || pa.Bytes != int64(len(a)) || pa.Count != 100 {
		t.Errorf("%+v", pa)
	}
	if !bytes.Equal(a[4:8], make([]byte, 4)) || a[3] != 0 {
		t.Errorf("the gzip header carries a time or a name: % x", a[:10])
	}
}

func TestAPartReadsBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		lines := rapid.SliceOfN(rapid.Custom(drawLine), 1, 20).Draw(rt, "lines")
		data, want := writePart(t, PartName(0, 7), lines)
		var got []string
		p, err := ReadPart(PartName(0, 7), bytes.NewReader(data), func(n int64, raw []byte, l Line) error {
			if int(n) != len(got)+1 || string(l.Append(nil)) != string(raw) {
				rt.Fatalf("line %d: %s", n, raw)
			}
			got = append(got, string(raw))
			return nil
		})
		if err != nil || p != want || len(got) != len(lines) {
			rt.Fatalf("%v\n got %+v\nwant %+v", err, p, want)
		}
	})
}

func TestAPartWriterRefusesWhatAPlanSegmentCannotHold(t *testing.T) {
	if _, _, err := NewPart("p").Finish(); err == nil {
		t.Error("a part without lines was finished")
	}
	if err := NewPart("p").Add(Line{}); err == nil {
		t.Error("an invalid line was added")
	}
	w := NewPart("p")
	l := someLines(1)[0]
	for range MaxPartLines {
		if err := w.Add(l); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Add(l); err == nil {
		t.Error("line 64,001 was added")
	}
}

func TestAPartThatIsNotExactlyOneIsRefused(t *testing.T) {
	zip := func(text string, change func(*gzip.Writer)) []byte {
		var b bytes.Buffer
		w := gzip.NewWriter(&b)
		change(w)
		if _, err := w.Write([]byte(text)); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		return b.Bytes()
	}
	plain := func(*gzip.Writer) {}
	line := string(someLines(1)[0].Append(nil)) + "\n"
	if _, err := ReadPart("p", bytes.NewReader(zip(line, plain)), func(int64, []byte, Line) error { return nil }); err != nil {
		t.Fatal(err)
	}
	for want, data := range map[string][]byte{
		"p: not a gzip file: EOF":                             nil,
		"p: the gzip header carries a name, a time or a note": zip(line, func(w *gzip.Writer) { w.ModTime = time.Unix(5, 0) }),
		"p: line 1 does not end in a newline":                 zip(strings.TrimSpace(line), plain),
		"p: line 2 is longer than 32768 bytes":                zip(line+strings.Repeat("x", 1<<20), plain),
		"p: there is something after the gzip data":           append(zip(line, plain), zip(line, plain)...),
		"p: read line 2: unexpected EOF":                      zip(line, plain)[:len(zip(line, plain))-3],
		"p: line 2: manifest line: it is empty":               zip(line+"\n", plain),
		"p: more than 64000 lines":                            zip(strings.Repeat(line, MaxPartLines+1), plain),
	} {
		_, err := ReadPart("p", bytes.NewReader(data), func(int64, []byte, Line) error { return nil })
		if err == nil || err.Error() != want {
			t.Errorf("got %v\nwant %s", err, want)
		}
	}
	named := func(w *gzip.Writer) { w.Name = "x" }
	if _, err := ReadPart("p", bytes.NewReader(zip(line, named)), func(int64, []byte, Line) error { return nil }); err == nil {
		t.Error("a gzip header with a name was accepted")
	}
}

func TestPartsReadBackAndNothingElseDoes(t *testing.T) {
	_, a := writePart(t, PartName(0, 0), someLines(2))
	_, b := writePart(t, PartName(0, 1), someLines(3))
	_, c := writePart(t, PartName(1, 0), someLines(4))
	text := string(EncodeParts([]Part{a, b, c}))
	got, err := ParseParts([]byte(text))
	if err != nil || len(got) != 3 || got[2] != c {
		t.Fatalf("%v, %+v", err, got)
	}
	if none, err := ParseParts(nil); err != nil || len(none) != 0 {
		t.Errorf("no parts: %v, %v", none, err)
	}
	for name, bad := range map[string]string{
		"out of order":    string(EncodeParts([]Part{b, a})),
		"twice":           string(EncodeParts([]Part{a, a})),
		"no last newline": strings.TrimSpace(text),
		"an empty line":   text + "\n",
		"a space":         strings.Replace(text, `,"sha256"`, `, "sha256"`, 1),
		"another name":    strings.Replace(text, "manifest-0000-00000", "../../etc/passwd", 1),
		"a longer name":   strings.Replace(text, "manifest-0000-00000", "manifest-0000-000000", 1),
		"no lines":        strings.Replace(text, `"count":2`, `"count":0`, 1),
		"an unknown one":  strings.Replace(text, `"count":2`, `"count":2,"x":1`, 1),
		"capitals":        strings.Replace(text, a.SHA256, strings.ToUpper(a.SHA256), 1),
	} {
		if _, err := ParseParts([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

func TestPartNames(t *testing.T) {
	if got := PartName(3, 12); got != "manifest-0003-00012.jsonl.gz" {
		t.Error(got)
	}
	rapid.Check(t, func(t *rapid.T) {
		shard, n := rapid.IntRange(0, 200000).Draw(t, "shard"), rapid.IntRange(0, 2000000).Draw(t, "n")
		s, m, ok := ParsePartName(PartName(shard, n))
		if !ok || s != shard || m != n {
			t.Fatalf("%d %d came back as %d %d %v", shard, n, s, m, ok)
		}
	})
	for _, bad := range []string{"", "manifest-0-0.jsonl.gz", "manifest-0000-00000.jsonl", "manifest-00000.jsonl.gz", "manifest--001-00000.jsonl.gz",
		"manifest-+001-00000.jsonl.gz", "x/manifest-0000-00000.jsonl.gz"} {
		if _, _, ok := ParsePartName(bad); ok {
			t.Errorf("%q is called a part's name", bad)
		}
	}
}
