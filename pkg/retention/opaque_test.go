package retention

import (
	"testing"
	"time"
)

// What a server could not spell may look like any team's key, and like any
// date: only LastModified is to be believed.
func TestAnOpaqueKeyIsNobodysAndExpiresByLastModifiedAlone(t *testing.T) {
	l, err := ParseLayout("", "{team}/{yyyy}/{mm}/{dd}/{rest}")
	if err != nil {
		t.Fatal(err)
	}
	start := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
	p := Policy{Start: start, Cutoff: Cutoff(start, 30*Day), AgeSource: AgeEarliest, Layouts: []Layout{l}, Zone: time.UTC,
		Roster: Roster{Teams: []RosterTeam{{ID: "zeta", Since: start.Add(-400 * Day)}}}}
	e := Entry{Key: "zeta/2026/01/01/b\ufffdc", Kind: Object, LastModified: start.Add(-time.Hour), Opaque: true}
	if v := p.Judge(e); v.Attribution != Unattributed || v.Team != "" || v.ZDRTeam || v.Expired || !v.KeyDate.IsZero() {
		t.Errorf("young: %+v", v)
	}
	e.LastModified = start.Add(-31 * Day)
	if v := p.Judge(e); !v.Expired || v.KeyDateAlone {
		t.Errorf("old: %+v", v)
	}
}
