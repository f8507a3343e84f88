package render

import (
	"encoding/json"
	"fmt"
	"html"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// AgeHistogram counts entries of all kinds by the age that the plan judged them
// by, such that those at the cutoff are exactly MaxAgeDays old. (They are not
// expired, and so among those within the line.)
// Bucket i is for ages from i*BucketDays days on and below (i+1)*BucketDays; the
// last one is for all that are older as well. Before is what the planning
// listing saw, After what the second one saw; After is nil where none was made
// to its end.
type AgeHistogram struct {
	BucketDays int     `json:"bucketDays"`
	Before     []int64 `json:"before"`
	After      []int64 `json:"after"`
	MaxAgeDays int     `json:"maxAgeDays"` // the line: older entries are expired
}

// agesView is the drawing, in percent of its width and height, and the same
// numbers as a table.
type agesView struct {
	Before, After, Beyond string // paths in a box of 1000 by 1000
	Line                  float64
	LineName              string
	Flip                  bool // the line's name stands to its left
	X                     []tick
	Y                     []tick
	Table                 grid
	Sum                   equation
	Second                bool
	Label                 string
	Data                  string // the histogram itself, for AgesOf
}

type tick struct {
	At   float64
	Name string
}

// ages is nil where there is nothing to draw.
func ages(p evidence.Predicate, h *AgeHistogram) *agesView {
	if h == nil || h.BucketDays < 1 || h.MaxAgeDays < 1 || len(h.Before) == 0 {
		return nil
	}
	n := max(len(h.Before), len(h.After), h.MaxAgeDays/h.BucketDays+1)
	most := int64(1)
	for _, c := range append(append([]int64{}, h.Before...), h.After...) {
		most = max(most, c)
	}
	top := roundUp(most)
	v := &agesView{Second: h.After != nil, Line: 100 * float64(h.MaxAgeDays) / float64(n*h.BucketDays),
		LineName: fmt.Sprintf("%d days", h.MaxAgeDays)}
	v.Flip = v.Line > 70
	v.Before = steps(h.Before, n, top)
	within, beyond := split(h, h.After)
	v.After, v.Beyond = steps(within, n, top), steps(beyond, n, top)
	for _, at := range ticks(n * h.BucketDays) {
		v.X = append(v.X, tick{100 * float64(at) / float64(n*h.BucketDays), count(int64(at))})
	}
	for i := range int64(3) {
		v.Y = append(v.Y, tick{100 - 50*float64(i), count(top * i / 2)})
	}
	v.sums(p, h)
	if data, err := json.Marshal(h); err == nil {
		v.Data = string(data)
	}
	return v
}

// mostBuckets bounds what is believed of a page: as many days as ages can have.
const mostBuckets = 100_000

var agesData = regexp.MustCompile(`<figure data-ages="([^"<>]*)">`)

// AgesOf reads the histogram out of the page that was sealed with a report; nil
// where it has none. The caller has made sure that it is that page.
func AgesOf(page []byte) *AgeHistogram {
	m := agesData.FindSubmatch(page)
	if m == nil {
		return nil
	}
	var h AgeHistogram
	if err := json.Unmarshal([]byte(html.UnescapeString(string(m[1]))), &h); err != nil {
		return nil
	}
	for _, n := range slices.Concat(h.Before, h.After) {
		if n < 0 || n > math.MaxInt64/mostBuckets/16 {
			return nil
		}
	}
	if h.BucketDays < 1 || h.MaxAgeDays < 1 || max(len(h.Before), len(h.After), h.BucketDays, h.MaxAgeDays) > mostBuckets {
		return nil
	}
	return &h
}

// split parts the buckets at the line.
func split(h *AgeHistogram, all []int64) (within, beyond []int64) {
	within, beyond = make([]int64, len(all)), make([]int64, len(all))
	for i, c := range all {
		if i*h.BucketDays < h.MaxAgeDays {
			within[i] = c
		} else {
			beyond[i] = c
		}
	}
	return within, beyond
}

func total(all []int64) (n int64) {
	for _, c := range all {
		n += c
	}
	return n
}

// sums makes the table, and compares it with what the report says expired.
func (v *agesView) sums(p evidence.Predicate, h *AgeHistogram) {
	young, old := split(h, h.Before)
	v.Table = grid{Caption: "Entries by age at the start of the run", Head: head("Age", ">Before")}
	younger := []gridCell{text(fmt.Sprintf("up to %d days", h.MaxAgeDays)), number(total(young))}
	older := []gridCell{text(fmt.Sprintf("older than %d days", h.MaxAgeDays)), number(total(old))}
	v.Label = fmt.Sprintf("Histogram of ages. Before: %s up to %d days, %s older.", entries(total(young)), h.MaxAgeDays, count(total(old)))
	if v.Second {
		v.Table.Head = head("Age", ">Before", ">After")
		y, o := split(h, h.After)
		younger, older = append(younger, number(total(y))), append(older, number(total(o)))
		v.Label += fmt.Sprintf(" After: %s up to %d days, %s older.", count(total(y)), h.MaxAgeDays, count(total(o)))
	}
	v.Table.add(younger...)
	v.Table.add(older...)
	v.Sum = adds(p.Totals.Expired, "expired", addend{total(old), fmt.Sprintf("older than %d days before the run", h.MaxAgeDays)})
}

// steps draws counts as a closed staircase. What is not zero is never lower
// than can be seen.
func steps(counts []int64, n int, top int64) string {
	const box, least = 1000.0, 8.0
	var b strings.Builder
	height := 0.0
	fmt.Fprintf(&b, "M0 %.0f", box)
	for i, c := range counts {
		h := 0.0
		if c > 0 {
			h = max(least, box*float64(c)/float64(top))
		}
		if h != height {
			fmt.Fprintf(&b, "H%.1fV%.1f", box*float64(i)/float64(n), box-h)
			height = h
		}
	}
	fmt.Fprintf(&b, "H%.1fV%.0fZ", box*float64(len(counts))/float64(n), box)
	return b.String()
}

// roundUp is the least of 2, 4, 6, 8 and 10 times a power of ten that is not
// below n: even, so that its half is a whole number.
func roundUp(n int64) int64 {
	for power := int64(1); ; power *= 10 {
		for _, f := range []int64{2, 4, 6, 8, 10} {
			if f*power >= n {
				return f * power
			}
		}
	}
}

// ticks are about six round numbers of days.
func ticks(days int) []int {
	step := 1
	for _, s := range []int{1, 2, 5, 10, 15, 30, 60, 90, 180, 365, 730, 1825, 3650} {
		if step = s; days/s <= 7 {
			break
		}
	}
	var all []int
	for at := 0; at <= days; at += step {
		all = append(all, at)
	}
	return all
}
