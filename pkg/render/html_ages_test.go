package render

import (
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestAPageWithoutAgesSaysSo(t *testing.T) {
	c := night()
	c.settle()
	for name, h := range map[string]*AgeHistogram{"none": nil, "empty": {BucketDays: 1, MaxAgeDays: 30}, "no buckets": {MaxAgeDays: 30, Before: []int64{1}}} {
		c.o.Ages = h
		assert.Contains(t, pageOf(t, c), "This page has no histogram", name)
	}
}

func TestAgesThatContradictTheReportAreSaidToDoSo(t *testing.T) {
	c := night()
	c.o.Ages.Before[30]++
	c.settle()
	assert.Contains(t, pageOf(t, c), "does not hold")
}

func TestAHistogramWithoutASecondListingShowsNoAfter(t *testing.T) {
	page := pageOf(t, pageCases()["interrupted"])
	assert.Contains(t, page, "before the run</span>")
	assert.NotContains(t, page, "after it, within the limit")
}

// Every drawing stays in its box, its line stands where the limit is, and its
// table has all entries.
func TestTheDrawingOfAnyHistogramStaysInItsBox(t *testing.T) {
	counts := rapid.SliceOfN(rapid.OneOf(rapid.Int64Range(0, 5), rapid.Int64Range(0, 1<<53)), 0, 400)
	numbers := regexp.MustCompile(`[0-9.]+`)
	rapid.Check(t, func(t *rapid.T) {
		h := &AgeHistogram{BucketDays: rapid.IntRange(1, 40).Draw(t, "bucket"), MaxAgeDays: rapid.IntRange(1, 4000).Draw(t, "max"),
			Before: append(counts.Draw(t, "before"), 1), After: counts.Draw(t, "after")}
		c := night()
		v := ages(c.p, h)
		for _, path := range []string{v.Before, v.After, v.Beyond} {
			for _, n := range numbers.FindAllString(path, -1) {
				at, err := strconv.ParseFloat(n, 64)
				if err != nil || at < 0 || at > 1000 {
					t.Fatalf("%s in %s is outside of the box", n, path)
				}
			}
		}
		if v.Line <= 0 || v.Line > 100 {
			t.Fatalf("the line stands at %v percent", v.Line)
		}
		young, old := split(h, h.Before)
		if total(young)+total(old) != total(h.Before) {
			t.Fatal("entries are lost at the line")
		}
	})
}

func TestTheScaleIsRoundAndHasAWholeMiddle(t *testing.T) {
	for n, want := range map[int64]int64{1: 2, 2: 2, 3: 4, 9: 10, 10: 10, 11: 20, 68_000: 80_000, 1 << 53: 10_000_000_000_000_000} {
		assert.Equal(t, want, roundUp(n), "%d", n)
	}
	assert.Equal(t, []int{0, 5, 10, 15, 20, 25, 30}, ticks(32))
	assert.Equal(t, []int{0, 1}, ticks(1))
	require.LessOrEqual(t, len(ticks(2600)), 9)
}

func TestTheAgesOfASealedPageCanBeReadBack(t *testing.T) {
	c := pageCases()["kept"]
	assert.Equal(t, c.o.Ages, AgesOf([]byte(pageOf(t, c))))
	c.o.Ages.After = nil
	assert.Equal(t, c.o.Ages, AgesOf([]byte(pageOf(t, c))))
	c.o.Ages = nil
	assert.Nil(t, AgesOf([]byte(pageOf(t, c))), "a page without ages")
	for name, data := range map[string]string{"no JSON": "{", "negative": `{"bucketDays":1,"before":[-1],"maxAgeDays":30}`, "no bucket": `{"bucketDays":0,"before":[1],"maxAgeDays":30}`,
		"no line": `{"bucketDays":1,"before":[1],"maxAgeDays":0}`, "too many to add": `{"bucketDays":1,"before":[9223372036854775807,1],"maxAgeDays":30}`,
		"a line too far": `{"bucketDays":1,"before":[1],"maxAgeDays":2000000000}`} {
		assert.Nil(t, AgesOf([]byte(`<figure data-ages="`+strings.ReplaceAll(data, `"`, "&#34;")+`">`)), name)
	}
}

func TestNoNameOnAPageIsReadAsItsAges(t *testing.T) {
	c := pageCases()["kept"]
	c.o.Ages, c.p.Organization.Name = nil, `<figure data-ages="{&#34;bucketDays&#34;:1,&#34;before&#34;:[1],&#34;maxAgeDays&#34;:30}">`
	assert.Nil(t, AgesOf([]byte(pageOf(t, c))))
}
