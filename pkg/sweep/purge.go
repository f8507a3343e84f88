package sweep

import (
	"context"
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// purgeable returns the ZDR teams whose violations go in this run, however young:
// those whose row, id and zdr_since, stood in the last sealed sweep report that
// its guard let pass. A slip in an edit of the roster must not delete young data the same
// night; and a roster that can't carry a claim can't carry a deletion.
func (s *Sweeper) purgeable(ctx context.Context, run *Run) ([]string, error) {
	if !run.Spec.Purge || run.Type == evidence.TypeAttestation || run.rosterDoubt() != "" {
		return nil, nil
	}
	used, err := s.numbers(ctx)
	if err != nil {
		return nil, err
	}
	known, err := s.lastRoster(ctx, used)
	if err != nil {
		return nil, fmt.Errorf("which ZDR teams may be purged: %w", err)
	}
	var teams []string
	for _, team := range run.Spec.Roster.Roster.Teams {
		if since, ok := known[team.ID]; ok && since == evidence.FormatTime(team.Since) {
			teams = append(teams, team.ID)
		}
	}
	return teams, nil
}

// lastRoster returns the ZDR teams of the last sweep report and the zdr_since of
// each, as the report gives it.
func (s *Sweeper) lastRoster(ctx context.Context, used numbers) (map[string]string, error) {
	known := map[string]string{}
	for i := len(used.sealed) - 1; i >= 0; i-- {
		n := used.sealed[i]
		r, err := s.readReport(ctx, n)
		if err != nil {
			return nil, err
		}
		if !guarded(r.predicate) {
			continue
		}
		teams, err := s.teamsOf(ctx, n, r)
		if err != nil {
			return nil, err
		}
		for _, row := range teams {
			if row.ZDR {
				known[row.Team] = row.ZDRSince
			}
		}
		return known, nil
	}
	return known, nil
}
