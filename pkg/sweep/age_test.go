package sweep_test

import (
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestOnlyWhatIsOlderThanMaxAgeGoes(t *testing.T) {
	w := newWorld(t)
	w.put("acme/under", 30*day-time.Second)
	w.put("acme/exact", 30*day)
	w.put("acme/over", 30*day+time.Second)
	s := w.run()
	w.wantKeys("acme/exact", "acme/under")
	if got, want := s.Predicate.Policy.Cutoff, evidence.FormatTime(noon.Add(-30*day)); got != want {
		t.Errorf("cutoff is %s, want %s", got, want)
	}
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 1, Deleted: 1})
}

func TestTheEarlierClockDecidesWhatIsOld(t *testing.T) {
	w := newWorld(t)
	w.skew = -10 * time.Second // the server is 9 to 10 s behind
	w.put("acme/old-by-our-clock-alone", 30*day+5*time.Second)
	w.put("acme/old-by-both", 30*day+20*time.Second)
	w.run()
	w.wantKeys("acme/old-by-our-clock-alone")
}

func TestADayInTheKeyEndsBeforeItCounts(t *testing.T) {
	w := newWorld(t)
	w.spec.Roster.AllowEmpty, w.spec.Roster.Roster.Teams = true, nil
	// Each was copied yesterday, so that the key alone says how old it is. The
	// cutoff lies at noon: the day 30 days ago has not ended then.
	kept := dated("acme", 30*day, "r")
	gone := dated("acme", 31*day, "r")
	for _, key := range []string{kept, gone} {
		w.put(key, day)
	}
	s := w.run()
	w.wantKeys(kept)
	w.wantResult(s, evidence.ResultKept, 0)
	if n := s.Predicate.Totals.ExpiredByKeyDateAlone; n != 1 {
		t.Errorf("expired by key date alone: %d, want 1", n)
	}
}

func TestAnHourInTheKeyEndsBeforeItCounts(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Layouts = []string{"{team}/{yyyy}-{mm}-{dd}T{hh}/{request}.json"}
	kept, gone := "acme/2026-10-26T11/r.json", "acme/2026-10-26T10/r.json" // ends at the cutoff; an hour before
	w.put(kept, day)
	w.put(gone, day)
	w.run()
	w.wantKeys(kept)
}

func TestAKeyDateCountsInItsZone(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].KeyDateZone = "Asia/Tokyo"
	w.spec.Stores[0].Layouts = []string{"{team}/{yyyy}-{mm}-{dd}T{hh}/{request}.json"}
	kept, gone := "acme/2026-10-26T20/r.json", "acme/2026-10-26T19/r.json" // 12:00 UTC is 21:00 there
	w.put(kept, day)
	w.put(gone, day)
	w.run()
	w.wantKeys(kept)
}

func TestAKeyDateThatCanNotBeIsReportedAndDoesNotCount(t *testing.T) {
	w := newWorld(t)
	w.put("acme/2020/01/01/r.request.json", day)
	s := w.run()
	w.wantKeys("acme/2020/01/01/r.request.json")
	if s.Predicate.Totals.Anomalies != 1 || reason(s, "KEY_DATE_ANOMALY") != 1 {
		t.Errorf("anomalies: %d, reasons %v, want one of each", s.Predicate.Totals.Anomalies, s.Predicate.Reasons)
	}
}

func TestLastModifiedAloneCountsIfTheConfigSaysSo(t *testing.T) {
	w := newWorld(t)
	w.spec.AgeSource = retention.AgeLastModified
	key := dated("acme", 40*day, "copied")
	w.put(key, day)
	w.run()
	w.wantKeys(key)
}

func TestTheOldestSurvivorIsWhatTheSecondListingSaw(t *testing.T) {
	w := newWorld(t)
	w.put("acme/young", 29*day)
	w.put("acme/old", 45*day)
	l := w.run().Predicate.Lateness
	if l.OldestDeletedSeconds != int64(45*day/time.Second) || l.OldestSurvivorSeconds != int64(29*day/time.Second) {
		t.Errorf("lateness is %+v, want 45 and 29 days", l)
	}
	if l.Late != 1 {
		t.Errorf("late: %d, want 1: it was older than max_age and a day", l.Late)
	}
}
