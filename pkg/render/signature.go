package render

import (
	"fmt"
	"io"
)

// Signature is what was found of a report's signature.
type Signature struct {
	// State is OK, Fail, or Warn where nobody could check it.
	State State
	// Why is the key that it is by, or what is the matter.
	Why string
}

// GoodSignature is by a key of the trust root with a version, in its window.
func GoodSignature(spki string, version int64) Signature {
	return Signature{OK, fmt.Sprintf("by key %s, as trust root v%d has it", fingerprint(spki), version)}
}

// BadSignature does not check out, for a reason.
func BadSignature(why error) Signature {
	return Signature{Fail, why.Error()}
}

// NotChecked is a signature that nothing at hand can check, for a reason.
func NotChecked(why error) Signature {
	return Signature{Warn, why.Error()}
}

// String is a line about it, without a full stop.
func (s Signature) String() string {
	switch s.State {
	case OK:
		return "signature: " + clean(s.Why)
	case Fail:
		return "SIGNATURE DOES NOT CHECK OUT: " + clean(s.Why)
	default:
		return "signature not checked: " + clean(s.Why)
	}
}

// fingerprint is enough of a digest to tell keys apart by eye.
func fingerprint(spki string) string { return short(spki, 17) }

// mark is the signature in a column.
func (s Signature) mark() string {
	switch s.State {
	case OK:
		return "ok"
	case Fail:
		return "BAD"
	default:
		return "?"
	}
}

// Write writes the signature by itself, above a table. The error is the writer's.
func (s Signature) Write(w io.Writer) error {
	var out page
	out.signature(&s)
	return out.flush(w)
}

// signature writes what was found, above everything else.
func (p *page) signature(s *Signature) {
	if s == nil {
		return
	}
	p.para("", s.String())
	if s.State == Fail {
		p.para("", "DO NOT RELY ON WHAT FOLLOWS: \"sweeper verify\" says all that is wrong.")
	}
	p.WriteString("\n")
}
