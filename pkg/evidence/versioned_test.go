package evidence

import (
	"fmt"
	"testing"
)

// versioned is the plan of a sweep of a bucket with versions, markers, uploads,
// locks, a hold, purged entries of zed, and a witness that found one of them.
func (f *fixture) versioned(day int) *plan {
	pl := f.night(day)
	acme, zed := f.ids.Team("acme"), f.ids.Team("zed")
	old := pl.lines[0][0]
	line := func(kind, outcome, code string) Line {
		l := old
		l.KeyHMAC = acme.KeyHMAC(kind, "api-exchanges", fmt.Sprintf("acme/%d", day), outcome+code)
		l.Kind, l.Outcome, l.Code = kind, outcome, code
		return l
	}
	purged := func(kind, outcome string) Line {
		return Line{KeyHMAC: zed.KeyHMAC(kind, "api-exchanges", fmt.Sprintf("zed/%d", day), "v"), Kind: kind, Why: WhyZDR,
			Outcome: outcome, By: ByResponse}
	}
	pl.lines = [][]Line{
		{line("object", OutcomeDeleted, ""), line("object", OutcomeDeleted, CodePromoted), line("version", OutcomeLocked, CodeObjectLock),
			line("version", OutcomeLocked, CodeLegalHold), line("marker", OutcomePending, "MARKER_HIDES")},
		{line("object", OutcomeHeld, ""), line("upload", OutcomeAborted, CodeUploadActive),
			purged("version", OutcomeDeleted), purged("upload", OutcomeAborted)},
	}
	pl.teams[0].NoncurrentVersions, pl.teams[0].Uploads, pl.teams[0].Objects = 1, 1, 0
	pl.teams[0].Planned, pl.teams[0].Gone, pl.teams[0].State = 2, 2, StateViolation
	pl.teams[1].State = StateZero
	pl.config["zdr"] = map[string]any{"purge_violations": true, "metadata": map[string]any{"header": "zero-data-retention", "sample": 200}}
	p := &pl.p
	p.Result, p.Reasons = ResultBroken, []Reason{{"ZDR_VIOLATION", 1}, {CodeZDRMetadata, 1}}
	p.Stores[0].Versioning, p.Stores[0].ObjectLock = "enabled", "enabled"
	p.Policy.Limits.MaxPurge = 2
	p.Population[0].PopulationCounts = PopulationCounts{Listed: 100, Objects: 60, NoncurrentVersions: 30, DeleteMarkers: 6, Uploads: 4,
		Expired: 7, Kept: 93}
	p.Outcomes[0].OutcomeCounts = OutcomeCounts{Planned: 9, Purged: 2, Deleted: 3, Aborted: 2, Held: 1, Locked: 2, Pending: 1}
	until := "2027-01-31T00:00:00Z"
	p.Exceptions = []Exception{{Code: CodeObjectLock, Store: "exchanges", Count: 1, Until: &until}, {Code: CodeLegalHold, Store: "exchanges", Count: 1},
		{Code: CodePromoted, Store: "exchanges", Count: 1}, {Code: CodeUploadActive, Store: "exchanges", Count: 1}}
	p.Holds = []Hold{{ID: "case-17", Owner: "trust-and-safety", Until: until, Scope: "team", Entries: 1}}
	p.Confirmation.ExpiredRemaining, p.Confirmation.Excused = 4, Excused{Held: 1, Locked: 2, Pending: 1}
	p.ZDR.Zero, p.ZDR.Residual, p.ZDR.Violation, p.ZDR.Inconclusive = 1, 0, 1, 0
	p.ZDR.Witness = Witness{Looked: 60, Found: 1}
	p.sums()
	return pl
}

// prefixes is the plan of an attestation of the ZDR teams' prefixes alone.
func (f *fixture) prefixes(day int) *plan {
	pl := f.quiet(day)
	for i := range pl.teams {
		pl.teams[i].State = StateZeroInPrefix
	}
	p := &pl.p
	p.ReportType, p.Result, p.Reasons = TypeAttestation, ResultInconclusive, []Reason{{CodePrefixOnly, 1}}
	p.Confirmation = Confirmation{}
	// All uploads are listed, those that no prefix explains too.
	p.Population[0].PopulationCounts = PopulationCounts{Listed: 3, Uploads: 3, Unattributed: 1, Kept: 3}
	p.ZDR.Mode, p.ZDR.Zero, p.ZDR.Inconclusive = ModePrefixes, 0, 2
	p.sums()
	return pl
}

// sums makes the totals those of the one store.
func (p *Predicate) sums() {
	p.Totals = Totals{p.Population[0].PopulationCounts, p.Outcomes[0].OutcomeCounts}
}

func TestATrueReportOfVersionsLocksUploadsAndPurgesVerifies(t *testing.T) {
	for name, change := range map[string]func(f *fixture, pl *plan){
		"as it is": func(*fixture, *plan) {},
		"an entry of zed that is purged and held, and one that is purged and locked": func(f *fixture, pl *plan) {
			pl.lines[1][2].Outcome, pl.lines[1][2].Code = OutcomeLocked, CodeLegalHold
			pl.lines[1][3].Outcome = OutcomeHeld
			pl.p.Outcomes[0].OutcomeCounts = OutcomeCounts{Planned: 9, Purged: 2, Deleted: 2, Aborted: 1, Held: 2, Locked: 3, Pending: 1}
			pl.p.Exceptions[1].Count = 2
			pl.teams[0].Gone, pl.teams[0].Remaining = 0, 2
			pl.p.sums()
		},
		"a dry run of it": func(f *fixture, pl *plan) {
			for p := range pl.lines {
				for i := range pl.lines[p] {
					l := &pl.lines[p][i]
					l.Outcome, l.Code, l.By = OutcomeLeft, "DRY_RUN", ByLookup
				}
			}
			pl.teams[0].Gone, pl.teams[0].Remaining = 0, 2
			pl.p.ReportType, pl.p.Result, pl.p.Confirmation, pl.p.Exceptions = TypeDryRun, ResultNone, Confirmation{}, nil
			pl.p.Outcomes[0].OutcomeCounts = OutcomeCounts{Planned: 9, Purged: 2, Left: 9}
			pl.p.sums()
		},
		"a recovery of it, without the lock's end": func(f *fixture, pl *plan) {
			pl.p.ReportType, pl.p.Run.Trigger, pl.p.Result = TypeRecovery, "recovery", ResultInterrupted
			pl.p.Exceptions[0].Until = nil
			pl.p.Policy.Limits.MaxPurge = 1
		},
		"a recovery of an apply": func(f *fixture, pl *plan) {
			pl.p.ReportType, pl.p.Run.Trigger, pl.p.Result = TypeRecovery, "recovery", ResultInterrupted
			pl.p.Run.Apply = &Apply{Report: f.dryRun(22), Reason: "ROSTER_CHECKED"}
		},
		"more purged than max_purge, of an applied plan": func(f *fixture, pl *plan) {
			pl.p.Policy.Limits.MaxPurge = 1
			pl.p.Run.Trigger, pl.p.Run.Apply = "apply", &Apply{Report: f.dryRun(22), Reason: "ROSTER_CHECKED"}
		},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.seal(f.quiet(21))
			pl := f.versioned(22)
			change(f, pl)
			f.seal(pl)
			v := f.verify(VerifyOptions{})
			sameStrings(t, "problems", v.Problems, nil)
			if last := v.Reports[len(v.Reports)-1]; last.Lines != 9 || !last.Recounted {
				t.Errorf("%+v", last)
			}
		})
	}
}

// Each case changes the plan of report 1 before it is sealed.
func TestALieAboutVersionsLocksUploadsOrPurgesIsFound(t *testing.T) {
	str := func(s string) *string { return &s }
	counts := func(pl *plan) *OutcomeCounts { return &pl.p.Outcomes[0].OutcomeCounts }
	pop := func(pl *plan) *PopulationCounts { return &pl.p.Population[0].PopulationCounts }
	tests := []struct {
		name string
		lie  func(f *fixture, pl *plan)
		want []string // without "report 1: "
	}{
		{"purged, and the config forbids it", func(f *fixture, pl *plan) {
			pl.config["zdr"].(map[string]any)["purge_violations"] = false
		}, []string{"config.json: its zdr.purge_violations is false, and the payload says that 2 entries were to be purged"}},
		{"purged, and the config can't be read on it", func(f *fixture, pl *plan) { pl.config["zdr"] = []any{} }, []string{
			"config.json: its zdr settings are not of the form that a config has"}},
		{"purged, and no team is in violation", func(f *fixture, pl *plan) {
			pl.teams[0].State = StateResidual
			pl.p.ZDR.Violation, pl.p.ZDR.Residual = 0, 1
		}, []string{
			"report.sigstore.json: totals.purged is 2, and zdr counts no team in violation",
			"teams.csv: store exchanges: the manifest has 2 lines why zdr, the ZDR teams in violation have 0 planned",
			"teams.csv: store exchanges: 2 entries were purged, the ZDR teams in violation that the last sweep knew have 0 planned"}},
		{"a young entry of no ZDR team purged", func(f *fixture, pl *plan) {
			l := pl.lines[0][0]
			l.TeamRef, l.Created, l.At, l.Why = "", "", "", WhyZDR
			pl.lines[0][0] = l
			counts(pl).Purged++
			pop(pl).Expired--
			pop(pl).Kept++
			pl.p.Policy.Limits.MaxPurge = 3
			pl.p.sums()
		}, []string{
			"teams.csv: store exchanges: the ZDR teams have 2 planned and 2 gone, the manifest has 3 and 3 lines without a team, and 0 entries were unattributed",
			"teams.csv: store exchanges: the manifest has 3 lines why zdr, the ZDR teams in violation have 2 planned",
			"teams.csv: store exchanges: 3 entries were purged, the ZDR teams in violation that the last sweep knew have 2 planned"}},
		{"an unattributed entry purged", func(f *fixture, pl *plan) {
			l := pl.lines[0][0]
			l.TeamRef, l.Created, l.At, l.Why = "", "", "", WhyZDR
			pl.lines[0][0] = l
			counts(pl).Purged++
			pop(pl).Expired--
			pop(pl).Kept++
			pop(pl).Unattributed = 1
			pl.teams[1].State = StateInconclusive
			pl.p.ZDR.Zero, pl.p.ZDR.Inconclusive = 0, 1
			pl.p.Policy.Limits.MaxPurge = 3
			pl.p.sums()
		}, []string{
			"teams.csv: store exchanges: the manifest has 3 lines why zdr, the ZDR teams in violation have 2 planned",
			"teams.csv: store exchanges: 3 entries were purged, the ZDR teams in violation that the last sweep knew have 2 planned"}},
		{"more purged than max_purge", func(f *fixture, pl *plan) { pl.p.Policy.Limits.MaxPurge = 1 }, []string{
			"parts.jsonl: 2 entries were purged, policy.limits.maxPurge is 1, and run.apply names no plan"}},
		{"purged with a moved zdr_since", func(f *fixture, pl *plan) {
			pl.teams[0].ZDRSince = "2026-01-01T00:00:00Z"
			pl.p.Reasons = append(pl.p.Reasons, Reason{CodeZDRSinceMoved, 1})
		}, []string{"teams.csv: store exchanges: 2 entries were purged, the ZDR teams in violation that the last sweep knew have 0 planned"}},
		{"purged called aged", func(f *fixture, pl *plan) {
			counts(pl).Purged = 1
			pop(pl).Expired, pop(pl).Kept = 8, 92
			pl.p.sums()
		}, []string{"parts.jsonl: store exchanges: the manifest has 2 lines purged, outcomes say 1"}},
		{"an aborted upload too many", func(f *fixture, pl *plan) {
			pop(pl).Uploads, pop(pl).Objects = 1, 63
			pl.p.sums()
		}, []string{
			`report.sigstore.json: outcomes of store "exchanges": aborted is 2, uploads only 1`,
			"parts.jsonl: store exchanges: the manifest has 2 lines of kind upload, population says that there were 1"}},
		{"a pending marker where there was none", func(f *fixture, pl *plan) {
			pop(pl).DeleteMarkers, pop(pl).Objects = 0, 66
			pl.p.sums()
		}, []string{
			`report.sigstore.json: outcomes of store "exchanges": pending is 1, deleteMarkers only 0`,
			"parts.jsonl: store exchanges: the manifest has 1 lines of kind marker, population says that there were 0"}},
		{"a lock that no exception names", func(f *fixture, pl *plan) { pl.p.Exceptions = pl.p.Exceptions[1:] }, []string{
			`report.sigstore.json: outcomes of store "exchanges": locked is 2, the exceptions OBJECT_LOCK and LEGAL_HOLD are 1`,
			"parts.jsonl: store exchanges: the manifest has 1 lines with the code OBJECT_LOCK, exceptions say 0"}},
		{"a lock called a legal hold", func(f *fixture, pl *plan) {
			pl.p.Exceptions[1].Count, pl.p.Exceptions = 2, pl.p.Exceptions[1:]
		}, []string{
			"parts.jsonl: store exchanges: the manifest has 1 lines with the code OBJECT_LOCK, exceptions say 0",
			"parts.jsonl: store exchanges: the manifest has 1 lines with the code LEGAL_HOLD, exceptions say 2"}},
		{"a lock for ever", func(f *fixture, pl *plan) { pl.p.Exceptions[0].Until = nil }, []string{
			`report.sigstore.json: exceptions: OBJECT_LOCK of store "exchanges" does not say until when`}},
		{"a lock that was over", func(f *fixture, pl *plan) { pl.p.Exceptions[0].Until = str("2026-11-21T00:00:00Z") }, []string{
			`report.sigstore.json: exceptions: OBJECT_LOCK of store "exchanges" was over at 2026-11-21T00:00:00Z, before the run`}},
		{"a lock until some day", func(f *fixture, pl *plan) { pl.p.Exceptions[0].Until = str("2027-01-31") }, []string{
			`report.sigstore.json: exceptions: until of OBJECT_LOCK: "2027-01-31" is not a time in RFC 3339 and UTC`}},
		{"a legal hold with an end", func(f *fixture, pl *plan) { pl.p.Exceptions[1].Until = str("2027-01-31T00:00:00Z") }, []string{
			`report.sigstore.json: exceptions: LEGAL_HOLD of store "exchanges" has an end: a legal hold has none`}},
		{"a promotion kept quiet", func(f *fixture, pl *plan) {
			pl.p.Exceptions = append(pl.p.Exceptions[:2:2], pl.p.Exceptions[3])
		}, []string{"parts.jsonl: store exchanges: the manifest has 1 lines with the code PROMOTED, exceptions say 0"}},
		{"an active upload kept quiet", func(f *fixture, pl *plan) { pl.p.Exceptions = pl.p.Exceptions[:3] }, []string{
			"parts.jsonl: store exchanges: the manifest has 1 lines with the code UPLOAD_ACTIVE, exceptions say 0"}},
		{"more active uploads than were aborted", func(f *fixture, pl *plan) { pl.p.Exceptions[3].Count = 3 }, []string{
			`report.sigstore.json: outcomes of store "exchanges": aborted is 2, the exceptions UPLOAD_ACTIVE are 3`,
			"parts.jsonl: store exchanges: the manifest has 1 lines with the code UPLOAD_ACTIVE, exceptions say 3"}},
		{"more promotions than deletions", func(f *fixture, pl *plan) { pl.p.Exceptions[2].Count = 4 }, []string{
			`report.sigstore.json: outcomes of store "exchanges": deleted is 3, the exceptions PROMOTED are 4`,
			"parts.jsonl: store exchanges: the manifest has 1 lines with the code PROMOTED, exceptions say 4"}},
		{"more excused than remains", func(f *fixture, pl *plan) { pl.p.Confirmation.ExpiredRemaining = 3 }, []string{
			"report.sigstore.json: confirmation: 4 entries are excused, and only 3 expired ones remain"}},
		{"more excused by locks than are locked", func(f *fixture, pl *plan) {
			pl.p.Confirmation.ExpiredRemaining, pl.p.Confirmation.Excused.Locked = 5, 3
		}, []string{"report.sigstore.json: confirmation: excused.locked is 3, the outcomes have only 2 locked"}},
		{"numbers of a listing that was not made", func(f *fixture, pl *plan) { pl.p.Confirmation.StartedAt = nil }, []string{
			"report.sigstore.json: confirmation: it says what remains, and not when the second listing was made"}},
		{"held by nobody", func(f *fixture, pl *plan) { pl.p.Holds = nil }, []string{
			"report.sigstore.json: entries are held, and holds[] names no hold"}},
		{"a witness that the config does not ask for", func(f *fixture, pl *plan) {
			delete(pl.config["zdr"].(map[string]any), "metadata")
		}, []string{"config.json: its zdr.metadata names no header, and the payload's zdr.witness looked at 60 entries"}},
		{"a witness that found more than it looked at", func(f *fixture, pl *plan) { pl.p.ZDR.Witness.Looked = 0 }, []string{
			"report.sigstore.json: zdr.witness: found is 1, looked only 0"}},
		{"a witness that is not heard", func(f *fixture, pl *plan) {
			pl.p.Result, pl.p.Reasons = ResultInconclusive, []Reason{{"ZDR_VIOLATION", 1}}
		}, []string{
			"report.sigstore.json: zdr.witness: found is 1, and reasons[] does not say ZDR_METADATA",
			`report.sigstore.json: result is "inconclusive", and zdr.witness found 1 entries that were stored under zero retention`}},
		{"a sweep of prefixes", func(f *fixture, pl *plan) {
			pl.p.ZDR.Mode = ModePrefixes
			pl.p.Reasons = append(pl.p.Reasons, Reason{CodePrefixOnly, 1})
		}, []string{
			"report.sigstore.json: zdr.mode is prefixes in a report of type sweep: only an attestation lists prefixes alone",
			"report.sigstore.json: zdr: 1 teams are said to be zero, and zdr.mode is prefixes, which shows no more than zero-in-prefix",
			"teams.csv: team zoe in store exchanges is said to be zero, and zdr.mode is prefixes"}},
		{"zero in a prefix, after a whole listing", func(f *fixture, pl *plan) {
			pl.teams[1].State = StateZeroInPrefix
			pl.p.ZDR.Zero, pl.p.ZDR.Inconclusive = 0, 1
		}, []string{"teams.csv: team zoe in store exchanges is said to be zero-in-prefix, and zdr.mode is full"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			f.seal(f.quiet(21))
			pl := f.versioned(22)
			tt.lie(f, pl)
			f.seal(pl)
			want := make([]string, len(tt.want))
			for i, w := range tt.want {
				want[i] = "report 1: " + w
			}
			sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, want)
		})
	}
}

// A zero row over one count that is not: each of the four kinds, what was
// planned, and what the second listing saw.
func TestZeroIsNeverSaidOverACount(t *testing.T) {
	for name, change := range map[string]func(r *TeamRow){
		"objects":             func(r *TeamRow) { r.Objects = 1 },
		"noncurrent versions": func(r *TeamRow) { r.NoncurrentVersions = 1 },
		"delete markers":      func(r *TeamRow) { r.DeleteMarkers = 1 },
		"uploads":             func(r *TeamRow) { r.Uploads = 1 },
		"remaining":           func(r *TeamRow) { r.Remaining = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.seal(f.quiet(21))
			pl := f.versioned(22)
			change(&pl.teams[1])
			f.seal(pl)
			sameStrings(t, "sweep", f.verify(VerifyOptions{}).Problems, []string{
				"report 1: teams.csv: team zoe in store exchanges is said to be zero, and its counts are not"})

			f = newFixture(t)
			pl = f.prefixes(22)
			pl.p.Population[0].PopulationCounts = PopulationCounts{Listed: 4, Objects: 1, NoncurrentVersions: 1, DeleteMarkers: 1, Uploads: 1, Kept: 4}
			pl.p.sums()
			change(&pl.teams[1])
			f.seal(pl)
			sameStrings(t, "prefixes", f.verify(VerifyOptions{}).Problems, []string{
				"report 0: teams.csv: team zoe in store exchanges is said to be zero-in-prefix, and its counts are not"})
		})
	}
}

func TestALieAboutPrefixesIsFound(t *testing.T) {
	tests := []struct {
		name string
		lie  func(pl *plan)
		want []string // without "report 0: "
	}{
		{"nothing", func(*plan) {}, nil},
		{"found by the witness", func(pl *plan) {
			pl.config["zdr"] = map[string]any{"metadata": map[string]any{"header": "zero-data-retention"}}
			pl.p.Result, pl.p.ZDR.Witness = ResultBroken, Witness{Looked: 3, Found: 1}
			pl.p.Reasons = append(pl.p.Reasons, Reason{CodeZDRMetadata, 1})
		}, nil},
		{"a violation in a prefix", func(pl *plan) {
			pl.teams[0].State, pl.teams[0].Uploads, pl.teams[0].Remaining = StateViolation, 1, 1
			pl.p.Result, pl.p.ZDR.Violation, pl.p.ZDR.Inconclusive = ResultBroken, 1, 1
		}, nil},
		{"kept", func(pl *plan) {
			pl.p.Result, pl.p.ZDR.Inconclusive, pl.p.ZDR.TeamCount, pl.teams = ResultKept, 0, 0, nil
		}, []string{`report.sigstore.json: result is "kept", and the ZDR teams were looked for in prefixes alone`}},
		{"kept with exceptions", func(pl *plan) {
			pl.p.Result, pl.p.ZDR.Inconclusive, pl.p.ZDR.TeamCount, pl.teams = ResultKeptWithExceptions, 0, 0, nil
		}, []string{`report.sigstore.json: result is "kept-with-exceptions", and the ZDR teams were looked for in prefixes alone`}},
		{"zero", func(pl *plan) {
			pl.teams[1].State = StateZero
			pl.p.Population[0].Unattributed = 0
			pl.p.ZDR.Zero, pl.p.ZDR.Inconclusive = 1, 1
			pl.p.sums()
		}, []string{
			"report.sigstore.json: zdr: 1 teams are said to be zero, and zdr.mode is prefixes, which shows no more than zero-in-prefix",
			"teams.csv: team zoe in store exchanges is said to be zero, and zdr.mode is prefixes"}},
		{"without saying so", func(pl *plan) { pl.p.Reasons = []Reason{{"ROSTER_STALE", 1}} }, []string{
			"report.sigstore.json: zdr.mode is prefixes, and reasons[] does not say PREFIX_ONLY"}},
		{"called a whole listing", func(pl *plan) { pl.p.ZDR.Mode = ModeFull }, []string{
			"teams.csv: team zed in store exchanges is said to be zero-in-prefix, and zdr.mode is full",
			"teams.csv: team zoe in store exchanges is said to be zero-in-prefix, and zdr.mode is full"}},
		{"zero in prefixes that were not listed to the end", func(pl *plan) {
			pl.p.Population[0].Complete = false
			pl.teams[0].State = StateInconclusive
		}, []string{"teams.csv: team zoe in store exchanges is said to be zero-in-prefix, and the listing did not get to its end"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			pl := f.prefixes(20)
			tt.lie(pl)
			f.seal(pl)
			want := make([]string, len(tt.want))
			for i, w := range tt.want {
				want[i] = "report 0: " + w
			}
			sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, want)
		})
	}
}

func TestAnAttestationOfPrefixesServesNoSlotAndIsNoSweepToPurgeBy(t *testing.T) {
	f := newFixture(t)
	f.seal(f.quiet(20))
	f.seal(f.prefixes(21))
	f.seal(f.versioned(22))
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{
		"report 2: report.sigstore.json: run.missed does not declare slot 2026-11-21T02:15:00Z, and report 0 was the last sweep before"})

	// The attestation knows zed; no sweep ever did.
	f = newFixture(t)
	f.seal(f.prefixes(21))
	f.seal(f.versioned(22))
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{
		"report 1: teams.csv: store exchanges: 2 entries were purged, the ZDR teams in violation that the last sweep knew have 0 planned"})
}

func TestARecoveryIsNoSweepToPurgeBy(t *testing.T) {
	recovery := func(f *fixture, teams int) {
		pl := f.quiet(21)
		pl.p.ReportType, pl.p.Run.Trigger = TypeRecovery, "recovery"
		pl.teams = pl.teams[:teams]
		pl.p.ZDR.TeamCount, pl.p.ZDR.Zero = int64(teams), int64(teams)
		pl.p.Reasons = []Reason{{CodeRosterRemoved, 2}}
		f.seal(pl)
	}
	f := newFixture(t)
	f.seal(f.quiet(20))
	recovery(f, 0)
	f.seal(f.versioned(22))
	sameStrings(t, "known to the sweep alone", f.verify(VerifyOptions{}).Problems, nil)

	f = newFixture(t)
	recovery(f, 2)
	f.seal(f.versioned(22))
	sameStrings(t, "known to the recovery alone", f.verify(VerifyOptions{}).Problems, []string{
		"report 1: teams.csv: store exchanges: 2 entries were purged, the ZDR teams in violation that the last sweep knew have 0 planned"})
}

func TestTheRosterOfAnAttestationOfPrefixesIsComparedLikeAnyOther(t *testing.T) {
	f := newFixture(t)
	f.seal(f.quiet(20))
	pl := f.prefixes(20)
	pl.p.ReportID = "01936000-0000-7000-8000-000000000099"
	pl.teams = pl.teams[:1]
	pl.p.ZDR.TeamCount, pl.p.ZDR.Inconclusive = 1, 1
	f.seal(pl)
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{
		"report 1: teams.csv: ROSTER_REMOVED since report 0, and reasons[] does not declare it: team zoe"})
}

func TestWhatMustStayIsExcusedAndNeverKept(t *testing.T) {
	excused := func() Predicate {
		f := newFixture(t)
		f.seal(f.quiet(21))
		f.seal(f.versioned(22))
		p := f.last.Predicate
		p.Outcomes[0].Purged, p.Population[0].Expired, p.Population[0].Kept = 0, 9, 91
		p.Result, p.Reasons = ResultKeptWithExceptions, []Reason{{"LOCKED", 2}}
		p.ZDR.Zero, p.ZDR.Violation, p.ZDR.Witness = 2, 0, Witness{Looked: 60}
		p.sums()
		return p
	}
	tests := []struct {
		name   string
		change func(p *Predicate)
		want   []string
	}{
		{"nothing", func(*Predicate) {}, nil},
		{"kept", func(p *Predicate) { p.Result = ResultKept }, []string{
			`result is "kept" with 4 expired entries remaining`, `result is "kept" with 1 entries held, 2 locked and 1 pending`}},
		{"kept, and nothing said to remain", func(p *Predicate) {
			p.Result, p.Confirmation.ExpiredRemaining, p.Confirmation.Excused = ResultKept, 0, Excused{}
		}, []string{`result is "kept" with 1 entries held, 2 locked and 1 pending`}},
		{"more pending than there are", func(p *Predicate) {
			p.Confirmation.ExpiredRemaining, p.Confirmation.Excused.Pending = 5, 2
		}, []string{`result is "kept-with-exceptions" with excused.pending 2, and the outcomes have only 1 pending`}},
		{"more pending than there are, in a report that claims nothing", func(p *Predicate) {
			p.Confirmation.ExpiredRemaining, p.Confirmation.Excused.Pending, p.Result = 5, 2, ResultInconclusive
		}, nil},
		{"held entries that came between the listings", func(p *Predicate) {
			p.Confirmation.ExpiredRemaining, p.Confirmation.Excused.Held = 5, 2
		}, nil},
		{"one that nothing excuses", func(p *Predicate) { p.Confirmation.ExpiredRemaining = 5 }, []string{
			`result is "kept-with-exceptions" with 5 expired entries remaining, of which 4 are excused`}},
		{"a failure", func(p *Predicate) {
			p.Outcomes[0].Deleted, p.Outcomes[0].Failed = 2, 1
			p.sums()
		}, []string{`result is "kept-with-exceptions" with 1 entries failed and 0 unconfirmed`}},
		{"purged entries", func(p *Predicate) {
			p.Outcomes[0].Purged, p.Population[0].Expired, p.Population[0].Kept = 2, 7, 93
			p.sums()
		}, []string{"totals.purged is 2, and zdr counts no team in violation"}},
		{"more locked than objects and versions", func(p *Predicate) {
			p.Population[0].Objects, p.Population[0].NoncurrentVersions, p.Population[0].DeleteMarkers = 1, 0, 95
			p.sums()
		}, []string{`outcomes of store "exchanges": locked is 2, objects and noncurrentVersions together only 1`}},
		{"more deleted than was no upload", func(p *Predicate) {
			p.Population[0].Objects, p.Population[0].NoncurrentVersions, p.Population[0].DeleteMarkers, p.Population[0].Uploads = 2, 0, 0, 98
			p.Outcomes[0].Pending, p.Outcomes[0].Changed, p.Confirmation.ExpiredRemaining, p.Confirmation.Excused.Pending = 0, 1, 3, 0
			p.sums()
		}, []string{`outcomes of store "exchanges": deleted is 3, there were only 2 entries beside the uploads`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := excused()
			tt.change(&p)
			sameStrings(t, "findings", ValidatePredicate(p), tt.want)
		})
	}
}
