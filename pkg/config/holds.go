package config

import (
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// ParseHolds reads holds.yaml; name stands in errors. An until that is a day
// means its end in UTC. Whether a hold can match anything is for CheckHolds to say.
// The error holds every problem, with its line.
func ParseHolds(name string, data []byte) ([]retention.Hold, error) {
	p := newProblems(name)
	n := parseYAML(p, data)
	if n == nil {
		return nil, p.err()
	}
	g := newGroup(p, n, "", n.line)
	holds := []retention.Hold{}
	lines := map[string]int{}
	for i, item := range g.items("holds") {
		h := newGroup(p, item, g.itemPath("holds", i), item.line)
		hold := retention.Hold{
			ID: h.required("id", "case-17"), Reason: h.required("reason", "abuse investigation"),
			Owner: h.required("owner", "trust-and-safety"), Until: until(h), Match: match(h),
		}
		h.done()
		if first, doubled := lines[hold.ID]; doubled && hold.ID != "" {
			h.problem("id", "is doubled, first on line %d; give each hold an id of its own", first)
			continue
		}
		lines[hold.ID] = item.line
		holds = append(holds, hold)
	}
	if !g.has("holds") && !g.broken {
		g.problem("holds", "is missing; list the holds, or write [] if there are none")
	}
	g.done()
	if err := p.err(); err != nil {
		return nil, err
	}
	return holds, nil
}

// until reads a day or an instant. The hold counts up to it, exclusive.
func until(h *group) time.Time {
	text := h.required("until", "2027-01-31")
	if text == "" {
		return time.Time{}
	}
	if day, err := time.Parse(time.DateOnly, text); err == nil && plausible(day.AddDate(0, 0, 1)) {
		return day.AddDate(0, 0, 1)
	}
	t, ok := parseInstant(text)
	if !ok {
		h.problem("until", "%q is neither a day nor a time; write the last day as in 2027-01-31 (UTC), or a time as in %s", text, exampleTime)
	}
	return t
}

// match reads what a hold covers: exactly one of team, prefix, request, keys.
func match(h *group) retention.HoldMatch {
	if !h.has("match") {
		h.get("match")
		h.missing("match", "match: {team: acme}")
		return retention.HoldMatch{}
	}
	g := h.child("match")
	m := retention.HoldMatch{
		Store: g.optional("store"), Team: g.optional("team"), Prefix: g.key("prefix"),
		Request: g.optional("request"), Keys: g.keys("keys"),
	}
	g.done()
	set := 0
	for _, name := range []string{"team", "prefix", "request", "keys"} {
		if g.has(name) {
			set++
		}
	}
	if set != 1 && !g.broken {
		h.problem("match", "names %d of team, prefix, request and keys, but must name exactly one; write a hold for each", set)
	}
	return m
}

// optional reads text that may be absent but not empty: an empty filter could
// be taken for none.
func (g *group) optional(name string) string {
	if !g.has(name) {
		g.get(name)
		return ""
	}
	return g.required(name, "acme")
}

// key reads an object key or the start of one: white space counts.
func (g *group) key(name string) string {
	n, ok := g.scalar(name)
	if !ok {
		return ""
	}
	g.checkKey(n, join(g.path, name))
	return n.text
}

func (g *group) keys(name string) []string {
	var keys []string
	items := g.items(name)
	for i, item := range items {
		g.checkKey(item, g.itemPath(name, i))
		keys = append(keys, item.text)
	}
	if g.has(name) && g.fields[name].value.kind == list && len(items) == 0 {
		g.problem(name, "is an empty list; write at least one key")
	}
	return keys
}

func (g *group) checkKey(n *node, path string) {
	switch {
	case n.kind != scalar:
		g.p.add(n.line, path, "is %s, but must be a single value; write the key in quotes", n.kind)
	case !n.isText:
		g.p.add(n.line, path, "is a number or truth value, but must be text; put it in quotes")
	case n.text == "":
		g.p.add(n.line, path, "is empty; write a key")
	}
}
