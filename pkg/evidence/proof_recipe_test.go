package evidence

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// proofRecipe checks a proof without any code of ours.
func proofRecipe(t *testing.T, f *fixture, p Proof) (string, error) {
	t.Helper()
	data, err := p.Marshal()
	f.must(err)
	dir := t.TempDir()
	f.must(os.WriteFile(filepath.Join(dir, "proof.json"), data, 0o600))
	f.must(os.WriteFile(filepath.Join(dir, "signing.pub"), []byte(f.trust.Keys[0].PublicKeyPEM), 0o600))
	out, err := exec.CommandContext(t.Context(), "bash", "testdata/proof.sh", filepath.Join(dir, "proof.json"), filepath.Join(dir, "signing.pub")).CombinedOutput()
	return string(out), err
}

func TestOpensslAndJQAcceptEveryProof(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "basenc", "cmp")
	f := newFixture(t)
	for part, entries := range randomReport(f, []int{3, 1, 2}) {
		for line, s := range entries {
			p, err := f.find(0, s)
			f.must(err)
			out, err := proofRecipe(t, f, p)
			if err != nil || !strings.Contains(out, `"outcome":"deleted"`) || !strings.Contains(out, `{"sequence":0,"type":"sweep"`) {
				t.Fatalf("part %d, line %d: %v\n%s", part, line, err, out)
			}
		}
	}
}

func TestOpensslAndJQRefuseAProofThatWasTamperedWith(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "basenc", "cmp")
	f := newFixture(t)
	f.seal(f.night(20))
	other, err := f.find(0, f.acme(20, 3))
	f.must(err)
	for name, change := range map[string]func(p *Proof){
		"the name":     func(p *Proof) { p.Name = other.Name },
		"the opening":  func(p *Proof) { p.Opening = other.Opening },
		"the outcome":  func(p *Proof) { p.Line = strings.Replace(p.Line, "deleted", "absent", 1) },
		"the entry":    func(p *Proof) { p.Line, p.Name, p.Opening = other.Line, other.Name, other.Opening },
		"the place":    func(p *Proof) { p.LineIndex = 2 },
		"the part":     func(p *Proof) { p.PartIndex = 0 },
		"one too few":  func(p *Proof) { p.LineProof = p.LineProof[1:] },
		"one too many": func(p *Proof) { p.PartProof = append(p.PartProof, p.PartProof[0]) },
		"a sibling":    func(p *Proof) { p.LineProof = append(p.LineProof[1:], p.LineProof[0]) },
		"the payload": func(p *Proof) {
			p.Bundle = bytes.Replace(p.Bundle, []byte(`"payload":"eyJf`), []byte(`"payload":"eyJe`), 1)
		},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := f.find(0, f.acme(20, 4))
			f.must(err)
			change(&p)
			if out, err := proofRecipe(t, f, p); err == nil {
				t.Errorf("the recipe accepts it:\n%s", out)
			}
		})
	}
}

// sealed seals a night whose one line is about whatever the signer says, and
// returns the proof of it.
func sealed(f *fixture, name string, opening [32]byte) Proof {
	f.t.Helper()
	s := Sought{name: []byte(name), opening: opening}
	pl := f.night(20)
	pl.lines = [][]Line{{pl.lines[0][0]}}
	pl.lines[0][0].KeyHMAC = s.KeyHMAC()
	p := &pl.p
	p.Population[0].PopulationCounts = PopulationCounts{Listed: 1, Objects: 1, Expired: 1, Pages: 1, Unattributed: 1}
	p.Outcomes[0].OutcomeCounts = OutcomeCounts{Planned: 1, Deleted: 1}
	p.Totals = Totals{PopulationCounts: p.Population[0].PopulationCounts, OutcomeCounts: p.Outcomes[0].OutcomeCounts}
	f.seal(pl)
	proof, err := f.find(0, s)
	f.must(err)
	return proof
}

// Who signs can hash what they like; a proof must have one reading all the same.
func TestOpensslAndJQDemandANameOfFourFieldsAndAnOpeningOf32Bytes(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "basenc")
	for name, c := range map[string]struct {
		name  string
		moved int // the byte of the name that the proof calls one of the opening (1), or the other way round (-1)
		want  string
	}{
		"good":                 {"object\x00api-exchanges\x00acme/r1.json\x00", 0, "object\napi-exchanges\nacme/r1.json\n''\n{"},
		"with an id":           {"object\x00api-exchanges\x00acme/r1.json\x00v 1", 0, "object\napi-exchanges\nacme/r1.json\nv\\ 1\n{"},
		"a NUL in the key":     {"object\x00api-exchanges\x00a\x00\x00b c\x00null", 0, "object\napi-exchanges\na$'\\0'''$'\\0'b\\ c\nnull\n{"},
		"what steers":          {"object\x00api-exchanges\x00a\x1b[2J\n\xffé\x00\x1bc", 0, "object\napi-exchanges\n$'a\\E[2J\\n\\377\\303\\251'\n$'\\Ec'\n{"},
		"two NULs":             {"object\x00api-exchanges\x00acme/r1.json", 0, ""},
		"one NUL":              {"object\x00api-exchanges", 0, ""},
		"no key":               {"object\x00api-exchanges\x00\x00v1", 0, ""},
		"another kind":         {"upload\x00api-exchanges\x00acme/r1.json\x00", 0, ""},
		"another bucket":       {"object\x00api-exchanges-2\x00acme/r1.json\x00", 0, ""},
		"an opening too long":  {"?object\x00api-exchanges\x00acme/r1.json\x00", 1, ""},
		"an opening too short": {"bject\x00api-exchanges\x00acme/r1.json\x00", -1, ""},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			p := sealed(f, c.name, [32]byte{31: 'o'})
			both := append(bytes.Clone(p.Opening), p.Name...)
			p.Opening, p.Name = both[:32+c.moved], both[32+c.moved:]
			out, err := proofRecipe(t, f, p)
			if (err == nil) != (c.want != "") || !strings.HasPrefix(out, c.want) {
				t.Errorf("%v, want %q:\n%q", err, c.want, out)
			}
			if strings.ContainsFunc(out, func(r rune) bool { return r != '\n' && (r < ' ' || r > '~') }) {
				t.Errorf("it prints what can steer a terminal: %q", out)
			}
			if _, err := VerifyProof(p, f.trust); (err == nil) != (c.want != "") {
				t.Errorf("VerifyProof: %v", err)
			}
		})
	}
}
