package sweep

import (
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// LineCounts is what manifest lines say, counted.
type LineCounts struct {
	Outcomes evidence.OutcomeCounts `json:"outcomes"`
	Gone     map[string]int64       `json:"gone"`   // planned entries that are gone, by team
	Codes    map[string]int64       `json:"codes"`  // lines by code
	Oldest   time.Duration          `json:"oldest"` // the oldest age at deletion, nanoseconds
	// Expired entries that a lock keeps, or that hide a version.
	LockedOld  int64 `json:"lockedOld"`
	PendingOld int64 `json:"pendingOld"`
}

func newLineCounts() LineCounts {
	return LineCounts{Gone: map[string]int64{}, Codes: map[string]int64{}}
}

// count counts the line of a planned entry. started is the run's start.
func (c *LineCounts) count(p *Planned, l *evidence.Line, started time.Time) {
	o := &c.Outcomes
	o.Planned++
	if l.Why == evidence.WhyZDR {
		o.Purged++
	}
	switch l.Outcome {
	case evidence.OutcomeDeleted:
		o.Deleted, o.DeletedBytes = o.Deleted+1, o.DeletedBytes+p.Size
	case evidence.OutcomeAbsent:
		o.Absent++
	case evidence.OutcomeAborted:
		o.Aborted++
	case evidence.OutcomeHeld:
		o.Held++
	case evidence.OutcomeLocked:
		o.Locked++
		if l.Why == evidence.WhyAge {
			c.LockedOld++
		}
	case evidence.OutcomePending:
		o.Pending++
		if l.Why == evidence.WhyAge {
			c.PendingOld++
		}
	case evidence.OutcomeChanged:
		o.Changed++
	case evidence.OutcomeFailed:
		o.Failed++
	case evidence.OutcomeUnconfirmed:
		o.Unconfirmed++
	default:
		o.Left++
	}
	if removed(l.Outcome) {
		c.Gone[p.Team]++
		c.Oldest = max(c.Oldest, started.Sub(p.Created))
	}
	if l.Code != "" {
		c.Codes[l.Code]++
	}
}

// add adds the counts of other lines.
func (c *LineCounts) add(o LineCounts) {
	addOutcomes(&c.Outcomes, o.Outcomes)
	for team, n := range o.Gone {
		c.Gone[team] += n
	}
	for code, n := range o.Codes {
		c.Codes[code] += n
	}
	c.Oldest = max(c.Oldest, o.Oldest)
	c.LockedOld += o.LockedOld
	c.PendingOld += o.PendingOld
}
