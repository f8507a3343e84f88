package config

import (
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

func (f file) schedule(g *group) *Schedule {
	c := g.child("schedule")
	if !g.has("schedule") {
		return nil
	}
	defer c.done()
	s := &Schedule{Cron: c.required("cron", "15 2 * * *"), CatchUp: c.boolean("catch_up", true)}
	s.Location, s.Timezone = c.zone("timezone")
	if s.Cron != "" {
		if what := cronProblem(s.Cron); what != "" {
			c.problem("cron", "%s; write minute, hour, day, month and weekday, as in \"15 2 * * *\"", what)
		}
	}
	return s
}

// cronProblem says what is wrong with a cron expression, or nothing.
func cronProblem(text string) string {
	// The zone has its own setting (and the library panics on a bare "TZ=").
	if strings.Contains(text, "TZ=") {
		return "holds a time zone, which goes into timezone"
	}
	// Its slots would depend on when the daemon started: none could be missed.
	if strings.HasPrefix(text, "@every") {
		return "@every has no slots that a report could be due at"
	}
	spec, err := cron.ParseStandard(text)
	if err != nil {
		return "is not a cron expression (" + err.Error() + ")"
	}
	if spec.Next(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return "names a day that never comes"
	}
	return ""
}
