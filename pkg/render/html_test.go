package render

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func pageOf(t testing.TB, c pageCase) string {
	t.Helper()
	var out bytes.Buffer
	require.NoError(t, HTML(&out, c.p, c.o))
	return out.String()
}

// goldenHTML compares a page with its file.
func goldenHTML(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", "html", name+".html")
	if *update {
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	if string(want) != got {
		t.Errorf("%s is not what the page looks like now: look at the difference after -update", path)
	}
}

func TestPages(t *testing.T) {
	for name, c := range pageCases() {
		t.Run(name, func(t *testing.T) { goldenHTML(t, "report-"+name, pageOf(t, c)) })
	}
}

func TestTheReportsOfTheGoldenPagesAreValid(t *testing.T) {
	for name, c := range pageCases() {
		found := evidence.ValidatePredicate(c.p)
		if name == "hostile" || name == "contradicts-itself" {
			assert.NotEmpty(t, found, name)
		} else {
			assert.Empty(t, found, name)
		}
	}
}
