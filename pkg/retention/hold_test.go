package retention_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestHoldsCoverExactlyWhatTheyName(t *testing.T) {
	key := keyOf("other", 40)
	for _, c := range []struct {
		name  string
		match retention.HoldMatch
		key   string
		want  bool
	}{
		{"its team", retention.HoldMatch{Team: "other"}, key, true},
		{"a shorter team id", retention.HoldMatch{Team: "othe"}, key, false},
		{"a longer team id", retention.HoldMatch{Team: "other-2"}, key, false},
		{"a prefix of the key", retention.HoldMatch{Prefix: "other/2026/"}, key, true},
		{"another prefix", retention.HoldMatch{Prefix: "others/"}, key, false},
		{"its request", retention.HoldMatch{Request: "r1"}, key, true},
		{"another request", retention.HoldMatch{Request: "r"}, key, false},
		{"a request under a no_team prefix", retention.HoldMatch{Request: "r1"}, "_meta/2026/01/01/r1.p.json", true},
		{"a team under a no_team prefix", retention.HoldMatch{Team: "_meta"}, "_meta/2026/01/01/r1.p.json", true},
		{"another team under a no_team prefix", retention.HoldMatch{Team: "meta"}, "_meta/2026/01/01/r1.p.json", false},
		{"a team that is not UTF-8", retention.HoldMatch{Team: "\xff"}, keyOf("\xff", 40), false},
		{"a request of a team that is not UTF-8", retention.HoldMatch{Request: "r1"}, keyOf("\xff", 40), true},
		{"its key", retention.HoldMatch{Keys: []string{"x", key}}, key, true},
		{"the start of its key", retention.HoldMatch{Keys: []string{key[:len(key)-1]}}, key, false},
		{"a key no layout reads", retention.HoldMatch{Keys: []string{"junk"}}, "junk", true},
		{"this store", retention.HoldMatch{Store: "exchanges", Team: "other"}, key, true},
		{"another store", retention.HoldMatch{Store: "exchange", Team: "other"}, key, false},
		{"nothing", retention.HoldMatch{}, key, false},
		{"nothing, and a key of no team", retention.HoldMatch{}, "junk", false},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := policy(t)
			p.Holds = []retention.Hold{{ID: "h", Until: start.Add(time.Hour), Match: c.match}}
			v := p.Judge(entry(c.key, 40*retention.Day))
			if (v.Hold == "h") != c.want {
				t.Errorf("hold %q, want held %v", v.Hold, c.want)
			}
			if !v.Expired {
				t.Error("a hold changed the age")
			}
		})
	}
}

// Under a no_team prefix no layout decides the attribution, so a hold counts
// for what any of them reads, also beside a ZDR team that a later one sees.
func TestANoTeamPrefixTakesNoKeyFromUnderAHold(t *testing.T) {
	p := policy(t)
	p.NoTeam = []string{"shared/", "\xff/"}
	p.Layouts = layouts(t, "{team}/{_}/{request}", "shared/{team}/{rest}")
	for _, c := range []struct {
		name, key string
		match     retention.HoldMatch
		want      string
	}{
		{"the first layout's team", "shared/other/r1", retention.HoldMatch{Team: "shared"}, "h"},
		{"a later layout's team", "shared/other/r1", retention.HoldMatch{Team: "other"}, "h"},
		{"a ZDR team", "shared/acme/r1", retention.HoldMatch{Team: "acme"}, "h"},
		{"a request beside a ZDR team", "shared/acme/r1", retention.HoldMatch{Request: "r1"}, "h"},
		{"a team that no layout reads", "shared/other/r1", retention.HoldMatch{Team: "r1"}, ""},
		{"a team that is not UTF-8", "\xff/x/r1", retention.HoldMatch{Team: "\xff"}, ""},
	} {
		p.Holds = []retention.Hold{{ID: "h", Until: start.Add(time.Hour), Match: c.match}}
		held := p.Judge(entry(c.key, 40*retention.Day))
		if held.Hold != c.want {
			t.Errorf("%s: hold %q, want %q", c.name, held.Hold, c.want)
		}
		p.Holds = nil
		held.Hold = ""
		if free := p.Judge(entry(c.key, 40*retention.Day)); free != held {
			t.Errorf("%s: a hold changed more than the hold: %+v, without it %+v", c.name, held, free)
		}
	}
}

func TestHoldIsInForceUntilItsInstant(t *testing.T) {
	for after, want := range map[time.Duration]string{-time.Second: "", 0: "", time.Nanosecond: "h", time.Hour: "h"} {
		p := policy(t)
		p.Holds = []retention.Hold{{ID: "h", Until: start.Add(after), Match: retention.HoldMatch{Team: "other"}}}
		if v := p.Judge(entry(keyOf("other", 1), 0)); v.Hold != want {
			t.Errorf("until %v after the start: hold %q, want %q (young entries too)", after, v.Hold, want)
		}
	}
}

func TestScopeNamesTheMatch(t *testing.T) {
	for want, m := range map[string]retention.HoldMatch{
		"team": {Team: "a"}, "prefix": {Prefix: "a"}, "request": {Request: "a"}, "keys": {Keys: []string{"a"}},
	} {
		if m.Scope() != want {
			t.Errorf("scope %q, want %q", m.Scope(), want)
		}
	}
}

// The indexed search agrees with the rule read out: the first hold, in the
// order of the file, that is in force and covers the entry.
func TestTheFirstHoldThatCoversAnEntryIsNamed(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		p := policy(t)
		n := rapid.IntRange(0, 6).Draw(r, "n")
		for i := range n {
			h := retention.Hold{ID: string(rune('a' + i)), Until: start.Add(time.Duration(rapid.IntRange(-1, 2).Draw(r, "until")) * time.Hour)}
			h.Match.Store = rapid.SampledFrom([]string{"", "exchanges", "elsewhere"}).Draw(r, "store")
			switch rapid.IntRange(0, 3).Draw(r, "scope") {
			case 0:
				h.Match.Team = rapid.SampledFrom([]string{"acme", "other"}).Draw(r, "team")
			case 1:
				h.Match.Prefix = rapid.SampledFrom([]string{"a", "acme/", "o", "junk"}).Draw(r, "prefix")
			case 2:
				h.Match.Request = rapid.SampledFrom([]string{"r1", "r2"}).Draw(r, "request")
			default:
				h.Match.Keys = []string{"junk", keyOf("acme", 3)}
			}
			p.Holds = append(p.Holds, h)
		}
		e := entry(rapid.SampledFrom([]string{keyOf("acme", 3), keyOf("other", 3), "junk", "acme/x"}).Draw(r, "key"), 0)
		v, want := p.Judge(e), ""
		for _, h := range p.Holds {
			m := h.Match
			covers := m.Team != "" && m.Team == v.Team || m.Request != "" && m.Request == v.Request ||
				m.Prefix != "" && len(e.Key) >= len(m.Prefix) && e.Key[:len(m.Prefix)] == m.Prefix
			for _, k := range m.Keys {
				covers = covers || k == e.Key
			}
			if covers && start.Before(h.Until) && (m.Store == "" || m.Store == p.Store) {
				want = h.ID
				break
			}
		}
		if v.Hold != want {
			r.Errorf("hold %q, want %q", v.Hold, want)
		}
	})
}
