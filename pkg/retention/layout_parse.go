package retention

import (
	"fmt"
	"slices"
	"strings"
)

// example is a right template, shown by every error about a wrong one.
const example = `"{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json"`

// fields are the names that a template may hold between braces.
var fields = []struct {
	name  string
	field field
	width int
}{
	{"team", team, 0}, {"yyyy", year, 4}, {"mm", month, 2}, {"dd", day, 2}, {"hh", hour, 2},
	{"request", request, 0}, {"part", part, 0}, {"_", ignored, 0}, {"rest", rest, 0},
}

// ParseLayout compiles a template. It is read after the store's prefix, unless
// it starts with that prefix itself: then against the whole key. The prefix is
// empty or ends in "/". The error says what is wrong and shows a right example.
func ParseLayout(prefix, template string) (Layout, error) {
	l, err := parseLayout(prefix, template)
	if err != nil {
		return Layout{}, fmt.Errorf("layout %q %w, as in %s", template, err, example)
	}
	return l, nil
}

func parseLayout(prefix, template string) (Layout, error) {
	if prefix != "" && !strings.HasSuffix(prefix, "/") {
		return Layout{}, fmt.Errorf(`follows the prefix %q, which must be empty or end in "/"`, prefix)
	}
	l := Layout{template: template, prefix: prefix}
	texts := strings.Split(strings.TrimPrefix(template, prefix), "/")
	for i, text := range texts {
		s, err := parseSegment(text)
		if err != nil {
			return Layout{}, err
		}
		if at := slices.IndexFunc(s, isRest); at >= 0 && (at != len(s)-1 || i != len(texts)-1) {
			return Layout{}, fmt.Errorf("has {rest} before its end: {rest} takes all that follows, so it comes last")
		}
		l.segments = append(l.segments, s)
	}
	return l, checkFields(l.segments)
}

func isRest(t token) bool { return t.field == rest }

// parseSegment cuts the text between two slashes into literals and fields.
func parseSegment(text string) (segment, error) {
	var s segment
	for text != "" {
		at := strings.IndexAny(text, "{}")
		if at < 0 {
			at = len(text)
		}
		if at > 0 {
			s = append(s, token{literal: text[:at]})
			text = text[at:]
			continue
		}
		end := strings.IndexByte(text, '}')
		if text[0] == '}' || end < 0 {
			return nil, fmt.Errorf("has a brace without its partner: a field is a name between { and }")
		}
		t, err := parseField(text[1:end])
		if err != nil {
			return nil, err
		}
		if n := len(s); n > 0 && t.open() && s[n-1].open() {
			return nil, fmt.Errorf("has two fields with nothing between them, {%s} the second: where one ends would be a guess; put a literal such as - or . between them", text[1:end])
		}
		s = append(s, t)
		text = text[end+1:]
	}
	return s, checkTeamSegment(s)
}

func parseField(name string) (token, error) {
	for _, f := range fields {
		if f.name == name {
			return token{field: f.field, width: f.width}, nil
		}
	}
	return token{}, fmt.Errorf("has the unknown field {%s}: known are {team} {yyyy} {mm} {dd} {hh} {request} {part} {_} {rest}", name)
}

// checkTeamSegment refuses a {team} that could end in the middle of an id: of
// acme-2 it must never read acme.
func checkTeamSegment(s segment) error {
	at := slices.IndexFunc(s, func(t token) bool { return t.field == team })
	alone := len(s) == 1
	named := len(s) == 2 && at == 1 && isName(s[0].literal)
	if at >= 0 && !alone && !named {
		return fmt.Errorf("has {team} beside other text: {team} must fill a whole path segment, or all of it after a name and an equals sign (team={team})")
	}
	return nil
}

// isName reports whether a literal is a name and one equals sign: "team=".
func isName(literal string) bool {
	return len(literal) > 1 && strings.IndexByte(literal, '=') == len(literal)-1
}

// checkFields refuses doubled fields, a missing team, and half a date.
func checkFields(segments []segment) error {
	var seen [rest + 1]int
	for _, s := range segments {
		for _, t := range s {
			seen[t.field]++
		}
	}
	for _, f := range fields {
		if seen[f.field] > 1 && f.field != ignored {
			return fmt.Errorf("has {%s} twice: a field may stand once, only {_} more often", f.name)
		}
	}
	switch dates := seen[year] + seen[month] + seen[day]; {
	case seen[team] == 0:
		return fmt.Errorf("has no {team}: without it no key can be said to belong to a team")
	case dates != 0 && dates != 3:
		return fmt.Errorf("has half a date: {yyyy}, {mm} and {dd} come all three or not at all")
	case seen[hour] == 1 && dates == 0:
		return fmt.Errorf("has {hh} without a date: {hh} needs {yyyy}, {mm} and {dd}")
	}
	return nil
}
