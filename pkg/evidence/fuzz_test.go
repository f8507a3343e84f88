package evidence

import (
	"bytes"
	"crypto/rand"
	"strings"
	"testing"
)

// Whatever parses encodes to the same bytes again, and nothing panics.

func fuzzSeal(f *testing.F) (payload, bundle []byte) {
	f.Helper()
	priv, _, err := GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	s, err := LoadSigner(priv)
	if err != nil {
		f.Fatal(err)
	}
	payload, err = NewStatement(Predicate{ReportType: TypeSweep, Holds: []Hold{{ID: "x"}}}, map[string][]byte{FileParts: nil}).Marshal()
	if err != nil {
		f.Fatal(err)
	}
	bundle, err = SealBundle(payload, s)
	if err != nil {
		f.Fatal(err)
	}
	return payload, bundle
}

func same(t *testing.T, data, again []byte, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%q parses and does not encode: %v", data, err)
	}
	if !bytes.Equal(data, again) {
		t.Fatalf("%q encodes to %q", data, again)
	}
}

func FuzzBundle(f *testing.F) {
	_, b := fuzzSeal(f)
	f.Add(b)
	f.Add([]byte(`{"mediaType":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if b, err := parseBundle(data); err == nil {
			again, err := encodeJSON(b)
			same(t, data, again, err)
		}
	})
}

func FuzzStatement(f *testing.F) {
	p, _ := fuzzSeal(f)
	f.Add(p)
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, err := ParseStatement(data); err == nil {
			again, err := s.Marshal()
			same(t, data, again, err)
			ValidatePredicate(s.Predicate)
		}
	})
}

func FuzzLine(f *testing.F) {
	size := int64(3)
	for _, l := range []Line{
		{KeyHMAC: strings.Repeat("a", 64), Kind: "object", Why: WhyZDR, Outcome: OutcomeLeft, Code: "GUARD", By: ByLookup},
		{KeyHMAC: strings.Repeat("a", 64), Kind: "object", Created: "2026-10-20T03:00:00Z", At: "2026-11-25T02:00:00Z", Why: WhyAge,
			Outcome: OutcomeDeleted, By: ByResponse, Key: "a\xffb", Team: "x", Size: &size},
		{KeyHMAC: strings.Repeat("a", 64), Kind: "version", Why: WhyZDR, Outcome: OutcomeLocked, Code: CodeLegalHold, By: ByResponse},
		{KeyHMAC: strings.Repeat("a", 64), Kind: "upload", Why: WhyZDR, Outcome: OutcomeAborted, Code: CodeUploadActive, By: ByResponse},
		{KeyHMAC: strings.Repeat("a", 64), Kind: "marker", Why: WhyAge, Outcome: OutcomePending, Code: "MARKER_HIDES", By: ByLookup},
	} {
		f.Add(l.Append(nil))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		if l, err := ParseLine(data); err == nil {
			same(t, data, l.Append(nil), nil)
		}
	})
}

func FuzzPart(f *testing.F) {
	data, _ := writePart(f, PartName(0, 0), someLines(3))
	f.Add(data)
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ReadPart("p", bytes.NewReader(data), func(_ int64, raw []byte, l Line) error {
			same(t, raw, l.Append(nil), nil)
			return nil
		})
		if err == nil && (p.SHA256 != SHA256Hex(data) || p.Bytes != int64(len(data))) {
			t.Fatalf("%+v is not about these %d bytes", p, len(data))
		}
	})
}

func FuzzParts(f *testing.F) {
	_, p := writePart(f, PartName(0, 0), someLines(3))
	f.Add(EncodeParts([]Part{p}))
	f.Fuzz(func(t *testing.T, data []byte) {
		if parts, err := ParseParts(data); err == nil {
			same(t, data, EncodeParts(parts), nil)
			if _, err := RootHash(parts); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func FuzzTeams(f *testing.F) {
	rows := []TeamRow{{Team: `a,"b"`, ZDR: true, ZDRSince: "2026-01-01T00:00:00Z", Store: "s", State: StateZero, TeamKeyCommit: strings.Repeat("a", 64)}}
	text, err := EncodeTeams(rows)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		if rows, err := ParseTeams(data); err == nil {
			again, err := EncodeTeams(rows)
			same(t, data, again, err)
		}
	})
}

func FuzzTrustRoot(f *testing.F) {
	_, pub, err := GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	key, err := ParsePublicKey(pub)
	if err != nil {
		f.Fatal(err)
	}
	root, err := NewTrustRoot("v", key, at(1, 0, 0))
	if err != nil {
		f.Fatal(err)
	}
	text, err := root.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := ParseTrustRoot(data); err == nil {
			again, err := r.Marshal()
			same(t, data, again, err)
		}
	})
}

func FuzzSecret(f *testing.F) {
	text, err := FormatSecret(countingSecret(), "2026-11")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		if s, epoch, err := ParseSecret(data); err == nil {
			again, err := FormatSecret(s, epoch)
			same(t, data, again, err)
		}
	})
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(factsConfig))
	f.Fuzz(func(t *testing.T, data []byte) {
		a, err := FactsOf(data, nil)
		if err != nil {
			return
		}
		if got := Changes(a, a); len(got) != 0 {
			t.Fatalf("a config differs from itself: %v", got)
		}
	})
}

func FuzzHead(f *testing.F) {
	f.Add("3:" + strings.Repeat("a", 64))
	f.Fuzz(func(t *testing.T, s string) {
		if h, err := ParseHead(s); err == nil && (h.Sequence < 0 || !isHex(h.StatementSHA256, 32)) {
			t.Fatalf("%q gives %+v", s, h)
		}
	})
}
