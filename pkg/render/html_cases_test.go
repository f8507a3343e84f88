package render

import (
	"fmt"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// pageCase is a report and what its page is made with.
type pageCase struct {
	p evidence.Predicate
	o HTMLOptions
}

func hex64(c string) string { return strings.Repeat(c, 64) }

// night is a sweep of two stores with all that a report can have, all well;
// cases change it.
func night() pageCase {
	p := evidence.Predicate{
		SchemaVersion: evidence.SchemaVersion, ReportID: "019ab7e2-1c04-7b31-9f0e-5d2c8a64e1f7",
		ReportType: evidence.TypeSweep, Result: evidence.ResultKept,
		Signer: evidence.SignerRef{SPKISHA256: "4be1c95db39db1b3c1e0c7ea25e4ca53c2a46c6e6d5fd6f16fd3a4e8ef1c6a90", Algorithm: evidence.AlgorithmECDSA},
		Chain: evidence.Chain{VaultID: "vault-7f3a9c", Sequence: 123, PreviousReportID: some("019ab2bb-8a10-7c55-8d7e-0b7f4f9d3c21"),
			PreviousStatementSHA256: some("9d" + strings.Repeat("5e", 31)), PreviousBundleSHA256: some("c0" + strings.Repeat("1f", 31)),
			NextDue: some("2026-11-26T02:15:00Z")},
		Organization: evidence.Organization{Name: "Example Inc.", Contact: "privacy@example.com"},
		Run: evidence.Run{Trigger: "schedule", ScheduledFor: some("2026-11-25T02:15:00Z"), Schedule: &evidence.Schedule{Cron: "15 2 * * *", Timezone: "UTC"},
			StartedAt: "2026-11-25T02:15:03Z", FinishedAt: "2026-11-25T02:41:47Z",
			Clock: evidence.Clock{ServerSkewMillis: map[string]int64{"exchanges": -40, "batches": 12}, Limit: "1m0s"}},
		Actor: evidence.Actor{Tool: "sweeper", Version: "v1.0.0", Commit: "3f1c2ab94e0d", BinarySHA256: "77" + strings.Repeat("0a", 31), Identity: "role/retention-sweeper"},
		Policy: evidence.Policy{MaxAge: "30d", AgeSource: "earliest", Cutoff: "2026-10-26T02:15:03Z", ConfigSHA256: "e3" + strings.Repeat("b0", 31),
			Limits: evidence.PolicyLimits{MaxDeletions: 1_000_000, MaxShare: "0.2", ShareFloor: 1000, MaxKeyDateOnlyShare: "0.01", MaxKeyDateOnlyFloor: 100,
				MaxClockSkewMillis: 60000, MaxPurge: 1000, MaxRosterAgeSeconds: 86400}},
		Stores: []evidence.Store{
			{Name: "exchanges", Provider: "aws", EndpointHost: "s3.eu-central-1.amazonaws.com", Region: "eu-central-1", Bucket: "example-api-exchanges", Prefix: "v1/",
				Layouts: []string{"{team}/{yyyy}/{mm}/{dd}/{request}.json"}, KeyDateZone: "UTC", NoTeam: []string{"_health"}, Versioning: "enabled", ObjectLock: "none", OverwriteGuard: "etag"},
			{Name: "batches", Provider: "minio", EndpointHost: "minio.internal.example.com", Region: "us-east-1", Bucket: "batches",
				Layouts: []string{"{team}/{batch}/{file}"}, KeyDateZone: "UTC", Versioning: "never", ObjectLock: "none", OverwriteGuard: "relist"},
		},
		Population: []evidence.Population{
			{Store: "exchanges", Complete: true, PopulationCounts: evidence.PopulationCounts{Objects: 1_903_411, NoncurrentVersions: 40_116, DeleteMarkers: 12_004, Uploads: 31,
				Bytes: 81_604_378_624, Pages: 1956, Expired: 62_418}},
			{Store: "batches", Complete: true, PopulationCounts: evidence.PopulationCounts{Objects: 20_480, Bytes: 7_340_032, Pages: 21, Expired: 660}},
		},
		Outcomes: []evidence.Outcomes{
			{Store: "exchanges", OutcomeCounts: evidence.OutcomeCounts{Planned: 62_418, Deleted: 62_380, DeletedBytes: 2_340_000_000, Absent: 7, Aborted: 31, Retries: 12, WindowSeconds: 41}},
			{Store: "batches", OutcomeCounts: evidence.OutcomeCounts{Planned: 660, Deleted: 660, DeletedBytes: 236_000, WindowSeconds: 3}},
		},
		HoldsSHA256:  "5a" + strings.Repeat("c4", 31),
		Lateness:     evidence.Lateness{OldestDeletedSeconds: 31*86400 - 3600, OldestSurvivorSeconds: 30*86400 - 60},
		Confirmation: evidence.Confirmation{StartedAt: some("2026-11-25T02:30:12Z"), FinishedAt: some("2026-11-25T02:41:40Z"), Complete: true},
		ZDR: evidence.ZDR{RosterSource: "s3://example-config/zdr-teams.yaml", RosterSHA256: "b8" + strings.Repeat("2d", 31), RosterAsOf: "2026-11-25T00:00:00Z",
			TeamCount: 3, Zero: 3, Mode: evidence.ModeFull, Witness: evidence.Witness{Looked: 200}},
		Manifest:    evidence.Manifest{Format: evidence.ManifestFormat, PartCount: 2, TreeAlg: evidence.TreeAlg, RootHash: "1c" + strings.Repeat("9b", 31)},
		Identifiers: evidence.IDScheme{Scheme: evidence.SchemeHashed, Epoch: "2026-11", EpochCommit: "d4" + strings.Repeat("1d", 31)},
		Evidence: evidence.Intentions{ObjectLockMode: "compliance", RetainUntil: some("2033-11-25T02:41:47Z"),
			ManifestRetainUntil: some("2027-12-30T02:41:47Z"), TimestampPolicy: "best-effort"},
		Limits: []string{"S3 deletion is logical, not media sanitization.", "S3 acknowledges deletes of absent keys.",
			"Replicas, backups, caches, inventories and soft-delete layers outside the listed stores are out of scope.",
			"\"Zero\" is the state seen by the listings, not a promise that nothing was ever written.",
			"Versions, clock and finishedAt are self-reported.",
			"A signature proves who said it, not that it is true: pair it with the provider's own access logs or inventory."},
		Controls: []string{"SOC2:C1.2", "SOC2:CC6.5", "GDPR:5(1)(e)", "GDPR:17", "HIPAA:164.310(d)(2)(i)"},
	}
	o := HTMLOptions{Ages: nightAges()}
	for _, team := range []string{"granite", "harbor", "willow"} {
		o.Teams = append(o.Teams, evidence.TeamRow{Team: team, ZDR: true, ZDRSince: "2026-08-27T00:00:00Z", Store: "exchanges", State: evidence.StateZero, TeamKeyCommit: hex64("a")})
	}
	o.Teams = append(o.Teams, evidence.TeamRow{Team: "aurora", Store: "exchanges", Objects: 300, TeamKeyCommit: hex64("a")})
	return pageCase{p, o}
}

// nightAges falls off slowly, with weekends, and is cut at the line after.
func nightAges() *AgeHistogram {
	h := &AgeHistogram{BucketDays: 1, MaxAgeDays: 30}
	for day := range 32 {
		n := int64(68_000 - day*700)
		if day%7 > 4 {
			n /= 3
		}
		after := n
		switch day {
		case 30:
			n, after = 60_000, 0
		case 31:
			n, after = 3_078, 0
		}
		h.Before, h.After = append(h.Before, n), append(h.After, after)
	}
	return h
}

// settle makes the derived numbers of a case those of its stores.
func (c *pageCase) settle() {
	for i := range c.p.Population {
		pop := &c.p.Population[i]
		pop.Listed = pop.Objects + pop.NoncurrentVersions + pop.DeleteMarkers + pop.Uploads
		pop.Kept = pop.Listed - pop.Expired
	}
	sum(&c.p)
	t := &c.p.Totals
	for _, pop := range c.p.Population {
		t.Bytes, t.Pages, t.Unattributed = t.Bytes+pop.Bytes, t.Pages+pop.Pages, t.Unattributed+pop.Unattributed
		t.Anomalies, t.ExpiredByKeyDateAlone = t.Anomalies+pop.Anomalies, t.ExpiredByKeyDateAlone+pop.ExpiredByKeyDateAlone
	}
	for _, o := range c.p.Outcomes {
		t.DeletedBytes, t.Retries, t.WindowSeconds = t.DeletedBytes+o.DeletedBytes, t.Retries+o.Retries, max(t.WindowSeconds, o.WindowSeconds)
	}
	c.p.Manifest.RecordCount = t.Planned
	if t.Planned == 0 {
		c.p.Manifest.PartCount = 0
	}
}

// leave makes every planned entry left, as where nothing was deleted.
func (c *pageCase) leave() {
	for i := range c.p.Outcomes {
		o := &c.p.Outcomes[i]
		o.OutcomeCounts = evidence.OutcomeCounts{Planned: o.Planned, Left: o.Planned}
	}
	c.p.Confirmation = evidence.Confirmation{}
	if c.o.Ages != nil {
		c.o.Ages.After = nil
	}
}

// attest makes the report one that plans nothing.
func (c *pageCase) attest() {
	c.p.ReportType = evidence.TypeAttestation
	for i := range c.p.Outcomes {
		c.p.Outcomes[i].OutcomeCounts = evidence.OutcomeCounts{}
	}
	c.p.Confirmation, c.p.Run.Trigger, c.p.Run.ScheduledFor, c.o.Ages = evidence.Confirmation{}, "manual", nil, nil
}

// pageCases are reports of every type and result, by name. All but "hostile"
// and "contradicts-itself" are valid.
func pageCases() map[string]pageCase {
	cases := map[string]pageCase{}
	for name, change := range map[string]func(c *pageCase){
		"kept": func(c *pageCase) {
			c.o.StatementSHA256, c.o.Recounted = "2f"+strings.Repeat("6c", 31), true
			c.o.Signature = new(GoodSignature(c.p.Signer.SPKISHA256, 2))
		},
		"not-verified": func(c *pageCase) {
			c.o.Signature = new(GoodSignature(c.p.Signer.SPKISHA256, 2))
			c.o.Problems = []string{"report 123: teams.csv: it is not the file that was signed: its SHA-256 differs"}
		},
		"kept-nothing-expired": func(c *pageCase) {
			for i := range c.p.Outcomes {
				c.p.Population[i].Expired, c.p.Outcomes[i].OutcomeCounts = 0, evidence.OutcomeCounts{}
			}
			c.p.ZDR.TeamCount, c.p.ZDR.Zero, c.o = 0, 0, HTMLOptions{}
			c.p.Chain.PreviousReportID, c.p.Chain.PreviousStatementSHA256, c.p.Chain.PreviousBundleSHA256, c.p.Chain.Sequence = nil, nil, nil, 0
			c.p.HoldsSHA256, c.p.Lateness = "", evidence.Lateness{}
		},
		"kept-with-exceptions": func(c *pageCase) {
			p := &c.p
			p.Result = evidence.ResultKeptWithExceptions
			p.Outcomes[0].OutcomeCounts = evidence.OutcomeCounts{Planned: 62_418, Deleted: 62_311, Absent: 7, Aborted: 31, Held: 40, Locked: 26, Pending: 2, Changed: 1}
			p.Confirmation.ExpiredRemaining, p.Confirmation.Excused = 68, evidence.Excused{Held: 40, Locked: 26, Pending: 2}
			p.ZDR.Zero, p.ZDR.Residual = 2, 1
			p.Reasons = []evidence.Reason{{Code: "HELD", Count: 40}, {Code: "LOCKED", Count: 26}, {Code: "PENDING", Count: 2}, {Code: "ZDR_RESIDUAL", Count: 1},
				{Code: "LATE", Count: 12}, {Code: "SCOPE_CHANGED", Count: 1}, {Code: "MISSED_SLOT", Count: 2}}
			p.Exceptions = []evidence.Exception{{Code: "LEGAL_HOLD", Store: "exchanges", Count: 6}, {Code: "OBJECT_LOCK", Store: "exchanges", Count: 20, Until: some("2027-01-31T00:00:00Z")},
				{Code: "MARKER_HIDES", Store: "exchanges", Count: 2}, {Code: "PROMOTED", Store: "exchanges", Count: 4}, {Code: "CHANGED_SINCE_LISTED", Store: "exchanges", Count: 1}}
			p.Holds = []evidence.Hold{{ID: "case-2026-114", Owner: "legal-counsel", Until: "2027-06-30T00:00:00Z", Scope: "team", Entries: 38},
				{ID: "dsr-88", Owner: "privacy-office", Until: "2026-12-24T00:00:00Z", Scope: "request", Entries: 2}}
			p.Lateness = evidence.Lateness{OldestDeletedSeconds: 34 * 86400, OldestSurvivorSeconds: 71 * 86400, Late: 12}
			p.Run.Missed = []evidence.MissedSlot{{Slot: "2026-11-23T02:15:00Z", Code: "NO_SWEEP"}, {Slot: "2026-11-24T02:15:00Z", Code: "NO_SWEEP"}}
			c.o.Teams[0].State, c.o.Teams[0].Objects, c.o.Teams[0].Remaining = evidence.StateResidual, 2, 2
			c.o.Ages.After[30], c.o.Ages.After[31] = 8, 60
		},
		"broken": func(c *pageCase) {
			p := &c.p
			p.Result = evidence.ResultBroken
			p.Outcomes[0].Deleted, p.Outcomes[0].Failed, p.Outcomes[0].Unconfirmed = 50_380, 11_988, 12
			p.Outcomes[0].Purged, p.Outcomes[0].Planned, p.Outcomes[0].Deleted = 3, 62_421, 50_383
			p.Population[0].Unattributed, p.Population[0].Anomalies, p.Population[0].ExpiredByKeyDateAlone = 18, 3, 5
			p.Confirmation.ExpiredRemaining = 12_000
			p.ZDR.Zero, p.ZDR.Violation, p.ZDR.Inconclusive, p.ZDR.Witness.Found = 1, 1, 1, 1
			p.Reasons = []evidence.Reason{{Code: "ZDR_VIOLATION", Count: 1}, {Code: "ZDR_METADATA", Count: 1}, {Code: "FAILED", Count: 11_988}, {Code: "UNCONFIRMED", Count: 12},
				{Code: "EXPIRED_REMAIN", Count: 12_000}, {Code: "A_CODE_OF_LATER", Count: 1}}
			p.Exceptions = []evidence.Exception{{Code: "ACCESS_DENIED", Store: "exchanges", Count: 11_980}, {Code: "THROTTLED", Store: "exchanges", Count: 8}}
			c.o.Ages.After[30], c.o.Ages.After[31] = 11_000, 1_000
			c.o.Teams[1].State, c.o.Teams[1].Objects, c.o.Teams[1].Planned, c.o.Teams[1].Gone = evidence.StateViolation, 3, 3, 3
			c.o.Teams[2].State = evidence.StateInconclusive
		},
		"inconclusive": func(c *pageCase) {
			p := &c.p
			p.Result = evidence.ResultInconclusive
			p.Population[1] = evidence.Population{Store: "batches"}
			p.Outcomes[1].OutcomeCounts, p.Stores[1].Note = evidence.OutcomeCounts{}, "STORE_UNREACHABLE"
			p.Confirmation.Complete, p.ZDR.Zero, p.ZDR.Inconclusive = false, 0, 3
			p.Reasons = []evidence.Reason{{Code: "STORE_UNREACHABLE", Count: 1}, {Code: "CONFIRM_INCOMPLETE", Count: 1}}
			for i := range 3 {
				c.o.Teams[i].State = evidence.StateInconclusive
			}
			c.o.Ages = nil
		},
		"dry-run": func(c *pageCase) {
			c.p.ReportType, c.p.Result, c.p.Run.Trigger, c.p.Run.ScheduledFor = evidence.TypeDryRun, evidence.ResultNone, "manual", nil
			c.leave()
		},
		"stopped": func(c *pageCase) {
			c.p.ReportType, c.p.Result = evidence.TypeStopped, evidence.ResultStopped
			c.p.Policy.Guard = &evidence.Guard{Name: "max_share", Store: "exchanges", Value: "0.3333", Limit: "0.2"}
			c.p.Reasons = []evidence.Reason{{Code: "GUARD", Count: 1}}
			c.leave()
		},
		"recovery": func(c *pageCase) {
			c.p.ReportType, c.p.Result, c.p.Run.Trigger = evidence.TypeRecovery, evidence.ResultInterrupted, "recovery"
			c.p.Outcomes[0].Deleted, c.p.Outcomes[0].Unconfirmed, c.p.Outcomes[0].Left = 40_000, 380, 22_000
			c.p.Confirmation, c.o.Ages = evidence.Confirmation{}, nil
			c.p.Reasons = []evidence.Reason{{Code: "INTERRUPTED", Count: 1}, {Code: "UNCONFIRMED", Count: 380}, {Code: "LEFT", Count: 22_000}, {Code: "LEASE_TAKEN_OVER", Count: 1}}
		},
		"interrupted": func(c *pageCase) {
			c.p.Result = evidence.ResultInterrupted
			c.p.Outcomes[0].Deleted, c.p.Outcomes[0].Left = 40_000, 22_380
			c.p.Confirmation, c.o.Ages.After = evidence.Confirmation{}, nil
			c.p.Reasons = []evidence.Reason{{Code: "INTERRUPTED", Count: 1}, {Code: "LEFT", Count: 22_380}}
		},
		"applied": func(c *pageCase) {
			c.p.Run.Trigger, c.p.Run.ScheduledFor = evidence.TriggerApply, nil
			c.p.Run.Apply = &evidence.Apply{Report: 122, Reason: "BACKLOG_REVIEWED", Ticket: "OPS-1234"}
			c.p.Reasons = []evidence.Reason{{Code: "GUARD_OVERRIDDEN", Count: 1}}
		},
		"attestation": func(c *pageCase) { c.attest() },
		"attestation-many-teams": func(c *pageCase) {
			c.attest()
			c.p.Result, c.p.ZDR.TeamCount, c.p.ZDR.Zero, c.p.ZDR.Violation = evidence.ResultBroken, 3120, 3119, 1
			c.p.Reasons = []evidence.Reason{{Code: "ZDR_VIOLATION", Count: 1}}
			c.o.Teams[1].State, c.o.Teams[1].Objects, c.o.Teams[1].Remaining = evidence.StateViolation, 4, 4
			for i := range 3117 {
				c.o.Teams = append(c.o.Teams, evidence.TeamRow{Team: fmt.Sprintf("team-%04d", i), ZDR: true, ZDRSince: "2026-01-01T00:00:00Z", Store: "exchanges", State: evidence.StateZero, TeamKeyCommit: hex64("a")})
			}
		},
		"prefixes": func(c *pageCase) {
			c.attest()
			c.p.Result = evidence.ResultInconclusive
			for i := range c.p.Population {
				c.p.Population[i].PopulationCounts = evidence.PopulationCounts{Uploads: 31, Pages: 4}
			}
			c.p.ZDR.Mode, c.p.ZDR.Zero, c.p.ZDR.Inconclusive, c.p.ZDR.Witness = evidence.ModePrefixes, 0, 3, evidence.Witness{}
			c.p.Reasons = []evidence.Reason{{Code: evidence.CodePrefixOnly, Count: 1}}
			for i := range 3 {
				c.o.Teams[i].State = evidence.StateZeroInPrefix
			}
		},
		"key-rotation": func(c *pageCase) {
			c.p.ReportType, c.p.Result, c.p.Run.Trigger, c.p.Run.ScheduledFor = evidence.TypeKeyRotation, evidence.ResultNone, "manual", nil
			c.p.Stores, c.p.Population, c.p.Outcomes, c.o = nil, nil, nil, HTMLOptions{}
			c.p.Rotation = &evidence.Rotation{OldSPKISHA256: c.p.Signer.SPKISHA256, NewSPKISHA256: "a7" + strings.Repeat("31", 31)}
			c.p.ZDR, c.p.Confirmation, c.p.Lateness = evidence.ZDR{}, evidence.Confirmation{}, evidence.Lateness{}
		},
		"contradicts-itself": func(c *pageCase) {
			c.p.Outcomes[0].Deleted--
			c.p.ZDR.Zero--
			c.o.Problems = []string{"report 123: the outcomes of store \"exchanges\" together are 62,417, planned is 62,418"}
		},
		"hostile": hostile,
	} {
		c := night()
		change(&c)
		c.settle()
		cases[name] = c
	}
	return cases
}

// evil is what an attacker would put where a name is asked for.
const evil = `"><script>alert(1)</script><img src=x onerror=alert(2)>'</style>{{.}}` + "\x1b[2J\u202e\n"

// hostile puts text of that kind wherever a report has any.
func hostile(c *pageCase) {
	p := &c.p
	long := strings.Repeat("unbroken-", 40)
	p.Result, p.Organization = "kept\"><b>", evidence.Organization{Name: evil, Contact: "javascript:alert(1)"}
	p.Run.Trigger, p.Run.Schedule, p.Run.ScheduledFor = evil, &evidence.Schedule{Cron: evil, Timezone: evil}, some(evil)
	p.Run.Apply = &evidence.Apply{Report: 1, Reason: evil, Ticket: long}
	p.Run.Missed = []evidence.MissedSlot{{Slot: evil, Code: evil}}
	p.Run.Clock = evidence.Clock{ServerSkewMillis: map[string]int64{evil: 1}, Limit: evil}
	p.Actor, p.Policy.MaxAge, p.Policy.AgeSource = evidence.Actor{Tool: evil, Version: evil, Commit: long, BinarySHA256: evil, Identity: evil}, "30d", evil
	p.Policy.Guard = &evidence.Guard{Name: evil, Store: evil, Value: evil, Limit: long}
	p.Signer, p.Chain.VaultID, p.ReportID = evidence.SignerRef{SPKISHA256: "$(reboot)", Algorithm: evil}, evil, long
	p.Stores[0] = evidence.Store{Name: evil, Provider: evil, EndpointHost: long, Region: evil, Bucket: long, Prefix: evil, Layouts: []string{evil, long},
		NoTeam: []string{evil}, KeyDateZone: evil, Versioning: evil, ObjectLock: evil, OverwriteGuard: evil, Note: evil}
	p.Population[0].Store, p.Outcomes[0].Store = evil, evil
	p.Reasons = []evidence.Reason{{Code: evil, Count: 1}, {Code: long, Count: 9_007_199_254_740_991}}
	p.Exceptions = []evidence.Exception{{Code: evil, Store: long, Count: 1, Until: some(evil)}}
	p.Holds = []evidence.Hold{{ID: evil, Owner: long, Scope: evil, Until: evil, Entries: 1}}
	p.ZDR.RosterSource, p.ZDR.RosterSHA256 = long, evil
	p.Limits, p.Controls = []string{evil, long}, []string{evil}
	c.o.Problems = []string{evil, long}
	c.o.Teams[0].Team, c.o.Teams[1].Team, c.o.Teams[2].State = evil, long, evil
}
