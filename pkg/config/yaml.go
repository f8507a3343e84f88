package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
	"github.com/goccy/go-yaml/token"
)

// parseYAML turns one YAML document into nodes. Anchors, aliases, merge keys,
// tags and further documents are refused: each lets a file mean something else
// than it shows. It returns nil if there is nothing to go on with.
func parseYAML(p *problems, data []byte) *node {
	data, ok := checkBytes(p, data)
	if !ok {
		return nil
	}
	file, err := readYAML(string(data))
	if err != nil {
		line, message := 1, err.Error()
		var at yaml.Error
		if errors.As(err, &at) {
			message = at.GetMessage()
			if t := at.GetToken(); t != nil && t.Position != nil {
				line = t.Position.Line
			}
		}
		p.add(line, "", "is not YAML: %s; correct the line or the one before it", message)
		return nil
	}
	return document(p, file)
}

// checkBytes strips a byte order mark and refuses what is not UTF-8 text.
func checkBytes(p *problems, data []byte) ([]byte, bool) {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	bad := -1
	for i := 0; i < len(data) && bad < 0; {
		r, size := utf8.DecodeRune(data[i:])
		if (r == utf8.RuneError && size == 1) || r == 0 {
			bad = i
		}
		i += size
	}
	if bad >= 0 {
		p.add(1+bytes.Count(data[:bad], []byte("\n")), "", "is not UTF-8 text; save the file as UTF-8")
	}
	return data, bad < 0
}

// readYAML calls the parser. A panic of that library becomes an error: the file
// is then refused like any other that can't be read.
func readYAML(text string) (file *ast.File, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the parser gave up on it (%v)", r)
		}
	}()
	tokens := lexer.Tokenize(text)
	if deep := tooDeep(tokens); deep != nil {
		return nil, &yaml.SyntaxError{Message: fmt.Sprintf("it is nested more than %d deep", maxDepth), Token: deep}
	}
	return parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
}

// tooDeep returns the token at which the nesting passes maxDepth, or nil. It works
// on tokens because the parser's time and stack grow without bound with depth.
func tooDeep(tokens token.Tokens) *token.Token {
	flow, entries, line := 0, 0, 0
	for _, t := range tokens {
		if t.Position.Line != line {
			line, entries = t.Position.Line, 0
		}
		switch t.Type {
		case token.MappingStartType, token.SequenceStartType:
			flow++
		case token.MappingEndType, token.SequenceEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType, token.AnchorType, token.TagType:
			if flow == 0 {
				entries++
			}
		}
		// Blocks nest by indentation, at least one column a level.
		if flow > maxDepth || entries > maxDepth || (flow == 0 && t.Type == token.SequenceEntryType && t.Position.Column > 10*maxDepth) || deepKey(t, flow) {
			return t
		}
	}
	return nil
}

func deepKey(t *token.Token, flow int) bool {
	return flow == 0 && t.Type == token.MappingValueType && t.Prev != nil && t.Prev.Position.Column > 10*maxDepth
}

func document(p *problems, file *ast.File) *node {
	if len(file.Docs) == 0 || file.Docs[0].Body == nil {
		p.add(1, "", "is empty; write the settings into it")
		return nil
	}
	if len(file.Docs) > 1 {
		line := 1
		if start := file.Docs[1].Start; start != nil {
			line = start.Position.Line
		} else if body := file.Docs[1].Body; body != nil {
			line = lineOf(body)
		}
		p.add(line, "", "holds more than one document; keep one, and remove the line ---")
		return nil
	}
	return convert(p, file.Docs[0].Body, "", 0)
}

func lineOf(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}

// convert turns a parsed value into a node, and notes what is refused.
func convert(p *problems, n ast.Node, path string, depth int) *node {
	out := &node{line: lineOf(n)}
	if depth > maxDepth {
		out.refuse(p, path, "is nested more than %d deep, which no such file is; write it flatter", maxDepth)
		return out
	}
	switch n := n.(type) {
	case *ast.MappingNode:
		out.kind = object
		for _, v := range n.Values {
			out.addField(p, v, path, depth)
		}
	case *ast.MappingValueNode:
		out.kind = object
		out.addField(p, n, path, depth)
	case *ast.SequenceNode:
		out.kind = list
		for i, v := range n.Values {
			out.items = append(out.items, convert(p, v, itemPath(path, i), depth+1))
		}
	case *ast.StringNode:
		out = textNode(out.line, n.Value)
	case *ast.LiteralNode:
		out = textNode(out.line, n.Value.Value)
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		out = textNode(out.line, strings.TrimSpace(n.GetToken().Value))
		out.isText = false
	case *ast.NullNode:
	default:
		out.refuse(p, path, "holds %s, which is not allowed here; write the value out", describe(n))
	}
	out.checkText(p, path)
	return out
}

func (n *node) addField(p *problems, v *ast.MappingValueNode, path string, depth int) {
	line := lineOf(v.Key)
	name, ok := v.Key.(*ast.StringNode)
	if !ok {
		p.add(line, path, "holds %s as the name of a setting, which is not allowed here; write a plain name", describe(v.Key))
		return
	}
	n.fields = append(n.fields, field{name.Value, line, convert(p, v.Value, join(path, name.Value), depth+1)})
}

// describe names what is refused in the words of YAML.
func describe(n ast.Node) string {
	switch n.(type) {
	case *ast.AliasNode:
		return "an alias (*)"
	case *ast.AnchorNode:
		return "an anchor (&)"
	case *ast.TagNode:
		return "a tag (!)"
	case *ast.MergeKeyNode:
		return "a merge key (<<)"
	default:
		return "a YAML " + n.Type().YAMLName()
	}
}
