package sweep

import (
	"bytes"
	"encoding/json"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// genPlanned draws entries with every field set or not, in odd words.
func genPlanned() *rapid.Generator[Planned] {
	text := rapid.OneOf(rapid.SampledFrom([]string{"", "a", `"0123456789abcdef"`, `a\b`, "<&>", "é\u2028", "\x01\t", "\x7f", `\u0041`}), rapid.String())
	at := rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "seconds"), rapid.SampledFrom([]int64{0, 1, 120e6, 999999999}).Draw(t, "nanos")).UTC()
	})
	return rapid.Custom(func(t *rapid.T) Planned {
		return Planned{
			Key:          rapid.SliceOfN(rapid.Byte(), 1, 1024).Draw(t, "key"),
			Kind:         rapid.SampledFrom([]retention.Kind{retention.Object, retention.Version, retention.Marker, retention.Upload}).Draw(t, "kind"),
			ID:           text.Draw(t, "id"),
			LastModified: at.Draw(t, "lm"),
			ETag:         text.Draw(t, "etag"),
			Size:         rapid.Int64().Draw(t, "size"),
			Latest:       rapid.Bool().Draw(t, "latest"),
			Opaque:       rapid.Bool().Draw(t, "opaque"),
			Created:      at.Draw(t, "created"),
			Why:          rapid.SampledFrom([]string{evidence.WhyAge, evidence.WhyZDR}).Draw(t, "why"),
			Team:         text.Draw(t, "team"),
			Private:      rapid.Bool().Draw(t, "private"),
			Hold:         text.Draw(t, "hold"),
			Promotes:     rapid.Bool().Draw(t, "promotes"),
			Skip:         text.Draw(t, "skip"),
		}
	})
}

func unpack(t testing.TB, data []byte) []byte {
	t.Helper()
	z, err := zstd.NewReader(nil)
	if err != nil {
		t.Fatal(err)
	}
	defer z.Close()
	text, err := z.DecodeAll(data, nil)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func pack(t testing.TB, text string) []byte {
	t.Helper()
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll([]byte(text), nil)
}

func TestASegmentIsWhatEncodingJSONWouldWrite(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		entries := rapid.SliceOfN(genPlanned(), 0, 5).Draw(rt, "entries")
		data, err := encodeSegment(entries)
		if err != nil {
			rt.Fatal(err)
		}
		var want bytes.Buffer
		for _, e := range entries {
			if err := json.NewEncoder(&want).Encode(e); err != nil {
				rt.Fatal(err)
			}
		}
		if got := unpack(t, data); !bytes.Equal(got, want.Bytes()) {
			rt.Fatalf("got\n%s\nwant\n%s", got, want.Bytes())
		}
	})
}

func TestASegmentReadsAsEncodingJSONWouldReadIt(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(genPlanned(), 1, 5).Draw(t, "entries")
		data, err := encodeSegment(entries)
		if err != nil {
			t.Fatal(err)
		}
		got, err := decodeCounted("s", data, rapid.Int64Range(-1, 9).Draw(t, "count"))
		if err != nil || len(got) != len(entries) {
			t.Fatalf("%d entries of %d: %v", len(got), len(entries), err)
		}
		for i, e := range entries {
			text, err := json.Marshal(e)
			if err != nil {
				t.Fatal(err)
			}
			var want Planned
			if err := json.Unmarshal(text, &want); err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got[i], want) {
				t.Fatalf("%s\nreads as %+v\n want %+v", text, got[i], want)
			}
		}
	})
}

func TestAWriterWritesOneSegmentAfterTheOther(t *testing.T) {
	w, err := newSegmentWriter()
	if err != nil {
		t.Fatal(err)
	}
	all := benchPlanned(3000)
	var written [][]byte
	for _, entries := range [][]Planned{all[:1000], all[1000:1001], nil, all[1001:]} {
		for _, e := range entries {
			if err := w.Add(e); err != nil {
				t.Fatal(err)
			}
		}
		if w.Len() != len(entries) {
			t.Errorf("Len says %d of %d entries", w.Len(), len(entries))
		}
		data, err := w.Close()
		if err != nil {
			t.Fatal(err)
		}
		written = append(written, data)
	}
	for i, entries := range [][]Planned{all[:1000], all[1000:1001], nil, all[1001:]} {
		alone, err := encodeSegment(entries)
		if err != nil || !bytes.Equal(written[i], alone) {
			t.Errorf("segment %d isn't the one that a new writer writes: %v", i, err)
		}
	}
}

func TestNothingButASegmentIsReadAsOne(t *testing.T) {
	good := `{"k":"aw==","kind":"object","lm":"2026-10-01T00:00:00Z","etag":"\"e\"","size":7,"created":"2026-10-01T00:00:00Z","why":"age","team":"t"}` + "\n"
	if entries, err := decodeSegment("s", pack(t, good+good)); err != nil || len(entries) != 2 {
		t.Fatalf("%d entries: %v", len(entries), err)
	}
	for name, text := range map[string]string{
		"an unknown field":         strings.Replace(good, `,"team"`, `,"extra":1,"team"`, 1),
		"an unknown field, last":   strings.Replace(good, "}", `,"extra":1}`, 1),
		"a field twice":            strings.Replace(good, `,"size":7`, `,"size":7,"size":8`, 1),
		"another order":            strings.Replace(good, `"kind":"object","lm":"2026-10-01T00:00:00Z"`, `"lm":"2026-10-01T00:00:00Z","kind":"object"`, 1),
		"a space":                  strings.Replace(good, `,"size"`, `, "size"`, 1),
		"no key":                   strings.Replace(good, `"k":"aw=="`, `"k":""`, 1),
		"a null key":               strings.Replace(good, `"k":"aw=="`, `"k":null`, 1),
		"a key that isn't base64":  strings.Replace(good, "aw==", "a*==", 1),
		"no kind":                  strings.Replace(good, `"object"`, `""`, 1),
		"a date that is none":      strings.Replace(good, `"lm":"2026-10-01`, `"lm":"2026-13-01`, 1),
		"the zero date":            strings.Replace(good, `"created":"2026-10-01`, `"created":"0001-01-01`, 1),
		"a size that is none":      strings.Replace(good, `"size":7`, `"size":7.5`, 1),
		"an escape that is none":   strings.Replace(good, `"t"`, `"\x"`, 1),
		"a string without its end": strings.Replace(good, `"t"}`, `"t}`, 1),
		"a line without its end":   strings.TrimSuffix(good, "\n"),
		"an empty line":            good + "\n",
		"something behind":         strings.Replace(good, "}\n", "} \n", 1),
		"an array":                 "[" + strings.TrimSpace(good) + "]\n",
	} {
		if entries, err := decodeSegment("s", pack(t, text)); err == nil {
			t.Errorf("%s is read as %+v", name, entries)
		}
	}
	if _, err := decodeSegment("s", pack(t, strings.Repeat(good, evidence.MaxPartLines+1))); err == nil {
		t.Error("more entries than a part has lines are read")
	}
}
