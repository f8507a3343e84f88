package evidence

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// needTools skips where a tool is missing; on CI that is a failure.
func needTools(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed, and CI must run this test", tool)
			}
			t.Skipf("%s is not installed: the outsider's recipe was not run", tool)
		}
	}
}

// written puts the fixture's vault and its public key on disk.
func written(t *testing.T, f *fixture) (vault, pub string) {
	t.Helper()
	vault = t.TempDir()
	f.must(os.CopyFS(vault, f.fs))
	pub = filepath.Join(t.TempDir(), "signing.pub")
	f.must(os.WriteFile(pub, []byte(f.trust.Keys[0].PublicKeyPEM), 0o600))
	return vault, pub
}

func recipe(t *testing.T, dir, pub, kind string) (string, error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "bash", "testdata/recipe.sh", dir, pub, kind).CombinedOutput()
	return string(out), err
}

func TestOpensslAndJQAcceptWhatWeSign(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "gunzip")
	f := newFixture(t)
	f.three()
	vault, pub := written(t, f)
	for n, want := range []string{`"result":"inconclusive"`, `"result":"kept"`, `"result":"inconclusive"`} {
		out, err := recipe(t, filepath.Join(vault, ReportDir(int64(n))), pub, TypeSweep)
		if err != nil {
			t.Fatalf("report %d: %v\n%s", n, err, out)
		}
		if !strings.Contains(out, "Verified OK") || !strings.Contains(out, want) {
			t.Errorf("report %d:\n%s", n, out)
		}
	}
	v, err := Verify(os.DirFS(vault), f.trust, VerifyOptions{})
	f.must(err)
	sameStrings(t, "problems of the same vault", v.Problems, nil)
}

func TestOpensslAndJQRefuseWhatWasTamperedWith(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "gunzip")
	f := newFixture(t)
	f.three()
	report := ReportDir(0) + "/"
	edits := map[string]func(f *fixture){
		"a subject": func(f *fixture) { f.fs[report+FileTeams].Data = append(f.fs[report+FileTeams].Data, '\n') },
		"a part":    func(f *fixture) { f.fs[report+PartName(0, 1)].Data[9] ^= 1 },
		"the payload": func(f *fixture) {
			b := string(f.fs[report+FileBundle].Data)
			f.fs[report+FileBundle].Data = []byte(strings.Replace(b, `"payload":"eyJf`, `"payload":"eyJe`, 1))
		},
		"a missing part": func(f *fixture) { delete(f.fs, report+PartName(0, 0)) },
	}
	for name, edit := range edits {
		t.Run(name, func(t *testing.T) {
			g := *f
			g.t, g.fs = t, clone(f.fs)
			edit(&g)
			vault, pub := written(t, &g)
			if out, err := recipe(t, filepath.Join(vault, ReportDir(0)), pub, TypeSweep); err == nil {
				t.Errorf("the recipe accepts it:\n%s", out)
			}
		})
	}
	other := newFixture(t)
	vault, _ := written(t, f)
	_, pub := written(t, other)
	if out, err := recipe(t, filepath.Join(vault, ReportDir(0)), pub, TypeSweep); err == nil {
		t.Errorf("the recipe accepts another key:\n%s", out)
	}
}
