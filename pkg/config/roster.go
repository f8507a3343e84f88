package config

import (
	"mime"
	"path/filepath"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// rosterFormat returns yaml, json or csv, or nothing if neither the extension of
// the name nor the content type says which.
func rosterFormat(name, contentType string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".yaml", ".yml":
		return "yaml"
	case ".json":
		return "json"
	case ".csv":
		return "csv"
	}
	media, _, _ := mime.ParseMediaType(contentType) // of one that can't be read it is empty
	switch media {
	case "application/yaml", "application/x-yaml", "text/yaml", "text/x-yaml":
		return "yaml"
	case "application/json":
		return "json"
	case "text/csv":
		return "csv"
	}
	return ""
}

const exampleTime = "2026-01-10T00:00:00Z"

// ParseRoster reads the list of ZDR teams; name says the format by its
// extension (.yaml, .yml, .json or .csv) and stands in errors. An empty list of
// teams is accepted: whether it is believed is not decided here. The error
// holds every problem, with its line.
func ParseRoster(name string, data []byte) (retention.Roster, error) {
	return ParseServedRoster(name, "", data)
}

// ParseServedRoster is ParseRoster for what a server sent: where the extension
// of the name says nothing, its Content-Type says the format.
func ParseServedRoster(name, contentType string, data []byte) (retention.Roster, error) {
	p := newProblems(name)
	roster := retention.Roster{Teams: []retention.RosterTeam{}}
	var n *node
	switch rosterFormat(name, contentType) {
	case "yaml":
		n = parseYAML(p, data)
	case "json":
		n = parseJSON(p, data)
	case "csv":
		n = parseCSV(p, data)
	default:
		p.add(1, "", "has an unknown extension; name the roster .yaml, .yml, .json or .csv")
	}
	if n == nil {
		return retention.Roster{}, p.err()
	}
	g := newGroup(p, n, "", n.line)
	roster.AsOf = g.instant("as_of", exampleTime)
	lines := map[string]int{}
	for i, item := range g.items("teams") {
		t := newGroup(p, item, g.itemPath("teams", i), item.line)
		team := retention.RosterTeam{ID: t.required("id", "team-a"), Since: t.instant("zdr_since", exampleTime)}
		t.done()
		if strings.Contains(team.ID, "/") {
			t.problem("id", `holds a "/", so no key could name this team; write the id as it stands in keys`)
		}
		if first, doubled := lines[team.ID]; doubled && team.ID != "" {
			t.problem("id", "is doubled, first on line %d; keep one row, with the earlier zdr_since if both are meant", first)
			continue
		}
		lines[team.ID] = item.line
		roster.Teams = append(roster.Teams, team)
	}
	if !g.has("teams") && !g.broken {
		g.problem("teams", "is missing; list the ZDR teams, or write [] if there are none")
	}
	g.done()
	if err := p.err(); err != nil {
		return retention.Roster{}, err
	}
	return roster, nil
}
