package evidence

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/bits"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"golang.org/x/mod/sumdb/tlog"
	"pgregory.net/rapid"
)

func opener(vault fs.FS, n int64) func(name string) (io.ReadCloser, error) {
	return func(name string) (io.ReadCloser, error) { return vault.Open(ReportDir(n) + "/" + name) }
}

// find proves the entry in report n of the fixture.
func (f *fixture) find(n int64, sought ...Sought) (Proof, error) {
	return FindProof(f.fs[ReportDir(n)+"/"+FileBundle].Data, opener(f.fs, n), sought)
}

func (f *fixture) acme(day, i int) Sought {
	return Seek(f.ids.Team("acme"), 0, "object", "api-exchanges", fmt.Sprintf("acme/%d/%d", day, i), "")
}

func TestAProofSaysWhatBecameOfOneEntry(t *testing.T) {
	f := newFixture(t)
	f.three()
	p, err := f.find(2, f.acme(22, 4))
	f.must(err)
	c, err := VerifyProof(p, f.trust)
	f.must(err)
	want := Claim{Report: 2, ReportID: f.last.Predicate.ReportID, ReportType: TypeSweep, StatementSHA256: f.payloadSHA,
		StartedAt: "2026-11-22T02:15:03Z", FinishedAt: "2026-11-22T02:21:03Z", MaxAge: "30d", Store: "exchanges", Kind: "object",
		Bucket: "api-exchanges", Key: "acme/22/4", Outcome: OutcomeDeleted, Why: WhyAge, At: "2026-11-22T02:00:00Z", Gone: true}
	if c != want {
		t.Errorf("got  %+v\nwant %+v", c, want)
	}
	if p.LineIndex != 1 || p.LineCount != 5 || p.PartIndex != 1 {
		t.Errorf("line %d of %d, part %d", p.LineIndex, p.LineCount, p.PartIndex)
	}
	said := `The object "acme/22/4", in bucket "api-exchanges" (store "exchanges"), was deleted at 2026-11-22 02:00 to 03:00 UTC ` +
		`(times in the evidence are cut to the hour), by run 2, which had it planned as older than 30d.`
	if c.Sentence() != said {
		t.Errorf("got  %s\nwant %s", c.Sentence(), said)
	}
}

func TestALineOfAZDRTeamOrOfNobodyHasNoTime(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	for _, s := range []Sought{
		Seek(f.ids.Team("zed"), 0, "object", "api-exchanges", "zed/20", ""),
		Seek(f.ids.Team(""), 0, "upload", "api-exchanges", "odd20", "u1"),
	} {
		p, err := f.find(0, s)
		f.must(err)
		c, err := VerifyProof(p, f.trust)
		f.must(err)
		if c.At != "" || !strings.Contains(c.Sentence(), "between 2026-11-20T02:15:03Z and 2026-11-20T02:21:03Z") {
			t.Errorf("%+v: %s", c, c.Sentence())
		}
	}
}

func TestTheSentenceNeverCallsKeptDataGone(t *testing.T) {
	words := map[string]string{
		OutcomeDeleted: "was deleted at", OutcomeAborted: "was aborted at", OutcomeAbsent: "by whose hand is unknown",
		OutcomeHeld: "was kept: held (CODE)", OutcomeLocked: "was kept: locked", OutcomePending: "was kept: pending",
		OutcomeChanged: "was kept: changed", OutcomeFailed: "was not deleted: failed", OutcomeUnconfirmed: "may be there still: unconfirmed",
		OutcomeLeft: "was left: planned and not attempted (CODE)",
	}
	for _, outcome := range OutcomeNames() {
		c := newClaim(Predicate{Stores: []Store{{Name: "s"}}}, "", entryName{}, Line{Outcome: outcome, Code: "CODE", At: "2026-11-22T23:00:00Z", Why: WhyZDR})
		if said := c.Sentence(); words[outcome] == "" || !strings.Contains(said, words[outcome]) || !strings.Contains(said, "23:00 to 00:00") {
			t.Errorf("%s: %s", outcome, said)
		}
		if c.Gone != slices.Contains([]string{OutcomeDeleted, OutcomeAborted, OutcomeAbsent}, outcome) {
			t.Errorf("%s: gone %v", outcome, c.Gone)
		}
	}
}

func TestAKeyThatIsNotTextStandsInBase64(t *testing.T) {
	b, err := encodeJSON(Claim{Key: "a\xff"})
	if err != nil || !strings.Contains(string(b), `"keyBase64":"Yf8="`) || strings.Contains(string(b), `"key":`) {
		t.Errorf("%s, %v", b, err)
	}
}

func TestWhatNoLineIsAboutIsNotFound(t *testing.T) {
	f := newFixture(t)
	f.three()
	for name, s := range map[string]Sought{
		"another key":     f.acme(22, 6),
		"another night":   f.acme(20, 0),
		"another team":    Seek(f.ids.Team("zed"), 0, "object", "api-exchanges", "acme/22/0", ""),
		"another kind":    Seek(f.ids.Team("acme"), 0, "version", "api-exchanges", "acme/22/0", ""),
		"another bucket":  Seek(f.ids.Team("acme"), 0, "object", "other", "acme/22/0", ""),
		"another id":      Seek(f.ids.Team("acme"), 0, "object", "api-exchanges", "acme/22/0", "null"),
		"another epoch":   Seek(NewIdentifiers(Secret{1, 2, 3}, "2026-12").Team("acme"), 0, "object", "api-exchanges", "acme/22/0", ""),
		"the other store": Seek(f.ids.Team("acme"), 1, "object", "api-exchanges", "acme/22/0", ""),
	} {
		if _, err := f.find(2, s); !errors.Is(err, ErrNoLine) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := f.find(1, f.acme(21, 0)); !errors.Is(err, ErrNoLine) {
		t.Errorf("a report without parts: %v", err)
	}
}

func TestNoLineIsSaidOnlyOverTheSignedParts(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	dir := ReportDir(0) + "/"
	absent := f.acme(22, 0)
	other, _ := writePart(t, PartName(0, 1), someLines(5))
	for name, spoil := range map[string]func(fstest.MapFS){
		"a part is gone":         func(v fstest.MapFS) { delete(v, dir+PartName(0, 1)) },
		"a part is another":      func(v fstest.MapFS) { v[dir+PartName(0, 1)].Data = other },
		"a part is cut":          func(v fstest.MapFS) { d := v[dir+PartName(0, 1)]; d.Data = d.Data[:len(d.Data)-9] },
		"parts.jsonl is shorter": func(v fstest.MapFS) { d := v[dir+FileParts]; d.Data = d.Data[:bytes.IndexByte(d.Data, '\n')+1] },
		"a part is another, and parts.jsonl says so": func(v fstest.MapFS) {
			was := SHA256Hex(v[dir+PartName(0, 1)].Data)
			v[dir+PartName(0, 1)].Data = other
			v[dir+FileParts].Data = bytes.Replace(v[dir+FileParts].Data, []byte(was), []byte(SHA256Hex(other)), 1)
		},
		"parts.jsonl is gone":     func(v fstest.MapFS) { delete(v, dir+FileParts) },
		"the bundle is no bundle": func(v fstest.MapFS) { v[dir+FileBundle].Data = []byte("{}") },
	} {
		vault := clone(f.fs)
		spoil(vault)
		_, err := FindProof(vault[dir+FileBundle].Data, opener(vault, 0), []Sought{absent})
		if err == nil || errors.Is(err, ErrNoLine) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// randomReport seals a report with parts of the given sizes; each line is about
// an entry of acme. It returns the entries by part.
func randomReport(f *fixture, sizes []int) [][]Sought {
	pl := f.night(20)
	acme := f.ids.Team("acme")
	pl.lines = nil
	var all [][]Sought
	total := int64(0)
	for part, size := range sizes {
		var lines []Line
		var entries []Sought
		for i := range size {
			s := Seek(acme, 0, "object", "api-exchanges", fmt.Sprintf("acme/%d/%d", part, i), "")
			entries = append(entries, s)
			lines = append(lines, Line{TeamRef: acme.Ref(), KeyHMAC: s.KeyHMAC(), Kind: "object", Created: HourUp(at(1, 0, 0).AddDate(0, -1, 0)),
				At: "2026-11-20T02:00:00Z", Why: WhyAge, Outcome: OutcomeDeleted, By: ByResponse})
			total++
		}
		pl.lines, all = append(pl.lines, lines), append(all, entries)
	}
	p := &pl.p
	p.Population[0].PopulationCounts = PopulationCounts{Listed: total, Objects: total, Expired: total, Pages: 1, Unattributed: 1}
	p.Outcomes[0].OutcomeCounts = OutcomeCounts{Planned: total, Deleted: total}
	p.Totals = Totals{PopulationCounts: p.Population[0].PopulationCounts, OutcomeCounts: p.Outcomes[0].OutcomeCounts}
	f.seal(pl)
	return all
}

func TestEveryLineOfAnyPartsIsProvedAndTheSumDatabaseAgrees(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := newFixture(t)
		sizes := rapid.SliceOfN(rapid.IntRange(1, 17), 1, 9).Draw(rt, "sizes")
		all := randomReport(f, sizes)
		part := rapid.IntRange(0, len(sizes)-1).Draw(rt, "part")
		line := rapid.IntRange(0, sizes[part]-1).Draw(rt, "line")
		p, err := f.find(0, all[part][line])
		if err != nil {
			rt.Fatal(err)
		}
		if p.PartIndex != int64(part) || p.LineIndex != int64(line) {
			rt.Fatalf("found in part %d, line %d", p.PartIndex, p.LineIndex)
		}
		if _, err := VerifyProof(p, f.trust); err != nil {
			rt.Fatal(err)
		}
		sumDatabaseAgrees(rt, p)
		data, err := p.Marshal()
		if err != nil {
			rt.Fatal(err)
		}
		again, err := ParseProof(data)
		if err != nil {
			rt.Fatal(err)
		}
		if _, err := VerifyProof(again, f.trust); err != nil {
			rt.Fatal(err)
		}
	})
}

// sumDatabaseAgrees checks both levels with Go's checksum database code.
func sumDatabaseAgrees(t rapid.TB, p Proof) {
	t.Helper()
	payload, _, _, err := OpenBundle(p.Bundle)
	if err != nil {
		t.Fatal(err)
	}
	s, err := ParseStatement(payload)
	if err != nil {
		t.Fatal(err)
	}
	m := s.Predicate.Manifest
	partRoot, err := rootOf([]byte(p.Line), p.LineIndex, p.LineCount, p.LineProof)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.CheckRecord(record(p.LineProof), p.LineCount, tlog.Hash(partRoot), p.LineIndex, tlog.RecordHash([]byte(p.Line))); err != nil {
		t.Fatalf("the line in its part: %v", err)
	}
	root, err := hex.DecodeString(m.RootHash)
	if err != nil {
		t.Fatal(err)
	}
	if err := tlog.CheckRecord(record(p.PartProof), m.PartCount, tlog.Hash(root), p.PartIndex, tlog.RecordHash(partRoot)); err != nil {
		t.Fatalf("the part in the manifest: %v", err)
	}
}

func record(list []string) tlog.RecordProof {
	var out tlog.RecordProof
	for _, s := range list {
		h, _ := hex.DecodeString(s)
		out = append(out, tlog.Hash(h))
	}
	return out
}

func TestAnyFlippedBitOfAProofIsFound(t *testing.T) {
	f := newFixture(t)
	all := randomReport(f, []int{5, 6, 3})
	p, err := f.find(0, all[1][4])
	f.must(err)
	data, err := p.Marshal()
	f.must(err)
	truth, err := VerifyProof(p, f.trust)
	f.must(err)
	// A tree head does not commit to its size: another lineCount may lead to the
	// same root, and then the claim is the same.
	field := []byte(`"lineCount":6`)
	size := bytes.Index(data, field) + len(field) - 1
	for i := range data {
		for bit := range 8 {
			if i%7 != 0 && bit != i%8 { // every byte, and each bit of some
				continue
			}
			data[i] ^= 1 << bit
			if flipped, err := ParseProof(data); err == nil {
				if c, err := VerifyProof(flipped, f.trust); err == nil && (i != size || c != truth) {
					t.Errorf("byte %d, bit %d: %.60q verifies", i, bit, data[max(0, i-20):])
				}
			}
			data[i] ^= 1 << bit
		}
	}
}

func TestAProofThatDoesNotHoldIsRefusedWithItsReason(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	f.seal(f.night(21))
	honest, err := f.find(0, f.acme(20, 4))
	f.must(err)
	other, err := f.find(0, f.acme(20, 3))
	f.must(err)
	next, err := f.find(1, f.acme(21, 4))
	f.must(err)
	cases := map[string]struct {
		change func(p *Proof, trust *TrustRoot)
		says   string
	}{
		"another entry's name": {func(p *Proof, _ *TrustRoot) { p.Name = other.Name }, "another entry"},
		"another opening":      {func(p *Proof, _ *TrustRoot) { p.Opening = other.Opening }, "another entry"},
		"another line": {func(p *Proof, _ *TrustRoot) { p.Line, p.Name, p.Opening = other.Line, other.Name, other.Opening },
			"leads to another root"},
		"a changed line": {func(p *Proof, _ *TrustRoot) { p.Line = strings.Replace(p.Line, "deleted", "absent", 1) },
			"leads to another root"},
		"a line in another spelling": {func(p *Proof, _ *TrustRoot) { p.Line = strings.Replace(p.Line, ":0", ": 0", 1) }, "re-encode"},
		"another report":             {func(p *Proof, _ *TrustRoot) { p.Bundle = next.Bundle }, "leads to another root"},
		"a shorter proof":            {func(p *Proof, _ *TrustRoot) { p.LineProof = p.LineProof[1:] }, "lineProof"},
		"a longer proof":             {func(p *Proof, _ *TrustRoot) { p.PartProof = append(p.PartProof, p.PartProof[0]) }, "partProof"},
		"a short opening":            {func(p *Proof, _ *TrustRoot) { p.Opening = p.Opening[1:] }, "opening is not 32 bytes"},
		"a long opening":             {func(p *Proof, _ *TrustRoot) { p.Opening = append(slices.Clone(p.Opening), 0) }, "opening is not 32 bytes"},
		"a hash in capitals":         {func(p *Proof, _ *TrustRoot) { p.LineProof[0] = strings.ToUpper(p.LineProof[0]) }, "lower-case hex"},
		"another line's place":       {func(p *Proof, _ *TrustRoot) { p.LineIndex = 0 }, "leads to another root"},
		"another part's place":       {func(p *Proof, _ *TrustRoot) { p.PartIndex = 0 }, "leads to another root"},
		"a part too many":            {func(p *Proof, _ *TrustRoot) { p.PartIndex = 2 }, "partIndex is 2"},
		"more lines than there are":  {func(p *Proof, _ *TrustRoot) { p.LineCount = 9 }, "lineCount is 9"},
		"another key":                {func(_ *Proof, t *TrustRoot) { *t = newFixtureTrust(f) }, "the trust root does not name"},
		"another vault":              {func(_ *Proof, t *TrustRoot) { t.VaultID = "other" }, "chain.vaultId"},
		"a key that was not yet": {func(_ *Proof, t *TrustRoot) { t.Keys = window(t.Keys[0], "2026-11-21T00:00:00Z", nil, nil) },
			"before the key's notBefore"},
		"a key that was no more": {func(_ *Proof, t *TrustRoot) {
			t.Keys = window(t.Keys[0], "2026-11-01T00:00:00Z", ptr("2026-11-19T00:00:00Z"), nil)
		},
			"after the key's notAfter"},
		"a compromised key": {func(_ *Proof, t *TrustRoot) {
			t.Keys = window(t.Keys[0], "2026-11-01T00:00:00Z", nil, ptr("2027-11-19T00:00:00Z"))
		},
			"compromised"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			p, trust := honest, f.trust
			p.LineProof, p.PartProof = slices.Clone(p.LineProof), slices.Clone(p.PartProof)
			c.change(&p, &trust)
			_, err := VerifyProof(p, trust)
			if err == nil || !strings.Contains(err.Error(), c.says) {
				t.Errorf("got %v, want %q", err, c.says)
			}
			if err != nil && strings.Contains(err.Error(), "acme/20") {
				t.Errorf("the error shows a key: %v", err)
			}
		})
	}
	if _, err := VerifyProof(honest, f.trust); err != nil {
		t.Errorf("the honest proof: %v", err)
	}
}

func newFixtureTrust(f *fixture) TrustRoot {
	t, err := NewTrustRoot(fixtureVault, newSigner(f.t).Public(), at(1, 0, 0))
	f.must(err)
	return t
}

func window(k TrustKey, from string, to, compromised *string) []TrustKey {
	k.NotBefore, k.NotAfter, k.CompromisedAt = from, to, compromised
	return []TrustKey{k}
}

func ptr(s string) *string { return &s }

func TestASignerWhoseLineIsNotAboutTheNamedStoreProvesNothing(t *testing.T) {
	f := newFixture(t)
	pl := f.night(20)
	elsewhere := Seek(f.ids.Team("acme"), 0, "object", "other-bucket", "acme/x", "")
	pl.lines[0][0].KeyHMAC = elsewhere.KeyHMAC()
	version := Seek(f.ids.Team("acme"), 0, "version", "api-exchanges", "acme/x", "")
	pl.lines[0][1].KeyHMAC = version.KeyHMAC() // of a line about an object
	pl.lines[0][2].At = "2026-11-19T02:00:00Z"
	pl.lines[1][2].At = "2026-11-20T03:00:00Z"
	nowhere := f.acme(20, 3)
	nowhere.store, pl.lines[1][0].Store = 1, 1
	size := int64(3)
	pl.lines[1][1].Key, pl.lines[1][1].Team, pl.lines[1][1].Size = "acme/another", "acme", &size
	pl.p.Identifiers.Scheme = SchemeClear
	f.seal(pl)
	for says, s := range map[string]Sought{"bucket": elsewhere, "kind": version, "at 2026-11-19T02:00:00Z is outside the run": f.acme(20, 2),
		"at 2026-11-20T03:00:00Z is outside the run": f.acme(20, 5),
		"not in stores[]": nowhere, "another key in the clear": f.acme(20, 4)} {
		p, err := f.find(0, s)
		f.must(err)
		if _, err := VerifyProof(p, f.trust); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}

func TestTheOnlyPartHasAllLines(t *testing.T) {
	f := newFixture(t)
	all := randomReport(f, []int{7})
	p, err := f.find(0, all[0][0])
	f.must(err)
	for _, count := range []int64{6, 8} { // the same root
		p.LineCount = count
		if _, err := VerifyProof(p, f.trust); err == nil || !strings.Contains(err.Error(), "lineCount is") {
			t.Errorf("%d: %v", count, err)
		}
	}
}

func TestNoLineIsSaidOnlyIfThePartsGiveTheSignedRoot(t *testing.T) {
	f := newFixture(t)
	pl := f.night(20)
	pl.after = func(map[string][]byte) { pl.p.Manifest.RootHash = SHA256Hex(nil) }
	f.seal(pl)
	if _, err := f.find(0, f.acme(22, 0)); err == nil || !strings.Contains(err.Error(), "manifest.rootHash") {
		t.Error(err)
	}
}

func TestALineInTheClearIsProvedWhereTheSchemeSaysSo(t *testing.T) {
	for scheme, holds := range map[string]bool{SchemeClear: true, SchemeHashed: false} {
		f := newFixture(t)
		pl := f.night(20)
		size := int64(3)
		pl.lines[0][0].Key, pl.lines[0][0].Team, pl.lines[0][0].Size = "acme/20/0", "acme", &size
		pl.p.Identifiers.Scheme = scheme
		f.seal(pl)
		p, err := f.find(0, f.acme(20, 0))
		f.must(err)
		if _, err := VerifyProof(p, f.trust); (err == nil) != holds {
			t.Errorf("%s: %v", scheme, err)
		}
	}
}

func TestAReportThatContradictsItselfProvesNothing(t *testing.T) {
	f := newFixture(t)
	pl := f.night(20)
	pl.p.Totals.Deleted++
	f.seal(pl)
	p, err := f.find(0, f.acme(20, 0))
	f.must(err)
	if _, err := VerifyProof(p, f.trust); err == nil || !strings.Contains(err.Error(), "contradicts itself") {
		t.Error(err)
	}
}

func TestAProofCarriesNoTimeStampsSinceNoneIsChecked(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	name := ReportDir(0) + "/" + FileBundle
	b, err := parseBundle(f.fs[name].Data)
	f.must(err)
	b.VerificationMaterial.Tokens = &timestamps{RFC3161: []timestampToken{{SignedTimestamp: []byte("token")}}}
	stamped, err := encodeJSON(b)
	f.must(err)
	f.fs[name].Data = stamped
	p, err := f.find(0, f.acme(20, 0))
	f.must(err)
	if _, err := VerifyProof(p, f.trust); err != nil {
		t.Error(err)
	}
	p.Bundle = stamped
	if _, err := VerifyProof(p, f.trust); err == nil || !strings.Contains(err.Error(), "time stamps") {
		t.Error(err)
	}
}

func TestAProofOfOneLineInOnePartIsEmptyAndHolds(t *testing.T) {
	f := newFixture(t)
	all := randomReport(f, []int{1})
	p, err := f.find(0, all[0][0])
	f.must(err)
	data, err := p.Marshal()
	f.must(err)
	if !bytes.Contains(data, []byte(`"lineProof":[],"partIndex":0,"partProof":[]`)) {
		t.Errorf("%s", data)
	}
	if _, err := VerifyProof(p, f.trust); err != nil {
		t.Error(err)
	}
}

func TestAProofIsRefusedInAnyOtherSpelling(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	p, err := f.find(0, f.acme(20, 0))
	f.must(err)
	data, err := p.Marshal()
	f.must(err)
	text := string(data)
	name := base64.StdEncoding.EncodeToString(p.Name)
	for what, s := range map[string]string{
		"a newline": text + "\n", "a space": strings.Replace(text, ":", ": ", 1), "another format": strings.Replace(text, "-v1", "-v2", 1),
		"a field twice":         strings.Replace(text, `"lineIndex":0`, `"lineIndex":0,"lineIndex":0`, 1),
		"a field in capitals":   strings.Replace(text, `"name"`, `"Name"`, 1),
		"an unknown field":      strings.Replace(text, `{"format"`, `{"x":1,"format"`, 1),
		"null for a list":       strings.Replace(text, `"partProof":[`, `"partProof":null,"x":[`, 1),
		"a space in the bundle": strings.Replace(text, `"dsseEnvelope":{`, `"dsseEnvelope": {`, 1),
		"a name of one word":    strings.Replace(text, name, "YWJj", 1), "no name": strings.Replace(text, name, "", 1),
		"a line past the end": strings.Replace(text, `"lineIndex":0`, `"lineIndex":3`, 1),
	} {
		if s == text {
			t.Errorf("%s: nothing was changed", what)
		}
		if _, err := ParseProof([]byte(s)); err == nil {
			t.Errorf("%s: was accepted", what)
		}
	}
}

func TestANameIsTakenApartAsItWasPutTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		noNul := func(s string) bool { return !strings.Contains(s, "\x00") }
		want := entryName{rapid.SampledFrom(KindNames()).Draw(t, "kind"), "bucket", rapid.StringN(1, -1, 40).Draw(t, "key"),
			rapid.String().Filter(noNul).Draw(t, "id")}
		got, err := splitName(EntryName(want.kind, want.bucket, want.key, want.id))
		if err != nil || got != want {
			t.Fatalf("%+v, %v", got, err)
		}
	})
}

func TestABranchHoldsNoMoreThanTheTreesHeight(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := rapid.Int64Range(1, 1<<40).Draw(t, "size")
		b, err := newBranch(rapid.Int64Range(0, size-1).Draw(t, "index"), size)
		if err != nil {
			t.Fatal(err)
		}
		if limit := 2 * bits.Len64(uint64(size)); len(b.found) > limit {
			t.Fatalf("%d nodes for %d leaves", len(b.found), size)
		}
	})
	if _, err := newBranch(3, 3); err == nil {
		t.Error("a leaf past the end was accepted")
	}
}

func TestATeamsKeySurvivesItsFileAndNothingElseIsOne(t *testing.T) {
	ids := NewIdentifiers(countingSecret(), "2026-11")
	f := TeamKeyFile{Team: "acme", Epoch: ids.Epoch(), Key: ids.Team("acme")}
	data, err := f.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseTeamKeyFile(data); err != nil || got != f {
		t.Errorf("%+v, %v", got, err)
	}
	text := string(data)
	key := hex.EncodeToString(f.Key[:])
	for _, s := range []string{"", text + "\n", strings.TrimSpace(text), strings.Replace(text, "acme", "", 1), strings.Replace(text, "2026-11", "A B", 1),
		strings.Replace(text, key, strings.ToUpper(key), 1), strings.Replace(text, key, key[2:], 1),
		strings.Replace(text, key, strings.Repeat("0", 64), 1), strings.Replace(text, "-v1", "-v2", 1)} {
		if _, err := ParseTeamKeyFile([]byte(s)); err == nil || strings.Contains(err.Error(), key[:8]) {
			t.Errorf("%q: %v", s, err)
		}
	}
	if _, err := (TeamKeyFile{Epoch: "1", Key: ids.Team("")}).Marshal(); err == nil {
		t.Error("the key of the unattributed entries was written")
	}
	if said := fmt.Sprintf("%v %+v %x %#v", f, f, f, f); strings.Contains(said, key[:8]) {
		t.Errorf("printed, it shows the key: %s", said)
	}
}

func TestATeamsKeyMustBeTheOneThatWasCommittedTo(t *testing.T) {
	ids := NewIdentifiers(countingSecret(), "1")
	rows := []TeamRow{{Team: "acme", TeamKeyCommit: ids.Team("acme").Commit()}, {Team: "zed", TeamKeyCommit: ids.Team("zed").Commit()}}
	for team, want := range map[string]bool{"acme": true, "beta": false} {
		if ok, err := (TeamKeyFile{Team: team, Key: ids.Team(team)}).CheckCommit(rows); ok != want || err != nil {
			t.Errorf("%s: %v, %v", team, ok, err)
		}
	}
	if _, err := (TeamKeyFile{Team: "acme", Key: ids.Team("zed")}).CheckCommit(rows); err == nil {
		t.Error("another team's key was accepted")
	}
}

func TestWhatIsSoughtDoesNotPrint(t *testing.T) {
	s := Seek(TeamKey{1}, 0, "object", "b", "canary", "")
	if said := fmt.Sprintf("%v %+v %s", s, s, s); strings.Contains(said, "canary") {
		t.Error(said)
	}
}

func FuzzProof(f *testing.F) {
	_, b := fuzzSeal(f)
	p := Proof{Format: ProofFormat, Bundle: b, Name: EntryName("object", "b", "k", ""), Opening: make([]byte, 32), Line: "{}",
		LineCount: 2, LineProof: []string{strings.Repeat("a", 64)}}
	data, err := p.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	if _, err := ParseProof(data); err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte(`{"format":"sweeper-proof-v1","bundle":null}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		if p, err := ParseProof(data); err == nil {
			again, err := p.Marshal()
			same(t, data, again, err)
			if _, err := rootOf([]byte(p.Line), p.LineIndex, p.LineCount, p.LineProof); err == nil {
				_, _ = p.opened()
			}
		}
	})
}

func FuzzTeamKeyFile(f *testing.F) {
	text, err := TeamKeyFile{Team: "a", Epoch: "1", Key: TeamKey{1}}.Marshal()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Fuzz(func(t *testing.T, data []byte) {
		if k, err := ParseTeamKeyFile(data); err == nil {
			again, err := k.Marshal()
			same(t, data, again, err)
		}
	})
}
