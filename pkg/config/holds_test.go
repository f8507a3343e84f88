package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

const goodHolds = `holds:
  - id: case-17
    reason: abuse investigation
    owner: trust-and-safety
    until: 2027-01-31
    match: {store: exchanges, team: acme}
  - {id: case-18, reason: court, owner: legal, until: "2027-01-31T12:00:00+02:00", match: {prefix: " odd/"}}
  - {id: case-19, reason: court, owner: legal, until: 2028-02-28, match: {request: req-1}}
  - id: case-20
    reason: court
    owner: legal
    until: 2026-12-31
    match:
      keys: ["a/b ", "c\nd", '007']
`

func TestHoldsAreReadAndADayLastsToItsEndInUTC(t *testing.T) {
	at := func(y, m, d, h int) time.Time { return time.Date(y, time.Month(m), d, h, 0, 0, 0, time.UTC) }
	want := []retention.Hold{
		{ID: "case-17", Reason: "abuse investigation", Owner: "trust-and-safety", Until: at(2027, 2, 1, 0), Match: retention.HoldMatch{Store: "exchanges", Team: "acme"}},
		{ID: "case-18", Reason: "court", Owner: "legal", Until: at(2027, 1, 31, 10), Match: retention.HoldMatch{Prefix: " odd/"}},
		{ID: "case-19", Reason: "court", Owner: "legal", Until: at(2028, 2, 29, 0), Match: retention.HoldMatch{Request: "req-1"}},
		{ID: "case-20", Reason: "court", Owner: "legal", Until: at(2027, 1, 1, 0), Match: retention.HoldMatch{Keys: []string{"a/b ", "c\nd", "007"}}},
	}
	got, err := ParseHolds("holds.yaml", []byte(goodHolds))
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v", got, err)
	}
	if got, err := ParseHolds("holds.yaml", []byte("holds: []\n")); err != nil || len(got) != 0 {
		t.Errorf("no holds: %+v, %v", got, err)
	}
}

func TestBadHoldsAreRefusedWithTheirLines(t *testing.T) {
	with := func(match string) string {
		return "holds:\n  - {id: a, reason: r, owner: o, until: 2027-01-31, match: " + match + "}\n"
	}
	until := func(text string) string {
		return "holds:\n  - {id: a, reason: r, owner: o, until: " + text + ", match: {team: t}}\n"
	}
	var b strings.Builder
	for _, c := range []struct{ name, text string }{
		{"empty", ""},
		{"no holds", "hold: []\n"},
		{"holds without a value", "holds:\n"},
		{"holds a map", "holds: {id: a}\n"},
		{"nothing of a hold", "holds:\n  - {}\n"},
		{"empty texts", "holds:\n  - {id: '', reason: '', owner: '', until: '', match: {team: ''}}\n"},
		{"doubled id", with("{team: t}") + "  - {id: a, reason: r, owner: o, until: 2027-01-31, match: {team: u}}\n"},
		{"unknown field", with("{team: t}, ticket: 1")},
		{"unknown field of the match", with("{team: t, teams: [u]}")},
		{"until a month", until("2027-01")},
		{"until a day that isn't", until("2027-02-30")},
		{"until without a zone", until("2027-01-31T00:00:00")},
		{"until a number", until("20270131")},
		{"until the end of time", until("9999-12-31")},
		{"until the beginning of time", until("0001-01-01T00:00:00Z")},
		{"until for ever", until("never")},
		{"match nothing", with("{}")},
		{"match a store alone", with("{store: exchanges}")},
		{"match a word", with("acme")},
		{"match two", with("{team: t, prefix: p/}")},
		{"match all four", with("{team: t, prefix: p/, request: r, keys: [k]}")},
		{"match an empty prefix", with("{prefix: ''}")},
		{"match an empty store", with("{store: '', team: t}")},
		{"match an empty request", with("{request: ''}")},
		{"match no keys", with("{keys: []}")},
		{"match one key outside a list", with("{keys: k}")},
		{"match an empty key", with("{keys: [k, '']}")},
		{"match a key that is a number", with("{keys: [007]}")},
		{"match a key that is a list", with("{keys: [[k]]}")},
		{"match a key without a value", with("{keys: [null]}")},
		{"match a team that is a number", with("{team: 007}")},
		{"match a prefix that is a list", with("{prefix: [p/]}")},
		{"match without a value", with("")},
		{"anchors", "holds:\n  - &a {id: a}\n  - *a\n"},
	} {
		got, err := ParseHolds("holds.yaml", []byte(c.text))
		if err == nil || got != nil {
			t.Errorf("%s: %+v was accepted", c.name, got)
			continue
		}
		fmt.Fprintf(&b, "# %s\n%v\n\n", c.name, err)
	}
	golden(t, "holds.golden", b.String())
}
