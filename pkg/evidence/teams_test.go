package evidence

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestTeamsHaveThisText(t *testing.T) {
	c := strings.Repeat("a", 64)
	rows := []TeamRow{
		{Team: "team-a", ZDR: true, ZDRSince: "2026-01-10T00:00:00Z", Store: "exchanges", State: StateZero, TeamKeyCommit: c},
		{Team: `x,"y"`, Store: "exchanges", Objects: 1, NoncurrentVersions: 2, DeleteMarkers: 3, Uploads: 4, Planned: 5, Gone: 4,
			Remaining: 6, TeamKeyCommit: c},
	}
	got, err := EncodeTeams(rows)
	if err != nil {
		t.Fatal(err)
	}
	want := "team,zdr,zdrSince,store,objects,noncurrentVersions,deleteMarkers,uploads,planned,gone,remaining,state,teamKeyCommit\n" +
		"team-a,true,2026-01-10T00:00:00Z,exchanges,0,0,0,0,0,0,0,zero," + c + "\n" +
		`"x,""y""",false,,exchanges,1,2,3,4,5,4,6,,` + c + "\n"
	if string(got) != want {
		t.Errorf("\n got %s\nwant %s", got, want)
	}
}

func TestTeamsReadBackAsTheyWereWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.Int64Range(0, maxInteger)
		row := rapid.Custom(func(t *rapid.T) TeamRow {
			r := TeamRow{Team: rapid.String().Filter(ValidTeamID).Draw(t, "team"), Store: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "store"),
				Objects: n.Draw(t, "o"), Planned: n.Draw(t, "p"), Remaining: n.Draw(t, "r"), TeamKeyCommit: strings.Repeat("0", 64)}
			if rapid.Bool().Draw(t, "zdr") {
				r.ZDR, r.ZDRSince, r.State = true, "2026-01-01T00:00:00Z", StateViolation
			}
			return r
		})
		rows := rapid.SliceOfNDistinct(row, 0, 8, func(r TeamRow) string { return r.Team + "\x00" + r.Store }).Draw(t, "rows")
		text, err := EncodeTeams(rows)
		if err != nil {
			t.Fatal(err)
		}
		back, err := ParseTeams(text)
		if err != nil || len(back) != len(rows) {
			t.Fatalf("%q: %v", text, err)
		}
		for i := range rows {
			if rows[i] != back[i] {
				t.Fatalf("%+v came back as %+v", rows[i], back[i])
			}
		}
	})
}

func TestTeamsInAnyOtherSpellingAreRefused(t *testing.T) {
	c := strings.Repeat("a", 64)
	head := strings.Join(teamsHeader(), ",") + "\n"
	good := head + "t,true,2026-01-10T00:00:00Z,s,1,0,0,0,1,1,0,residual," + c + "\n"
	if _, err := ParseTeams([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for name, bad := range map[string]string{
		"empty": "", "no header": strings.TrimPrefix(good, head), "no newline": strings.TrimSpace(good),
		"windows lines":      strings.ReplaceAll(good, "\n", "\r\n"),
		"needless quotes":    strings.Replace(good, "\nt,", "\n\"t\",", 1),
		"a column too few":   strings.Replace(good, ",residual", "", 1),
		"yes":                strings.Replace(good, "true", "yes", 1),
		"a plus":             strings.Replace(good, ",s,1,", ",s,+1,", 1),
		"a leading zero":     strings.Replace(good, ",s,1,", ",s,01,", 1),
		"negative":           strings.Replace(good, ",s,1,", ",s,-1,", 1),
		"an unknown state":   strings.Replace(good, "residual", "fine", 1),
		"no state":           strings.Replace(good, "residual", "", 1),
		"no since":           strings.Replace(good, "2026-01-10T00:00:00Z", "", 1),
		"another zone":       strings.Replace(good, "00:00:00Z", "00:00:00+01:00", 1),
		"no team":            strings.Replace(good, "\nt,", "\n,", 1),
		"no store":           strings.Replace(good, ",s,", ",,", 1),
		"a team twice":       good + strings.TrimPrefix(good, head),
		"not UTF-8":          strings.Replace(good, "\nt,", "\n\xff,", 1),
		"a state for others": strings.Replace(good, "true,2026-01-10T00:00:00Z", "false,", 1),
		"a short commit":     strings.Replace(good, c, "aa", 1),
		"an empty line":      good + "\n",
	} {
		if _, err := ParseTeams([]byte(bad)); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := EncodeTeams([]TeamRow{{Team: "a\r\nb", Store: "s", TeamKeyCommit: c}}); err == nil {
		t.Error("a team id with a line break was written")
	}
}
