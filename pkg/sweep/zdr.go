package sweep

import (
	"maps"
	"slices"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Codes of doubt about the roster.
const (
	CodeRosterStale   = "ROSTER_STALE"      // as_of is too old, or lies in the future
	CodeRosterEmpty   = "ROSTER_EMPTY"      // no team, and the config does not say that this is right
	CodeNearMatch     = "ROSTER_NEAR_MATCH" // a seen team is a roster id in another spelling
	CodeDatesDisagree = "DATES_DISAGREE"    // one date says before zdr_since, the other after
	CodeUnattributed  = "UNATTRIBUTED_KEYS" // whose they are can't be read out of the key
)

// rosterDoubt says why the roster can't carry a claim, "" if it can.
func (r *Run) rosterDoubt() string {
	return r.Spec.Roster.Doubt(r.StartedAt, r.Spec.Limits.MaxClockSkew)
}

// Doubt says why a roster can't carry a claim at the given time, "" if it can:
// ROSTER_EMPTY, or ROSTER_STALE (also from further in the future than clocks
// may differ).
func (r RosterSpec) Doubt(at time.Time, maxClockSkew time.Duration) string {
	age := at.Sub(r.Roster.AsOf)
	switch {
	case len(r.Roster.Teams) == 0 && !r.AllowEmpty:
		return CodeRosterEmpty
	case age > r.MaxAge, age < -maxClockSkew:
		return CodeRosterStale
	default:
		return ""
	}
}

// teamState decides what one listing of one store says of a ZDR team. It is
// zero only over a listing that saw everything and could tell whose it was.
func teamState(team string, c Census, witness WitnessFile, doubt string) string {
	n := c.Teams[team]
	switch {
	case n.Violation > 0, witness.Teams[team] > 0:
		return evidence.StateViolation
	case n.DatesDiffer > 0, !c.Complete, c.Population.Unattributed > 0, c.NearMatches[team] > 0, doubt != "":
		return evidence.StateInconclusive
	case n.Residual > 0:
		return evidence.StateResidual
	case n.Total() > 0: // counted, and of neither kind: can't be, so never zero
		return evidence.StateInconclusive
	default:
		return evidence.StateZero
	}
}

// mode says how much of the stores the ZDR statement is about.
func (r *Run) mode() string {
	if r.PrefixOnly {
		return evidence.ModePrefixes
	}
	return evidence.ModeFull
}

// worst returns the worse of two states: the one that claims less. A state that
// it doesn't know is worse than any.
func worst(a, b string) string {
	order := []string{evidence.StateViolation, evidence.StateInconclusive, evidence.StateResidual,
		evidence.StateZeroInPrefix, evidence.StateZero}
	if slices.Index(order, a) <= slices.Index(order, b) {
		return a
	}
	return b
}

// teamRows makes teams.csv: each ZDR team in each store, also at zero; other
// teams where they were seen, if the config asks for them.
func (f *facts) teamRows(ids *evidence.Identifiers) []evidence.TeamRow {
	doubt := f.run.rosterDoubt()
	zdr := map[string]bool{}
	var rows []evidence.TeamRow
	for _, team := range f.run.Spec.Roster.Roster.Teams {
		zdr[team.ID] = true
		for i := range f.stores {
			row := f.teamRow(i, team.ID, ids)
			row.ZDR, row.ZDRSince = true, evidence.FormatTime(team.Since)
			row.State = teamState(team.ID, f.stores[i].before, f.stores[i].witness, doubt)
			if after := f.stores[i].after; after != nil {
				row.State = worst(row.State, teamState(team.ID, after.Census, f.stores[i].witness, doubt))
			}
			if f.run.PrefixOnly && row.State == evidence.StateZero {
				row.State = evidence.StateZeroInPrefix
			}
			rows = append(rows, row)
		}
	}
	if !f.run.Spec.AllTeams || f.teamsDropped() {
		return rows // some of the others' rows alone would look like all of them
	}
	others := map[string]bool{}
	for i := range f.stores {
		for team := range f.stores[i].before.Teams {
			others[team] = !zdr[team]
		}
	}
	for _, team := range slices.Sorted(maps.Keys(others)) {
		for i := range f.stores {
			if others[team] && f.stores[i].before.Teams[team].Total() > 0 {
				rows = append(rows, f.teamRow(i, team, ids))
			}
		}
	}
	return rows
}

func (f *facts) teamRow(store int, team string, ids *evidence.Identifiers) evidence.TeamRow {
	s := f.stores[store]
	n := s.before.Teams[team]
	row := evidence.TeamRow{Team: team, Store: f.run.Spec.Stores[store].Name,
		Objects: n.Objects, NoncurrentVersions: n.Versions, DeleteMarkers: n.Markers, Uploads: n.Uploads,
		Planned: n.Planned, Gone: s.lines.Gone[team], TeamKeyCommit: ids.Team(team).Commit()}
	if f.run.Type == evidence.TypeAttestation {
		row.Planned = 0 // it plans nothing
	}
	if s.after != nil {
		row.Remaining = s.after.Census.Teams[team].Total()
	} else {
		row.Remaining = n.Total() - row.Gone // nobody looked again: what the first listing leaves over
	}
	return row
}

// zdrSummary counts the teams by the worst of their states.
func zdrSummary(rows []evidence.TeamRow) (z evidence.ZDR) {
	worstOf := map[string]string{}
	for _, row := range rows {
		if row.ZDR {
			if have, ok := worstOf[row.Team]; ok {
				worstOf[row.Team] = worst(have, row.State)
			} else {
				worstOf[row.Team] = row.State
			}
		}
	}
	for _, state := range worstOf {
		z.TeamCount++
		switch state {
		case evidence.StateZero:
			z.Zero++
		case evidence.StateResidual:
			z.Residual++
		case evidence.StateViolation:
			z.Violation++
		default:
			z.Inconclusive++
		}
	}
	return z
}
