package render

import (
	"fmt"
	"io"
	"strings"
)

// State is how a check came out.
type State string

// The states, from best to worst. FAIL is in capitals so that it is found in a
// page of ok.
const (
	OK   State = "ok"
	Warn State = "warn"
	Fail State = "FAIL"
)

// Check is one thing that `sweeper check` looked at.
type Check struct {
	State   State  `json:"state"`
	Subject string `json:"subject"`      // the setting, store or file
	Meaning string `json:"meaning"`      // what was found and what that means
	Do      string `json:"do,omitempty"` // the way out; empty for ok
}

// Checks writes a line a check, what to do below it, and a last one that sums
// up. The error is the writer's.
func Checks(w io.Writer, checks []Check) error {
	var out page
	var warned, failed int64
	for _, c := range checks {
		switch c.State {
		case OK:
		case Warn:
			warned++
		default: // what isn't known to be good is bad
			failed++
		}
		first := fmt.Sprintf("%-6s", short(string(c.State), 5))
		// A meaning may be an error of several lines.
		for i, line := range strings.Split(strings.TrimRight(c.Meaning, "\n"), "\n") {
			if i == 0 {
				line = c.Subject + ": " + line
			}
			out.para(first, clean(line))
			first = "        "
		}
		if c.Do != "" {
			out.para("      -> ", clean(c.Do))
		}
	}
	all := of(int64(len(checks)), "check", "checks")
	switch {
	case failed > 0:
		out.para("", fmt.Sprintf("%s of %s failed: put that right before a run.", count(failed), all))
	case warned > 0:
		out.para("", fmt.Sprintf("%s passed, %s.", all, of(warned, "with a warning", "with warnings")))
	default:
		out.para("", all+" passed.")
	}
	return out.flush(w)
}
