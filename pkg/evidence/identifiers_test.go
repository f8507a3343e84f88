package evidence

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func countingSecret() Secret {
	var s Secret
	for i := range s {
		s[i] = byte(i)
	}
	return s
}

// The expected values were computed with Python's hmac and hashlib from the
// formulas, with the secret 00 01 .. 1f and the epoch 2026-11.
func TestIdentifiersAreThoseOfTheFormulas(t *testing.T) {
	ids := NewIdentifiers(countingSecret(), "2026-11")
	if got, want := ids.EpochCommit(), "efd29c53370c216bd3f483a8b17ee77761664ff4c896df33070dd8ee60f704de"; got != want {
		t.Errorf("epochCommit is %s, want %s", got, want)
	}
	tests := []struct{ team, key, ref, commit, object, version string }{
		{"acme", "3ec6965c1267945966243236cfda214aad2467bbc1be6ddb577f84e980677fd9", "7de7d86bf09eafd8",
			"3a84637189b902afaeeabac8f07c713a7b9df7be7744eda2f391fca1bc4a0127",
			"7b0d783076f3507ab6370f677899c5e7cf7b58a81c1dd7cecc1baee4839f4d91",
			"ba520a19a765b3acdfdf5b4472c9b2b2a8f85190632dcab8338b392e7f3dec9f"},
		{"", "548a845c8178ab54664cfac5a5d23a8afad6c6fd691b37d9b0e755e0b4bff2ce", "5041ad0656d56a72",
			"028b595f90d1b975f8b413789c81ca65fe308cc58efb9b5665edb0966e1cad28",
			"f6e3c2ed81ac9c9192329e8456f0f03d3ff229463e03a31e128438304266525c",
			"10b17cca58808c7199018a9c74b99a1d9921f0568e607d29b8bb6f77da13caf4"},
		{"équipe", "447314fbe2516c885f26ec7654ca0d3313fd182685f73b2fc933ad79dd3fa7a9", "8b468f095b14c18c",
			"2e1034ad2f55075bcc81f814550294d70fd4970e5d5956eaea5317969706dfac",
			"c3ab34fec45006a5f884ea1e1671f24c1dc248c173bb9f831c3364356cbbe7bd",
			"31fe8049c4111b3ce2cee7002de8d1409372d474f2e73ead4cf30a0fdb8a31ef"},
	}
	for _, tt := range tests {
		k := ids.Team(tt.team)
		if got := hex.EncodeToString(k[:]); got != tt.key {
			t.Errorf("%q: team key is %s, want %s", tt.team, got, tt.key)
		}
		if k.Ref() != tt.ref || k.Commit() != tt.commit {
			t.Errorf("%q: ref %s, commit %s", tt.team, k.Ref(), k.Commit())
		}
		if got := k.KeyHMAC("object", "api-exchanges", "acme/2026/10/01/r1.request.json", ""); got != tt.object {
			t.Errorf("%q: keyHmac of the object is %s, want %s", tt.team, got, tt.object)
		}
		if got := k.KeyHMAC("version", "api-exchanges", "a\xff\x01b", "null"); got != tt.version {
			t.Errorf("%q: keyHmac of the version is %s, want %s", tt.team, got, tt.version)
		}
	}
}

func TestDifferentEntriesHaveDifferentIdentifiers(t *testing.T) {
	ids := NewIdentifiers(countingSecret(), "e")
	rapid.Check(t, func(t *rapid.T) {
		type entry struct{ team, kind, bucket, key, id string }
		draw := func(label string) entry {
			name := rapid.SampledFrom([]string{"", "a", "ab", "b", "null"})
			return entry{name.Draw(t, label+" team"), rapid.SampledFrom(KindNames()).Draw(t, label+" kind"),
				name.Draw(t, label+" bucket"), name.Draw(t, label+" key"), name.Draw(t, label+" id")}
		}
		a, b := draw("a"), draw("b")
		ha := ids.Team(a.team).KeyHMAC(a.kind, a.bucket, a.key, a.id)
		hb := ids.Team(b.team).KeyHMAC(b.kind, b.bucket, b.key, b.id)
		if (ha == hb) != (a == b) {
			t.Fatalf("%+v and %+v have %s and %s", a, b, ha, hb)
		}
	})
}

func TestEpochsDoNotShareIdentifiers(t *testing.T) {
	a, b := NewIdentifiers(countingSecret(), "a"), NewIdentifiers(countingSecret(), "b")
	if a.Team("x") == b.Team("x") {
		t.Error("the same team has the same key in two epochs")
	}
}

func TestAnOpeningOpensOneEntryAlone(t *testing.T) {
	k := NewIdentifiers(countingSecret(), "e").Team("acme")
	name, other := EntryName("object", "b", "k", ""), EntryName("object", "b", "k2", "")
	if OpenEntry(name, k.Opening(name)) != k.KeyHMAC("object", "b", "k", "") {
		t.Error("the opening does not open its own entry")
	}
	if OpenEntry(other, k.Opening(name)) == k.KeyHMAC("object", "b", "k2", "") {
		t.Error("the opening opens another entry")
	}
}

func TestASecretSurvivesItsFileAndNothingElseIsOne(t *testing.T) {
	text, err := FormatSecret(countingSecret(), "2026-11")
	if err != nil {
		t.Fatal(err)
	}
	s, epoch, err := ParseSecret(text)
	if err != nil || s != countingSecret() || epoch != "2026-11" {
		t.Fatalf("got epoch %q, %v", epoch, err)
	}
	good := string(text)
	for name, bad := range map[string]string{
		"empty": "", "no newline": strings.TrimSpace(good), "two lines": good + good, "upper case": strings.ToUpper(good),
		"short": good[:len(good)-3] + "\n", "spaces": strings.Replace(good, " ", "  ", 1),
		"an epoch with a slash": strings.Replace(good, "2026-11", "2026/11", 1),
		"zeros":                 secretMagic + " e " + strings.Repeat("0", 64) + "\n",
		"a PEM file":            "-----BEGIN PRIVATE KEY-----\n",
	} {
		_, _, err := ParseSecret([]byte(bad))
		if err == nil {
			t.Errorf("%s: accepted", name)
			continue
		}
		if strings.Contains(err.Error(), "0001020304") {
			t.Errorf("%s: the error quotes the secret", name)
		}
	}
	if _, err := FormatSecret(countingSecret(), "a b"); err == nil {
		t.Error("an epoch with a space was accepted")
	}
}

func TestSecretsDoNotPrint(t *testing.T) {
	s := countingSecret()
	k := NewIdentifiers(s, "e").Team("acme")
	if out, err := json.Marshal(map[string]any{"s": s, "k": k}); err != nil || string(out) != `{"k":"(team key)","s":"(secret)"}` {
		t.Errorf("as JSON: %s, %v", out, err)
	}
	if s.String() != "(secret)" || k.String() != "(team key)" {
		t.Errorf("as strings: %s, %s", s.String(), k.String())
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
		for _, v := range []any{s, k, struct{ S Secret }{s}} {
			text := strings.ToLower(fmt.Sprintf(verb, v))
			if strings.Contains(text, "0001") || strings.Contains(text, "0, 1") || strings.Contains(text, "0 1") || strings.Contains(text, "3ec6") {
				t.Errorf("%s prints %s", verb, text)
			}
		}
	}
}

func TestAHasherOfManyEntriesSaysWhatTheTeamsKeySays(t *testing.T) {
	h, k := NewIdentifiers(countingSecret(), "e").Team("acme").Entries(), NewIdentifiers(countingSecret(), "e").Team("acme")
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom(KindNames()).Draw(t, "kind")
		key := rapid.SliceOfN(rapid.Byte(), 0, 1024).Draw(t, "key")
		id := rapid.String().Draw(t, "id")
		if got, want := h.KeyHMAC(kind, "b", key, id), k.KeyHMAC(kind, "b", string(key), id); got != want {
			t.Fatalf("%s, want %s", got, want)
		}
	})
}
