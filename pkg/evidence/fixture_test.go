package evidence

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"testing/fstest"
	"time"
)

const fixtureVault = "vault-7f3a"

// plan is what one fixture report is made of; tests change it before sealing.
type plan struct {
	p      Predicate
	lines  [][]Line // by part
	teams  []TeamRow
	config map[string]any
	html   string
	signer Signer
	// after changes the files when all but the bundle is made, before signing.
	after func(files map[string][]byte)
}

// fixture builds a vault in memory, one report after the other.
type fixture struct {
	t      *testing.T
	fs     fstest.MapFS
	signer Signer
	trust  TrustRoot
	ids    *Identifiers
	last   *Statement
	// digests of the last report's payload and bundle
	payloadSHA, bundleSHA string
	n                     int64
}

func at(day, hour, minute int) time.Time {
	return time.Date(2026, time.November, day, hour, minute, 0, 0, time.UTC)
}

func newSigner(t *testing.T) Signer {
	t.Helper()
	priv, _, err := GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	s, err := LoadSigner(priv)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	s := newSigner(t)
	trust, err := NewTrustRoot(fixtureVault, s.Public(), at(1, 0, 0))
	if err != nil {
		t.Fatal(err)
	}
	secret := Secret{1, 2, 3}
	return &fixture{t: t, fs: fstest.MapFS{}, signer: s, trust: trust, ids: NewIdentifiers(secret, "2026-11")}
}

// night is the plan of the sweep of a November day: six entries of acme in the
// store exchanges, two of the ZDR team zed (one residual object went, one
// unattributed key beside), and one upload.
func (f *fixture) night(day int) *plan {
	start := at(day, 2, 15).Add(3 * time.Second)
	pl := &plan{
		signer: f.signer,
		config: map[string]any{
			"retention": map[string]any{"max_age": "30d", "age_source": "earliest"},
			"stores": []any{map[string]any{"name": "exchanges", "bucket": "api-exchanges", "prefix": "",
				"endpoint": "", "region": "us-east-1", "layout": []any{"{team}/{yyyy}/{mm}/{dd}/{request}.json"}}},
			"schedule": map[string]any{"cron": "15 2 * * *", "timezone": "UTC"},
		},
		teams: []TeamRow{
			{Team: "zed", ZDR: true, ZDRSince: "2026-01-10T00:00:00Z", Store: "exchanges", Objects: 1, Planned: 1, Gone: 1,
				State: StateResidual, TeamKeyCommit: f.ids.Team("zed").Commit()},
			{Team: "zoe", ZDR: true, ZDRSince: "2026-02-01T00:00:00Z", Store: "exchanges",
				State: StateInconclusive, TeamKeyCommit: f.ids.Team("zoe").Commit()},
		},
	}
	pl.lines = [][]Line{{}, {}}
	acme := f.ids.Team("acme")
	for i := range 6 {
		pl.lines[i/3] = append(pl.lines[i/3], Line{
			TeamRef: acme.Ref(), KeyHMAC: acme.KeyHMAC("object", "api-exchanges", fmt.Sprintf("acme/%d/%d", day, i), ""),
			Kind: "object", Created: HourUp(start.Add(-40 * 24 * time.Hour)), At: HourDown(start), Why: WhyAge,
			Outcome: OutcomeDeleted, By: ByResponse,
		})
	}
	pl.lines[1] = append(pl.lines[1],
		Line{KeyHMAC: f.ids.Team("zed").KeyHMAC("object", "api-exchanges", fmt.Sprintf("zed/%d", day), ""), Kind: "object", Why: WhyAge,
			Outcome: OutcomeAbsent, By: ByLookup},
		Line{KeyHMAC: f.ids.Team("").KeyHMAC("upload", "api-exchanges", fmt.Sprintf("odd%d", day), "u1"), Kind: "upload", Why: WhyAge,
			Outcome: OutcomeAborted, By: ByResponse},
	)
	slot := FormatTime(at(day, 2, 15))
	pop := PopulationCounts{Listed: 100, Objects: 98, DeleteMarkers: 1, Uploads: 1, Bytes: 4096, Pages: 1, Unattributed: 1,
		Expired: 8, Kept: 92}
	out := OutcomeCounts{Planned: 8, Deleted: 6, DeletedBytes: 600, Absent: 1, Aborted: 1, WindowSeconds: 4}
	confirmStart, confirmEnd := FormatTime(start.Add(4*time.Minute)), FormatTime(start.Add(5*time.Minute))
	pl.p = Predicate{
		SchemaVersion: SchemaVersion,
		ReportID:      fmt.Sprintf("01936000-0000-7000-8000-%012d", day),
		ReportType:    TypeSweep, Result: ResultInconclusive,
		Reasons:      []Reason{{Code: "UNATTRIBUTED", Count: 1}},
		Organization: Organization{Name: "Example Inc.", Contact: "privacy@example.com"},
		Run: Run{Trigger: "schedule", ScheduledFor: &slot, Schedule: &Schedule{Cron: "15 2 * * *", Timezone: "UTC"},
			StartedAt: FormatTime(start), FinishedAt: FormatTime(start.Add(6 * time.Minute)),
			Clock: Clock{ServerSkewMillis: map[string]int64{"exchanges": -40}, Limit: "1m"}},
		Actor: Actor{Tool: "sweeper", Version: "v0", Identity: "role/sweeper"},
		Policy: Policy{MaxAge: "30d", AgeSource: "earliest", Cutoff: FormatTime(start.Add(-30 * 24 * time.Hour)),
			Limits: PolicyLimits{MaxShare: "0.2", MaxKeyDateOnlyShare: "0.01", MaxClockSkewMillis: 60000}},
		Stores:       []Store{{Name: "exchanges", Provider: "aws", Bucket: "api-exchanges", Versioning: "never", ObjectLock: "none"}},
		Population:   []Population{{Store: "exchanges", PopulationCounts: pop, Complete: true}},
		Outcomes:     []Outcomes{{Store: "exchanges", OutcomeCounts: out}},
		Totals:       Totals{PopulationCounts: pop, OutcomeCounts: out},
		Confirmation: Confirmation{StartedAt: &confirmStart, FinishedAt: &confirmEnd, Complete: true},
		ZDR: ZDR{RosterSource: "zdr-teams.yaml", RosterSHA256: SHA256Hex([]byte("roster")), RosterAsOf: FormatTime(at(day, 0, 0)),
			TeamCount: 2, Residual: 1, Inconclusive: 1, Mode: "full"},
		Manifest:    Manifest{Format: ManifestFormat, TreeAlg: TreeAlg},
		Identifiers: IDScheme{Scheme: SchemeHashed, Epoch: f.ids.Epoch(), EpochCommit: f.ids.EpochCommit()},
		Evidence:    Intentions{ObjectLockMode: "none", TimestampPolicy: "none"},
		Limits:      []string{"S3 deletion is logical, not media sanitization."},
	}
	return pl
}

// quiet is the plan of a night on which nothing expired and all teams are zero.
func (f *fixture) quiet(day int) *plan {
	pl := f.night(day)
	pl.lines = nil
	for i := range pl.teams {
		r := &pl.teams[i]
		*r = TeamRow{Team: r.Team, ZDR: true, ZDRSince: r.ZDRSince, Store: r.Store, State: StateZero, TeamKeyCommit: r.TeamKeyCommit}
	}
	p := &pl.p
	p.Result, p.Reasons = ResultKept, nil
	p.Population[0].PopulationCounts = PopulationCounts{Listed: 92, Objects: 92, Kept: 92, Pages: 1}
	p.Outcomes[0].OutcomeCounts = OutcomeCounts{}
	p.Totals = Totals{PopulationCounts: p.Population[0].PopulationCounts}
	p.ZDR.Zero, p.ZDR.Residual, p.ZDR.Inconclusive = 2, 0, 0
	return pl
}

// seal writes the plan as the next report of the vault.
func (f *fixture) seal(pl *plan) {
	f.t.Helper()
	p := &pl.p
	if p.Chain.Sequence == 0 {
		p.Chain.Sequence = f.n
	}
	if p.Chain.VaultID == "" {
		p.Chain.VaultID = fixtureVault
	}
	if f.last != nil && p.Chain.PreviousReportID == nil {
		id, payload, bundle := f.last.Predicate.ReportID, f.payloadSHA, f.bundleSHA
		p.Chain.PreviousReportID, p.Chain.PreviousStatementSHA256, p.Chain.PreviousBundleSHA256 = &id, &payload, &bundle
	}
	if p.Chain.NextDue == nil && p.Run.Schedule != nil {
		started, err := ParseTime(p.Run.StartedAt)
		f.must(err)
		due, err := NextDue(p.Run.Schedule, started, nil)
		f.must(err)
		p.Chain.NextDue = &due
	}
	files := f.files(pl)
	if pl.after != nil {
		pl.after(files)
	}
	subjects := map[string][]byte{}
	for _, name := range []string{FileParts, FileTeams, FileConfig, FileHTML} {
		if data, ok := files[name]; ok {
			subjects[name] = data
		}
	}
	ref, err := SignerFor(pl.signer.Public())
	f.must(err)
	if p.Signer == (SignerRef{}) {
		p.Signer = ref
	}
	st := NewStatement(*p, subjects)
	payload, err := st.Marshal()
	f.must(err)
	bundle, err := SealBundle(payload, pl.signer)
	f.must(err)
	files[FileBundle] = bundle
	for name, data := range files {
		f.fs[ReportDir(f.n)+"/"+name] = &fstest.MapFile{Data: data, Mode: 0o644}
	}
	f.last, f.payloadSHA, f.bundleSHA = &st, SHA256Hex(payload), SHA256Hex(bundle)
	f.n++
}

// files makes all files but the bundle, and the fields that commit to them.
func (f *fixture) files(pl *plan) map[string][]byte {
	f.t.Helper()
	files := map[string][]byte{}
	var parts []Part
	for i, lines := range pl.lines {
		w := NewPart(PartName(0, i))
		for _, l := range lines {
			f.must(w.Add(l))
		}
		data, part, err := w.Finish()
		f.must(err)
		files[part.Name] = data
		parts = append(parts, part)
		pl.p.Manifest.RecordCount += part.Count
	}
	pl.p.Manifest.PartCount = int64(len(parts))
	root, err := RootHash(parts)
	f.must(err)
	pl.p.Manifest.RootHash = root
	files[FileParts] = EncodeParts(parts)
	files[FileTeams], err = EncodeTeams(pl.teams)
	f.must(err)
	files[FileConfig], err = json.Marshal(pl.config)
	f.must(err)
	pl.p.Policy.ConfigSHA256 = SHA256Hex(files[FileConfig])
	if pl.html != "" {
		files[FileHTML] = []byte(pl.html)
	}
	return files
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

// three seals a busy night, a quiet one and a busy one: reports 0, 1 and 2, of
// November 20 to 22.
func (f *fixture) three() {
	f.t.Helper()
	f.seal(f.night(20))
	f.seal(f.quiet(21))
	f.seal(f.night(22))
}

func (f *fixture) verify(o VerifyOptions) Verification {
	f.t.Helper()
	v, err := Verify(f.fs, f.trust, o)
	f.must(err)
	return v
}

func sameStrings(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s:\n got %q\nwant %q", what, got, want)
	}
}

// clone copies a vault, so that a test can tamper with it.
func clone(fs fstest.MapFS) fstest.MapFS {
	out := fstest.MapFS{}
	for name, file := range maps.All(fs) {
		c := *file
		c.Data = slices.Clone(file.Data)
		out[name] = &c
	}
	return out
}
