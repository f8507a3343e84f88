package evidence

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// Whoever holds the key and signs something that is not so. Each case changes
// the plan of report 2 (the night of the 22nd) before it is sealed.
func TestAConsistentlySignedLieIsFound(t *testing.T) {
	str := func(s string) *string { return &s }
	firstStore := func(pl *plan) map[string]any { return pl.config["stores"].([]any)[0].(map[string]any) }
	tests := []struct {
		name string
		lie  func(f *fixture, pl *plan)
		want []string // without "report 2: "
	}{
		{"one deleted line more than was planned", func(f *fixture, pl *plan) {
			l := pl.lines[0][0]
			l.KeyHMAC = SHA256Hex([]byte("more"))
			pl.lines[0] = append(pl.lines[0], l)
		}, []string{
			"report.sigstore.json: manifest.recordCount is 9, totals.planned is 8",
			"parts.jsonl: store exchanges: the manifest has 9 lines planned, outcomes say 8",
			"parts.jsonl: store exchanges: the manifest has 7 lines deleted, outcomes say 6",
		}},
		{"a failed entry called deleted", func(f *fixture, pl *plan) {
			pl.lines[0][0].Outcome, pl.lines[0][0].Code = OutcomeFailed, "ACCESS_DENIED"
		}, []string{
			"parts.jsonl: store exchanges: the manifest has 5 lines deleted, outcomes say 6",
			"parts.jsonl: store exchanges: the manifest has 1 lines failed, outcomes say 0",
		}},
		{"a purged entry called aged", func(f *fixture, pl *plan) { pl.lines[1][3].Why = WhyZDR }, []string{
			"parts.jsonl: store exchanges: the manifest has 1 lines purged, outcomes say 0",
			"teams.csv: store exchanges: the manifest has 1 lines why zdr, the ZDR teams in violation have 0 planned"}},
		{"more uploads than there were", func(f *fixture, pl *plan) {
			pl.p.Population[0].Uploads, pl.p.Population[0].Objects = 0, 99
			pl.p.Totals.Uploads, pl.p.Totals.Objects = 0, 99
		}, []string{
			`report.sigstore.json: outcomes of store "exchanges": aborted is 1, uploads only 0`,
			"parts.jsonl: store exchanges: the manifest has 1 lines of kind upload, population says that there were 0"}},
		{"an entry twice", func(f *fixture, pl *plan) { pl.lines[1][0] = pl.lines[0][0] }, []string{
			PartName(0, 1) + ": line 1: keyHmac " + "KEY" + " stands twice in the report"}},
		{"a young entry deleted", func(f *fixture, pl *plan) {
			pl.lines[0][1].Created = "2026-10-23T04:00:00Z"
			pl.lines[0][2].Created = "2026-11-01T00:00:00Z"
		}, []string{PartName(0, 0) +
			": line 2: created 2026-10-23T04:00:00Z is later than the cutoff 2026-10-23T02:15:03Z (and 1 more such lines)"}},
		{"deleted before the run", func(f *fixture, pl *plan) { pl.lines[0][1].At = "2026-11-22T01:00:00Z" }, []string{
			PartName(0, 0) + ": line 2: at 2026-11-22T01:00:00Z is outside the run, 2026-11-22T02:15:03Z to 2026-11-22T02:21:03Z"}},
		{"deleted after the run", func(f *fixture, pl *plan) { pl.lines[0][1].At = "2026-11-22T03:00:00Z" }, []string{
			PartName(0, 0) + ": line 2: at 2026-11-22T03:00:00Z is outside the run, 2026-11-22T02:15:03Z to 2026-11-22T02:21:03Z"}},
		{"a store that does not exist", func(f *fixture, pl *plan) { pl.lines[0][0].Store = 1 }, []string{
			PartName(0, 0) + ": line 1: store 1 is not in stores[]",
			"parts.jsonl: store exchanges: the manifest has 7 lines planned, outcomes say 8",
			"parts.jsonl: store exchanges: the manifest has 5 lines deleted, outcomes say 6"}},
		{"a raw key where keys are hashed", func(f *fixture, pl *plan) {
			n := int64(5)
			pl.lines[0][0].Key, pl.lines[0][0].Team, pl.lines[0][0].Size = "zed/x", "zed", &n
		}, []string{
			PartName(0, 0) + `: line 1: it holds a raw key, and identifiers.scheme is "hashed"`,
			PartName(0, 0) + ": line 1: it holds a raw key of a ZDR team"}},
		{"teams.csv that does not match the lines", func(f *fixture, pl *plan) {
			pl.teams[0].Objects, pl.teams[0].Planned, pl.teams[0].Gone = 3, 3, 3
		}, []string{"teams.csv: store exchanges: the ZDR teams have 3 planned and 3 gone, the manifest has 2 and 2 lines without a team, and 1 entries were unattributed"}},
		{"a team's lines hidden as unattributed", func(f *fixture, pl *plan) {
			pl.teams[0].Objects, pl.teams[0].Planned, pl.teams[0].Gone = 1, 0, 0
		}, []string{"teams.csv: store exchanges: the ZDR teams have 0 planned and 0 gone, the manifest has 2 and 2 lines without a team, and 1 entries were unattributed"}},
		{"other teams' rows that do not match the lines", func(f *fixture, pl *plan) {
			pl.teams = append(pl.teams, TeamRow{Team: "acme", Store: "exchanges", Objects: 5, Planned: 5, Gone: 5,
				TeamKeyCommit: f.ids.Team("acme").Commit()})
		}, []string{"teams.csv: store exchanges: the teams' planned and gone are not those of the manifest's lines by teamRef"}},
		{"a ZDR team that is not zero", func(f *fixture, pl *plan) {
			pl.teams[0].State = StateZero
			pl.p.ZDR.Zero, pl.p.ZDR.Residual = 1, 0
		}, []string{
			"teams.csv: team zed in store exchanges is said to be zero, and its counts are not",
			"teams.csv: team zed in store exchanges is said to be zero, and the store was not listed to the end or has unattributed entries"}},
		{"zero beside unattributed entries", func(f *fixture, pl *plan) {
			pl.teams[1].State = StateZero
			pl.p.ZDR.Zero, pl.p.ZDR.Inconclusive = 1, 0
		}, []string{"teams.csv: team zoe in store exchanges is said to be zero, and the store was not listed to the end or has unattributed entries"}},
		{"a violation without an entry", func(f *fixture, pl *plan) {
			pl.teams[1].State = StateViolation
			pl.p.ZDR.Violation, pl.p.ZDR.Inconclusive = 1, 0
		}, []string{"teams.csv: team zoe in store exchanges is said to be violation, and all its counts are zero"}},
		{"a violation counted as residual", func(f *fixture, pl *plan) { pl.teams[0].State = StateViolation }, []string{
			"teams.csv: it has 2 ZDR teams (0 zero, 0 residual, 1 violation, 1 inconclusive), the payload says 2 (0, 1, 0, 1)"}},
		{"more in a team than in its store", func(f *fixture, pl *plan) { pl.teams[1].Objects = 98 }, []string{
			"teams.csv: the teams of store exchanges together have more than the store's population or outcomes"}},
		{"more gone than planned", func(f *fixture, pl *plan) { pl.teams[0].Gone = 2 }, []string{
			"teams.csv: team zed in store exchanges: found 1, planned 1, gone 2"}},
		{"another root", func(f *fixture, pl *plan) {
			pl.after = func(map[string][]byte) { pl.p.Manifest.RootHash = strings.Repeat("0", 64) }
		}, []string{"parts.jsonl: the tree over its parts has the root ROOT, manifest.rootHash is " + strings.Repeat("0", 64)}},
		{"another part root", func(f *fixture, pl *plan) {
			pl.after = func(files map[string][]byte) {
				parts, err := ParseParts(files[FileParts])
				f.must(err)
				parts[0].PartRoot = strings.Repeat("0", 64)
				files[FileParts] = EncodeParts(parts)
				pl.p.Manifest.RootHash, err = RootHash(parts)
				f.must(err)
			}
		}, []string{PartName(0, 0) + ": the tree over its lines has the root ROOT, parts.jsonl says " + strings.Repeat("0", 64)}},
		{"a part too few", func(f *fixture, pl *plan) {
			pl.after = func(files map[string][]byte) {
				parts, err := ParseParts(files[FileParts])
				f.must(err)
				files[FileParts] = EncodeParts(parts[:1])
				pl.p.Manifest.RootHash, err = RootHash(parts[:1])
				f.must(err)
			}
		}, []string{
			"parts.jsonl: it lists 1 parts with 3 lines, the payload says 2 with 8",
			PartName(0, 1) + ": it does not belong to the report",
			"parts.jsonl: store exchanges: the manifest has 3 lines planned, outcomes say 8",
			"parts.jsonl: store exchanges: the manifest has 3 lines deleted, outcomes say 6",
			"parts.jsonl: store exchanges: the manifest has 0 lines absent, outcomes say 1",
			"parts.jsonl: store exchanges: the manifest has 0 lines aborted, outcomes say 1",
			"teams.csv: store exchanges: the ZDR teams have 1 planned and 1 gone, the manifest has 0 and 0 lines without a team, and 1 entries were unattributed"}},
		{"a good word over failures", func(f *fixture, pl *plan) { pl.p.Result = ResultKept }, []string{
			`report.sigstore.json: result is "kept" with 1 ZDR teams inconclusive`,
			`report.sigstore.json: result is "kept" with 1 ZDR teams that are residual`}},
		{"a later cutoff", func(f *fixture, pl *plan) { pl.p.Policy.Cutoff = "2026-10-23T02:15:04Z" }, []string{
			"report.sigstore.json: policy.cutoff 2026-10-23T02:15:04Z is later than run.startedAt minus 30d (2026-10-23T02:15:03Z)"}},
		{"another vault", func(f *fixture, pl *plan) { pl.p.Chain.VaultID = "other" }, []string{
			`report.sigstore.json: chain.vaultId is "other", that of the trust root is "vault-7f3a"`}},
		{"another payload's signer", func(f *fixture, pl *plan) {
			pl.p.Signer = SignerRef{SPKISHA256: strings.Repeat("a", 64), Algorithm: AlgorithmECDSA}
		}, []string{"report.sigstore.json: the payload names the signer " + strings.Repeat("a", 64) +
			" (ecdsa-p256-sha256), it is signed by KEY (ecdsa-p256-sha256)"}},
		{"a number twice", func(f *fixture, pl *plan) { pl.p.Chain.Sequence = 1 }, []string{
			"report.sigstore.json: chain.sequence is 1, the directory's number is 2"}},
		{"an id twice", func(f *fixture, pl *plan) { pl.p.ReportID = f.last.Predicate.ReportID }, []string{
			"report.sigstore.json: reportId 01936000-0000-7000-8000-000000000021 is that of report 1 too"}},
		{"a wrong previous digest", func(f *fixture, pl *plan) {
			c := &pl.p.Chain
			c.PreviousReportID, c.PreviousStatementSHA256, c.PreviousBundleSHA256 = str(f.last.Predicate.ReportID), str(strings.Repeat("0", 64)), str(f.bundleSHA)
		}, []string{"report.sigstore.json: chain.previousStatementSha256 is not the digest of report 1's payload"}},
		{"a due slot put off", func(f *fixture, pl *plan) { pl.p.Chain.NextDue = str("2026-12-22T02:15:00Z") }, []string{
			"report.sigstore.json: chain.nextDue is 2026-12-22T02:15:00Z, the first slot after this run is 2026-11-23T02:15:00Z"}},
		{"subjects left out", func(f *fixture, pl *plan) {
			pl.after = func(files map[string][]byte) { delete(files, FileTeams) }
		}, []string{
			`report.sigstore.json: the subjects are ["parts.jsonl" "config.json"], not parts.jsonl, teams.csv, config.json and, where there is one, report.html`}},
		{"a config that isn't the payload's", func(f *fixture, pl *plan) {
			pl.config["schedule"].(map[string]any)["cron"] = "15 3 * * *"
			pl.p.Reasons = append(pl.p.Reasons, Reason{CodeScheduleChanged, 1})
		}, []string{`config.json: its schedule is "15 3 * * *" in "UTC", the payload's run.schedule is "15 2 * * *" in "UTC"`}},
		{"other stores than the config's", func(f *fixture, pl *plan) {
			firstStore(pl)["bucket"] = "elsewhere"
			pl.p.Reasons = append(pl.p.Reasons, Reason{CodeScopeChanged, 1})
		}, []string{"config.json: its stores are not the payload's stores[] by name, bucket and prefix, in order"}},
		{"an undeclared change of scope", func(f *fixture, pl *plan) { firstStore(pl)["layout"] = "{team}/{rest}" }, []string{
			"config.json: SCOPE_CHANGED since report 1, and reasons[] does not declare it: store exchanges"}},
		{"an undeclared change of retention", func(f *fixture, pl *plan) {
			pl.config["retention"].(map[string]any)["age_source"] = "last_modified"
			pl.p.Policy.AgeSource = "last_modified"
		}, []string{"config.json: RETENTION_CHANGED since report 1, and reasons[] does not declare it: setting retention.age_source"}},
		{"an undeclared change of schedule", func(f *fixture, pl *plan) {
			pl.config["schedule"].(map[string]any)["timezone"] = "Etc/UTC"
			pl.p.Run.Schedule.Timezone = "Etc/UTC"
		}, []string{"config.json: SCHEDULE_CHANGED since report 1, and reasons[] does not declare it: setting schedule.timezone"}},
		{"a team taken off the roster", func(f *fixture, pl *plan) {
			pl.teams = pl.teams[:1]
			pl.p.ZDR.TeamCount, pl.p.ZDR.Inconclusive = 1, 0
		}, []string{"teams.csv: ROSTER_REMOVED since report 1, and reasons[] does not declare it: team zoe"}},
		{"a moved zdr_since", func(f *fixture, pl *plan) { pl.teams[1].ZDRSince = "2026-03-01T00:00:00Z" }, []string{
			"teams.csv: ZDR_SINCE_MOVED since report 1, and reasons[] does not declare it: team zoe"}},
		{"a server's clock that was too far ahead", func(f *fixture, pl *plan) { pl.p.Run.Clock.ServerSkewMillis["exchanges"] = 60001 }, []string{
			`report.sigstore.json: run.clock.serverSkewMillis of store "exchanges" is 60001, policy.limits.maxClockSkewMillis is 60000, and yet the result is "inconclusive" with 7 entries deleted or aborted`}},
		{"a recovery that was scheduled", func(f *fixture, pl *plan) { pl.p.ReportType = TypeRecovery }, []string{
			`report.sigstore.json: reportType is "recovery", and run.trigger is "schedule", not "recovery"`}},
		{"another endpoint than the config's", func(f *fixture, pl *plan) { pl.p.Stores[0].EndpointHost = "s3.example.com" }, []string{
			`config.json: its store exchanges is at "", the payload's stores[] says endpointHost "s3.example.com"`}},
		{"the provider's own endpoint instead of the config's", func(f *fixture, pl *plan) {
			firstStore(pl)["endpoint"] = "https://s3.example.com:9000/"
			pl.p.Reasons = append(pl.p.Reasons, Reason{CodeScopeChanged, 1})
		}, []string{`config.json: its store exchanges is at "s3.example.com:9000", the payload's stores[] says endpointHost ""`}},
		{"another key of a team from the same secret", func(f *fixture, pl *plan) { pl.teams[1].TeamKeyCommit = strings.Repeat("a", 64) }, []string{
			"teams.csv: team zoe has the teamKeyCommit " + strings.Repeat("a", 64) + ", and in report 0, of the same epoch and secret, " +
				newFixture(t).ids.Team("zoe").Commit()}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			f.seal(f.night(20))
			f.seal(f.quiet(21))
			pl := f.night(22)
			tt.lie(f, pl)
			f.seal(pl)
			want := make([]string, len(tt.want))
			for i, w := range tt.want {
				w = strings.Replace(w, "keyHmac KEY", "keyHmac "+pl.lines[0][0].KeyHMAC, 1)
				want[i] = "report 2: " + w
			}
			got := f.verify(VerifyOptions{}).Problems
			for i := range got { // what differs in each run
				for _, k := range f.trust.Keys {
					got[i] = strings.ReplaceAll(got[i], "signed by "+k.SPKISHA256, "signed by KEY")
				}
				if before, after, found := strings.Cut(got[i], "has the root "); found {
					got[i] = before + "has the root ROOT" + after[64:]
				}
			}
			sameStrings(t, "problems", got, want)
		})
	}
}

func TestAWholeVaultSignedByAFreshKeyIsRefused(t *testing.T) {
	f := newFixture(t)
	trusted := f.trust
	f.signer = newSigner(t)
	f.three()
	f.trust = trusted
	spki, err := SPKISHA256(f.signer.Public())
	f.must(err)
	got := f.verify(VerifyOptions{}).Problems
	if len(got) != 3 {
		t.Fatalf("problems: %q", got)
	}
	for i, p := range got {
		want := "report " + string(rune('0'+i)) + ": report.sigstore.json: it is signed by key " + spki + ", which the trust root does not name"
		if p != want {
			t.Errorf("got %q\nwant %q", p, want)
		}
	}
}

func TestASignatureOverOtherBytesIsRefused(t *testing.T) {
	f := newFixture(t)
	f.three()
	name := ReportDir(2) + "/" + FileBundle
	var b bundle
	f.must(json.Unmarshal(f.fs[name].Data, &b))
	b.DSSEEnvelope.Payload = []byte(strings.Replace(string(b.DSSEEnvelope.Payload), `"inconclusive"`, `"kept"`, 1))
	data, err := encodeJSON(b)
	f.must(err)
	f.fs[name].Data = data
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{
		"report 2: report.sigstore.json: the signature is not this key's signature over this payload"})
}

func TestMissedSlotsMustBeDeclared(t *testing.T) {
	tests := []struct {
		name                 string
		prepare              func(pl *plan)
		problems, exceptions []string
	}{
		{"undeclared", func(pl *plan) {}, []string{
			"report 1: report.sigstore.json: run.missed does not declare slots 2026-11-21T02:15:00Z, 2026-11-22T02:15:00Z, and report 0 was the last sweep before"}, nil},
		{"one of two declared", func(pl *plan) {
			pl.p.Run.Missed = []MissedSlot{{"2026-11-21T02:15:00Z", "DOWN"}}
		}, []string{
			"report 1: report.sigstore.json: run.missed does not declare slot 2026-11-22T02:15:00Z, and report 0 was the last sweep before"},
			[]string{"report 1: slot 2026-11-21T02:15:00Z was missed: DOWN"}},
		{"declared", func(pl *plan) {
			pl.p.Run.Missed = []MissedSlot{{"2026-11-21T02:15:00Z", "DOWN"}, {"2026-11-22T02:15:00Z", "DOWN"}}
		}, nil, []string{"report 1: slot 2026-11-21T02:15:00Z was missed: DOWN", "report 1: slot 2026-11-22T02:15:00Z was missed: DOWN"}},
		{"caught up late", func(pl *plan) {
			slot := "2026-11-22T02:15:00Z"
			pl.p.Run.ScheduledFor = &slot
			pl.p.Run.Missed = []MissedSlot{{"2026-11-21T02:15:00Z", "DOWN"}}
		}, nil, []string{"report 1: slot 2026-11-21T02:15:00Z was missed: DOWN",
			"report 1: slot 2026-11-22T02:15:00Z was served late, at 2026-11-23T02:15:03Z"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			f.seal(f.night(20))
			pl := f.night(23)
			tt.prepare(pl)
			f.seal(pl)
			v := f.verify(VerifyOptions{})
			sameStrings(t, "problems", v.Problems, tt.problems)
			sameStrings(t, "exceptions", v.Exceptions, tt.exceptions)
		})
	}
}

func TestOnlySweepsAndRecoveriesServeASlot(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	stopped := f.quiet(21)
	stopped.p.ReportType, stopped.p.Result = TypeStopped, ResultStopped
	stopped.p.Reasons = []Reason{{"GUARD", 1}}
	stopped.p.Policy.Guard = &Guard{Name: "max_share", Value: "0.5", Limit: "0.2"}
	stopped.p.Confirmation = Confirmation{}
	f.seal(stopped)
	f.seal(f.night(22))
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{
		"report 2: report.sigstore.json: run.missed does not declare slot 2026-11-21T02:15:00Z, and report 0 was the last sweep before"})
}

func TestADeclaredChangeIsAnException(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	pl := f.night(21)
	pl.teams = slices.Delete(pl.teams, 1, 2)
	pl.p.ZDR.TeamCount, pl.p.ZDR.Inconclusive = 1, 0
	pl.p.Reasons = append(pl.p.Reasons, Reason{CodeRosterRemoved, 1})
	f.seal(pl)
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	sameStrings(t, "exceptions", v.Exceptions, []string{"report 1: ROSTER_REMOVED since report 0: team zoe"})
}
