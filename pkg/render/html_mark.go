package render

import (
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// mark is how a square of the calendar looks: a letter, a pattern and a color.
// The greater is the worse.
type mark int

const (
	noMark mark = iota
	markOther
	markKept
	markExcept
	markMissed
	markUnsure
	markStopped
	markInterrupted
	markSilent
	markBroken
	markUnverified
	markGap
)

// legend are the marks in the order in which they are explained.
func legend() []mark {
	return []mark{markKept, markExcept, markUnsure, markStopped, markInterrupted, markBroken, markMissed, markSilent, markUnverified, markOther}
}

func (m mark) parts() (class, letter, word string) {
	switch m {
	case markOther:
		return "other", "–", "dry run, key rotation"
	case markKept:
		return "kept", "K", "kept"
	case markExcept:
		return "exceptions", "E", "kept with exceptions"
	case markMissed:
		return "missed", "M", "missed slot, declared"
	case markUnsure:
		return "inconclusive", "?", "inconclusive"
	case markStopped:
		return "stopped", "S", "stopped by a guard"
	case markInterrupted:
		return "interrupted", "I", "interrupted"
	case markSilent:
		return "silent", "U", "slot without a report"
	case markBroken:
		return "broken", "B", "broken"
	case markUnverified:
		return "unverified", "X", "not verified"
	case markGap:
		return "silent", "U", "missing"
	default:
		return "", "", ""
	}
}

// Class is the style of a mark, empty for a day without one.
func (m mark) Class() string { class, _, _ := m.parts(); return class }

// Letter tells marks apart without color.
func (m mark) Letter() string { _, letter, _ := m.parts(); return letter }

// Word says what a mark means.
func (m mark) Word() string { _, _, word := m.parts(); return word }

// word says what the mark of a report means, where one stands for several kinds
// the kind.
func (r calendarRun) word() string {
	if r.mark() == markOther {
		return strings.ToLower(r.kind)
	}
	return r.mark().Word()
}

// mark of a report: one that did not verify is that and nothing else.
func (r calendarRun) mark() mark {
	if r.problems > 0 {
		return markUnverified
	}
	switch r.result {
	case evidence.ResultKept:
		return markKept
	case evidence.ResultKeptWithExceptions:
		return markExcept
	case evidence.ResultBroken:
		return markBroken
	case evidence.ResultInconclusive:
		return markUnsure
	case evidence.ResultStopped:
		return markStopped
	case evidence.ResultInterrupted:
		return markInterrupted
	case evidence.ResultNone:
		return markOther
	default:
		return markUnverified
	}
}
