package evidence

import (
	"testing"
	"time"
)

// Two machines' clocks may be apart by what each may be from the servers', and by
// five minutes. The fixture's policy allows a minute.
func TestARunBeginsWhenTheOneBeforeHasEnded(t *testing.T) {
	const found = "report 1: report.sigstore.json: run.startedAt 2026-11-21T02:15:03Z is before report 0 was finished (2026-11-21T02:22:04Z), and a vault has one run at a time"
	began := at(21, 2, 15).Add(3 * time.Second)
	for name, c := range map[string]struct {
		ended  time.Time
		change func(first, second *Predicate)
		want   []string
	}{
		"as far as clocks explain": {began.Add(7 * time.Minute), func(*Predicate, *Predicate) {}, nil},
		"further":                  {began.Add(7*time.Minute + time.Second), func(*Predicate, *Predicate) {}, []string{found}},
		"further, and the policy allows it": {began.Add(7*time.Minute + time.Second), func(_, second *Predicate) {
			second.Policy.Limits.MaxClockSkewMillis = 61000
		}, nil},
		"neither run deletes": {began.Add(time.Hour), func(first, second *Predicate) {
			for _, p := range []*Predicate{first, second} {
				p.ReportType = TypeAttestation
			}
		}, nil},
	} {
		f := newFixture(t)
		first, second := f.quiet(20), f.quiet(21)
		first.p.Run.FinishedAt = FormatTime(c.ended)
		c.change(&first.p, &second.p)
		f.seal(first)
		f.seal(second)
		sameStrings(t, name, f.verify(VerifyOptions{}).Problems, c.want)
	}
}
