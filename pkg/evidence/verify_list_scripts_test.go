package evidence

import (
	"strings"
	"testing"
)

// unseen are the forgeries that chain.sh of the auditor's guide lets pass, and
// the guide says so: they take a recount of the lines, or a comparison of each
// document with its one spelling.
func unseen() []string {
	return []string{
		"a re-indented bundle",
		"a teams.csv that is signed and doesn't fit the lines",
		"a cut tail, and an audit period that it reaches into",
	}
}

// What the script says of each forgery, in the order of everyForgery.
func TestTheAuditorsScriptFindsAllForgeriesButThoseThatItNames(t *testing.T) {
	needTools(t, "bash", "openssl", "jq", "sha256sum", "base64", "gunzip", "comm", "cmp")
	const follows, undeclared = "report 1 does not follow the one before it", "report 2 does not declare "
	said := map[string]string{
		"a gap":                                       "report 1 is missing, and 0000000002 comes after it",
		"a swap":                                      follows,
		"an edit of the payload":                      "report 1 does not check out",
		"an edit of a file":                           "report 0 does not check out",
		"a cut middle":                                "report 1 is missing, and 0000000002 comes after it",
		"a cut tail, and a head of it":                "report 2, whose head you noted, is not there: the history was cut",
		"an undeclared missed slot":                   "report 1 does not declare that slot 2026-11-21T02:15:00Z was missed",
		"an undeclared change of scope":               undeclared + "SCOPE_CHANGED",
		"an undeclared change of roster":              undeclared + "that a team went from the roster: zoe 2026-02-01T00:00:00Z",
		"an undeclared change of schedule":            undeclared + "SCHEDULE_CHANGED",
		"a recovery out of place":                     "report 2 began before the one before it",
		"a key out of its window":                     "report 0: no key of the trust root counts for it",
		"an extra file":                               "report 1: a file does not belong to it: read-me-first.txt",
		"a re-compressed part":                        "report 0 does not check out",
		"the whole vault signed again by a fresh key": "report 0: no key of the trust root counts for it",
		"a second vault with a new id":                "report 0 does not follow the one before it",
		"the newest report signed again by the right key, and a head of it":         "report 1 is not the one whose head you noted: the history was rewritten",
		"the newest report signed again by the right key, and the time stamp of it": "report 1: report.tsr is not a time stamp of its signature",
	}
	for _, name := range unseen() {
		said[name] = ""
	}
	for _, c := range everyForgery() {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			want, known := said[c.name]
			if !known {
				t.Fatal("nothing says whether the script finds it")
			}
			v := &forgery{fixture: newFixture(t)}
			c.forge(v)
			out, err := chainScript(v.fixture, v.o.Heads...)
			switch {
			case want == "" && (err != nil || !strings.Contains(out, "WHOLE: ")):
				t.Errorf("it finds more than the guide says:\n%s", out)
			case want != "" && (err == nil || !strings.Contains(out, "NOT WHOLE: "+want+"\n")):
				t.Errorf("want %q:\n%s", want, out)
			}
		})
	}
}
