package evidence

import (
	"bytes"
	"encoding/asn1"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// Each target begins with what real runs left: the golden vaults. Where a document
// is hard to come by for a fuzzer, that is where it must begin.

// stored calls seed with each file of the golden vaults, proofs and trust roots
// among them.
func stored(f *testing.F, seed func(name string, data []byte)) {
	f.Helper()
	for _, vault := range goldenVaults() {
		err := fs.WalkDir(os.DirFS(filepath.Join(goldenDir, vault)), ".", func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(filepath.Join(goldenDir, vault, name))
			seed(name, data)
			return err
		})
		if err != nil {
			f.Fatal(err)
		}
	}
}

// seedFrom seeds with the files whose name matches.
func seedFrom(f *testing.F, pattern string, add func(data []byte)) {
	f.Helper()
	n := 0
	stored(f, func(name string, data []byte) {
		if ok, err := path.Match(pattern, path.Base(name)); err == nil && ok && !strings.HasPrefix(name, "claims/") {
			add(data)
			n++
		}
	})
	if n == 0 {
		f.Fatalf("no golden vault has a file %s", pattern)
	}
}

func FuzzStoredBundle(f *testing.F) {
	tokens := 0
	seedFrom(f, FileBundle, func(data []byte) {
		f.Add(data)
		if all, err := Tokens(data); err == nil {
			tokens += len(all)
		}
	})
	if tokens == 0 {
		f.Fatal("no golden bundle holds a time stamp")
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		b, err := parseBundle(data)
		if err != nil {
			return
		}
		again, err := encodeJSON(b)
		same(t, data, again, err)
		if all, err := Tokens(data); err != nil {
			t.Fatalf("its %d time stamps can't be read: %v", len(all), err)
		}
	})
}

func FuzzStoredStatement(f *testing.F) {
	seedFrom(f, FileBundle, func(data []byte) {
		payload, _, _, err := OpenBundle(data)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(payload)
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := ParseStatement(data)
		if err != nil {
			return
		}
		again, err := s.Marshal()
		same(t, data, again, err)
		ValidatePredicate(s.Predicate)
	})
}

func FuzzStoredLine(f *testing.F) {
	seedFrom(f, "manifest-*.jsonl.gz", func(data []byte) {
		if _, err := ReadPart("p", bytes.NewReader(data), func(_ int64, raw []byte, _ Line) error {
			f.Add(bytes.Clone(raw))
			return nil
		}); err != nil {
			f.Fatal(err)
		}
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		if l, err := ParseLine(data); err == nil {
			same(t, data, l.Append(nil), nil)
		}
	})
}

func FuzzStoredParts(f *testing.F) {
	seedFrom(f, FileParts, func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		if parts, err := ParseParts(data); err == nil {
			same(t, data, EncodeParts(parts), nil)
		}
	})
}

func FuzzStoredTeams(f *testing.F) {
	seedFrom(f, FileTeams, func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		if rows, err := ParseTeams(data); err == nil {
			again, err := EncodeTeams(rows)
			same(t, data, again, err)
		}
	})
}

func FuzzStoredTrustRoot(f *testing.F) {
	seedFrom(f, "trust-root*.json", func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		if r, err := ParseTrustRoot(data); err == nil {
			again, err := r.Marshal()
			same(t, data, again, err)
		}
	})
}

func FuzzStoredProof(f *testing.F) {
	trust := goldenTrust(f, "v1.0-a")
	stored(f, func(name string, data []byte) {
		if strings.HasPrefix(name, "proofs/") {
			f.Add(data)
		}
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := ParseProof(data)
		if err != nil {
			return
		}
		again, err := p.Marshal()
		same(t, data, again, err)
		if c, err := VerifyProof(p, trust); err == nil && c.Sentence() == "" {
			t.Fatal("a proof that holds says nothing")
		}
	})
}

// A time stamp that is let through to the library is DER: each element has one
// spelling.
func FuzzStoredToken(f *testing.F) {
	trust := goldenTrust(f, "v1.0-a")
	seedFrom(f, "*.tsr", func(data []byte) { f.Add(data) })
	f.Fuzz(func(t *testing.T, data []byte) {
		if _, err := CheckToken(data, []byte("signature"), trust.TSARoots); err == nil {
			t.Fatal("a time stamp over other bytes counts")
		}
		if checkDER(data, maxDERDepth) == nil {
			same(t, data, encodeDER(t, data), nil)
		}
	})
}

// encodeDER takes elements apart and puts them together again.
func encodeDER(t *testing.T, data []byte) []byte {
	t.Helper()
	var out []byte
	for len(data) > 0 {
		var e asn1.RawValue
		rest, err := asn1.Unmarshal(data, &e)
		if err != nil {
			t.Fatalf("%x is called DER, and it is not: %v", data, err)
		}
		if e.IsCompound {
			e.Bytes = encodeDER(t, e.Bytes)
		}
		e.FullBytes = nil
		one, err := asn1.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		out, data = append(out, one...), rest
	}
	return out
}

// One file of a vault, replaced by anything, is found, and nothing panics.
func FuzzStoredVault(f *testing.F) {
	trust := goldenTrust(f, "v1.0-a")
	vault := fstest.MapFS{}
	stored(f, func(name string, data []byte) { f.Add(uint(len(name)), data) })
	root := os.DirFS(filepath.Join(goldenDir, "v1.0-a", "vault"))
	err := fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || path.Ext(name) == ".pub" { // a copy of a key for openssl, which verify doesn't look at
			return err
		}
		data, err := fs.ReadFile(root, name)
		vault[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		return err
	})
	if err != nil {
		f.Fatal(err)
	}
	names := slices.Sorted(maps.Keys(vault))
	f.Fuzz(func(t *testing.T, file uint, data []byte) {
		name := names[file%uint(len(names))]
		if bytes.Equal(vault[name].Data, data) {
			return
		}
		changed := maps.Clone(vault)
		changed[name] = &fstest.MapFile{Data: data, Mode: 0o644}
		v, err := Verify(changed, trust, VerifyOptions{})
		if err != nil || v.Valid {
			t.Fatalf("%s was replaced by %d bytes, and nothing is found (%v)", name, len(data), err)
		}
	})
}
