package config

import (
	"fmt"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

var goodRosters = map[string]string{
	"roster.yaml": "as_of: 2026-11-25T00:00:00Z\nteams:\n  - {id: team-a, zdr_since: 2026-01-10T00:00:00Z}\n  - id: \"007\"\n    zdr_since: 2026-02-01T12:30:00+02:00\n",
	"roster.yml":  "{as_of: \"2026-11-25T00:00:00Z\", teams: [{zdr_since: \"2026-01-10T00:00:00Z\", id: team-a}, {id: '007', zdr_since: '2026-02-01T10:30:00Z'}]}",
	"roster.json": "{\n\t\"as_of\": \"2026-11-25T00:00:00Z\",\n\t\"teams\": [\n\t\t{\"id\": \"team-a\", \"zdr_since\": \"2026-01-10T00:00:00Z\"},\n\t\t{\"id\": \"007\", \"zdr_since\": \"2026-02-01T10:30:00Z\"}\n\t]\n}\n",
	"ROSTER.CSV":  "\ufeff# as_of: 2026-11-25T00:00:00Z\r\nid,zdr_since\r\nteam-a,2026-01-10T00:00:00Z\r\n\"007\",2026-02-01T10:30:00Z\r\n",
}

func TestOneRosterInEachFormat(t *testing.T) {
	want := retention.Roster{
		AsOf: time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC),
		Teams: []retention.RosterTeam{
			{ID: "team-a", Since: time.Date(2026, 1, 10, 0, 0, 0, 0, time.UTC)},
			{ID: "007", Since: time.Date(2026, 2, 1, 10, 30, 0, 0, time.UTC)},
		},
	}
	for name, text := range goodRosters {
		got, err := ParseRoster(name, []byte(text))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
}

func TestAnEmptyListOfTeamsIsARosterButAMissingOneIsNot(t *testing.T) {
	for name, text := range map[string]string{
		"r.yaml": "as_of: 2026-11-25T00:00:00Z\nteams: []\n",
		"r.json": `{"as_of": "2026-11-25T00:00:00Z", "teams": []}`,
		"r.csv":  "# as_of: 2026-11-25T00:00:00Z\nid,zdr_since\n",
	} {
		if got, err := ParseRoster(name, []byte(text)); err != nil || got.Teams == nil || len(got.Teams) != 0 {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for name, text := range map[string]string{
		"r.yaml": "as_of: 2026-11-25T00:00:00Z\n", "r.yml": "as_of: 2026-11-25T00:00:00Z\nteams:\n",
		"r.json": `{"as_of": "2026-11-25T00:00:00Z", "teams": null}`, "r.csv": "# as_of: 2026-11-25T00:00:00Z\n",
	} {
		if got, err := ParseRoster(name, []byte(text)); err == nil || got.Teams != nil {
			t.Errorf("%s: %+v was accepted", name, got)
		}
	}
}

func TestBadRostersAreRefusedWithTheirLines(t *testing.T) {
	const head, json = "as_of: 2026-11-25T00:00:00Z\n", `{"as_of": "2026-11-25T00:00:00Z",` + "\n"
	const csv = "# as_of: 2026-11-25T00:00:00Z\nid,zdr_since\n"
	const since = "zdr_since: 2026-01-10T00:00:00Z"
	var b strings.Builder
	for _, c := range []struct{ name, file, text string }{
		{"empty", "r.yaml", ""},
		{"unknown extension", "r.txt", head + "teams: []\n"},
		{"no as_of", "r.yaml", "teams: []\n"},
		{"as_of a date", "r.yaml", "as_of: 2026-11-25\nteams: []\n"},
		{"as_of without a zone", "r.yaml", "as_of: 2026-11-25T00:00:00\nteams: []\n"},
		{"as_of in a month 13", "r.yaml", "as_of: 2026-13-25T00:00:00Z\nteams: []\n"},
		{"as_of with a space", "r.yaml", "as_of: 2026-11-25 00:00:00Z\nteams: []\n"},
		{"as_of the zero time", "r.yaml", "as_of: 0001-01-01T00:00:00Z\nteams: []\n"},
		{"as_of with an hour of one digit", "r.yaml", "as_of: 2026-11-25T1:00:00Z\nteams: []\n"},
		{"as_of with a comma", "r.yaml", "as_of: \"2026-11-25T01:00:00,5Z\"\nteams: []\n"},
		{"as_of with an offset that is none", "r.yaml", "as_of: 2026-11-25T01:00:00+99:00\nteams: []\n"},
		{"as_of in lower case", "r.yaml", "as_of: 2026-11-25t01:00:00z\nteams: []\n"},
		{"a name with a line feed", "r.yaml", head + "teams: []\n\"a\\nb\\e[2J\": 1\n"},
		{"as_of twice", "r.yaml", head + head + "teams: []\n"},
		{"doubled team", "r.yaml", head + "teams:\n  - {id: a, " + since + "}\n  - {id: b, " + since + "}\n  - {id: a, " + since + "}\n"},
		{"doubled team spelled two ways", "r.yaml", head + "teams:\n  - {id: a, " + since + "}\n  - {id: \"\\x61\", " + since + "}\n"},
		{"no id", "r.yaml", head + "teams:\n  - {" + since + "}\n"},
		{"empty id", "r.yaml", head + "teams:\n  - {id: '', " + since + "}\n"},
		{"id with a slash", "r.yaml", head + "teams:\n  - {id: a/b, " + since + "}\n"},
		{"id with a space at its end", "r.yaml", head + "teams:\n  - {id: 'a ', " + since + "}\n"},
		{"id a number", "r.yaml", head + "teams:\n  - {id: 007, " + since + "}\n"},
		{"id a truth value", "r.yaml", head + "teams:\n  - {id: true, " + since + "}\n"},
		{"id not UTF-8", "r.yaml", head + "teams:\n  - {id: \xff, " + since + "}\n"},
		{"no zdr_since", "r.yaml", head + "teams:\n  - {id: a}\n"},
		{"zdr_since a date", "r.yaml", head + "teams:\n  - {id: a, zdr_since: 2026-01-10}\n"},
		{"unknown field", "r.yaml", head + "teams:\n  - {id: a, " + since + ", name: A}\n"},
		{"unknown field at the top", "r.yaml", head + "teams: []\nversion: 1\n"},
		{"teams a map", "r.yaml", head + "teams:\n  a: 2026-01-10T00:00:00Z\n"},
		{"team a word", "r.yaml", head + "teams: [a]\n"},
		{"not a map", "r.yaml", "- a\n"},
		{"several", "r.yaml", "teams:\n  - {id: a/b}\n  - {id: c, zdr_since: soon}\n"},
		{"json: doubled name", "r.json", json + `"as_of": "2026-11-26T00:00:00Z", "teams": []}`},
		{"json: doubled field of a team", "r.json", json + `"teams": [{"id": "a", "id": "b",` + "\n" + `"zdr_since": "2026-01-10T00:00:00Z"}]}`},
		{"json: doubled team", "r.json", json + `"teams": [{"id": "a", "zdr_since": "2026-01-10T00:00:00Z"},` + "\n" + `{"id": "\u0061", "zdr_since": "2026-01-10T00:00:00Z"}]}`},
		{"json: id a number", "r.json", json + `"teams": [{"id": 7, "zdr_since": "2026-01-10T00:00:00Z"}]}`},
		{"json: unknown field", "r.json", json + `"Teams": []}`},
		{"json: trailing comma", "r.json", json + `"teams": [],}`},
		{"json: cut off", "r.json", json + `"teams": [`},
		{"json: two documents", "r.json", json + `"teams": []}` + "\n{}"},
		{"json: garbage after it", "r.json", json + `"teams": []} x`},
		{"json: empty", "r.json", ""},
		{"json: not UTF-8", "r.json", json + "\"teams\": [{\"id\": \"\xff\"}]}"},
		{"json: nested without end", "r.json", strings.Repeat("[", 100_000)},
		{"csv: no as_of", "r.csv", "id,zdr_since\na,2026-01-10T00:00:00Z\n"},
		{"csv: as_of empty", "r.csv", "# as_of:\nid,zdr_since\n"},
		{"csv: other header", "r.csv", "# as_of: 2026-11-25T00:00:00Z\nzdr_since,id\n"},
		{"csv: no header", "r.csv", "# as_of: 2026-11-25T00:00:00Z\na,2026-01-10T00:00:00Z\n"},
		{"csv: a field too many", "r.csv", csv + "a,2026-01-10T00:00:00Z\nb,2026-01-10T00:00:00Z,x\n"},
		{"csv: a field too few", "r.csv", csv + "a\n"},
		{"csv: a bare quote", "r.csv", csv + "a\"b,2026-01-10T00:00:00Z\n"},
		{"csv: empty id", "r.csv", csv + ",2026-01-10T00:00:00Z\n"},
		{"csv: space before the id", "r.csv", csv + " a,2026-01-10T00:00:00Z\n"},
		{"csv: space before the time", "r.csv", csv + "a, 2026-01-10T00:00:00Z\n"},
		{"csv: a comment further down", "r.csv", csv + "# b\n"},
		{"csv: doubled team", "r.csv", csv + "a,2026-01-10T00:00:00Z\n\na,2026-01-11T00:00:00Z\n"},
		{"csv: empty", "r.csv", ""},
	} {
		got, err := ParseRoster(c.file, []byte(c.text))
		if err == nil || !reflect.DeepEqual(got, retention.Roster{}) {
			t.Errorf("%s: %+v was accepted", c.name, got)
			continue
		}
		fmt.Fprintf(&b, "# %s\n%v\n\n", c.name, err)
	}
	golden(t, "rosters.golden", b.String())
}

func TestALargeRosterIsReadInReasonableTime(t *testing.T) {
	var b strings.Builder
	b.WriteString("as_of: 2026-11-25T00:00:00Z\nteams:\n")
	const n = 10_000
	for i := range n {
		fmt.Fprintf(&b, "  - {id: team-%d, zdr_since: 2026-01-10T00:00:00Z}\n", i)
	}
	began := time.Now()
	r, err := ParseRoster("r.yaml", []byte(b.String()))
	if err != nil || len(r.Teams) != n || r.Teams[n-1].ID != "team-9999" {
		t.Fatalf("%d teams, %v", len(r.Teams), err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("%d teams took %v", n, took)
	}
}
