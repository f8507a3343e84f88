package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// MediaTypes and limits shared by the formats.
const (
	maxDocument = 64 << 20 // bytes: no document of a report is larger
	maxInteger  = 1<<53 - 1
)

// encodeJSON is how every JSON document here is written: encoding/json, plain
// structs, no HTML escaping, no spaces, no newline at the end.
func encodeJSON(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n")), nil
}

// decodeStrict reads one JSON value into v and refuses unknown fields and
// anything after it. What remains (doubled fields, other spellings of a field,
// spaces) is for the caller to refuse by encoding v again: see sameBytes.
func decodeStrict(data []byte, v any) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	switch err := d.Decode(v); {
	case errors.Is(err, io.EOF):
		return errors.New("it is empty")
	case errors.Is(err, io.ErrUnexpectedEOF):
		return errors.New("it ends too early: it was cut off")
	case err != nil:
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("there is something after the JSON value")
	}
	return nil
}

// sameBytes reports the first byte at which what was read is not what its
// content encodes to. One meaning has one spelling, so that no document can
// say one thing to this program and another to jq.
func sameBytes(read, encoded []byte) error {
	if bytes.Equal(read, encoded) {
		return nil
	}
	n := 0
	for n < len(read) && n < len(encoded) && read[n] == encoded[n] {
		n++
	}
	return fmt.Errorf("does not re-encode to its own bytes (first difference at byte %d)", n)
}

// isHex reports whether s is n bytes in lower-case hex.
func isHex(s string, n int) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return len(s) == 2*n
}

// FormatTime is how an instant is written in every format here: RFC 3339 in
// UTC, with a fraction only if there is one.
func FormatTime(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) }

// ParseTime reads what FormatTime writes, and nothing else.
func ParseTime(s string) (time.Time, error) {
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil || FormatTime(t) != s {
		return time.Time{}, fmt.Errorf("%q is not a time in RFC 3339 and UTC", s)
	}
	return t.UTC(), nil
}

// HourUp rounds t up to a whole hour: a created time in a manifest is never
// earlier than the truth.
func HourUp(t time.Time) string {
	h := t.UTC().Truncate(time.Hour)
	if h.Before(t) {
		h = h.Add(time.Hour)
	}
	return FormatTime(h)
}

// HourDown cuts t down to a whole hour.
func HourDown(t time.Time) string { return FormatTime(t.UTC().Truncate(time.Hour)) }

// isHour reports whether s is a whole hour, written as FormatTime does.
func isHour(s string) bool {
	const wholeHour = "2006-01-02T15:00:00Z" // of one length, in digits and signs that stand at their place
	if len(s) != len(wholeHour) || s[13:] != wholeHour[13:] {
		return false
	}
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}
