package evidence

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// A predicate that holds all identities, from the fixture.
func goodPredicate(t *testing.T) Predicate {
	t.Helper()
	f := newFixture(t)
	f.seal(f.night(20))
	f.seal(f.night(21))
	return f.last.Predicate
}

func kept(t *testing.T) Predicate {
	t.Helper()
	f := newFixture(t)
	f.seal(f.night(20))
	f.seal(f.quiet(21))
	return f.last.Predicate
}

func TestEachIdentityIsChecked(t *testing.T) {
	str := func(s string) *string { return &s }
	sums := func(p *Predicate) {
		p.Totals.PopulationCounts, p.Totals.OutcomeCounts = p.Population[0].PopulationCounts, p.Outcomes[0].OutcomeCounts
	}
	tests := []struct {
		name   string
		change func(p *Predicate)
		want   []string
	}{
		{"nothing", func(p *Predicate) {}, nil},
		{"listed", func(p *Predicate) { p.Population[0].Listed++; sums(p) },
			[]string{`population of store "exchanges": listed is 101, the four kinds together are 100`}},
		{"kept", func(p *Predicate) { p.Population[0].Kept--; sums(p) },
			[]string{`population of store "exchanges": the four kinds together are 100, expired + kept is 99`}},
		{"key dates", func(p *Predicate) { p.Population[0].ExpiredByKeyDateAlone = 9; sums(p) },
			[]string{`population of store "exchanges": expiredByKeyDateAlone is 9, expired only 8`}},
		{"unattributed", func(p *Predicate) { p.Population[0].Unattributed = 101; sums(p) },
			[]string{`population of store "exchanges": unattributed is 101, listed only 100`}},
		{"planned and outcomes", func(p *Predicate) { p.Outcomes[0].Changed++; sums(p) },
			[]string{`outcomes of store "exchanges": planned is 8, the outcomes together are 9`}},
		{"planned and expired", func(p *Predicate) {
			p.Population[0].Expired, p.Population[0].Kept = 7, 93
			sums(p)
		}, []string{`outcomes of store "exchanges": planned is 8, expired + purged is 7`}},
		{"purged and kept", func(p *Predicate) {
			p.Population[0] = Population{Store: "exchanges", Complete: true, PopulationCounts: PopulationCounts{Listed: 7, Objects: 6, Uploads: 1, Expired: 3, Kept: 4}}
			p.Outcomes[0].Purged = 5
			p.ZDR.Residual, p.ZDR.Violation = 0, 1
			sums(p)
		}, []string{`outcomes of store "exchanges": purged is 5, kept only 4`}},
		{"totals of the population", func(p *Predicate) { p.Totals.Bytes++ }, []string{"totals are not the sums of population[]"}},
		{"totals of the outcomes", func(p *Predicate) { p.Totals.Retries++ }, []string{"totals are not the sums of outcomes[]"}},
		{"records", func(p *Predicate) { p.Manifest.RecordCount++ }, []string{"manifest.recordCount is 9, totals.planned is 8"}},
		{"parts", func(p *Predicate) { p.Manifest.PartCount = 0 }, []string{"manifest: partCount 0 does not fit recordCount 8"}},
		{"teams", func(p *Predicate) { p.ZDR.Zero++ },
			[]string{"zdr: zero + residual + violation + inconclusive is 3, teamCount is 2"}},
		{"negative", func(p *Predicate) { p.Lateness.Late = -1 },
			[]string{"predicate.lateness.late is -1: counts lie between 0 and 2^53-1"}},
		{"too large for jq", func(p *Predicate) { p.Population[0].Bytes = 1 << 53; sums(p) }, []string{
			"predicate.population[0].bytes is 9007199254740992: counts lie between 0 and 2^53-1",
			"predicate.totals.bytes is 9007199254740992: counts lie between 0 and 2^53-1"}},
		{"a store left out", func(p *Predicate) { p.Population[0].Store = "x" },
			[]string{"population[] does not name the stores of stores[] in their order"}},
		{"a store twice", func(p *Predicate) {
			p.Stores = append(slices.Clone(p.Stores), p.Stores[0])
			p.Population = append(p.Population, Population{Store: "exchanges"})
			p.Outcomes = append(p.Outcomes, Outcomes{Store: "exchanges"})
		}, []string{`stores[1]: name "exchanges" is empty or stands twice`}},
		{"an attestation that plans", func(p *Predicate) { p.ReportType = TypeAttestation },
			[]string{`outcomes of store "exchanges": planned is 8 in a report of type attestation, which plans nothing`}},
		{"a dry run that deletes", func(p *Predicate) { p.ReportType, p.Result = TypeDryRun, ResultNone },
			[]string{`outcomes of store "exchanges": 8 entries were not left, in a report of type dry-run, which deletes nothing`}},
		{"a guard that stopped nothing", func(p *Predicate) { p.Policy.Guard = &Guard{Name: "max_share"} },
			[]string{"policy.guard says that a guard stopped the run, and yet 7 entries were deleted or aborted"}},
		{"the end before the start", func(p *Predicate) { p.Run.FinishedAt = "2026-11-21T02:00:00Z" },
			[]string{"run.finishedAt 2026-11-21T02:00:00Z is before run.startedAt 2026-11-21T02:15:03Z"}},
		{"another zone", func(p *Predicate) { p.Run.FinishedAt = "2026-11-21T04:00:00+01:00" },
			[]string{`run.finishedAt: "2026-11-21T04:00:00+01:00" is not a time in RFC 3339 and UTC`}},
		{"a cutoff a second late", func(p *Predicate) { p.Policy.Cutoff = "2026-10-22T02:15:04Z" },
			[]string{"policy.cutoff 2026-10-22T02:15:04Z is later than run.startedAt minus 30d (2026-10-22T02:15:03Z)"}},
		{"a cutoff that keeps more", func(p *Predicate) { p.Policy.Cutoff = "2026-10-21T02:15:03Z" },
			[]string{"policy.cutoff 2026-10-21T02:15:03Z is earlier than run.startedAt minus 30d explains (2026-10-22T02:15:03Z): older data was kept"}},
		{"a cutoff of an applied plan", func(p *Predicate) {
			p.Policy.Cutoff, p.Run.Trigger, p.Run.Apply = "2026-10-21T12:15:03Z", "apply", &Apply{Report: 0, Reason: "X"}
		}, nil},
		{"an applied plan with a ticket", func(p *Predicate) {
			p.Run.Trigger, p.Run.Apply = "apply", &Apply{Report: 0, Reason: "ROSTER_CHECKED_2", Ticket: "OPS-17/b"}
		}, nil},
		{"an apply of nothing", func(p *Predicate) { p.Run.Trigger = "apply" },
			[]string{"run.trigger is apply, and run.apply does not say which plan was carried out"}},
		{"a plan carried out by the schedule", func(p *Predicate) { p.Run.Apply = &Apply{Report: 0, Reason: "X"} },
			[]string{`run.apply names the plan of report 0, and run.trigger is "schedule"`}},
		{"a plan of its own", func(p *Predicate) { p.Run.Trigger, p.Run.Apply = "apply", &Apply{Report: 1, Reason: "X"} },
			[]string{"run.apply names the plan of report 1, which is not before report 1"}},
		{"an apply without a reason", func(p *Predicate) { p.Run.Trigger, p.Run.Apply = "apply", &Apply{Report: 0} },
			[]string{`run.apply: reason "" is not a code`}},
		{"an apply with a message", func(p *Predicate) {
			p.Run.Trigger, p.Run.Apply = "apply", &Apply{Report: 0, Reason: "looks right", Ticket: "see the mail"}
		}, []string{`run.apply: reason "looks right" is not a code`, `run.apply: ticket "see the mail" is not a token of visible ASCII characters`}},
		{"a dry run that carries out a plan", func(p *Predicate) {
			p.ReportType, p.Result, p.Confirmation = TypeDryRun, ResultNone, Confirmation{}
			p.Outcomes[0].OutcomeCounts = OutcomeCounts{Planned: 8, Left: 8}
			sums(p)
			p.Run.Trigger, p.Run.Apply = "apply", &Apply{Report: 0, Reason: "X"}
		}, []string{"run.apply names the plan of report 0, in a report of type dry-run, which carries out none"}},
		{"a roster that was too old", func(p *Predicate) {
			p.Policy.Limits.MaxRosterAgeSeconds, p.ZDR.RosterAsOf = 86400, "2026-11-20T02:15:02Z"
		}, []string{"zdr: 1 teams are said to be zero or residual, and zdr.rosterAsOf 2026-11-20T02:15:02Z is too old or in the future for a run at 2026-11-21T02:15:03Z"}},
		{"a roster as old as it may be", func(p *Predicate) {
			p.Policy.Limits.MaxRosterAgeSeconds, p.ZDR.RosterAsOf = 86400, "2026-11-20T02:15:03Z"
		}, nil},
		{"a roster from the future", func(p *Predicate) {
			p.Policy.Limits.MaxRosterAgeSeconds, p.ZDR.RosterAsOf = 86400, "2026-11-23T00:00:00Z"
		}, []string{"zdr: 1 teams are said to be zero or residual, and zdr.rosterAsOf 2026-11-23T00:00:00Z is too old or in the future for a run at 2026-11-21T02:15:03Z"}},
		{"no age", func(p *Predicate) { p.Policy.MaxAge = "0d" }, []string{`policy.maxAge: "0d" is not a number of days or hours`}},
		{"a first report with one before", func(p *Predicate) { p.Chain.Sequence = 0 },
			[]string{"chain: the previous* fields are null in report 0 and only there"}},
		{"due without a schedule", func(p *Predicate) { p.Run.Schedule = nil },
			[]string{"chain.nextDue is given with a schedule and only then"}},
		{"due put off", func(p *Predicate) { p.Chain.NextDue = str("2026-11-29T02:15:00Z") },
			[]string{"chain.nextDue is 2026-11-29T02:15:00Z, the first slot after this run is 2026-11-22T02:15:00Z"}},
		{"parts kept no longer than the run", func(p *Predicate) { p.Evidence.ManifestRetainUntil = str("2026-11-21T02:15:03Z") },
			[]string{"evidence.manifestRetainUntil 2026-11-21T02:15:03Z is not after run.finishedAt 2026-11-21T02:21:03Z"}},
		{"no reason", func(p *Predicate) { p.Reasons = nil }, []string{`result is "inconclusive", and reasons[] does not say why`}},
		{"a message for a reason", func(p *Predicate) { p.Reasons[0].Code = "access denied" },
			[]string{`reasons: "access denied" with count 1 is not a code and a count above zero`}},
		{"an exception of no store", func(p *Predicate) { p.Exceptions = []Exception{{Code: "THROTTLED", Store: "x"}} },
			[]string{`exceptions: THROTTLED names the store "x", which is not in stores[]`}},
		{"a message for an exception", func(p *Predicate) { p.Exceptions = []Exception{{Code: "access denied", Store: "exchanges"}} },
			[]string{`exceptions: "access denied" is not a code`}},
		{"another mode", func(p *Predicate) { p.ZDR.Mode = "some" }, []string{`zdr.mode "some" is unknown`}},
		{"a result of another kind", func(p *Predicate) { p.Result = ResultStopped },
			[]string{`result "stopped" can't be that of a report of type sweep`}},
		{"another schema", func(p *Predicate) { p.SchemaVersion = "2.0" }, []string{`schemaVersion is "2.0", this program reads "1.0"`}},
		{"another tree", func(p *Predicate) { p.Manifest.TreeAlg = "x" }, []string{`manifest.treeAlg is "x", this program reads "rfc6962-sha256-two-level"`}},
		{"an id of another version", func(p *Predicate) { p.ReportID = "01936000-0000-4000-8000-000000000021" },
			[]string{`reportId "01936000-0000-4000-8000-000000000021" is not a UUIDv7`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := goodPredicate(t)
			tt.change(&p)
			sameStrings(t, "findings", ValidatePredicate(p), tt.want)
		})
	}
}

func TestKeptIsNotSaidOverBadNumbers(t *testing.T) {
	tests := []struct {
		name   string
		change func(p *Predicate)
		want   string
	}{
		{"nothing", func(p *Predicate) {}, ""},
		{"a violation", func(p *Predicate) { p.ZDR.Violation, p.ZDR.Zero = 1, 1 }, `result is "kept" with 1 ZDR teams in violation`},
		{"an inconclusive team", func(p *Predicate) { p.ZDR.Inconclusive, p.ZDR.Zero = 1, 1 }, `result is "kept" with 1 ZDR teams inconclusive`},
		{"a residual team", func(p *Predicate) { p.ZDR.Residual, p.ZDR.Zero = 1, 1 }, `result is "kept" with 1 ZDR teams that are residual`},
		{"a store not listed to the end", func(p *Predicate) { p.Population[0].Complete = false }, `result is "kept", and store "exchanges" was not listed to the end`},
		{"no second listing", func(p *Predicate) { p.Confirmation.Complete = false }, `result is "kept" without a complete second listing`},
		{"prefixes", func(p *Predicate) {
			p.ReportType, p.ZDR.Mode = TypeAttestation, ModePrefixes
			p.ZDR.TeamCount, p.ZDR.Zero, p.Reasons = 0, 0, []Reason{{CodePrefixOnly, 1}}
			p.Confirmation = Confirmation{}
		}, `result is "kept", and the ZDR teams were looked for in prefixes alone`},
		{"no store", func(p *Predicate) {
			p.Stores, p.Population, p.Outcomes, p.Totals = nil, nil, nil, Totals{}
		}, `result is "kept" over no store`},
		{"something remaining", func(p *Predicate) {
			p.Confirmation.ExpiredRemaining, p.Confirmation.Excused.Held = 1, 1
			p.Holds = []Hold{{ID: "case-17", Until: "2027-01-31T00:00:00Z"}}
		},
			`result is "kept" with 1 expired entries remaining`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := kept(t)
			tt.change(&p)
			var want []string
			if tt.want != "" {
				want = []string{tt.want}
			}
			sameStrings(t, "findings", ValidatePredicate(p), want)
		})
	}
	p := kept(t)
	p.Confirmation.ExpiredRemaining, p.Result, p.Reasons = 1, ResultKeptWithExceptions, []Reason{{"X", 1}}
	sameStrings(t, "findings", ValidatePredicate(p), []string{
		`result is "kept-with-exceptions" with 1 expired entries remaining, of which 0 are excused`})
}

func TestFailuresAreNeverKept(t *testing.T) {
	p := goodPredicate(t)
	p.ZDR.Inconclusive, p.ZDR.Zero = 0, 1
	p.Result = ResultKeptWithExceptions
	sameStrings(t, "without failures", ValidatePredicate(p), nil)
	for outcome, want := range map[string]string{
		OutcomeFailed:      `result is "kept-with-exceptions" with 1 entries failed and 0 unconfirmed`,
		OutcomeUnconfirmed: `result is "kept-with-exceptions" with 0 entries failed and 1 unconfirmed`,
		OutcomeLeft:        `result is "kept-with-exceptions" with 1 entries left`,
	} {
		q := p
		q.Outcomes = slices.Clone(p.Outcomes)
		q.Outcomes[0].Deleted--
		*q.Outcomes[0].of(outcome)++
		q.Totals.OutcomeCounts = q.Outcomes[0].OutcomeCounts
		sameStrings(t, outcome, ValidatePredicate(q), []string{want})
	}
}

func TestAKeyRotationNeedsNoStores(t *testing.T) {
	p := Predicate{
		SchemaVersion: SchemaVersion, ReportID: "01936000-0000-7000-8000-000000000021", ReportType: TypeKeyRotation, Result: ResultNone,
		Signer:   SignerRef{SPKISHA256: SHA256Hex(nil), Algorithm: AlgorithmECDSA},
		Chain:    Chain{VaultID: "v"},
		Run:      Run{Trigger: "manual", StartedAt: FormatTime(at(1, 0, 0)), FinishedAt: FormatTime(at(1, 0, 0))},
		Policy:   Policy{ConfigSHA256: SHA256Hex(nil)},
		Manifest: Manifest{Format: ManifestFormat, TreeAlg: TreeAlg, RootHash: SHA256Hex(nil)},
		Rotation: &Rotation{OldSPKISHA256: SHA256Hex(nil), NewSPKISHA256: SHA256Hex([]byte("new"))},
	}
	sameStrings(t, "findings", ValidatePredicate(p), nil)
}

func TestMaxAge(t *testing.T) {
	for s, want := range map[string]time.Duration{"30d": 720 * time.Hour, "36h": 36 * time.Hour, "1d": 24 * time.Hour} {
		if got, err := ParseMaxAge(s); err != nil || got != want {
			t.Errorf("%s: %v, %v", s, got, err)
		}
	}
	for _, bad := range []string{"", "d", "0d", "-1d", "+1d", "01d", "1", "1m", "1.5d", "99999999d", " 1d"} {
		if _, err := ParseMaxAge(bad); err == nil {
			t.Errorf("%q was accepted", bad)
		}
	}
}

// Clocks that disagree stop a run, and its report may say so.
func TestNothingIsDeletedOrKeptWhileTheClocksDisagree(t *testing.T) {
	f := newFixture(t)
	says := func(p Predicate) bool {
		return slices.ContainsFunc(ValidatePredicate(p), func(s string) bool { return strings.HasPrefix(s, "run.clock.serverSkewMillis") })
	}
	idle := func(p *Predicate) { p.Result, p.Reasons = ResultInterrupted, []Reason{{Code: "INTERRUPTED", Count: 1}} }
	for name, c := range map[string]struct {
		pl     *plan
		change func(p *Predicate)
		want   bool
	}{
		"entries were deleted":    {f.night(20), func(*Predicate) {}, true},
		"it is said to be kept":   {f.quiet(20), func(*Predicate) {}, true},
		"nothing was deleted":     {f.quiet(20), idle, false},
		"the run was stopped":     {f.quiet(20), func(p *Predicate) { p.ReportType, p.Result = TypeStopped, ResultStopped }, false},
		"it is an attestation":    {f.quiet(20), func(p *Predicate) { p.ReportType = TypeAttestation }, false},
		"the store was not asked": {f.night(20), func(p *Predicate) { p.Run.Clock.ServerSkewMillis = nil }, false},
	} {
		for skew, beyond := range map[int64]bool{60000: false, -60000: false, 60001: true, -60001: true} {
			p := c.pl.p
			p.Run.Clock.ServerSkewMillis = map[string]int64{"exchanges": skew}
			c.change(&p)
			if got := says(p); got != (c.want && beyond) {
				t.Errorf("%s, %d ms: found %v", name, skew, got)
			}
		}
	}
}
