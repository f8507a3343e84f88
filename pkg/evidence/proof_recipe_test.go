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
