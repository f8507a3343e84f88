// Package telemetry sets up logs, metrics and health, and hands them out as
// values: there is no global logger and no global registry.
//
// It never sees a key or a team: metrics are labelled by store, result and
// outcome alone.
package telemetry

import (
	"fmt"
	"io"
	"time"

	"github.com/rs/zerolog"
)

// Logger returns a logger that writes to w. Level is trace, debug, info, warn
// or error. Format is json or console; empty means console on a terminal, else
// json. Times are UTC.
func Logger(w io.Writer, level, format string, terminal bool) (zerolog.Logger, error) {
	l, err := zerolog.ParseLevel(level)
	if err != nil || level == "" || l < zerolog.TraceLevel || l > zerolog.ErrorLevel {
		return zerolog.Nop(), fmt.Errorf("log level %q: use trace, debug, info, warn or error", level)
	}
	switch format {
	case "":
		if terminal {
			w = console(w, terminal)
		}
	case "console":
		w = console(w, terminal)
	case "json":
	default:
		return zerolog.Nop(), fmt.Errorf("log format %q: use json or console", format)
	}
	return zerolog.New(w).Level(l).Hook(clock{}), nil
}

func console(w io.Writer, terminal bool) io.Writer {
	return zerolog.ConsoleWriter{Out: w, NoColor: !terminal, TimeFormat: time.RFC3339, TimeLocation: time.UTC}
}

// clock stamps each event in UTC; zerolog's own way is a global setting.
type clock struct{}

// Run implements zerolog.Hook.
func (clock) Run(e *zerolog.Event, _ zerolog.Level, _ string) {
	e.Str(zerolog.TimestampFieldName, time.Now().UTC().Format(time.RFC3339))
}
