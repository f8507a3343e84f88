package render

import (
	"crypto/rand"
	"html"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// needTools skips where a tool is missing; on CI that is a failure.
func needTools(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("%s is not installed, and CI must run this test", tool)
			}
			t.Skipf("%s is not installed: the recipe of a page was not run", tool)
		}
	}
}

// sealed writes a vault of one report and its public key to a folder, and
// returns the folder and the page that is sealed with the report.
func sealed(t *testing.T, c pageCase) (dir, page string) {
	t.Helper()
	priv, pub, err := evidence.GenerateKey(rand.Reader)
	require.NoError(t, err)
	signer, err := evidence.LoadSigner(priv)
	require.NoError(t, err)
	c.p.Signer, err = evidence.SignerFor(signer.Public())
	require.NoError(t, err)
	files := manifest(t, &c.p)
	files[evidence.FileTeams], err = evidence.EncodeTeams(c.o.Teams)
	require.NoError(t, err)
	files[evidence.FileConfig] = []byte("{}")
	c.p.Policy.ConfigSHA256 = evidence.SHA256Hex(files[evidence.FileConfig])
	page = pageOf(t, c)
	files[evidence.FileHTML] = []byte(page)
	subjects := map[string][]byte{}
	for _, name := range []string{evidence.FileParts, evidence.FileTeams, evidence.FileConfig, evidence.FileHTML} {
		subjects[name] = files[name]
	}
	payload, err := evidence.NewStatement(c.p, subjects).Marshal()
	require.NoError(t, err)
	files[evidence.FileBundle], err = evidence.SealBundle(payload, signer)
	require.NoError(t, err)

	dir = t.TempDir()
	report := filepath.Join(dir, evidence.ReportDir(c.p.Chain.Sequence))
	require.NoError(t, os.MkdirAll(report, 0o755))
	for name, data := range files {
		require.NoError(t, os.WriteFile(filepath.Join(report, name), data, 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(dir, "signing.pub"), pub, 0o600))
	return dir, page
}

// manifest makes two parts with a line for each outcome of the totals.
func manifest(t *testing.T, p *evidence.Predicate) map[string][]byte {
	t.Helper()
	files, parts := map[string][]byte{}, []evidence.Part{}
	team := evidence.NewIdentifiers(evidence.Secret{1}, "2026-11").Team("")
	outcomes := []string{}
	for _, o := range outcomeTerms(p.Totals.OutcomeCounts) {
		for range o.N {
			outcomes = append(outcomes, o.Name)
		}
	}
	half := (len(outcomes) + 1) / 2
	for i, these := range [][]string{outcomes[:half], outcomes[half:]} {
		if len(these) == 0 {
			continue
		}
		w := evidence.NewPart(evidence.PartName(0, i))
		for n, outcome := range these {
			line := evidence.Line{KeyHMAC: team.KeyHMAC("object", "b", strings.Repeat("k", n+1), ""), Kind: "object", Why: evidence.WhyAge, Outcome: outcome, By: evidence.ByResponse}
			if outcome == evidence.OutcomeAbsent {
				line.By = evidence.ByLookup
			}
			require.NoError(t, w.Add(line))
		}
		data, part, err := w.Finish()
		require.NoError(t, err)
		files[part.Name], parts = data, append(parts, part)
	}
	root, err := evidence.RootHash(parts)
	require.NoError(t, err)
	p.Manifest.RootHash, p.Manifest.PartCount = root, int64(len(parts))
	files[evidence.FileParts] = evidence.EncodeParts(parts)
	return files
}

// small is a sweep whose lines fit a test.
func small() pageCase {
	c := night()
	c.p.Population[0].Expired, c.p.Outcomes[0].OutcomeCounts = 9, evidence.OutcomeCounts{Planned: 9, Deleted: 6, Absent: 3}
	c.p.Population[1].Expired, c.p.Outcomes[1].OutcomeCounts = 2, evidence.OutcomeCounts{Planned: 2, Deleted: 2}
	c.p.Evidence.TimestampPolicy = "none"
	c.settle()
	return c
}

// recipeOf takes the commands out of the page as a reader copies them.
func recipeOf(t *testing.T, page string) string {
	t.Helper()
	_, after, ok := strings.Cut(page, "<h3>With openssl and jq</h3>\n<pre><code>")
	require.True(t, ok)
	code, _, ok := strings.Cut(after, "</code></pre>")
	require.True(t, ok)
	return html.UnescapeString(code)
}

func run(t *testing.T, dir, script string) (string, error) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-c", script)
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	return string(out), err
}

func TestTheRecipeOfAPageChecksItsReport(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "gunzip")
	dir, page := sealed(t, small())
	out, err := run(t, dir, recipeOf(t, page))
	require.NoError(t, err, out)
	for _, want := range []string{"Verified OK", "report.html: OK", "manifest-0000-00001.jsonl.gz: OK", "      8 deleted\n", "      3 absent\n", `"result": "kept"`} {
		assert.Contains(t, out, want)
	}
	assert.Contains(t, recipeOf(t, page), "#   8 deleted\n#   3 absent\n", "what the recount must come to")
	dir, page = sealed(t, pageCases()["kept-nothing-expired"])
	out, err = run(t, dir, strings.ReplaceAll(recipeOf(t, page), "openssl ts", "true"))
	require.NoError(t, err, "a report without lines: %s", out)
}

func TestTheRecipeOfAPageStopsAtWhatWasTamperedWith(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "gunzip")
	for name, tamper := range map[string]func(dir, report string) error{
		"page": func(_, r string) error {
			return os.WriteFile(filepath.Join(r, evidence.FileHTML), []byte("kept"), 0o600)
		},
		"part":  func(_, r string) error { return os.Truncate(filepath.Join(r, evidence.PartName(0, 1)), 10) },
		"teams": func(_, r string) error { return os.WriteFile(filepath.Join(r, evidence.FileTeams), nil, 0o600) },
		"key": func(dir, _ string) error {
			_, pub, err := evidence.GenerateKey(rand.Reader)
			if err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(dir, "signing.pub"), pub, 0o600)
		},
	} {
		t.Run(name, func(t *testing.T) {
			dir, page := sealed(t, small())
			require.NoError(t, tamper(dir, filepath.Join(dir, evidence.ReportDir(123))))
			out, err := run(t, dir, recipeOf(t, page))
			require.Error(t, err, out)
			assert.NotContains(t, out, `"result"`, "it must stop before it prints what the report says")
		})
	}
}
