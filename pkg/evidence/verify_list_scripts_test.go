package evidence

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	guide, err := os.ReadFile("../../docs/auditors.md")
	if err != nil {
		t.Fatal(err)
	}
	scripts := t.TempDir()
	for _, m := range regexp.MustCompile("(?ms)^`(chain|recipe)\\.sh`:\n\n```bash\n(.*?)^```$").FindAllStringSubmatch(string(guide), -1) {
		if err := os.WriteFile(filepath.Join(scripts, m[1]+".sh"), []byte(m[2]), 0o600); err != nil {
			t.Fatal(err)
		}
	}
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
			dir := t.TempDir()
			v.must(os.CopyFS(filepath.Join(dir, "vault"), v.fs))
			trust, err := v.trust.Marshal()
			v.must(err)
			v.must(os.WriteFile(filepath.Join(dir, "trust-root.json"), trust, 0o600))
			args := []string{filepath.Join(scripts, "chain.sh"), "vault", "trust-root.json"}
			for _, h := range v.o.Heads {
				args = append(args, fmt.Sprintf("%d:%s", h.Sequence, h.StatementSHA256))
			}
			cmd := exec.CommandContext(t.Context(), "bash", args...)
			cmd.Dir = dir
			data, err := cmd.CombinedOutput()
			out := string(data)
			switch {
			case want == "" && (err != nil || !strings.Contains(out, "WHOLE: ")):
				t.Errorf("it finds more than the guide says:\n%s", out)
			case want != "" && (err == nil || !strings.Contains(out, "NOT WHOLE: "+want+"\n")):
				t.Errorf("want %q:\n%s", want, out)
			}
		})
	}
}
