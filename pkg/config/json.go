package config

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

// parseJSON turns one JSON document into nodes, doubled names kept: encoding/json
// would silently take the last. It returns nil if there is nothing to go on with.
func parseJSON(p *problems, data []byte) *node {
	data, ok := checkBytes(p, data)
	if !ok {
		return nil
	}
	r := &jsonReader{data: data, decoder: json.NewDecoder(bytes.NewReader(data))}
	r.decoder.UseNumber()
	n, err := r.value(0)
	if err == nil {
		if _, more := r.decoder.Token(); !errors.Is(more, io.EOF) {
			err = errors.New("there is more after its end")
		}
	}
	if err != nil {
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			err = errors.New("it ends too early")
		}
		p.add(r.line(), "", "is not JSON: %v; correct the line or the one before it", err)
		return nil
	}
	return n
}

type jsonReader struct {
	data      []byte
	decoder   *json.Decoder
	at, count int // line breaks in data[:at], so that all lines cost one pass
}

// line is the line of the token just read.
func (r *jsonReader) line() int {
	if to := int(r.decoder.InputOffset()); to > r.at {
		r.count += bytes.Count(r.data[r.at:to], []byte("\n"))
		r.at = to
	}
	return r.count + 1
}

func (r *jsonReader) value(depth int) (*node, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("it is nested more than %d deep", maxDepth)
	}
	t, err := r.decoder.Token()
	if err != nil {
		return nil, err
	}
	n := textNode(r.line(), "")
	switch t := t.(type) {
	case json.Delim:
		if t == '[' {
			n.kind = list
			return n, r.items(n, depth)
		}
		n.kind = object
		return n, r.fields(n, depth)
	case string:
		return textNode(n.line, t), nil
	case nil:
		n.kind = null
	default: // json.Number, bool
		n.text, n.isText = fmt.Sprint(t), false
		n.raw = n.text
	}
	return n, nil
}

func (r *jsonReader) items(n *node, depth int) error {
	for r.decoder.More() {
		item, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.items = append(n.items, item)
	}
	_, err := r.decoder.Token()
	return err
}

func (r *jsonReader) fields(n *node, depth int) error {
	for r.decoder.More() {
		name, err := r.decoder.Token()
		if err != nil {
			return err
		}
		line := r.line()
		value, err := r.value(depth + 1)
		if err != nil {
			return err
		}
		n.fields = append(n.fields, field{fmt.Sprint(name), line, value})
	}
	_, err := r.decoder.Token()
	return err
}
