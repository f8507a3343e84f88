package evidence

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"
	"testing/fstest"
)

// forgery is a vault in which something is not so, and what verify is told.
type forgery struct {
	*fixture
	o VerifyOptions
}

// forged says how a vault is forged, and returns every finding.
type forged struct {
	name  string
	forge func(v *forgery) (want []string)
}

// everyForgery is all that can be done to a vault, by who holds the key or not,
// with every finding that a person then reads.
func everyForgery() []forged {
	const undeclared = " since report 1, and reasons[] does not declare it: "
	return []forged{
		{"a gap", func(v *forgery) []string {
			v.seal(v.quiet(20))
			v.n = 2
			v.seal(v.quiet(21))
			return []string{"report 1: report.sigstore.json is missing, and there are reports after it"}
		}},
		{"a swap", func(v *forgery) []string {
			v.three()
			swapped := fstest.MapFS{}
			for name, file := range v.fs {
				swapped[strings.NewReplacer(ReportDir(1), ReportDir(2), ReportDir(2), ReportDir(1)).Replace(name)] = file
			}
			v.fs = swapped
			return []string{
				"report 1: report.sigstore.json: chain.sequence is 2, the directory's number is 1",
				"report 1: report.sigstore.json: chain.previousReportId is not the id of report 0",
				"report 1: report.sigstore.json: chain.previousStatementSha256 is not the digest of report 0's payload",
				"report 1: report.sigstore.json: chain.previousBundleSha256 is not the digest of report 0's report.sigstore.json",
				"report 1: report.sigstore.json: run.missed does not declare slot 2026-11-21T02:15:00Z, and report 0 was the last sweep before",
				"report 2: report.sigstore.json: chain.sequence is 1, the directory's number is 2",
				"report 2: report.sigstore.json: chain.previousReportId is not the id of report 1",
				"report 2: report.sigstore.json: chain.previousStatementSha256 is not the digest of report 1's payload",
				"report 2: report.sigstore.json: chain.previousBundleSha256 is not the digest of report 1's report.sigstore.json",
				"report 2: report.sigstore.json: run.startedAt 2026-11-21T02:15:03Z is before that of report 1 (2026-11-22T02:15:03Z)",
			}
		}},
		{"an edit of the payload", func(v *forgery) []string {
			v.three()
			v.edit(ReportDir(1)+"/"+FileBundle, func(data []byte) []byte {
				var b bundle
				v.must(json.Unmarshal(data, &b))
				b.DSSEEnvelope.Payload = bytes.Replace(b.DSSEEnvelope.Payload, []byte(`"listed":92`), []byte(`"listed":93`), 1)
				data, err := encodeJSON(b)
				v.must(err)
				return data
			})
			return []string{
				"report 1: report.sigstore.json: the signature is not this key's signature over this payload",
				"report 2: report.sigstore.json: chain.previousStatementSha256 is not the digest of report 1's payload",
				"report 2: report.sigstore.json: chain.previousBundleSha256 is not the digest of report 1's report.sigstore.json",
			}
		}},
		{"an edit of a file", func(v *forgery) []string {
			v.three()
			v.edit(ReportDir(0)+"/"+FileTeams, func(data []byte) []byte { return bytes.Replace(data, []byte("residual"), []byte("zero"), 1) })
			return []string{"report 0: teams.csv: it is not the file that was signed: its SHA-256 differs"}
		}},
		{"a cut middle", func(v *forgery) []string {
			v.three()
			removeDir(v.fs, ReportDir(1))
			return []string{"report 1: report.sigstore.json is missing, and there are reports after it"}
		}},
		{"a cut tail, and a head of it", func(v *forgery) []string {
			v.three()
			v.o.Heads = []Head{{Sequence: 2, StatementSHA256: v.payloadSHA}}
			removeDir(v.fs, ReportDir(2))
			return []string{"report 2: a head names it, and it is not in the vault: the history was cut"}
		}},
		{"a cut tail, and an audit period that it reaches into", func(v *forgery) []string {
			v.three()
			v.o.To = at(23, 0, 0)
			removeDir(v.fs, ReportDir(2))
			return []string{"report 1: no sweep report comes after it, and one was due at 2026-11-22T02:15:00Z, before the audit period's end 2026-11-23T00:00:00Z"}
		}},
		{"an undeclared missed slot", func(v *forgery) []string {
			v.seal(v.night(20))
			v.seal(v.night(22))
			return []string{"report 1: report.sigstore.json: run.missed does not declare slot 2026-11-21T02:15:00Z, and report 0 was the last sweep before"}
		}},
		{"an undeclared change of scope", func(v *forgery) []string {
			v.third(func(pl *plan) { pl.config["stores"].([]any)[0].(map[string]any)["no_team"] = []any{"acme/"} })
			return []string{"report 2: config.json: SCOPE_CHANGED" + undeclared + "store exchanges"}
		}},
		{"an undeclared change of roster", func(v *forgery) []string {
			v.third(func(pl *plan) { pl.teams, pl.p.ZDR.TeamCount, pl.p.ZDR.Inconclusive = pl.teams[:1], 1, 0 })
			return []string{"report 2: teams.csv: ROSTER_REMOVED" + undeclared + "team zoe"}
		}},
		{"an undeclared change of schedule", func(v *forgery) []string {
			v.third(func(pl *plan) {
				pl.config["schedule"].(map[string]any)["cron"], pl.p.Run.Schedule.Cron = "15 2 * * 0", "15 2 * * 0"
			})
			return []string{"report 2: config.json: SCHEDULE_CHANGED" + undeclared + "setting schedule.cron"}
		}},
		{"a recovery out of place", func(v *forgery) []string {
			v.seal(v.quiet(20))
			v.seal(v.quiet(22).declares("2026-11-21T02:15:00Z"))
			late := v.night(21)
			late.p.ReportType, late.p.Run.Trigger, late.p.Result = TypeRecovery, "recovery", ResultInterrupted
			late.p.Confirmation = Confirmation{}
			v.seal(late)
			return []string{"report 2: report.sigstore.json: run.startedAt 2026-11-21T02:15:03Z is before that of report 1 (2026-11-22T02:15:03Z)"}
		}},
		{"a key out of its window", func(v *forgery) []string {
			v.three()
			end := "2026-11-21T12:00:00Z"
			v.trust.Keys[0].NotBefore, v.trust.Keys[0].NotAfter = "2026-11-20T12:00:00Z", &end
			return []string{
				"report 0: report.sigstore.json: run.finishedAt 2026-11-20T02:21:03Z is before the key's notBefore 2026-11-20T12:00:00Z",
				"report 2: report.sigstore.json: run.finishedAt 2026-11-22T02:21:03Z is after the key's notAfter 2026-11-21T12:00:00Z",
			}
		}},
		{"an extra file", func(v *forgery) []string {
			v.three()
			v.fs[ReportDir(1)+"/read-me-first.txt"] = &fstest.MapFile{}
			return []string{"report 1: read-me-first.txt: it does not belong to the report"}
		}},
		{"a re-compressed part", func(v *forgery) []string {
			v.three()
			v.edit(ReportDir(0)+"/"+PartName(0, 0), recompress(v.t))
			return []string{"report 0: " + PartName(0, 0) + ": it is not the file that parts.jsonl lists: its SHA-256 differs"}
		}},
		{"a re-indented bundle", func(v *forgery) []string {
			v.three()
			v.edit(ReportDir(2)+"/"+FileBundle, func(data []byte) []byte {
				var out bytes.Buffer
				v.must(json.Indent(&out, data, "", "  "))
				return out.Bytes()
			})
			return []string{"report 2: report.sigstore.json: bundle: does not re-encode to its own bytes (first difference at byte 1)"}
		}},
		{"a teams.csv that is signed and doesn't fit the lines", func(v *forgery) []string {
			v.third(func(pl *plan) { pl.teams[0].Objects, pl.teams[0].Planned, pl.teams[0].Gone = 5, 5, 5 })
			return []string{"report 2: teams.csv: store exchanges: the ZDR teams have 5 planned and 5 gone, the manifest has 2 and 2 lines without a team, and 1 entries were unattributed"}
		}},
		{"the whole vault signed again by a fresh key", func(v *forgery) []string {
			v.signer = newSigner(v.t)
			v.three()
			spki, err := SPKISHA256(v.signer.Public())
			v.must(err)
			said := ": report.sigstore.json: it is signed by key " + spki + ", which the trust root does not name"
			return []string{"report 0" + said, "report 1" + said, "report 2" + said}
		}},
		{"a second vault with a new id", func(v *forgery) []string {
			for _, pl := range []*plan{v.night(20), v.quiet(21)} {
				pl.p.Chain.VaultID = "vault-9c21"
				v.seal(pl)
			}
			return []string{
				`report 0: report.sigstore.json: chain.vaultId is "vault-9c21", that of the trust root is "vault-7f3a"`,
				`report 1: report.sigstore.json: chain.vaultId is "vault-9c21", that of the trust root is "vault-7f3a"`,
			}
		}},
		{"the newest report signed again by the right key, and a head of it", func(v *forgery) []string {
			was := v.signedAgain()
			v.o.Heads = []Head{{Sequence: 1, StatementSHA256: was}}
			return []string{"report 1: report.sigstore.json: the payload's digest is " + v.payloadSHA + ", the head says " + was +
				": the history was rewritten"}
		}},
		{"the newest report signed again by the right key, and the time stamp of it", func(v *forgery) []string {
			tsa := newAuthority(v.t, nil)
			v.trust.TSARoots = []string{tsa.root}
			v.seal(v.night(20))
			v.seal(v.night(21))
			token := tsa.stamp(v.signatureOf(1), at(21, 2, 30))
			v.signAgain()
			v.putToken(1, 1, token)
			return []string{"report 1: report.tsr: the time stamp does not count: it is not over this report's signature"}
		}},
	}
}

func TestEveryForgeryHasItsFinding(t *testing.T) {
	for _, c := range everyForgery() {
		t.Run(c.name, func(t *testing.T) {
			v := &forgery{fixture: newFixture(t)}
			want := c.forge(v)
			sameStrings(t, "problems", v.verify(v.o).Problems, want)
		})
	}
}

// Against whoever holds the right key there is no finding without a head or a
// time stamp, and that is said.
func TestTheNewestReportSignedAgainIsSaidToBePossible(t *testing.T) {
	v := &forgery{fixture: newFixture(t)}
	v.signedAgain()
	got := v.verify(VerifyOptions{})
	sameStrings(t, "problems", got.Problems, nil)
	sameStrings(t, "notes", got.Notes, []string{"lock: not checked (a local copy)",
		"NOT ANCHORED: whoever holds the key could have rewritten or cut this history"})
	for _, least := range []string{AssuranceTimestamped, AssuranceAnchored} {
		sameStrings(t, "where more is required", v.verify(VerifyOptions{Require: least}).Problems, []string{
			"the assurance is none, and " + least + " is required"})
	}
}

func (v *forgery) edit(name string, change func([]byte) []byte) {
	v.t.Helper()
	was := string(v.fs[name].Data)
	now := change([]byte(was))
	if string(now) == was {
		v.t.Fatalf("nothing was changed in %s", name)
	}
	v.fs[name].Data = now
}

// third seals three nights, the last of them changed.
func (v *forgery) third(change func(pl *plan)) {
	v.seal(v.night(20))
	v.seal(v.quiet(21))
	pl := v.night(22)
	change(pl)
	v.seal(pl)
}

// declares owns up to slots that were missed.
func (pl *plan) declares(slots ...string) *plan {
	for _, s := range slots {
		pl.p.Run.Missed = append(pl.p.Run.Missed, MissedSlot{s, "DOWN"})
	}
	return pl
}

// signedAgain seals two nights, and the second once more with other contents. It
// returns the digest that a head of the first signing says.
func (v *forgery) signedAgain() (was string) {
	v.seal(v.night(20))
	v.seal(v.night(21))
	was = v.payloadSHA
	v.signAgain()
	return was
}

func (v *forgery) signAgain() {
	chain := v.last.Predicate.Chain
	removeDir(v.fs, ReportDir(1))
	v.n = 1
	again := v.quiet(21)
	again.p.Chain = chain
	v.seal(again)
}
