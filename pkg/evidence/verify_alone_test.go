package evidence

import (
	"slices"
	"testing"
	"testing/fstest"
)

// Nothing in it says which report it is, so no number is made up.
func TestABundleAloneThatCannotBeReadIsGivenNoNumber(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	for content, want := range map[string]string{
		"":               "report.sigstore.json: bundle: it is empty",
		`{"mediaType":"`: "report.sigstore.json: bundle: it ends too early: it was cut off",
	} {
		v, err := Verify(fstest.MapFS{FileBundle: &fstest.MapFile{Data: []byte(content)}}, f.trust, VerifyOptions{})
		if err != nil || v.Valid || !slices.Equal(v.Problems, []string{want}) {
			t.Errorf("%q: %q, %v", content, v.Problems, err)
		}
	}
}
