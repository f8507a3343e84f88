package render

import (
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

const clockGuard = "max_clock_skew"

// guard says what a guard saw.
func guard(g evidence.Guard) string {
	where := ""
	if g.Store != "" {
		where = " in store " + clean(g.Store)
	}
	return fmt.Sprintf("Guard %s%s: %s", clean(g.Name), where, tripped(g.Name, clean(g.Value), clean(g.Limit)))
}

// tripped says what is the matter by the guard's name: those that compare with
// the last report hold what it said against what is said now.
func tripped(name, now, limit string) string {
	before := fmt.Sprintf("(the last report: %s; now: %s)", limit, now)
	switch name {
	case clockGuard:
		return fmt.Sprintf("the server's clock differs from this machine's by %s, and %s is allowed.", now, limit)
	case "max_age_lowered":
		return "retention.max_age was lowered, and what was young would go " + before + "."
	case "age_source_changed":
		return "retention.age_source was changed, and every age with it " + before + "."
	case "layout_changed":
		return "the layout was changed, and a wrong one makes young data look old " + before + "."
	case "key_date_zone_changed":
		return "key_date_zone was changed, and every date in a key with it " + before + "."
	case "store_empty":
		return "nothing is listed any more: is it the right bucket, and are the credentials right? " + before
	case "store_grown":
		return "far more is listed than before: is it the right bucket and prefix? " + before
	case "hold_removed":
		return "a hold that has not ended is gone from the holds " + before + "."
	case "hold_shortened":
		return "a hold ends earlier than it did " + before + "."
	case "roster_shrunk":
		return fmt.Sprintf("%s ZDR teams of the last report are gone from the roster, and %s may be: is it the right roster?", now, limit)
	case "zdr_since_moved":
		return fmt.Sprintf("zdr_since of ZDR teams was moved: of %s since the last report.", now)
	default:
		return fmt.Sprintf("the plan comes to %s, the limit is %s. Find out why before anything is deleted: "+
			"a wrong layout, cutoff, prefix or roster looks like this.", now, limit)
	}
}
