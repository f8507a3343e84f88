package evidence

import (
	"strings"
	"testing"
)

func TestALineThatTheSignedNumbersDoNotAllowIsNoProof(t *testing.T) {
	p := Predicate{Stores: []Store{{Name: "s", Bucket: "b"}}, Outcomes: []Outcomes{{Store: "s", OutcomeCounts: OutcomeCounts{Deleted: 1}}},
		Policy: Policy{Cutoff: "2026-10-21T02:15:03Z"}, Run: Run{StartedAt: "2026-11-20T02:15:03Z", FinishedAt: "2026-11-20T02:21:03Z"}}
	line := Line{Kind: "object", Created: "2026-10-21T03:00:00Z", At: "2026-11-20T02:00:00Z", Why: WhyAge, Outcome: OutcomeDeleted}
	name := entryName{kind: "object", bucket: "b"}
	if err := fits(p, name, line); err != nil {
		t.Fatalf("a true line is refused: %v", err)
	}
	for want, lie := range map[string]func(*Line){
		"has no such outcome":   func(l *Line) { l.Outcome = OutcomeAborted },
		"later than the cutoff": func(l *Line) { l.Created = "2026-10-21T04:00:00Z" },
	} {
		l := line
		lie(&l)
		if err := fits(p, name, l); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want one that says %q", err, want)
		}
	}
}
