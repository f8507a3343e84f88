package bucket

import (
	"encoding/xml"
	"net/url"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestKeysThatXMLCannotCarryGoSingly(t *testing.T) {
	for key, want := range map[string]bool{
		"plain": true, "a b": true, "tab\tlf\n": true, "日本語": true, "\ufffd": true, "🗝": true, "\u0085\u2028": true, "\x7f": true,
		"b\x01c": false, "\x00": false, "\x1f": false, "cr\r": false, "\ufffe": false, "\uffff": false, "\xff": false, "cut\xe6\x97": false, "\xed\xa0\x80": false,
	} {
		if got := carriable(key); got != want {
			t.Errorf("carriable(%q) = %v, want %v", key, got, want)
		}
	}
}

// keyGen makes keys of up to 20 runes or bytes, odd ones included.
func keyGen() *rapid.Generator[string] {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"/", "a", "b", "~", "!", " ", "%", "+", "&", "\n", "\r", "\x01", "\xff", "é", "\ufffd", "\uffff"}),
		rapid.StringN(1, 3, 8),
	)
	return rapid.Custom(func(t *rapid.T) string {
		return strings.Join(rapid.SliceOfN(piece, 1, 10).Draw(t, "pieces"), "")
	})
}

func TestCarriableKeysSurviveXML(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := keyGen().Draw(t, "key")
		if !carriable(key) {
			return
		}
		var text strings.Builder
		if err := xml.EscapeText(&text, []byte(key)); err != nil {
			t.Fatal(err)
		}
		var back string
		if err := xml.Unmarshal([]byte("<Key>"+text.String()+"</Key>"), &back); err != nil || back != key {
			t.Fatalf("%q came back as %q: %v", key, back, err)
		}
	})
}

func TestBeforeIsLessAndCanBeSent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := keyGen().Draw(t, "key")
		if b := before(key); b >= key || !carriable(b) {
			t.Fatalf("before(%q) = %q: less %v, carriable %v", key, b, b < key, carriable(b))
		}
	})
}

func TestBeforeIsNear(t *testing.T) {
	// A listing from "dir/" would walk over all of "dir/1..." first.
	if got := before("dir/2"); got <= "dir/19999" {
		t.Errorf("before = %q", got)
	}
}

func TestDecodingUndoesBothWaysToEncode(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := keyGen().Draw(t, "key")
		for _, encoded := range []string{url.QueryEscape(key), strings.ReplaceAll(url.QueryEscape(key), "+", "%20")} {
			if got, err := decodeName(encoded, true); err != nil || got != key {
				t.Fatalf("decoding %q gives %q, %v; want %q", encoded, got, err, key)
			}
		}
	})
}

func FuzzDecodeName(f *testing.F) {
	for _, seed := range []string{"", "a+b", "%2F", "%", "%zz", "100%", "%00%ff"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if raw, err := decodeName(name, false); err != nil || raw != name {
			t.Errorf("a raw name was changed: %q to %q, %v", name, raw, err)
		}
		key, err := decodeName(name, true)
		if err != nil {
			return
		}
		if again, err := decodeName(url.QueryEscape(key), true); err != nil || again != key {
			t.Errorf("%q decodes to %q, which does not round-trip: %q, %v", name, key, again, err)
		}
	})
}

func FuzzRootElement(f *testing.F) {
	for _, seed := range []string{"", "<a/>", "<?xml version=\"1.0\"?><Error>", "<!DOCTYPE html><html>", "<", "\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, head []byte) {
		if root := rootElement(head); root != "" && !strings.Contains(string(head), root) {
			t.Errorf("root %q is not in the input", root)
		}
	})
}
