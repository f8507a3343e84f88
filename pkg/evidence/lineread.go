package evidence

import (
	"bytes"
	"fmt"
	"strconv"
)

// lineJSON is a Line as JSON decodes it.
type lineJSON struct {
	Store     int    `json:"store"`
	TeamRef   string `json:"teamRef"`
	KeyHMAC   string `json:"keyHmac"`
	Kind      string `json:"kind"`
	Created   string `json:"created"`
	At        string `json:"at"`
	Why       string `json:"why"`
	Outcome   string `json:"outcome"`
	Code      string `json:"code"`
	By        string `json:"by"`
	Key       string `json:"key"`
	KeyBase64 []byte `json:"keyBase64"`
	Team      string `json:"team"`
	Size      *int64 `json:"size"`
}

// ParseLine reads what Append writes for a valid line, and nothing else.
func ParseLine(data []byte) (Line, error) {
	l, ok := plainLine(data)
	if !ok {
		var err error
		if l, err = decodeLine(data); err != nil {
			return Line{}, fmt.Errorf("manifest line: %w", err)
		}
	}
	if err := l.Validate(); err != nil {
		return Line{}, fmt.Errorf("manifest line: %w", err)
	}
	var room [512]byte
	if err := sameBytes(data, l.Append(room[:0])); err != nil {
		return Line{}, fmt.Errorf("manifest line: %w", err)
	}
	return l, nil
}

// decodeLine reads a line as any JSON.
func decodeLine(data []byte) (Line, error) {
	var j lineJSON
	if err := decodeStrict(data, &j); err != nil {
		return Line{}, err
	}
	l := Line{
		Store: j.Store, TeamRef: j.TeamRef, KeyHMAC: j.KeyHMAC, Kind: j.Kind, Created: j.Created, At: j.At,
		Why: j.Why, Outcome: j.Outcome, Code: j.Code, By: j.By, Key: j.Key, Team: j.Team, Size: j.Size,
	}
	if len(j.KeyBase64) > 0 {
		l.Key = string(j.KeyBase64)
	}
	return l, nil
}

// plainLine reads a line without a raw key, and without anything that JSON
// escapes, as nearly every one is; ok is false for any other. It doesn't check
// much: what it reads counts only if it is valid and encodes to data again.
func plainLine(data []byte) (l Line, ok bool) {
	f := lineFields{text: data, plain: true}
	l = Line{
		Store: f.store(), TeamRef: f.next(`,"teamRef":"`), KeyHMAC: f.next(`,"keyHmac":"`), Kind: f.next(`,"kind":"`),
		Created: f.next(`,"created":"`), At: f.next(`,"at":"`), Why: f.next(`,"why":"`), Outcome: f.next(`,"outcome":"`),
		Code: f.next(`,"code":"`), By: f.next(`,"by":"`),
	}
	return l, f.plain && string(f.text) == "}"
}

// lineFields takes fields off a line, from its start.
type lineFields struct {
	text  []byte
	plain bool // so far
}

func (f *lineFields) store() int {
	digits, rest, found := bytes.Cut(f.text, []byte(","))
	digits, named := bytes.CutPrefix(digits, []byte(`{"store":`))
	n, err := strconv.Atoi(string(digits))
	if !found || !named || err != nil {
		f.plain = false
		return 0
	}
	f.text = f.text[len(f.text)-len(rest)-1:]
	return n
}

// next returns the field's value, "" if the line goes on with another one.
func (f *lineFields) next(name string) string {
	if len(f.text) < len(name) || string(f.text[:len(name)]) != name {
		return ""
	}
	value := f.text[len(name):]
	for i, c := range value {
		if c == '"' {
			f.text = value[i+1:]
			return word(value[:i])
		}
		if c < ' ' || c > '~' || c == '\\' {
			break
		}
	}
	f.plain = false
	return ""
}

// word is text as a string, without a new one for the words of most lines.
func word(text []byte) string {
	switch string(text) {
	case "object":
		return "object"
	case "version":
		return "version"
	case WhyAge:
		return WhyAge
	case OutcomeDeleted:
		return OutcomeDeleted
	case ByResponse:
		return ByResponse
	default:
		return string(text)
	}
}
