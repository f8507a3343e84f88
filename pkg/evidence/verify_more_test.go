package evidence

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestEveryFlippedByteOfAVaultIsFound(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))
	pl := f.quiet(21)
	pl.html = "<html>"
	f.seal(pl)
	names := slices.Sorted(maps.Keys(f.fs))
	rapid.Check(t, func(rt *rapid.T) {
		name := rapid.SampledFrom(names).Draw(rt, "file")
		v := clone(f.fs)
		data := v[name].Data
		if len(data) == 0 {
			v[name].Data = []byte("x")
		} else {
			i := rapid.IntRange(0, len(data)-1).Draw(rt, "byte")
			data[i] ^= 1 << rapid.IntRange(0, 7).Draw(rt, "bit")
		}
		got, err := Verify(v, f.trust, VerifyOptions{})
		if err != nil || got.Valid {
			rt.Fatalf("%s: not found (%v)", name, err)
		}
		_, base, _ := strings.Cut(strings.TrimPrefix(name, "reports/"), "/")
		if !slices.ContainsFunc(got.Problems, func(p string) bool { return strings.Contains(p, base) }) {
			rt.Fatalf("%s: no finding names it: %q", name, got.Problems)
		}
	})
}

func TestARotationHandsOverToAKeyOfTheTrustRoot(t *testing.T) {
	f := newFixture(t)
	f.seal(f.night(20))

	second := newSigner(t)
	f.seal(f.rotation(20, f.signer, second))
	pl := f.night(21)
	pl.signer = second
	pl.teams = pl.teams[:1]
	pl.p.ZDR.TeamCount, pl.p.ZDR.Inconclusive = 1, 0
	f.seal(pl)
	spki, err := SPKISHA256(second.Public())
	f.must(err)

	// A change is seen across the rotation, and the new key is not trusted yet.
	sameStrings(t, "before", f.verify(VerifyOptions{}).Problems, []string{
		"report 2: report.sigstore.json: it is signed by key " + spki + ", which the trust root does not name; " +
			"report 1 hands over to this key, so ask the organization for its newer trust root"})
	more, err := NewTrustRoot(fixtureVault, second.Public(), at(20, 12, 0))
	f.must(err)
	f.trust.Keys = append(f.trust.Keys, more.Keys...)
	sameStrings(t, "after", f.verify(VerifyOptions{}).Problems, []string{
		"report 2: teams.csv: ROSTER_REMOVED since report 0, and reasons[] does not declare it: team zoe"})
}

func TestAVaultWithClearKeysAllTeamsPurgesAndTwoStoresVerifies(t *testing.T) {
	f := newFixture(t)
	f.seal(f.quiet(19))
	pl := f.night(20)
	size := int64(100)
	acme := pl.lines[0][0].TeamRef
	for p := range pl.lines {
		for i := range pl.lines[p] {
			if l := &pl.lines[p][i]; l.TeamRef == acme {
				l.Key, l.Team, l.Size = "acme/\xffkey", "acme", &size
			}
		}
	}
	pl.p.Identifiers.Scheme = SchemeClear
	pl.teams = append(pl.teams, TeamRow{Team: "acme", Store: "exchanges", Objects: 50, Planned: 6, Gone: 6, Remaining: 44,
		TeamKeyCommit: f.ids.Team("acme").Commit()})

	// The second store: one purged violation of zed, one entry of no team.
	pl.lines = append(pl.lines, []Line{
		{Store: 1, KeyHMAC: SHA256Hex([]byte("purged")), Kind: "version", Why: WhyZDR, Outcome: OutcomeDeleted, By: ByResponse},
		{Store: 1, KeyHMAC: SHA256Hex([]byte("meta")), Kind: "marker", Created: "2026-10-01T00:00:00Z", At: "2026-11-20T02:00:00Z",
			Why: WhyAge, Outcome: OutcomePending, By: ByLookup},
	})
	stores := pl.config["stores"].([]any)
	pl.config["stores"] = append(stores, map[string]any{"name": "logs", "bucket": "api-logs", "prefix": "x/"})
	pl.teams = append(pl.teams,
		TeamRow{Team: "zed", ZDR: true, ZDRSince: "2026-01-10T00:00:00Z", Store: "logs", NoncurrentVersions: 1, Planned: 1, Gone: 1,
			State: StateViolation, TeamKeyCommit: f.ids.Team("zed").Commit()},
		TeamRow{Team: "zoe", ZDR: true, ZDRSince: "2026-02-01T00:00:00Z", Store: "logs", State: StateZero,
			TeamKeyCommit: f.ids.Team("zoe").Commit()})
	p := &pl.p
	pl.config["zdr"] = map[string]any{"purge_violations": true}
	p.Policy.Limits.MaxPurge = 1
	p.Result, p.Reasons = ResultBroken, []Reason{{"ZDR_VIOLATION", 1}, {CodeScopeChanged, 1}}
	p.Stores = append(p.Stores, Store{Name: "logs", Bucket: "api-logs", Prefix: "x/"})
	pop := PopulationCounts{Listed: 5, Objects: 1, NoncurrentVersions: 2, DeleteMarkers: 2, Expired: 1, Kept: 4}
	out := OutcomeCounts{Planned: 2, Purged: 1, Deleted: 1, Pending: 1, WindowSeconds: 9}
	p.Population = append(p.Population, Population{Store: "logs", PopulationCounts: pop, Complete: true})
	p.Outcomes = append(p.Outcomes, Outcomes{Store: "logs", OutcomeCounts: out})
	addIntegers(&p.Totals.PopulationCounts, pop)
	addIntegers(&p.Totals.OutcomeCounts, out)
	p.Totals.WindowSeconds = 9
	p.ZDR.Residual, p.ZDR.Violation = 0, 1
	f.seal(pl)
	v := f.verify(VerifyOptions{})
	sameStrings(t, "problems", v.Problems, nil)
	if v.Reports[1].Lines != 10 {
		t.Errorf("%d lines", v.Reports[1].Lines)
	}
}

func TestADryRunAnAttestationAndARecoveryVerify(t *testing.T) {
	f := newFixture(t)
	dry := f.night(20)
	for p := range dry.lines {
		for i := range dry.lines[p] {
			l := &dry.lines[p][i]
			l.Outcome, l.Code, l.By = OutcomeLeft, "DRY_RUN", ByLookup
		}
	}
	dry.teams[0].Gone = 0
	dry.p.ReportType, dry.p.Result, dry.p.Confirmation = TypeDryRun, ResultNone, Confirmation{}
	dry.p.Outcomes[0].OutcomeCounts = OutcomeCounts{Planned: 8, Left: 8}
	dry.p.Totals.OutcomeCounts = dry.p.Outcomes[0].OutcomeCounts
	f.seal(dry)

	attestation := f.quiet(21)
	attestation.p.ReportType, attestation.p.Confirmation = TypeAttestation, Confirmation{}
	attestation.p.Population[0].Expired, attestation.p.Population[0].Kept = 5, 87
	attestation.p.Totals.PopulationCounts = attestation.p.Population[0].PopulationCounts
	f.seal(attestation)

	recovery := f.night(22)
	recovery.p.ReportType, recovery.p.Result = TypeRecovery, ResultInterrupted
	recovery.p.Run.Trigger, recovery.p.Confirmation = "recovery", Confirmation{}
	f.seal(recovery)
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, nil)
}

func TestAVaultWithoutASealedReportIsAFinding(t *testing.T) {
	f := newFixture(t)
	f.three()
	for n := range int64(3) {
		delete(f.fs, ReportDir(n)+"/"+FileBundle)
	}
	sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, []string{
		"the vault holds no report",
		"report 1: report.sigstore.json is missing, and the next report to be sealed is 0",
		"report 2: report.sigstore.json is missing, and the next report to be sealed is 0"})
}
