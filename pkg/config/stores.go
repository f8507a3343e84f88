package config

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	_ "time/tzdata" // the container image has no zone data of its own

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// readStore is a store and where in the file it stands.
type readStore struct {
	Store
	group *group
}

func (f file) stores(g *group) []readStore {
	items := g.items("stores")
	g.missing("stores", "stores: [{name: exchanges, bucket: api-exchanges, ...}]")
	if n := g.fields["stores"].value; n != nil && n.kind == list && len(items) == 0 {
		g.problem("stores", "is an empty list; write at least one store")
	}
	var stores []readStore
	lines := map[string]int{}
	for i, item := range items {
		s := newGroup(f.p, item, g.itemPath("stores", i), item.line)
		store := f.store(s)
		s.done()
		if first, doubled := lines[store.Name]; doubled && store.Name != "" {
			s.problem("name", "%q is doubled, first on line %d; give each store a name of its own", store.Name, first)
		} else {
			lines[store.Name] = item.line
		}
		stores = append(stores, readStore{store, s})
	}
	return stores
}

func (f file) store(g *group) Store {
	s := Store{Name: g.storeName(), Place: f.place(g)}
	s.WholeBucket = g.boolean("whole_bucket", false)
	prefix := g.fields["prefix"].value
	switch given := prefix != nil && prefix.kind == scalar && prefix.text != ""; {
	case s.WholeBucket && given:
		g.problem("whole_bucket", "contradicts the prefix; remove the prefix to mean the whole bucket, or this line to mean the prefix")
	case !s.WholeBucket && !given && !g.broken && (prefix == nil || prefix.kind == scalar):
		g.problem("prefix", `is empty; write a prefix as in "logs/", or whole_bucket: true to put the whole bucket under retention`)
	}
	s.Layouts = g.layouts(s.Prefix)
	s.Zone, s.ZoneName = g.zone("key_date_zone")
	s.NoTeam = g.noTeam(s.Prefix)
	s.Versioning = g.oneOf("versioning", "auto", "auto", "never")
	s.ListDecoder = g.oneOf("list_decoder", "fast", "fast", "sdk")
	d := g.child("delete")
	s.Delete = Delete{
		Batch: int(d.integer("batch", 1000, 1, 1000)), Checksum: d.oneOf("checksum", "auto", "auto", "crc32", "md5"),
		OverwriteGuard: d.oneOf("overwrite_guard", "relist", "relist", "etag", "off"),
	}
	d.done()
	return s
}

func (g *group) storeName() string {
	name := g.required("name", "exchanges")
	if name != "" && !regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$`).MatchString(name) {
		g.problem("name", "is not a store's name; write up to 64 letters, digits, dots, dashes and underscores, a letter or digit first")
	}
	return name
}

// layouts reads one template or a list of them.
func (g *group) layouts(prefix string) []retention.Layout {
	const name = "layout"
	n := g.get(name)
	g.missing(name, "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json")
	if n == nil {
		return nil
	}
	items, single := n.items, n.kind == scalar
	switch {
	case single:
		items = []*node{n}
	case n.kind != list:
		g.problem(name, "is %s, but must be a template or a list of them; write one in quotes", n.kind)
	case len(items) == 0:
		g.problem(name, "is an empty list; write at least one template")
	}
	var layouts []retention.Layout
	for i, item := range items {
		path := g.itemPath(name, i)
		if single {
			path = join(g.path, name)
		}
		if item.kind != scalar {
			if item.kind != refused {
				g.p.add(item.line, path, "is %s, but must be a template; write it in quotes", item.kind)
			}
			continue
		}
		if what := item.textProblem(); what != "" {
			g.p.add(item.line, path, "%s", what)
			continue
		}
		l, err := retention.ParseLayout(prefix, item.text)
		if err != nil {
			g.p.add(item.line, path, "%v", err)
		}
		layouts = append(layouts, l)
	}
	return layouts
}

// zone reads an IANA time zone. "Local" is refused: it means another zone on
// another machine.
func (g *group) zone(name string) (*time.Location, string) {
	text := g.text(name, "UTC")
	loc, err := time.LoadLocation(text)
	if err != nil || text == "" || text == "Local" {
		g.problem(name, "%q is not a time zone; write its IANA name, as in UTC or Europe/Vienna", text)
		return time.UTC, "UTC"
	}
	return loc, text
}

// noTeam reads prefixes that hold no team's data, as whole-key prefixes.
func (g *group) noTeam(prefix string) []string {
	const name = "no_team"
	out := []string{}
	for i, item := range g.items(name) {
		path := g.itemPath(name, i)
		if item.kind == refused {
			continue
		}
		if item.kind != scalar || !strings.HasSuffix(item.text, "/") {
			g.p.add(item.line, path, `must be a prefix that ends in "/"; write it as in "_meta/"`)
			continue
		}
		whole := item.text
		if !strings.HasPrefix(whole, prefix) {
			whole = prefix + whole
		}
		if whole == prefix {
			g.p.add(item.line, path, "declares the whole store to hold no team's data; name a folder in it")
			continue
		}
		out = append(out, whole)
	}
	return out
}

// describe names a store in an error about another.
func (s readStore) describe() string {
	return fmt.Sprintf("store %s (line %d)", s.Name, s.group.line)
}
