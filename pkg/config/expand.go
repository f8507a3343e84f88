package config

import "strings"

// expand replaces ${NAME} in every value by the environment's. It works on
// values that are already parsed, so what it puts in can't become structure. An
// unset name is a problem: an empty prefix in its place would mean everything.
func expand(p *problems, n *node, path string, lookup func(string) (string, bool)) {
	switch n.kind {
	case scalar:
		n.expand(p, path, lookup)
	case list:
		for i, item := range n.items {
			expand(p, item, itemPath(path, i), lookup)
		}
	case object:
		for _, f := range n.fields {
			expand(p, f.value, join(path, f.name), lookup)
		}
	}
}

func (n *node) expand(p *problems, path string, lookup func(string) (string, bool)) {
	var b strings.Builder
	for text := n.text; ; {
		before, after, found := strings.Cut(text, "${")
		b.WriteString(before)
		if !found {
			break
		}
		name, tail, closed := strings.Cut(after, "}")
		if !closed || !isVariable(name) {
			n.refuse(p, path, "has ${ without a variable's name and }; write ${NAME}")
			return
		}
		value, set := lookup(name)
		if !set {
			n.refuse(p, path, "uses ${%s}, which is not set; set the environment variable %s or write the value out", name, name)
			return
		}
		b.WriteString(value)
		text = tail
	}
	n.text = b.String()
	n.checkText(p, path)
}

func isVariable(name string) bool {
	for i := range len(name) {
		c := name[i]
		letter := c == '_' || (c|0x20 >= 'a' && c|0x20 <= 'z')
		if !letter && (i == 0 || c < '0' || c > '9') {
			return false
		}
	}
	return name != ""
}
