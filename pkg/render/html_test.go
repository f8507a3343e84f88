package render

import (
	"bytes"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

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

// assertEscaped fails where text from outside became markup, or reached the
// page as a character that can't be seen.
func assertEscaped(t *testing.T, name, page string) {
	t.Helper()
	for _, bad := range []string{"<script", "<img", "onerror=alert(2)>'</style>", "href=\"javascript:", "\x1b", "\u202e", "http://", "https://"} {
		assert.NotContains(t, page, bad, name)
	}
	assert.Equal(t, 1, strings.Count(page, "<style>"), name)
	assert.Equal(t, 1, strings.Count(page, "</style>"), name)
}

func TestHostileNamesStayText(t *testing.T) {
	page := pageOf(t, pageCases()["hostile"])
	assertEscaped(t, "hostile", page)
	assert.Contains(t, page, "&lt;script&gt;alert(1)&lt;/script&gt;")
	assert.NotContains(t, page, "$(reboot)\n", "a digest that is none stands in no recipe")
}

func TestAPageNeedsNoOtherFileAndNoScript(t *testing.T) {
	for name, c := range pageCases() {
		if name == "hostile" {
			continue // it says such things, as text
		}
		page := pageOf(t, c)
		for _, bad := range []string{"<script", "<link", "<iframe", "@import", "url(", " src=", "http://", "https://"} {
			assert.NotContains(t, page, bad, name)
		}
	}
}

func TestHeadingsStandInOrderAndTablesNameTheirCells(t *testing.T) {
	for name, c := range pageCases() {
		page := pageOf(t, c)
		assert.Contains(t, page, `<html lang="en">`)
		assert.Equal(t, 1, strings.Count(page, "<h1>"), name)
		level := byte('0')
		for _, m := range regexp.MustCompile(`<h([1-6])`).FindAllStringSubmatch(page, -1) {
			assert.LessOrEqual(t, m[1][0], level+1, "%s: a heading is skipped", name)
			level = m[1][0]
		}
		assert.Equal(t, strings.Count(page, "<table"), strings.Count(page, "<caption>"), name)
		assert.Equal(t, strings.Count(page, "<th "), strings.Count(page, " scope="), name)
	}
}

func TestASumThatDoesNotHoldIsSaidInWords(t *testing.T) {
	page := pageOf(t, pageCases()["contradicts-itself"])
	assert.Equal(t, 2, strings.Count(page, "does not hold"))
	assert.Equal(t, 2, strings.Count(page, "No: the numbers contradict each other"))
	assert.NotContains(t, pageOf(t, pageCases()["kept"]), "does not hold")
}

func TestTheTeamsAtZeroAreCountedWhereTheyAreMany(t *testing.T) {
	page := pageOf(t, pageCases()["attestation-many-teams"])
	assert.Contains(t, page, "harbor")
	assert.NotContains(t, page, "team-0001")
	assert.Contains(t, page, "3,119 rows of teams.csv at zero are not shown")
}

func TestNoAnswerIsYesWhereTheReportCannotKnow(t *testing.T) {
	for name, want := range map[string][]string{
		"inconclusive": {"No: not all was seen", "Not known: it ended early"},
		"interrupted":  {"Not known: no second listing"},
		"broken":       {"No: the second witness disagrees", "some keys have no owner"},
		"stopped":      {"No: a guard held it back", "Nothing was deleted"},
		"prefixes":     {"Only in part"},
		"dry-run":      {"By hand"},
		"applied":      {"With changes to look at"},
	} {
		page := pageOf(t, pageCases()[name])
		for _, w := range want {
			assert.Contains(t, page, w, name)
		}
	}
}

func TestNoTextFromOutsideReachesThePageAsMarkupOrUnseen(t *testing.T) {
	outside := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{"", evil, "\xff\xfe", "<b>", "a\u2028b", "]]>", "<!--", "é"}))
	plain := strings.Count(pageOf(t, pageCases()["kept"]), "<")
	rapid.Check(t, func(rt *rapid.T) {
		text := func(label string) string { return outside.Draw(rt, label) }
		c := pageCases()["kept"]
		c.p.Organization.Name, c.p.Stores[0].Bucket, c.p.Stores[0].Prefix, c.p.ZDR.RosterSource = "x"+text("organization"), text("bucket"), text("prefix"), "x"+text("roster")
		c.p.Stores[1].Layouts[0], c.p.Limits[0], c.p.Controls[0] = text("layout"), text("limit"), text("control")
		c.o.Teams[0].Team, c.o.Teams[1].Store = text("team"), "x"+text("store")
		c.p.Actor.Identity = "x" + text("identity")
		page := pageOf(t, c)
		if n := strings.Count(page, "<"); n != plain {
			rt.Fatalf("the page has %d tags, not %d", n, plain)
		}
		if i := strings.IndexFunc(page, func(r rune) bool { return r != '\n' && !unicode.IsGraphic(r) }); i >= 0 {
			rt.Fatalf("a character that can't be seen in %q", page[i:min(len(page), i+20)])
		}
	})
}

func TestAResultThatIsNotKnownIsNoVerdict(t *testing.T) {
	for _, result := range []string{"", "é", ": KEPT", "KEPT", "splendid"} {
		c := pageCases()["kept"]
		c.p.Result = result
		page := pageOf(t, c)
		assert.Contains(t, page, `</span> UNKNOWN RESULT</p>`, result)
		assert.Contains(t, page, "judge nothing by it", result)
	}
}

func TestAnOldKeyThatWasNotAtHandIsSaid(t *testing.T) {
	c := pageCases()["key-rotation"]
	assert.NotContains(t, pageOf(t, c), "The old key was not at hand")
	c.p.Reasons = []evidence.Reason{{Code: evidence.CodeOldKeyUnavailable, Count: 1}}
	assert.Contains(t, pageOf(t, c), "The old key was not at hand")
}

func TestAFailedWriteOfAPageIsAnError(t *testing.T) {
	c := night()
	require.ErrorContains(t, HTML(closedPipe{}, c.p, c.o), "pipe closed")
}
