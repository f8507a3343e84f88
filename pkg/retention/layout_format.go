package retention

import (
	"fmt"
	"strings"
)

// Format returns the key that the layout reads as f, with "x" for each {_} and
// nothing for {rest}. It fails if no key reads as f: an empty or missing field,
// one with a slash or the text of the literal after it, a date not in the calendar.
func (l Layout) Format(f Fields) (string, error) {
	var b strings.Builder
	b.WriteString(l.prefix)
	for i, s := range l.segments {
		if i > 0 {
			b.WriteByte('/')
		}
		for _, t := range s {
			b.WriteString(t.format(f))
		}
	}
	key := b.String()
	if got, ok := l.Parse(key); !ok || got != f {
		return "", fmt.Errorf("layout %q cannot hold these fields: no key of it reads back as them", l.template)
	}
	return key, nil
}

func (t token) format(f Fields) string {
	switch t.field {
	case literal:
		return t.literal
	case team:
		return f.Team
	case year:
		return fmt.Sprintf("%04d", f.Date.Year)
	case month:
		return fmt.Sprintf("%02d", f.Date.Month)
	case day:
		return fmt.Sprintf("%02d", f.Date.Day)
	case hour:
		return fmt.Sprintf("%02d", f.Date.Hour)
	case request:
		return f.Request
	case part:
		return f.Part
	case ignored:
		return "x"
	default: // rest
		return ""
	}
}
