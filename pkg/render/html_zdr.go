package render

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

const (
	// fewTeams are listed in full, at zero too.
	fewTeams = 20
	// mostTeams bounds the table, so that a page can be opened on any day.
	mostTeams = 500
)

// zdrView is the state of the zero-retention teams.
type zdrView struct {
	States []figure
	Teams  *grid
	Notes  []string
	Roster []fact
}

func zdrOf(p evidence.Predicate, rows []evidence.TeamRow) *zdrView {
	z := p.ZDR
	v := &zdrView{}
	if z.TeamCount == 0 {
		v.Notes = append(v.Notes, "No ZDR team is on the roster.")
	} else {
		v.States = []figure{
			{"Zero", count(z.Zero), "nothing stored"},
			{"Residual", count(z.Residual), "from before zero retention"},
			{"Violation", count(z.Violation), "should never have been stored"},
			{"Inconclusive", count(z.Inconclusive), "could not be seen"},
		}
		v.Roster = facts("Roster", z.RosterSource, "As of", when(z.RosterAsOf), "SHA-256", z.RosterSHA256)
	}
	if z.Mode == evidence.ModePrefixes && len(rows) > 0 {
		v.Notes = append(v.Notes, inPrefixes(rows))
	}
	if z.Witness.Looked > 0 {
		v.Notes = append(v.Notes, witness(z.Witness))
	}
	v.teams(rows)
	return v
}

// teams fills the table: every row where they are few, else those that are not
// at zero, the worst first, and how many others there are.
func (v *zdrView) teams(rows []evidence.TeamRow) {
	var zdr, shown []evidence.TeamRow
	for _, r := range rows {
		if !r.ZDR {
			continue
		}
		zdr = append(zdr, r)
		if !atZero(r) {
			shown = append(shown, r)
		}
	}
	if len(zdr) <= fewTeams {
		shown = slices.Clone(zdr)
	}
	slices.SortStableFunc(shown, func(a, b evidence.TeamRow) int { return cmp.Compare(badness(a.State), badness(b.State)) })
	if n := int64(len(zdr) - len(shown)); n > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("%s of teams.csv at zero %s not shown: one row a team and store.",
			of(n, "row", "rows"), verb(n, "is", "are")))
	}
	if n := int64(len(shown) - mostTeams); n > 0 {
		v.Notes = append(v.Notes, fmt.Sprintf("%s more that %s not at zero %s in teams.csv.", of(n, "row", "rows"),
			verb(n, "is", "are"), verb(n, "stands", "stand")))
		shown = shown[:mostTeams]
	}
	g := &grid{Caption: "ZDR teams by store", Head: head("Team", "Store", "State", ">Found", ">Gone", ">Remaining", "Zero retention since")}
	for _, r := range shown {
		g.add(text(r.Team), text(r.Store), stateCell(r), number(r.Found()), number(r.Gone), number(r.Remaining), text(when(r.ZDRSince)))
	}
	v.Teams = g.orNil()
}

func atZero(r evidence.TeamRow) bool {
	return (r.State == evidence.StateZero || r.State == evidence.StateZeroInPrefix) && r.Found() == 0 && r.Remaining == 0
}

// badness orders states from the worst to the best; one that isn't known is as
// bad as any.
func badness(state string) int {
	return slices.Index([]string{evidence.StateViolation, evidence.StateInconclusive, evidence.StateResidual,
		evidence.StateZeroInPrefix, evidence.StateZero}, state)
}

func stateCell(r evidence.TeamRow) gridCell {
	t := tone{"bad", "✕", clean(r.State)}
	switch r.State {
	case evidence.StateZero, evidence.StateZeroInPrefix:
		t.Class, t.Sign = "ok", "✓"
	case evidence.StateResidual:
		t.Class, t.Sign = "warn", "!"
	case evidence.StateInconclusive:
		t.Class, t.Sign = "warn", "?"
	}
	return gridCell{Tone: &t}
}
