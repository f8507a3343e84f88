package config

import "unicode/utf8"

// node is one value of a file, whatever its format: YAML, JSON and CSV are all
// turned into nodes first, so that each rule is written once.
type node struct {
	line   int
	kind   kind
	text   string // of a scalar
	raw    string // of a scalar as written, before ${NAME}: what errors may show
	isText bool   // a scalar that the format calls text, not a number or truth value
	items  []*node
	fields []field
}

type kind uint8

const (
	null kind = iota
	scalar
	list
	object
	refused // its problem is already noted: readers say nothing more of it
)

func (k kind) String() string {
	return [...]string{"empty", "a single value", "a list", "a group of settings", "refused"}[k]
}

// field is a name and its value in a group of settings. Names may be doubled
// here: the reader refuses that.
type field struct {
	name  string
	line  int
	value *node
}

func textNode(line int, text string) *node {
	return &node{line: line, kind: scalar, text: text, raw: text, isText: true}
}

// checkText refuses a scalar that isn't UTF-8, which no JSON could repeat.
func (n *node) checkText(p *problems, path string) {
	if n.kind == scalar && !utf8.ValidString(n.text) {
		n.refuse(p, path, "holds bytes that are not UTF-8; write text, without escapes for other bytes")
	}
}

// refuse notes what is wrong with a value, and keeps readers from it.
func (n *node) refuse(p *problems, path, format string, args ...any) {
	p.add(n.line, path, format, args...)
	*n = node{line: n.line, kind: refused}
}

// maxDepth is far deeper than any of these files goes, and shallow enough that
// no nesting can exhaust a parser.
const maxDepth = 20
