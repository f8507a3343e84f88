package main

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// nights is an operator whose vault holds the nights of the auditor's guide.
type nights struct {
	*built
	server *buckettest.Server
	gate   *buckettest.Gate
	keys   []string // of all that ever lay in the bucket
}

// newNights makes the four runs that the guide shows, of November 21, 23, 24 and
// 25, 2026. No run served the slot of the 22nd; on the 23rd an object of the ZDR
// team granite lay in the bucket, on the 24th one that is nobody's.
func newNights(t *testing.T) *nights {
	t.Helper()
	needTools(t)
	n := new(nights)
	n.server, n.gate = embedded(t)
	text := strings.Replace(configFor(n.gate.URL, dirVault), "    layout:", "    credentials_file: credentials\n    layout:", 1)
	n.built = install(t, text+"schedule: {cron: \"15 2 * * *\", timezone: UTC}\n", "test", "testtest")
	n.write(t, "credentials", "[default]\naws_access_key_id = test\naws_secret_access_key = testtest\n")
	if err := os.RemoveAll(filepath.Join(n.dir, "keys")); err != nil {
		t.Fatal(err)
	}
	if err := generateKeys(filepath.Join(n.dir, "keys"), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)); err != nil {
		t.Fatal(err)
	}
	const old, young = 30*24*time.Hour + 12*time.Hour, time.Hour
	n.night(t, 21, map[string]time.Duration{"acme/r1.request.json": old, "acme/r2.request.json": old, "beta/r3.request.json": old})
	n.night(t, 23, map[string]time.Duration{"acme/r4.request.json": old, "acme/r9.request.json": young, "granite/r5.request.json": young})
	n.server.Remove(scriptBucket, "granite/r5.request.json")
	n.night(t, 24, map[string]time.Duration{"beta/r6.request.json": old, "odd": young})
	n.server.Remove(scriptBucket, "odd")
	n.night(t, 25, map[string]time.Duration{"beta/r7.request.json": old})
	return n
}

// night stores objects of the given ages and makes the run of a November night,
// through the code of "sweeper run", but for the clock.
func (n *nights) night(t *testing.T, day int, put map[string]time.Duration) {
	t.Helper()
	slot := time.Date(2026, 11, day, 2, 15, 0, 0, time.UTC)
	now := slot.Add(5 * time.Second)
	for key, age := range put {
		n.server.Put(scriptBucket, key, []byte("{}"), now.Add(-age))
		n.keys = append(n.keys, key)
	}
	// A server's Date has no fraction, and must not seem to run behind.
	n.gate.OnResponse(func(_ string, r *http.Response) {
		r.Header.Set("Date", time.Now().UTC().Add(time.Second).Format(http.TimeFormat))
	})
	n.write(t, "zdr-teams.yaml", fmt.Sprintf("as_of: %s\nteams:\n  - {id: granite, zdr_since: 2026-01-01T00:00:00Z}\n  - {id: harbor, zdr_since: 2026-01-01T00:00:00Z}\n",
		now.Add(-time.Hour).Format(time.RFC3339)))
	c, err := config.Load(filepath.Join(n.dir, "sweeper.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	req := sweep.Request{Type: evidence.TypeSweep, Trigger: "schedule", Slot: slot}
	if req.Spec, err = spec(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	k, err := readKeys(t.Context(), c, now)
	if err != nil {
		t.Fatal(err)
	}
	s, err := openStorage(t.Context(), c, k)
	if err != nil {
		t.Fatal(err)
	}
	sweeper := sweeper(c, k, s, zerolog.Nop(), nil)
	sweeper.Now = func() time.Time { return now }
	if _, err := sweeper.Run(t.Context(), req); err != nil {
		t.Fatal(err)
	}
}

// publicTools are all that the guide's scripts may call.
func publicTools() []string {
	return []string{"bash", "openssl", "jq", "gunzip", "gzip", "cmp", // and of coreutils:
		"base64", "basenc", "cat", "comm", "cut", "date", "dirname", "mkdir", "mktemp", "printf", "rm", "sha256sum", "shuf", "sort", "tee", "tr", "wc", "yes"}
}

func needTools(t *testing.T) {
	t.Helper()
	for _, tool := range publicTools() {
		if _, err := exec.LookPath(tool); err != nil {
			if os.Getenv("CI") == "true" {
				t.Fatalf("the auditor's guide needs %s: %v", tool, err)
			}
			t.Skipf("the auditor's guide is not run: it needs %s", tool)
		}
	}
}

// auditor is a stranger's folder: a copy of the vault, the trust root, and the
// guide's scripts. Beside them only public tools can be found.
type auditor struct {
	dir, tools string
}

// newAuditor copies an operator's vault and trust root.
func newAuditor(t *testing.T, vault, trust string) *auditor {
	t.Helper()
	a := &auditor{dir: t.TempDir(), tools: t.TempDir()}
	for _, sub := range []string{"reports", "trust"} {
		if err := os.CopyFS(filepath.Join(a.dir, "vault", sub), os.DirFS(filepath.Join(vault, sub))); err != nil {
			t.Fatal(err)
		}
	}
	a.take(t, trust, "trust-root.json")
	for name, text := range readGuide(t).scripts {
		a.write(t, name, text)
	}
	for _, tool := range publicTools() {
		path, err := exec.LookPath(tool)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(path, filepath.Join(a.tools, tool)); err != nil {
			t.Fatal(err)
		}
	}
	return a
}

func (a *auditor) write(t *testing.T, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(a.dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// take copies a file that was handed over.
func (a *auditor) take(t *testing.T, from, name string) {
	t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, name, string(data))
}

// run runs commands in the folder and returns the exit status and all that was
// said. Only withSweeper can they call sweeper.
func (a *auditor) run(t *testing.T, withSweeper bool, commands string) (int, string) {
	t.Helper()
	path := a.tools
	if withSweeper {
		bin, err := binary()
		if err != nil {
			t.Fatal(err)
		}
		path += string(os.PathListSeparator) + filepath.Dir(bin)
	}
	return bash(t, a.dir, []string{"PATH=" + path, "TMPDIR=" + t.TempDir(), "LC_ALL=C"}, commands)
}

func bash(t *testing.T, dir string, env []string, commands string) (int, string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "bash", "-euo", "pipefail", "-c", commands)
	cmd.Dir, cmd.Env = dir, env
	out, _ := cmd.CombinedOutput()
	return cmd.ProcessState.ExitCode(), string(out)
}

// says demands an exit status and a text.
func (a *auditor) says(t *testing.T, withSweeper bool, commands string, status int, want string) {
	t.Helper()
	got, out := a.run(t, withSweeper, commands)
	flat := strings.Join(strings.Fields(out), " ") // sweeper wraps its lines
	if got != status || !strings.Contains(flat, want) {
		t.Errorf("%s: exit status %d, not %d, or it does not say %q:\n%s", commands, got, status, want, out)
	}
}

// guide is docs/auditors.md: its scripts, and its commands with what they print.
type guide struct {
	scripts map[string]string
	steps   []guideStep
}

type guideStep struct {
	operator bool
	commands string
	want     *regexp.Regexp // nil: anything
}

func readGuide(t *testing.T) guide {
	t.Helper()
	data, err := os.ReadFile("../../docs/auditors.md")
	if err != nil {
		t.Fatal(err)
	}
	g := guide{scripts: map[string]string{}}
	for _, m := range regexp.MustCompile("(?ms)^(?:`([a-z]+\\.sh)`[^\n]*\n\n)?```(\\w+)\n(.*?)^```$").FindAllStringSubmatch(string(data), -1) {
		name, lang, text := m[1], m[2], m[3]
		switch {
		case lang == "bash" && name != "":
			g.scripts[name] = text
		case lang == "sh":
			g.steps = append(g.steps, guideStep{operator: strings.HasPrefix(text, "# the operator\n"), commands: text})
		case lang == "text" && len(g.steps) > 0:
			g.steps[len(g.steps)-1].want = printedAs(text)
		default:
			t.Fatalf("a block of language %q is run by nothing:\n%s", lang, text)
		}
	}
	return g
}

// printedAs matches an output as the guide shows it: "..." stands for anything in
// a line, and a line of it for any lines.
func printedAs(text string) *regexp.Regexp {
	var b strings.Builder
	for line := range strings.Lines(text) {
		if line == "...\n" {
			b.WriteString("(?:.*\n)*?")
			continue
		}
		b.WriteString(strings.ReplaceAll(regexp.QuoteMeta(strings.TrimSuffix(line, "\n")), `\.\.\.`, `.*`) + "\n")
	}
	return regexp.MustCompile("^" + b.String() + "$")
}

func TestEveryCommandOfTheAuditorsGuideRunsAndPrintsWhatItShows(t *testing.T) {
	t.Parallel()
	n := newNights(t)
	a := newAuditor(t, filepath.Join(n.dir, "vault"), filepath.Join(n.dir, "keys/trust-root.json"))
	n.write(t, "keys.txt", strings.Join(n.keys, "\n")+"\n")
	bin, err := binary()
	if err != nil {
		t.Fatal(err)
	}
	trailing := regexp.MustCompile(`(?m)[ \t]+$`)
	steps := readGuide(t).steps
	for _, s := range steps {
		var status int
		var out string
		if s.operator {
			a.hand(t, n.dir, "sample.txt") // the auditor's draw
			status, out = bash(t, n.dir, append(n.env, "PATH="+filepath.Dir(bin)+string(os.PathListSeparator)+os.Getenv("PATH")), s.commands)
			a.receive(t, n.dir, "proof.json", "acme.json", "proofs")
		} else {
			status, out = a.run(t, true, s.commands)
		}
		if out = trailing.ReplaceAllString(out, ""); status != 0 || s.want != nil && !s.want.MatchString(out) {
			t.Errorf("exit status %d of\n%s\n%s\nwhat the guide shows: %v", status, s.commands, out, s.want)
		}
	}
	if len(steps) < 12 {
		t.Errorf("only %d steps were found in the guide", len(steps))
	}
}

// hand gives the operator a file of the auditor's, if there is one by now.
func (a *auditor) hand(t *testing.T, to, name string) {
	t.Helper()
	if data, err := os.ReadFile(filepath.Join(a.dir, name)); err == nil {
		if err := os.WriteFile(filepath.Join(to, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// receive takes what the operator has made by now.
func (a *auditor) receive(t *testing.T, from string, names ...string) {
	t.Helper()
	for _, name := range names {
		info, err := os.Stat(filepath.Join(from, name))
		switch {
		case err != nil: // not yet
		case info.IsDir():
			if err := os.CopyFS(filepath.Join(a.dir, name), os.DirFS(filepath.Join(from, name))); err != nil {
				t.Fatal(err)
			}
		default:
			a.take(t, filepath.Join(from, name), name)
		}
	}
}

// The scripts that check one report and one proof are those that pkg/evidence
// tries on whatever was tampered with.
func TestTheGuidesRecipesAreThoseThatAreTriedOnForgeries(t *testing.T) {
	scripts := readGuide(t).scripts
	for _, name := range []string{"recipe.sh", "proof.sh"} {
		data, err := os.ReadFile("../../pkg/evidence/testdata/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if scripts[name] != string(data) {
			t.Errorf("%s of docs/auditors.md is not that of pkg/evidence/testdata", name)
		}
	}
	if len(scripts) != 7 {
		t.Errorf("the guide has %d scripts", len(scripts))
	}
}

func TestIsTheChainWholeIsAnsweredBySweeperAndByPublicTools(t *testing.T) {
	t.Parallel()
	n := newNights(t)
	vault, trust := filepath.Join(n.dir, "vault"), filepath.Join(n.dir, "keys/trust-root.json")
	report := func(k int) string { return "vault/" + evidence.ReportDir(int64(k)) }
	head := n.verified(t).Reports[3]
	newest := fmt.Sprintf("3:%s", head.StatementSHA256)
	const asks, sweeperAsks = "bash chain.sh vault trust-root.json ", "sweeper verify vault --trust trust-root.json "
	whole := newAuditor(t, vault, trust)
	whole.says(t, false, asks+newest, 0, "Anchored up to report 3: nothing up to it was rewritten or cut")
	whole.says(t, true, sweeperAsks+"--require anchored --head "+newest, 0, "assurance anchored: the evidence checks out.")

	for name, c := range map[string]struct {
		forge                    string // commands of whoever can write to the copy
		head                     string // that the auditor noted
		publicTools, sweeperSays string
	}{
		"a cut middle": {"rm -r " + report(1), newest,
			"NOT WHOLE: report 1 is missing, and 0000000002 comes after it", "report 1: report.sigstore.json is missing, and there are reports after it"},
		"a cut tail": {"rm -r " + report(3), newest,
			"NOT WHOLE: report 3, whose head you noted, is not there: the history was cut", "report 3: a head names it, and it is not in the vault: the history was cut"},
		"a swap": {"mv " + report(1) + " x; mv " + report(2) + " " + report(1) + "; mv x " + report(2), newest,
			"NOT WHOLE: report 1 does not follow the one before it", "report 1: report.sigstore.json: chain.sequence is 2, the directory's number is 1"},
		"an edited teams.csv": {"sed -i s/violation/zero/ " + report(1) + "/teams.csv", newest,
			"NOT WHOLE: report 1 does not check out", "report 1: teams.csv: it is not the file that was signed"},
		"an extra file": {"touch " + report(2) + "/more", newest,
			"NOT WHOLE: report 2: a file does not belong to it: more", "report 2: more: it does not belong to the report"},
		"another bundle": {"cp " + report(0) + "/report.sigstore.json " + report(1), newest,
			"NOT WHOLE: report 1 does not check out", "report 1: report.sigstore.json: chain.sequence is 0, the directory's number is 1"},
		"an empty bundle": {": >" + report(1) + "/report.sigstore.json", newest,
			"NOT WHOLE: report 1: report.sigstore.json holds no statement", "report 1: report.sigstore.json: "},
		"a directory for a bundle": {"rm " + report(1) + "/report.sigstore.json; mkdir " + report(1) + "/report.sigstore.json", newest,
			"NOT WHOLE: report 1: report.sigstore.json can't be read", "report 1: report.sigstore.json: it is a directory"},
		"a bundle that is no JSON": {"echo '{' >" + report(1) + "/report.sigstore.json", newest,
			"NOT WHOLE: report 1: report.sigstore.json can't be read", "report 1: report.sigstore.json: "},
		"a bundle whose payload is no base64": {"echo '{\"dsseEnvelope\":{\"payload\":\"%\"}}' >" + report(1) + "/report.sigstore.json", newest,
			"NOT WHOLE: report 1: report.sigstore.json can't be read", "report 1: report.sigstore.json: "},
		"a bundle whose payload is no JSON": {"echo '{\"dsseEnvelope\":{\"payload\":\"e2\\u003d=\"}}' >" + report(1) + "/report.sigstore.json", newest,
			"NOT WHOLE: report 1: report.sigstore.json ", "report 1: report.sigstore.json: "},
		"a payload of another kind": {"echo '{\"dsseEnvelope\":{\"payload\":\"W10=\"}}' >" + report(1) + "/report.sigstore.json", newest,
			"NOT WHOLE: report 1: report.sigstore.json holds no statement", "report 1: report.sigstore.json: "},
		"a head of another history": {"true", "2:" + head.StatementSHA256,
			"NOT WHOLE: report 2 is not the one whose head you noted: the history was rewritten", "the head says " + head.StatementSHA256 + ": the history was rewritten"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuditor(t, vault, trust)
			if status, out := bash(t, a.dir, os.Environ(), "chmod -R u+w vault; "+c.forge); status != 0 {
				t.Fatal(out)
			}
			a.says(t, false, asks+c.head, 1, c.publicTools)
			a.says(t, true, sweeperAsks+"--head "+c.head, 6, c.sweeperSays)
		})
	}

	t.Run("another trust root", func(t *testing.T) {
		a := newAuditor(t, vault, trust)
		if err := generateKeys(filepath.Join(a.dir, "other"), time.Date(2026, 11, 20, 0, 0, 0, 0, time.UTC)); err != nil {
			t.Fatal(err)
		}
		a.take(t, filepath.Join(a.dir, "other/trust-root.json"), "trust-root.json")
		a.says(t, false, asks, 1, "NOT WHOLE: report 0: no key of the trust root counts for it")
		a.says(t, true, sweeperAsks, 6, "which the trust root does not name")
	})
}

// The scripts agree with verify on vaults that no embedded server could leave.
func TestThePublicToolsFindTheGoldenVaultsWhole(t *testing.T) {
	t.Parallel()
	needTools(t)
	vaults, err := filepath.Glob("../../pkg/evidence/testdata/vaults/*")
	if err != nil || len(vaults) == 0 {
		t.Fatalf("%d vaults, %v", len(vaults), err)
	}
	for _, v := range vaults {
		a := newAuditor(t, filepath.Join(v, "vault"), filepath.Join(v, "trust-root.json"))
		a.says(t, false, "bash chain.sh vault trust-root.json", 0, "WHOLE: ")
		proofs, err := fs.Glob(os.DirFS(v), "proofs/*.json")
		if err != nil || len(proofs) == 0 {
			t.Fatalf("%d proofs, %v", len(proofs), err)
		}
		for _, p := range proofs {
			a.take(t, filepath.Join(v, p), "proof.json")
			a.says(t, false, "bash object.sh vault trust-root.json proof.json", 0, "says of it: ")
			a.says(t, true, "sweeper verify --proof proof.json --trust trust-root.json", 0, "The proof holds")
		}
		// A time stamp of another report is none of this one.
		stamps, err := filepath.Glob(filepath.Join(a.dir, "vault/reports/*/report.tsr"))
		if err != nil || len(stamps) < 2 {
			t.Fatalf("%d time stamps, %v", len(stamps), err)
		}
		if status, out := bash(t, a.dir, os.Environ(), "cp "+stamps[0]+" "+stamps[1]); status != 0 {
			t.Fatal(out)
		}
		a.says(t, false, "bash chain.sh vault trust-root.json", 1, "report.tsr is not a time stamp of its signature")
		a.says(t, true, "sweeper verify vault --trust trust-root.json", 6, "it is not over this report's signature")
	}
}

func TestWasObjectXDeletedIsAnsweredBySweeperAndByPublicTools(t *testing.T) {
	t.Parallel()
	n := newNights(t)
	a := newAuditor(t, filepath.Join(n.dir, "vault"), filepath.Join(n.dir, "keys/trust-root.json"))
	n.run(t, 0, "prove", "--store", "exchanges", "--key", "acme/r1.request.json", "--out", "proof.json")
	n.run(t, 0, "keys", "team", "acme", "--out", "acme.json")
	n.run(t, 0, "keys", "team", "harbor", "--out", "harbor.json")
	a.receive(t, n.dir, "proof.json", "acme.json", "harbor.json")

	// With a proof, by whoever has one.
	a.says(t, false, "bash object.sh vault trust-root.json proof.json", 0, "report 0 says of it: deleted")
	a.says(t, true, "sweeper verify --proof proof.json --trust trust-root.json", 0, `"acme/r1.request.json", in bucket "exchanges" (store "exchanges"), was deleted at 2026-11-21 02:00`)

	// A key that does not count, or another vault, proves nothing.
	for name, c := range map[string]struct{ change, publicTools, sweeperSays string }{
		"the key ended before":  {`.keys[0].notAfter = "2026-11-20T12:00:00Z"`, "no key of the trust root counts for its report", "after the key's notAfter"},
		"the key began after":   {`.keys[0].notBefore = "2026-11-22T00:00:00Z"`, "no key of the trust root counts for its report", "before the key's notBefore"},
		"compromised":           {`.keys[0].compromisedAt = "2026-11-24T00:00:00Z"`, "no key of the trust root counts for its report", "the key was compromised"},
		"another vault's":       {`.vaultId = "another"`, "THE PROOF IS OF ANOTHER VAULT than the trust root's", "that of the trust root is"},
		"the key ends after it": {`.keys[0].notAfter = "2026-11-21T12:00:00Z"`, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			publicTools, sweeperSays, no := "report 0 says of it: deleted", "The proof holds", 0
			if c.publicTools != "" {
				publicTools, sweeperSays, no = c.publicTools, c.sweeperSays, 1
			}
			change := "jq -cj '" + c.change + "' trust-root.json >changed.json; "
			a.says(t, false, change+"bash object.sh vault changed.json proof.json", no, publicTools)
			a.says(t, true, "sweeper verify --proof proof.json --trust changed.json", 6*no, sweeperSays)
		})
	}

	// With the team's key, which can say no as well.
	const find, prove = "bash find.sh vault acme.json exchanges ", "sweeper prove --store exchanges --team-key acme.json --vault vault --trust trust-root.json --key "
	a.says(t, false, find+"acme/r1.request.json", 0, "report 0 (sweep): object deleted 2026-11-21T02:00:00Z")
	a.says(t, true, prove+"acme/r1.request.json", 0, "was deleted at 2026-11-21 02:00")
	for name, key := range map[string]string{"young": "acme/r9.request.json", "another team's": "beta/r3.request.json", "never there": "acme/r0.request.json"} {
		t.Run(name, func(t *testing.T) {
			a.says(t, false, find+key, 3, "reports searched: 4 no report says anything of it")
			a.says(t, true, prove+key, 3, "No report says that it was deleted (reports searched: 4).")
		})
	}

	// A report that was not searched is not counted as searched.
	part := filepath.Join(a.dir, "vault", evidence.ReportDir(0), evidence.PartName(0, 0))
	if err := os.Rename(part, filepath.Join(a.dir, "part")); err != nil {
		t.Fatal(err)
	}
	a.says(t, false, find+"acme/r1.request.json", 4, "report 0 was not searched to its end, it lacks "+evidence.PartName(0, 0)+
		", which it keeps until no stated date reports searched: 3 no report that was searched says anything of it")
	a.says(t, false, find+"acme/r4.request.json", 4, "report 1 (sweep): object deleted 2026-11-23T02:00:00Z reports searched: 3")
	if err := os.Rename(filepath.Join(a.dir, "part"), part); err != nil {
		t.Fatal(err)
	}
	a.says(t, false, "jq '.epoch = \"2020\"' acme.json >old.json; bash find.sh vault old.json exchanges acme/r1.request.json", 3,
		"report 3 was not searched: it was made with the secret of another epoch reports searched: 0")
	a.says(t, false, "bash find.sh vault acme.json elsewhere acme/r1.request.json", 3, "report 3 was not searched: it knows no store elsewhere reports searched: 0")

	// A key that teams.csv doesn't commit to answers nothing.
	forged := evidence.TeamKeyFile{Team: "harbor", Epoch: n.sealed(t, 0).predicate.Identifiers.Epoch, Key: evidence.TeamKey{1}}
	data, err := forged.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	a.says(t, false, "bash find.sh vault harbor.json exchanges harbor/r1.request.json", 3, "no report says anything of it")
	a.write(t, "harbor.json", string(data))
	a.says(t, false, "bash find.sh vault harbor.json exchanges harbor/r1.request.json", 1, "commits to another key of this team")
	a.says(t, true, "sweeper prove --store exchanges --team-key harbor.json --vault vault --trust trust-root.json --key harbor/r1.request.json", 2, "commits to another key of team harbor")

	// A proof that was tampered with, or of another history, holds nowhere.
	proof, err := os.ReadFile(filepath.Join(a.dir, "proof.json"))
	if err != nil {
		t.Fatal(err)
	}
	a.write(t, "tampered.json", string(bytes.Replace(proof, []byte("deleted"), []byte("absent"), 1)))
	a.says(t, false, "bash object.sh vault trust-root.json tampered.json", 1, "THE PROOF DOES NOT HOLD")
	a.says(t, true, "sweeper verify --proof tampered.json --trust trust-root.json", 6, "THE PROOF DOES NOT HOLD")
	other := newAuditor(t, filepath.Join(newNights(t).dir, "vault"), filepath.Join(n.dir, "keys/trust-root.json"))
	other.write(t, "proof.json", string(proof))
	other.says(t, false, "bash object.sh vault trust-root.json proof.json", 1, "THE PROOF IS OF ANOTHER REPORT 0 than the vault's")
}

func TestDidTeamTHaveZeroObjectsOnDayDIsAnsweredBySweeperAndByPublicTools(t *testing.T) {
	t.Parallel()
	n := newNights(t)
	a := newAuditor(t, filepath.Join(n.dir, "vault"), filepath.Join(n.dir, "keys/trust-root.json"))
	a.says(t, false, "bash chain.sh vault trust-root.json", 0, "WHOLE: 4 reports")
	for _, c := range []struct {
		team, day, want string
		status          int
		report          string // of that day
		state           string // on its page
	}{
		{"harbor", "2026-11-25", "YES: harbor had nothing stored whenever it was looked on 2026-11-25", 0, "3", "zero"},
		{"granite", "2026-11-25", "YES: granite had nothing stored", 0, "3", "zero"},
		{"granite", "2026-11-23", "NO: granite had data stored on 2026-11-23", 1, "1", "violation"},
		{"harbor", "2026-11-23", "YES: harbor had nothing stored", 0, "1", "zero"},
		{"harbor", "2026-11-24", "NOT SAID: the reports of 2026-11-24 do not show that harbor had nothing", 3, "2", "inconclusive"},
		{"harbor", "2026-11-22", "NOT SAID: no report of 2026-11-22 names harbor as a ZDR team", 3, "", ""},
		{"acme", "2026-11-25", "NOT SAID: no report of 2026-11-25 names acme as a ZDR team", 3, "3", ""},
	} {
		t.Run(c.team+" on "+c.day, func(t *testing.T) {
			a.says(t, false, "bash zero.sh vault "+c.team+" "+c.day, c.status, c.want)
			status, out := a.run(t, true, `sweeper verify vault --trust trust-root.json --json | jq -r '.reports[] | select(.startedAt | startswith("`+c.day+`")) | .sequence'`)
			if status != 0 || strings.TrimSpace(out) != c.report {
				t.Fatalf("reports of that day, status %d: %s", status, out)
			}
			if c.report == "" {
				return
			}
			status, page := a.run(t, true, "sweeper report show "+c.report+" --html - --vault vault --trust trust-root.json")
			if got := stateOnPage(page, c.team); status != 0 || got != c.state {
				t.Errorf("the page of report %s, status %d, says that %s is %q, want %q", c.report, status, c.team, got, c.state)
			}
		})
	}
}

// zero.sh trusts what chain.sh has checked; but who signs may leave a row out.
func TestATeamIsZeroOnADayOnlyIfEachStoreOfTheReportHasItsRow(t *testing.T) {
	t.Parallel()
	n := newNights(t)
	report := "vault/" + evidence.ReportDir(3)
	const asks = "bash zero.sh vault harbor 2026-11-25"
	more := `jq -c '.dsseEnvelope.payload |= (@base64d | fromjson | .predicate |= (.stores += [{name: "more"}] | .population += [.population[0] | .store = "more"]) | tojson | @base64)' ` +
		report + "/report.sigstore.json >x; cat x >" + report + "/report.sigstore.json; "
	row := func(team, store, state string) string {
		return fmt.Sprintf(`printf '%%s\n' '%s,true,2026-01-01T00:00:00Z,%s,0,0,0,0,0,0,0,%s,ab' >>%s/teams.csv; `, team, store, state, report)
	}
	for name, c := range map[string]struct {
		commands string
		status   int
		want     string
	}{
		"as it was":              {asks, 0, "YES: harbor"},
		"a row a store":          {more + row("harbor", "more", "zero") + asks, 0, "YES: harbor"},
		"a store without a row":  {more + asks, 3, "unfounded: report 3 (sweep, 2026-11-25T02:15:05Z), store more: 0 rows of the team, and not one NOT SAID"},
		"two rows":               {row("harbor", "exchanges", "zero") + asks, 3, "store exchanges: 2 rows of the team, and not one NOT SAID"},
		"a row of no store":      {row("harbor", "more", "zero") + asks, 3, "unfounded: report 3 (sweep, 2026-11-25T02:15:05Z), store more: found 0, remaining 0 NOT SAID"},
		"a violation elsewhere":  {row("harbor", "more", "violation") + asks, 1, "NO: harbor"},
		"a team in quotes":       {row(`"a ""b"", c"`, "exchanges", "zero") + `bash zero.sh vault 'a "b", c' 2026-11-25`, 0, `YES: a "b", c`},
		"a team after a space":   {row(`" a"`, "exchanges", "zero") + `bash zero.sh vault ' a' 2026-11-25`, 0, `YES: a had`},
		"a team of umlauts":      {row(`ä`, "exchanges", "zero") + `bash zero.sh vault ä 2026-11-25`, 0, `YES: ä had`},
		"a part of a team's row": {row("har", "exchanges", "zero") + `bash zero.sh vault ha 2026-11-25`, 3, "names ha as"},
		"a line cut short":       {"printf 'harbor,true' >>" + report + "/teams.csv; " + asks, 5, "teams.csv has a line that"},
		"a steering state":       {row("harbor", "exchanges", "zero\x1b[2J") + asks, 3, "zero?[2J: report 3"},
		"a month":                {"bash zero.sh vault harbor 2026-11", 2, `"2026-11" is not a day`},
		"a digit of a day":       {"bash zero.sh vault harbor 2026-11-2", 2, `"2026-11-2" is not a day`},
		"no day":                 {"bash zero.sh vault harbor ''", 2, `"" is not a day`},
		"an hour":                {"bash zero.sh vault harbor 2026-11-25T02", 2, "is not a day"},
		"a day that never was":   {"bash zero.sh vault harbor 2026-11-31", 2, "is not a day"},
	} {
		t.Run(name, func(t *testing.T) {
			a := newAuditor(t, filepath.Join(n.dir, "vault"), filepath.Join(n.dir, "keys/trust-root.json"))
			if status, out := bash(t, a.dir, os.Environ(), "chmod -R u+w vault"); status != 0 {
				t.Fatal(out)
			}
			a.says(t, false, c.commands, c.status, c.want)
		})
	}
}

// stateOnPage is the state of a ZDR team in a page's table, empty if it has none.
func stateOnPage(page, team string) string {
	row := regexp.MustCompile(`<th [^>]*scope="row">` + regexp.QuoteMeta(team) + `</th>.*?data-label="State">(.*?)</td>`).FindStringSubmatch(page)
	if row == nil {
		return ""
	}
	words := strings.Fields(regexp.MustCompile(`<[^>]*>`).ReplaceAllString(row[1], " "))
	return words[slices.IndexFunc(words, func(w string) bool { return regexp.MustCompile(`^[a-z-]+$`).MatchString(w) })]
}
