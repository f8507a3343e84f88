package evidence

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestAHeadAnchorsItsReportAndAllBefore(t *testing.T) {
	f := newFixture(t)
	f.three()
	sums := make([]string, 3)
	for i, r := range f.verify(VerifyOptions{}).Reports {
		sums[i] = r.StatementSHA256
	}
	head := func(n int64) Head { return Head{Sequence: n, StatementSHA256: sums[n]} }

	v := f.verify(VerifyOptions{Heads: []Head{head(0), head(2)}, Require: AssuranceAnchored})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "notes", v.Notes, []string{"lock: not checked (a local copy)"})
	if v.Assurance != AssuranceAnchored || !v.Reports[1].Anchored {
		t.Errorf("assurance %s", v.Assurance)
	}

	v = f.verify(VerifyOptions{Heads: []Head{head(1)}, Require: AssuranceAnchored})
	sameStrings(t, "problems with an old head", v.Problems, []string{"the assurance is none, and anchored is required"})
	if !v.Reports[1].Anchored || v.Reports[2].Anchored {
		t.Errorf("%+v", v)
	}
	sameStrings(t, "notes with an old head", v.Notes, []string{"anchored up to report 1; report 2 came later", "lock: not checked (a local copy)"})
	v = f.verify(VerifyOptions{Heads: []Head{head(0)}})
	sameStrings(t, "notes with an older head", v.Notes, []string{"anchored up to report 0; reports 1 to 2 came later", "lock: not checked (a local copy)"})
	v = f.verify(VerifyOptions{Heads: []Head{{Sequence: 1, StatementSHA256: sums[0]}}})
	sameStrings(t, "notes with a head of another history", v.Notes, []string{"lock: not checked (a local copy)",
		"NOT ANCHORED: whoever holds the key could have rewritten or cut this history"})

	v = f.verify(VerifyOptions{Heads: []Head{head(1)}, Require: AssuranceAnchored, To: at(22, 0, 0)})
	sameStrings(t, "problems in a period that the head covers", v.Problems, nil)

	v = f.verify(VerifyOptions{Require: AssuranceTimestamped})
	sameStrings(t, "problems without a head", v.Problems, []string{"the assurance is none, and timestamped is required"})
}

func TestTheNewestReportSignedAgainIsFoundByAHeadAlone(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	before := f.fs
	pl := f.night(21)
	f.seal(pl)
	head := Head{Sequence: 1, StatementSHA256: f.payloadSHA}

	f.fs = clone(before)
	removeDir(f.fs, ReportDir(1))
	f.n = 1
	f.last, f.payloadSHA, f.bundleSHA = nil, "", ""
	again := f.night(21)
	again.p.Chain = pl.p.Chain
	again.p.Organization.Contact = "nobody@example.com"
	f.seal(again)

	sameStrings(t, "without a head", f.verify(VerifyOptions{}).Problems, nil)
	sameStrings(t, "with the head", f.verify(VerifyOptions{Heads: []Head{head}}).Problems, []string{
		"report 1: report.sigstore.json: the payload's digest is " + f.payloadSHA + ", the head says " + head.StatementSHA256 +
			": the history was rewritten"})
}

func TestACutTailIsFoundByAHeadOrByThePeriodsEnd(t *testing.T) {
	f := newFixture(t)
	f.three()
	head := Head{Sequence: 2, StatementSHA256: f.payloadSHA}
	removeDir(f.fs, ReportDir(2))
	sameStrings(t, "without either", f.verify(VerifyOptions{}).Problems, nil)
	sameStrings(t, "with a head", f.verify(VerifyOptions{Heads: []Head{head}}).Problems, []string{
		"report 2: a head names it, and it is not in the vault: the history was cut"})
	sameStrings(t, "with an end", f.verify(VerifyOptions{To: at(23, 0, 0)}).Problems, []string{
		"report 1: no sweep report comes after it, and one was due at 2026-11-22T02:15:00Z, before the audit period's end 2026-11-23T00:00:00Z"})
	sameStrings(t, "with an end before it was due", f.verify(VerifyOptions{To: at(22, 3, 15)}).Problems, nil)
}

func TestWhatIsNotDueYetIsNotMissed(t *testing.T) {
	f := newFixture(t)
	f.three() // the next is due on the 23rd at 02:15, and an hour later it is missed
	missed := []string{"report 2: no sweep report comes after it, and one was due at 2026-11-23T02:15:00Z, before the audit period's end 2026-11-30T00:00:00Z"}
	for now, want := range map[time.Time][]string{
		at(22, 12, 0):                     nil,
		at(23, 3, 15):                     nil,
		at(23, 3, 15).Add(time.Second):    missed,
		at(30, 12, 0):                     missed, // the period is over
		{}:                                missed, // nobody says what time it is
		at(22, 12, 0).Add(20 * time.Hour): missed,
	} {
		v := f.verify(VerifyOptions{To: at(30, 0, 0), Now: now})
		sameStrings(t, now.String(), v.Problems, want)
		note := "the audit period ends at 2026-11-30T00:00:00Z, which is yet to come: what is due after " + FormatTime(now) + " was not asked for"
		if got := slices.Contains(v.Notes, note); got != (!now.IsZero() && now.Before(at(30, 0, 0))) {
			t.Errorf("%s: notes %q", now, v.Notes)
		}
	}
}

func TestThePeriodMustBeCoveredAndOnlyItIsRecounted(t *testing.T) {
	f := newFixture(t)
	f.three()
	sameStrings(t, "problems", f.verify(VerifyOptions{From: at(19, 0, 0)}).Problems, []string{
		"report 0: the history begins with it at 2026-11-20T02:15:03Z, after the audit period's start 2026-11-19T00:00:00Z"})
	v := f.verify(VerifyOptions{From: at(21, 0, 0), To: at(22, 0, 0)})
	sameStrings(t, "problems", v.Problems, nil)
	if v.Reports[0].Recounted || !v.Reports[1].Recounted || v.Reports[2].Recounted {
		t.Errorf("recounted: %+v", v.Reports)
	}
}

func TestWithoutAScheduleNothingSaysThatTheTailIsWhole(t *testing.T) {
	f := newFixture(t)
	pl := f.night(20)
	pl.p.Run.Schedule, pl.p.Run.ScheduledFor = nil, nil
	delete(pl.config, "schedule")
	f.seal(pl)
	v := f.verify(VerifyOptions{To: at(30, 0, 0)})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "exceptions", v.Exceptions, []string{
		"report 0: it has no schedule, so nothing says whether a report is missing after it"})
}

func TestAPeriodWithoutASweepIsSaidToHaveNone(t *testing.T) {
	f := newFixture(t)
	f.three()
	for name, c := range map[string]struct {
		from, to time.Time
		want     []string
	}{
		"no period":              {time.Time{}, time.Time{}, nil},
		"a period with one":      {at(21, 0, 0), at(22, 0, 0), nil},
		"one at its start":       {at(21, 2, 15).Add(3 * time.Second), at(22, 0, 0), nil},
		"between two sweeps":     {at(21, 3, 0), at(22, 0, 0), []string{"the audit period from 2026-11-21T03:00:00Z until 2026-11-22T00:00:00Z holds no sweep report: nothing here says that anything was deleted in it"}},
		"after the last one":     {at(22, 2, 16), time.Time{}, []string{"the audit period from 2026-11-22T02:16:00Z holds no sweep report: nothing here says that anything was deleted in it"}},
		"before the first one":   {time.Time{}, at(20, 2, 0), []string{"the audit period until 2026-11-20T02:00:00Z holds no sweep report: nothing here says that anything was deleted in it"}},
		"one at its end, not in": {time.Time{}, at(20, 2, 15).Add(3 * time.Second), []string{"the audit period until 2026-11-20T02:15:03Z holds no sweep report: nothing here says that anything was deleted in it"}},
	} {
		v := f.verify(VerifyOptions{From: c.from, To: c.to})
		sameStrings(t, name+": problems", v.Problems, nil)
		sameStrings(t, name+": exceptions", v.Exceptions, c.want)
	}
}

func TestAReportOfAnotherTypeIsNoSweep(t *testing.T) {
	f, second, old, spki := rotating(t)
	f.seal(f.rotation(20, f.signer, second))
	v := f.verify(VerifyOptions{From: at(20, 3, 0)})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "exceptions", v.Exceptions, []string{"report 1: key " + old + " hands over to key " + spki,
		"the audit period from 2026-11-20T03:00:00Z holds no sweep report: nothing here says that anything was deleted in it"})
}

func TestAReportMustLieInItsKeysWindow(t *testing.T) {
	f := newFixture(t)
	f.three()
	str := func(s string) *string { return &s }
	k := &f.trust.Keys[0]

	k.NotBefore = "2026-11-20T02:21:04Z"
	sameStrings(t, "notBefore", f.verify(VerifyOptions{}).Problems, []string{
		"report 0: report.sigstore.json: run.finishedAt 2026-11-20T02:21:03Z is before the key's notBefore 2026-11-20T02:21:04Z"})
	k.NotBefore = "2026-11-01T00:00:00Z"

	k.NotAfter = str("2026-11-21T12:00:00Z")
	sameStrings(t, "notAfter", f.verify(VerifyOptions{}).Problems, []string{
		"report 2: report.sigstore.json: run.finishedAt 2026-11-22T02:21:03Z is after the key's notAfter 2026-11-21T12:00:00Z"})
	k.NotAfter = nil

	k.CompromisedAt = str("2026-11-21T12:00:00Z")
	compromised := func(n string) string {
		return "report " + n + ": report.sigstore.json: the key was compromised at 2026-11-21T12:00:00Z, and no time stamp or head from before then vouches for the report"
	}
	sameStrings(t, "compromised", f.verify(VerifyOptions{}).Problems, []string{compromised("0"), compromised("1"), compromised("2")})
}

func TestHeads(t *testing.T) {
	sum := strings.Repeat("a", 64)
	if h, err := ParseHead("12:" + sum); err != nil || h != (Head{Sequence: 12, StatementSHA256: sum}) {
		t.Errorf("%+v, %v", h, err)
	}
	for _, bad := range []string{"", "12", ":" + sum, "-1:" + sum, "x:" + sum, "12:" + strings.ToUpper(sum), "12:" + sum + "0", "+12:" + sum, "012:" + sum} {
		if _, err := ParseHead(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}
