package retention_test

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func TestNearMatchSeesOneTeamSpelledTwoWays(t *testing.T) {
	r := retention.Roster{Teams: []retention.RosterTeam{{ID: "team-a"}, {ID: "Team.B"}, {ID: "team_a2"}, {ID: "straße"}, {ID: "dup-x"}, {ID: "dup_x"}}}
	for seen, want := range map[string]string{
		"team_a": "team-a", "TEAM-A": "team-a", "teama": "team-a", "t.e.a.m.a": "team-a", "teamb": "Team.B", "team.b": "Team.B",
		"STRAßE": "straße", "ſtraße": "straße", "dupx": "dup-x",
		"team-a": "", "Team.B": "", "dup_x": "", "team-aa": "", "team a": "", "team-": "", "": "", "team-b2": "",
	} {
		if got, ok := r.NearMatch(seen); got != want || ok != (want != "") {
			t.Errorf("NearMatch(%q) = %q, %v; want %q", seen, got, ok, want)
		}
	}
}

func TestNearMatchIsBlindToCaseAndSeparatorsAlone(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		id := rapid.StringMatching(`[a-zA-Z0-9]{1,10}`).Draw(r, "id")
		seen := ""
		for _, c := range id {
			seen += rapid.SampledFrom([]string{"", "-", "_", "."}).Draw(r, "separator") +
				rapid.SampledFrom([]string{strings.ToUpper(string(c)), strings.ToLower(string(c))}).Draw(r, "case")
		}
		roster := retention.Roster{Teams: []retention.RosterTeam{{ID: id}}}
		if got, ok := roster.NearMatch(seen); ok != (seen != id) || (ok && got != id) {
			r.Errorf("NearMatch(%q) = %q, %v", seen, got, ok)
		}
		if _, ok := roster.NearMatch(seen + "x"); ok {
			r.Errorf("%q is near %q", seen+"x", id)
		}
	})
}
