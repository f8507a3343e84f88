package config

import (
	"fmt"
	"slices"
	"strings"
)

// group reads the settings of one object node. Each getter notes its problems
// and returns a harmless value, so that reading goes on to the next setting.
type group struct {
	p      *problems
	path   string // of the group, such as stores[0]; empty for the whole file
	line   int
	fields map[string]field
	order  []field
	known  []string // what was asked for: the rest is unknown
	broken bool     // not an object at all: don't report its settings as missing
}

// newGroup reads n as a group of settings; nil is one with no settings.
func newGroup(p *problems, n *node, path string, line int) *group {
	g := &group{p: p, path: path, line: line, fields: map[string]field{}}
	if n == nil {
		return g
	}
	g.line = line
	if n.kind == refused {
		g.broken = true
		return g
	}
	if n.kind != object {
		g.broken = true
		p.add(line, path, "is %s, but must be a group of settings; indent them below it", n.kind)
		return g
	}
	g.order = n.fields
	for _, f := range n.fields {
		path := join(g.path, f.name)
		if first, doubled := g.fields[f.name]; doubled {
			p.add(f.line, path, "stands twice, first on line %d; remove one", first.line)
			continue
		}
		g.fields[f.name] = f
		p.lines[path] = f.line
	}
	return g
}

func join(path, name string) string {
	if path == "" {
		return name
	}
	return path + "." + name
}

// done refuses every setting that no getter asked for.
func (g *group) done() {
	for _, f := range g.order {
		if !slices.Contains(g.known, f.name) {
			g.p.add(f.line, join(g.path, f.name), "is unknown; known here: %s", strings.Join(g.known, ", "))
		}
	}
}

// get returns the value of a setting, or nil if it is absent or was refused. An
// empty value (a name with nothing after it) is refused.
func (g *group) get(name string) *node {
	g.known = append(g.known, name)
	f, ok := g.fields[name]
	if !ok {
		return nil
	}
	if f.value.kind == refused {
		return nil
	}
	if f.value.kind == null {
		g.problem(name, "has no value; write one, or remove the line")
		return nil
	}
	return f.value
}

// has reports whether a setting is in the file, whatever its value.
func (g *group) has(name string) bool {
	_, ok := g.fields[name]
	return ok
}

// problem notes a problem at the line of a setting, or of the group if the
// setting is absent.
func (g *group) problem(name, format string, args ...any) {
	line := g.line
	if f, ok := g.fields[name]; ok {
		line = f.line
	}
	g.p.add(line, join(g.path, name), format, args...)
}

// missing notes that a setting without a default is absent.
func (g *group) missing(name, example string) {
	if !g.has(name) && !g.broken {
		g.problem(name, "is missing; write it, as in %q", example)
	}
}

// child reads a setting as a group, absent or not.
func (g *group) child(name string) *group {
	n, line := g.get(name), g.line
	if f, ok := g.fields[name]; ok {
		line = f.line
	}
	c := newGroup(g.p, n, join(g.path, name), line)
	c.broken = c.broken || g.broken || (n == nil && g.has(name))
	return c
}

// items reads a setting as a list. A single value is not a list.
func (g *group) items(name string) []*node {
	n := g.get(name)
	if n == nil {
		return nil
	}
	if n.kind != list {
		g.problem(name, "is %s, but must be a list; write each item on a line of its own after a dash", n.kind)
		return nil
	}
	return n.items
}

func (g *group) itemPath(name string, i int) string { return itemPath(join(g.path, name), i) }

func itemPath(path string, i int) string { return fmt.Sprintf("%s[%d]", path, i) }
