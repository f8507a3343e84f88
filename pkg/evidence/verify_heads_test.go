package evidence

import (
	"strings"
	"testing"
	"time"
)

// The holder of a stolen key writes whatever time it likes into a report. A head
// vouches as of when somebody else noted it, and of nothing if they don't say.
func TestAHeadVouchesForACompromisedKeyAsOfWhenItWasNoted(t *testing.T) {
	f := newFixture(t)
	f.three()
	instant := "2026-11-21T12:00:00Z"
	f.trust.Keys[0].CompromisedAt = &instant
	found := func(n, more string) string {
		return "report " + n + ": report.sigstore.json: the key was compromised at " + instant +
			", and no time stamp or head from before then vouches for the report" + more
	}
	unknown := func(n string) string {
		return "; of the head " + n + " it isn't known when it was noted: if before then, say so with --head SEQ:STATEMENT_SHA256@TIME"
	}
	reports := f.verify(VerifyOptions{}).Reports
	noted := func(n int, when time.Time) Head {
		return Head{Sequence: int64(n), StatementSHA256: reports[n].StatementSHA256, Noted: when}
	}
	for name, c := range map[string]struct {
		heads []Head
		want  []string
	}{
		"none":                             {nil, []string{found("0", ""), found("1", ""), found("2", "")}},
		"noted before":                     {[]Head{noted(1, at(21, 2, 30))}, []string{found("2", "")}},
		"noted at that instant":            {[]Head{noted(1, at(21, 12, 0))}, []string{found("0", ""), found("1", ""), found("2", "")}},
		"noted after, of an older report":  {[]Head{noted(1, at(24, 0, 0))}, []string{found("0", ""), found("1", ""), found("2", "")}},
		"it isn't known when":              {[]Head{noted(1, time.Time{})}, []string{found("0", unknown("1")), found("1", unknown("1")), found("2", "")}},
		"one before and one after":         {[]Head{noted(0, at(20, 3, 0)), noted(2, at(22, 3, 0))}, []string{found("1", ""), found("2", "")}},
		"noted before, of another history": {[]Head{{Sequence: 1, StatementSHA256: strings.Repeat("a", 64), Noted: at(21, 2, 30)}}, []string{found("0", ""), found("1", ""), "report 1: report.sigstore.json: the payload's digest is " + reports[1].StatementSHA256 + ", the head says " + strings.Repeat("a", 64) + ": the history was rewritten", found("2", "")}},
	} {
		sameStrings(t, name, f.verify(VerifyOptions{Heads: c.heads}).Problems, c.want)
	}
}

// What stands before a gap is not what the head behind it was noted of.
func TestAHeadVouchesForNothingThatItsDigestDoesNotLeadTo(t *testing.T) {
	f := newFixture(t)
	f.three()
	instant := "2026-11-23T00:00:00Z"
	f.trust.Keys[0].CompromisedAt = &instant
	head := Head{Sequence: 2, StatementSHA256: f.payloadSHA, Noted: at(22, 3, 0)}
	sameStrings(t, "all there", f.verify(VerifyOptions{Heads: []Head{head}}).Problems, nil)
	removeDir(f.fs, ReportDir(1))
	sameStrings(t, "one is missing", f.verify(VerifyOptions{Heads: []Head{head}}).Problems, []string{
		"report 0: report.sigstore.json: the key was compromised at " + instant + ", and no time stamp or head from before then vouches for the report",
		"report 1: report.sigstore.json is missing, and there are reports after it"})
}

func TestAHeadIsNotedAfterItsReportWasFinished(t *testing.T) {
	f := newFixture(t)
	f.three()
	finished := at(22, 2, 21).Add(3 * time.Second)
	for when, want := range map[time.Time][]string{
		finished.Add(-5 * time.Minute): nil, // for clocks that differ
		at(22, 2, 16):                  {"report 2: report.sigstore.json: a head that was noted at 2026-11-22T02:16:00Z names it, and run.finishedAt is 2026-11-22T02:21:03Z"},
	} {
		head := Head{Sequence: 2, StatementSHA256: f.payloadSHA, Noted: when}
		sameStrings(t, when.String(), f.verify(VerifyOptions{Heads: []Head{head}}).Problems, want)
	}
}

func TestAHeadMaySayWhenItWasNoted(t *testing.T) {
	sum := strings.Repeat("a", 64)
	for text, want := range map[string]Head{
		"12:" + sum:                                {Sequence: 12, StatementSHA256: sum},
		"12:" + sum + "@2026-11-20T02:30:00Z":      {Sequence: 12, StatementSHA256: sum, Noted: at(20, 2, 30)},
		"12:" + sum + "@2026-11-20T03:30:00+01:00": {Sequence: 12, StatementSHA256: sum, Noted: at(20, 2, 30)},
	} {
		if h, err := ParseNotedHead(text); err != nil || h != want {
			t.Errorf("%s: %+v, %v", text, h, err)
		}
	}
	for _, bad := range []string{"", "@", "12:" + sum + "@", "12:" + sum + "@2026-11-20", "12:" + sum + "@2026-11-20T02:30:00", "12@2026-11-20T02:30:00Z",
		"12:" + sum + "@0001-01-01T00:00:00Z"} {
		if _, err := ParseNotedHead(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

func FuzzNotedHead(f *testing.F) {
	f.Add("3:" + strings.Repeat("a", 64) + "@2026-11-20T02:30:00Z")
	f.Add("3:" + strings.Repeat("a", 64))
	f.Fuzz(func(t *testing.T, s string) {
		h, err := ParseNotedHead(s)
		if err != nil {
			return
		}
		plain, _, timed := strings.Cut(s, "@")
		want, err := ParseHead(plain)
		want.Noted = h.Noted
		if err != nil || h != want || timed == h.Noted.IsZero() {
			t.Fatalf("%q gives %+v", s, h)
		}
	})
}
