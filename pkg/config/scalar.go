package config

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// scalar reads a setting as a single value of any type.
func (g *group) scalar(name string) (*node, bool) {
	n := g.get(name)
	if n == nil {
		return nil, false
	}
	if n.kind != scalar {
		g.problem(name, "is %s, but must be a single value; write it on the same line", n.kind)
		return nil, false
	}
	return n, true
}

// text reads a setting as text; it may be empty.
func (g *group) text(name, fallback string) string {
	n, ok := g.scalar(name)
	if !ok {
		return fallback
	}
	if what := n.textProblem(); what != "" {
		g.problem(name, "%s", what)
		return fallback
	}
	return n.text
}

// required reads a setting as text that may be neither absent nor empty.
func (g *group) required(name, example string) string {
	text := g.text(name, "")
	if n := g.fields[name].value; n != nil && n.kind == scalar && n.text == "" {
		g.problem(name, "is empty; write it, as in %q", example)
	}
	g.missing(name, example)
	return text
}

// textProblem says what keeps a scalar from being a name, a path or the like.
func (n *node) textProblem() string {
	switch {
	case !n.isText:
		return fmt.Sprintf("%s is a number or truth value, but must be text; put it in quotes", n.raw)
	case strings.TrimSpace(n.text) != n.text:
		return "begins or ends with white space; remove it"
	case strings.ContainsFunc(n.text, unicode.IsControl):
		return "holds a control character, such as a line feed or a tab; remove it"
	}
	return ""
}

// oneOf reads a setting that is one of a few words.
func (g *group) oneOf(name, fallback string, allowed ...string) string {
	n, ok := g.scalar(name)
	if !ok {
		return fallback
	}
	if !slices.Contains(allowed, n.text) {
		g.problem(name, "%q is none of its values; write one of: %s", n.raw, strings.Join(allowed, ", "))
		return fallback
	}
	return n.text
}

// integer reads a setting as a whole number from least to most.
func (g *group) integer(name string, fallback, least, most int64) int64 {
	n, ok := g.scalar(name)
	if !ok {
		return fallback
	}
	value, err := strconv.ParseInt(n.text, 10, 64)
	if err != nil || strconv.FormatInt(value, 10) != n.text {
		g.problem(name, "%q is not a whole number; write digits, as in %d", n.raw, fallback)
		return fallback
	}
	if value < least && most == math.MaxInt64 {
		g.problem(name, "%s is too small; write a number of at least %d", n.raw, least)
		return fallback
	}
	if value < least || value > most {
		g.problem(name, "%s is out of its range; write a number from %d to %d", n.raw, least, most)
		return fallback
	}
	return value
}

// share reads a setting as a decimal over 0 and at most 1.
func (g *group) share(name string, fallback float64) float64 {
	n, ok := g.scalar(name)
	if !ok {
		return fallback
	}
	value, err := strconv.ParseFloat(n.text, 64)
	plain := strings.Trim(n.text, "0123456789.") == ""
	if err != nil || !plain || value <= 0 || value > 1 {
		g.problem(name, "%q is not a share; write a decimal over 0 and at most 1, as in %v", n.raw, fallback)
		return fallback
	}
	return value
}

// boolean reads a setting as true or false.
func (g *group) boolean(name string, fallback bool) bool {
	return g.oneOf(name, strconv.FormatBool(fallback), "true", "false") == "true"
}

// duration reads a setting as one whole number and a unit s, m, h or d. It
// returns the text too, since evidence repeats it.
func (g *group) duration(name, fallback string, least, most time.Duration) (time.Duration, string) {
	text := fallback
	n, ok := g.scalar(name)
	if ok {
		text = n.text
	}
	value, good := parseDuration(text)
	if good && value >= least && value <= most {
		return value, text
	}
	g.problem(name, "%q is not a duration from %s to %s; write a whole number and s, m, h or d, as in %s", n.raw, plain(least), plain(most), fallback)
	return least, fallback
}

// parseDuration is time.ParseDuration with d for 24 hours, and with one
// spelling: a whole number without sign or leading zero, and one unit.
func parseDuration(s string) (time.Duration, bool) {
	if s == "" {
		return 0, false
	}
	unit, ok := map[byte]time.Duration{'s': time.Second, 'm': time.Minute, 'h': time.Hour, 'd': retention.Day}[s[len(s)-1]]
	number, err := strconv.ParseInt(s[:len(s)-1], 10, 64)
	if !ok || err != nil || strconv.FormatInt(number, 10) != s[:len(s)-1] {
		return 0, false
	}
	if number < 0 || number > int64(time.Duration(1<<63-1)/unit) {
		return 0, false
	}
	return time.Duration(number) * unit, true
}

// plain writes a duration as parseDuration reads it, where it can.
func plain(d time.Duration) string {
	for _, unit := range []struct {
		length time.Duration
		letter string
	}{{retention.Day, "d"}, {time.Hour, "h"}, {time.Minute, "m"}, {time.Second, "s"}} {
		if d%unit.length == 0 && d != 0 {
			return strconv.FormatInt(int64(d/unit.length), 10) + unit.letter
		}
	}
	return d.String()
}

// instant reads a setting as a full RFC 3339 time.
func (g *group) instant(name, example string) time.Time {
	text := g.required(name, example)
	if text == "" {
		return time.Time{}
	}
	t, ok := parseInstant(text)
	if !ok {
		g.problem(name, "%q is not a time with date, clock and zone (RFC 3339, from 1970 on); write it as in %s", text, example)
	}
	return t
}

// parseInstant reads RFC 3339. Package time also takes an hour of one digit and
// a comma for the point, so these are refused here.
func parseInstant(text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339, text)
	if err != nil || text[len("2006-01-02T15")] != ':' || strings.Contains(text, ",") || !plausible(t) {
		return time.Time{}, false
	}
	return t.UTC(), true
}

// plausible keeps out the zero time, which code takes for "none", and years
// that RFC 3339 can't write.
func plausible(t time.Time) bool { return t.UTC().Year() >= 1970 && t.UTC().Year() <= 9999 }
