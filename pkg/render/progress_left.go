package render

import (
	"fmt"
	"time"
)

// No estimate is made of less than this: the first requests say little about the
// rest.
const (
	estimateAfter = 5 * time.Second
	estimateShare = 50 // of the whole, one in so many
)

// estimate says in words how long the rest takes, at the speed so far. It is ""
// where too little was done to tell, and where all that was expected is done.
func estimate(took time.Duration, done, expected int64) string {
	if took < estimateAfter || done < expected/estimateShare || done < 1 || done >= expected {
		return ""
	}
	left := time.Duration(float64(took) / float64(done) * float64(expected-done))
	switch {
	case left < time.Minute:
		return "less than a minute left"
	case left < 10*time.Minute:
		return fmt.Sprintf("about %d min left", (left+30*time.Second)/time.Minute)
	case left.Round(5*time.Minute) < time.Hour:
		return fmt.Sprintf("about %d min left", left.Round(5*time.Minute)/time.Minute)
	case left < 10*time.Hour:
		left = left.Round(10 * time.Minute)
		if left%time.Hour == 0 {
			return fmt.Sprintf("about %d h left", left/time.Hour)
		}
		return fmt.Sprintf("about %d h %d min left", left/time.Hour, left%time.Hour/time.Minute)
	default:
		return fmt.Sprintf("about %d h left", (left+30*time.Minute)/time.Hour)
	}
}
