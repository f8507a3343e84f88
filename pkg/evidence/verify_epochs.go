package evidence

import "cmp"

// epochs compares what the reports say of the secret that an epoch's name stands
// for. Two secrets under one name are no finding: who lost theirs and made another
// may not have renamed it. But of one secret a team has one key in an epoch.
func (r *verifier) epochs() {
	type key struct{ epoch, commit, team string }
	type said struct {
		commit string
		by     int64
	}
	secrets, teams := map[string]said{}, map[key]said{}
	for _, rep := range r.reports {
		id := rep.p.Identifiers
		if !rep.signed || id.Epoch == "" {
			continue
		}
		if before, ok := secrets[id.Epoch]; ok && before.commit != id.EpochCommit {
			r.notef("report %d: identifiers.epoch %q is that of report %d with another epochCommit: "+
				"the secret was replaced without a new name, and neither finds the other's entries", rep.number(), id.Epoch, before.by)
		}
		secrets[id.Epoch] = said{id.EpochCommit, rep.number()}
		for _, row := range rep.teams {
			k := key{id.Epoch, id.EpochCommit, row.Team}
			first, ok := teams[k]
			if !ok {
				teams[k] = said{row.TeamKeyCommit, rep.number()}
				continue
			}
			if first.commit != row.TeamKeyCommit {
				rep.problemf(FileTeams, "team %s has the teamKeyCommit %s, and in report %d, of the same epoch and secret, %s", row.Team,
					cmp.Or(row.TeamKeyCommit, "none"), first.by, cmp.Or(first.commit, "none"))
				break // the others are as likely to differ
			}
		}
	}
}
