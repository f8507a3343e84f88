package render

import (
	"bytes"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

var update = flag.Bool("update", false, "write the golden files")

// golden compares text for a page with its file.
func golden(t *testing.T, name, got string) {
	t.Helper()
	assertGolden(t, name, got)
	harmless(t, got)
}

func assertGolden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name+".golden")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(path, []byte(got), 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err)
	assert.Equal(t, string(want), got)
}

// harmless fails where text could move a cursor, or is too wide for the page.
func harmless(t testing.TB, text string) {
	t.Helper()
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if n := utf8.RuneCountInString(line); n > columns && !strings.HasPrefix(line, "Report:") && !strings.HasPrefix(line, "Check:") {
			t.Fatalf("a line of %d columns: %q", n, line)
		}
		if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) }) {
			t.Fatalf("a control character in %q", line)
		}
		if strings.TrimRight(line, " ") != line && !strings.HasPrefix(line, "Report:") && !strings.HasPrefix(line, "Check:") {
			t.Fatalf("space at the end of %q", line)
		}
	}
}

func some(s string) *string { return &s }

// sweep is a report of one store, all well; cases change it.
func sweep() evidence.Predicate {
	p := evidence.Predicate{
		ReportType: evidence.TypeSweep, Result: evidence.ResultKept,
		Chain: evidence.Chain{Sequence: 123},
		Run: evidence.Run{Trigger: "schedule", ScheduledFor: some("2026-11-25T02:15:00Z"),
			StartedAt: "2026-11-25T02:15:03Z", FinishedAt: "2026-11-25T02:15:09Z"},
		Policy:       evidence.Policy{MaxAge: "30d", Cutoff: "2026-10-26T02:15:03Z"},
		Stores:       []evidence.Store{{Name: "exchanges"}},
		Population:   []evidence.Population{{Store: "exchanges", Complete: true, PopulationCounts: evidence.PopulationCounts{Listed: 2001, Objects: 2001, Expired: 667, Kept: 1334}}},
		Outcomes:     []evidence.Outcomes{{Store: "exchanges", OutcomeCounts: evidence.OutcomeCounts{Planned: 667, Deleted: 667}}},
		Confirmation: evidence.Confirmation{StartedAt: some("2026-11-25T02:15:07Z"), FinishedAt: some("2026-11-25T02:15:08Z"), Complete: true},
		ZDR:          evidence.ZDR{TeamCount: 2, Zero: 2, Mode: "full"},
	}
	sum(&p)
	return p
}

// sum makes the totals those of the stores.
func sum(p *evidence.Predicate) {
	p.Totals = evidence.Totals{}
	for _, pop := range p.Population {
		p.Totals.Listed += pop.Listed
		p.Totals.Objects += pop.Objects
		p.Totals.NoncurrentVersions += pop.NoncurrentVersions
		p.Totals.DeleteMarkers += pop.DeleteMarkers
		p.Totals.Uploads += pop.Uploads
		p.Totals.Expired += pop.Expired
		p.Totals.Kept += pop.Kept
	}
	for _, o := range p.Outcomes {
		p.Totals.Planned += o.Planned
		p.Totals.Purged += o.Purged
		p.Totals.Deleted += o.Deleted
		p.Totals.Absent += o.Absent
		p.Totals.Aborted += o.Aborted
		p.Totals.Failed += o.Failed
		p.Totals.Unconfirmed += o.Unconfirmed
		p.Totals.Held += o.Held
		p.Totals.Locked += o.Locked
		p.Totals.Pending += o.Pending
		p.Totals.Changed += o.Changed
		p.Totals.Left += o.Left
	}
}

func full() Options {
	return Options{
		Path: "vault/reports/0000000123", StatementSHA256: strings.Repeat("ab", 32),
		Verify: "sweeper verify vault --trust keys/trust-root.json",
		Teams: []evidence.TeamRow{
			{Team: "granite", ZDR: true, ZDRSince: "2026-08-27T00:00:00Z", Store: "exchanges", State: evidence.StateZero},
			{Team: "harbor", ZDR: true, ZDRSince: "2026-08-27T00:00:00Z", Store: "exchanges", State: evidence.StateZero},
			{Team: "aurora", Store: "exchanges", Objects: 300, Remaining: 200},
		},
	}
}

func TestSummary(t *testing.T) {
	for name, change := range map[string]func(p *evidence.Predicate, o *Options){
		"kept": func(*evidence.Predicate, *Options) {},
		"kept-nothing-expired": func(p *evidence.Predicate, o *Options) {
			p.Population[0].Expired, p.Population[0].Kept = 0, 2001
			p.Outcomes[0].OutcomeCounts = evidence.OutcomeCounts{}
			p.ZDR = evidence.ZDR{}
			p.Run.ScheduledFor = nil
			*o = Options{}
		},
		"kept-with-exceptions": func(p *evidence.Predicate, o *Options) {
			p.Result = evidence.ResultKeptWithExceptions
			p.Outcomes[0].Deleted, p.Outcomes[0].Held = 600, 67
			p.Confirmation.ExpiredRemaining, p.Confirmation.Excused.Held = 67, 67
			p.ZDR.Zero, p.ZDR.Residual = 1, 1
			p.Reasons = []evidence.Reason{{Code: "HELD", Count: 67}, {Code: "ZDR_RESIDUAL", Count: 1}, {Code: "LATE", Count: 12}}
			p.Exceptions = []evidence.Exception{{Code: "OBJECT_LOCK", Store: "exchanges", Count: 3, Until: some("2027-01-31T00:00:00Z")}}
			p.Lateness.Late = 12
			o.Teams[0].State, o.Teams[0].Objects, o.Teams[0].Remaining = evidence.StateResidual, 2, 2
		},
		"broken": func(p *evidence.Predicate, o *Options) {
			p.Result = evidence.ResultBroken
			p.Outcomes[0].Deleted, p.Outcomes[0].Failed, p.Outcomes[0].Unconfirmed = 660, 6, 1
			p.Confirmation.ExpiredRemaining = 7
			p.ZDR.Zero, p.ZDR.Violation = 1, 1
			p.Reasons = []evidence.Reason{{Code: "ZDR_VIOLATION", Count: 1}, {Code: "FAILED", Count: 6}, {Code: "UNCONFIRMED", Count: 1}, {Code: "EXPIRED_REMAIN", Count: 7}, {Code: "NEW_CODE", Count: 1}}
			p.Exceptions = []evidence.Exception{{Code: "ACCESS_DENIED", Store: "exchanges", Count: 6}}
			o.Teams[0].State, o.Teams[0].Objects, o.Teams[0].Remaining = evidence.StateViolation, 1, 1
		},
		"inconclusive-two-stores": func(p *evidence.Predicate, _ *Options) {
			p.Result = evidence.ResultInconclusive
			p.Stores = append(p.Stores, evidence.Store{Name: "batches", Note: "STORE_UNREACHABLE"}, evidence.Store{Name: "files"})
			p.Population = append(p.Population, evidence.Population{Store: "files", PopulationCounts: evidence.PopulationCounts{Listed: 10, Kept: 10}})
			p.Confirmation.Complete = false
			p.ZDR.Zero, p.ZDR.Inconclusive = 0, 2
			p.Reasons = []evidence.Reason{{Code: "STORE_UNREACHABLE", Count: 1}, {Code: "LISTING_INCOMPLETE", Count: 1}}
		},
		"inconclusive-without-confirmation": func(p *evidence.Predicate, _ *Options) {
			p.Result = evidence.ResultInconclusive
			p.Confirmation = evidence.Confirmation{}
			p.Reasons = []evidence.Reason{{Code: "CONFIRM_NONE", Count: 1}}
		},
		"stopped": func(p *evidence.Predicate, _ *Options) {
			p.ReportType, p.Result = evidence.TypeStopped, evidence.ResultStopped
			p.Policy.Guard = &evidence.Guard{Name: "max_share", Store: "exchanges", Value: "0.3333", Limit: "0.2"}
			p.Outcomes[0].Deleted, p.Outcomes[0].Left = 0, 667
			p.Confirmation = evidence.Confirmation{}
			p.Reasons = []evidence.Reason{{Code: "GUARD", Count: 1}}
		},
		"stopped-by-a-hold-that-vanished": func(p *evidence.Predicate, _ *Options) {
			p.ReportType, p.Result = evidence.TypeStopped, evidence.ResultStopped
			p.Policy.Guard = &evidence.Guard{Name: "hold_removed", Value: "removed", Limit: "2027-01-31T00:00:00Z"}
			p.Population[0].Expired, p.Population[0].Kept = 0, 2001
			p.Outcomes[0].OutcomeCounts = evidence.OutcomeCounts{}
			p.Confirmation = evidence.Confirmation{}
		},
		"stopped-by-the-clock": func(p *evidence.Predicate, _ *Options) {
			p.ReportType, p.Result = evidence.TypeStopped, evidence.ResultStopped
			p.Policy.Guard = &evidence.Guard{Name: "max_clock_skew", Store: "exchanges", Value: "2h0m0s", Limit: "1m0s"}
			p.Outcomes[0].Deleted, p.Outcomes[0].Left = 0, 667
			p.Confirmation = evidence.Confirmation{}
		},
		"applied": func(p *evidence.Predicate, _ *Options) {
			p.Result = evidence.ResultBroken
			p.Run.Trigger, p.Run.ScheduledFor = "apply", nil
			p.Run.Apply = &evidence.Apply{Report: 122, Reason: "BACKLOG_REVIEWED", Ticket: "OPS-1234"}
			p.Outcomes[0].Deleted, p.Outcomes[0].Left = 666, 1
			p.Confirmation.ExpiredRemaining = 1
			p.Reasons = []evidence.Reason{{Code: "GUARD_OVERRIDDEN", Count: 1}, {Code: "GONE_SINCE_PLANNED", Count: 2}, {Code: "CHANGED_SINCE_PLANNED", Count: 3}, {Code: "EXPIRED_REMAIN", Count: 1}, {Code: "LEFT", Count: 1}}
			p.Exceptions = []evidence.Exception{{Code: "NOT_PLANNED", Store: "exchanges", Count: 1}}
		},
		"interrupted": func(p *evidence.Predicate, _ *Options) {
			p.Result = evidence.ResultInterrupted
			p.Outcomes[0].Deleted, p.Outcomes[0].Left = 100, 567
			p.Confirmation = evidence.Confirmation{}
			p.Reasons = []evidence.Reason{{Code: "INTERRUPTED", Count: 1}}
		},
		"dry-run": func(p *evidence.Predicate, _ *Options) {
			p.ReportType, p.Result = evidence.TypeDryRun, evidence.ResultNone
			p.Policy.Guard = &evidence.Guard{Name: "max_deletions", Value: "667", Limit: "600"}
			p.Outcomes[0].Deleted, p.Outcomes[0].Left = 0, 667
			p.Confirmation = evidence.Confirmation{}
			p.ZDR.Zero, p.ZDR.Violation = 1, 1
		},
		"attestation": func(p *evidence.Predicate, _ *Options) {
			p.ReportType, p.Outcomes = evidence.TypeAttestation, nil
			p.Confirmation = evidence.Confirmation{}
		},
		"key-rotation": func(p *evidence.Predicate, _ *Options) {
			p.ReportType, p.Result = evidence.TypeKeyRotation, evidence.ResultNone
			p.Run.ScheduledFor, p.Policy = nil, evidence.Policy{}
		},
		"versioned-kept": func(p *evidence.Predicate, _ *Options) {
			p.Population[0].Objects, p.Population[0].NoncurrentVersions, p.Population[0].DeleteMarkers, p.Population[0].Uploads = 1500, 350, 150, 1
			p.Outcomes[0].Deleted, p.Outcomes[0].Aborted = 666, 1
		},
		"versioned-with-exceptions": func(p *evidence.Predicate, _ *Options) {
			p.Result = evidence.ResultKeptWithExceptions
			p.Population[0].Objects, p.Population[0].NoncurrentVersions, p.Population[0].DeleteMarkers, p.Population[0].Uploads = 1500, 350, 150, 1
			p.Outcomes[0].OutcomeCounts = evidence.OutcomeCounts{Planned: 667, Deleted: 600, Aborted: 1, Held: 40, Locked: 23, Pending: 2, Changed: 1}
			p.Confirmation.ExpiredRemaining, p.Confirmation.Excused = 65, evidence.Excused{Held: 40, Locked: 23, Pending: 2}
			p.Reasons = []evidence.Reason{{Code: "HELD", Count: 40}, {Code: "LOCKED", Count: 23}, {Code: "PENDING", Count: 2}}
			p.Exceptions = []evidence.Exception{
				{Code: "LEGAL_HOLD", Store: "exchanges", Count: 3},
				{Code: "MARKER_HIDES", Store: "exchanges", Count: 2},
				{Code: "OBJECT_LOCK", Store: "exchanges", Count: 20, Until: some("2027-01-31T00:00:00Z")},
				{Code: "PROMOTED", Store: "exchanges", Count: 4},
				{Code: "UPLOAD_ACTIVE", Store: "exchanges", Count: 1},
			}
		},
		"purged": func(p *evidence.Predicate, o *Options) {
			p.Result = evidence.ResultBroken
			p.Population[0].Objects, p.Population[0].NoncurrentVersions = 2000, 1
			p.Outcomes[0].Planned, p.Outcomes[0].Purged, p.Outcomes[0].Deleted = 669, 2, 669
			p.ZDR.Zero, p.ZDR.Violation, p.ZDR.Witness = 1, 1, evidence.Witness{Looked: 200, Found: 1}
			p.Reasons = []evidence.Reason{{Code: "ZDR_VIOLATION", Count: 1}, {Code: "ZDR_METADATA", Count: 1}}
			o.Teams[0].State, o.Teams[0].Objects, o.Teams[0].NoncurrentVersions = evidence.StateViolation, 1, 1
		},
		"witness-found-nothing": func(p *evidence.Predicate, _ *Options) { p.ZDR.Witness.Looked = 200 },
		"attestation-of-prefixes": func(p *evidence.Predicate, o *Options) {
			p.ReportType, p.Result, p.Outcomes = evidence.TypeAttestation, evidence.ResultInconclusive, nil
			p.Confirmation = evidence.Confirmation{}
			p.Population[0].PopulationCounts = evidence.PopulationCounts{Listed: 4, Uploads: 4, Kept: 4}
			p.ZDR.Mode, p.ZDR.Zero, p.ZDR.Inconclusive = evidence.ModePrefixes, 0, 2
			p.Reasons = []evidence.Reason{{Code: "PREFIX_ONLY", Count: 1}}
			o.Teams[0].State, o.Teams[1].State = evidence.StateZeroInPrefix, evidence.StateZeroInPrefix
		},
		"attestation-of-prefixes-broken": func(p *evidence.Predicate, o *Options) {
			p.ReportType, p.Result, p.Outcomes = evidence.TypeAttestation, evidence.ResultBroken, nil
			p.Confirmation = evidence.Confirmation{}
			p.Population[0].PopulationCounts = evidence.PopulationCounts{Listed: 5, Objects: 1, Uploads: 4, Kept: 5}
			p.ZDR.Mode, p.ZDR.Zero, p.ZDR.Violation, p.ZDR.Inconclusive = evidence.ModePrefixes, 0, 1, 1
			p.Reasons = []evidence.Reason{{Code: "ZDR_VIOLATION", Count: 1}, {Code: "PREFIX_ONLY", Count: 1}}
			o.Teams[0].State, o.Teams[0].Objects, o.Teams[0].Remaining = evidence.StateViolation, 1, 1
			o.Teams[1].State = evidence.StateZeroInPrefix
		},
		"unknown-result": func(p *evidence.Predicate, _ *Options) { p.Result = "splendid\x1b[2J" },
	} {
		t.Run(name, func(t *testing.T) {
			p, o := sweep(), full()
			change(&p, &o)
			sum(&p)
			var out bytes.Buffer
			require.NoError(t, Summary(&out, p, o))
			golden(t, "summary-"+name, out.String())
		})
	}
}

func TestNoVerdictOfABadResultReadsAsKept(t *testing.T) {
	for _, result := range []string{evidence.ResultBroken, evidence.ResultInconclusive, evidence.ResultStopped, evidence.ResultInterrupted, evidence.ResultNone, "", "KEPT"} {
		p := sweep()
		p.Result = result
		assert.False(t, strings.HasPrefix(Verdict(p), "KEPT"), result)
	}
}

func TestViolationsAndLateDataStandInEveryVerdict(t *testing.T) {
	for _, result := range []string{evidence.ResultBroken, evidence.ResultInconclusive, evidence.ResultInterrupted, evidence.ResultStopped, evidence.ResultNone} {
		p := sweep()
		if result == evidence.ResultNone {
			p.ReportType = evidence.TypeDryRun
		}
		p.Result, p.ZDR.Violation, p.Lateness.Late = result, 1, 3
		assert.Contains(t, Verdict(p), "1 ZDR team has data that should never have been stored", result)
		assert.Contains(t, Verdict(p), "LATE: 3 entries", result)
	}
}

func TestWhatComesFromOutsideIsEscapedAndTheWidthHolds(t *testing.T) {
	outside := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"\x1b[2J\x1b]0;x\a", "a\nb\tc", "\u202egnp", "\xff\xfe", strings.Repeat("long", 60), "", "ünïcödé", `back\slash`, "\u2028\u00a0"}))
	rapid.Check(t, func(rt *rapid.T) {
		text := func(label string) string { return outside.Draw(rt, label) }
		big := rapid.Int64Range(0, 99_999_999_999).Draw(rt, "count")
		p := sweep()
		p.ReportType = rapid.SampledFrom([]string{evidence.TypeSweep, evidence.TypeDryRun, text("type")}).Draw(rt, "of")
		p.Result = rapid.SampledFrom([]string{evidence.ResultBroken, evidence.ResultKept, text("result")}).Draw(rt, "res")
		p.Stores = []evidence.Store{{Name: text("store"), Note: text("note")}, {Name: text("store2")}}
		p.Population[0].Store, p.Outcomes[0].Store = p.Stores[0].Name, p.Stores[0].Name
		p.Population[0].PopulationCounts = evidence.PopulationCounts{Listed: big, Expired: big, Kept: big}
		p.Outcomes[0].OutcomeCounts = evidence.OutcomeCounts{Planned: big, Failed: big}
		sum(&p)
		p.Policy = evidence.Policy{MaxAge: text("age"), Cutoff: text("cutoff"), Guard: &evidence.Guard{Name: text("guard"), Store: text("guarded"), Value: text("value"), Limit: text("limit")}}
		p.Run.Trigger, p.Run.StartedAt, p.Run.ScheduledFor = text("trigger"), text("started"), some(text("slot"))
		p.Reasons = []evidence.Reason{{Code: text("reason"), Count: big}, {Code: "TEAMS_NOT_COUNTED", Count: big}}
		p.Exceptions = []evidence.Exception{{Code: text("exception"), Store: text("where"), Count: big, Until: some(text("until"))}}
		o := Options{Signature: new(BadSignature(errors.New(text("forgery")))), Path: text("path"), StatementSHA256: "ab", Verify: text("verify"),
			Teams: []evidence.TeamRow{{Team: text("team"), ZDR: true, ZDRSince: text("since"), Store: text("in"), State: text("state"), Objects: big, Remaining: big}}}
		var out bytes.Buffer
		if err := Summary(&out, p, o); err != nil {
			rt.Fatal(err)
		}
		if err := List(&out, []Row{{p.Chain.Sequence, &p, BadSignature(errors.New(text("fault")))}, {Number: 1, Signature: NotChecked(errors.New(text("why")))}}); err != nil {
			rt.Fatal(err)
		}
		if err := Checks(&out, []Check{{State: State(text("state")), Subject: text("subject"), Meaning: text("meaning"), Do: text("do")}}); err != nil {
			rt.Fatal(err)
		}
		v := evidence.Verification{Assurance: text("assurance"), Problems: []string{text("p")}, Exceptions: []string{text("e")}, Notes: []string{text("n")},
			Reports: []evidence.ReportCheck{{Type: text("rt"), Result: text("rr"), StartedAt: text("rs"), Lines: 99_999_999, Recounted: rapid.Bool().Draw(rt, "recounted"), Problems: []string{text("rp")}, Anchored: true}}}
		if err := Verification(&out, v); err != nil {
			rt.Fatal(err)
		}
		harmless(t, out.String())
	})
}

func TestCleanIsReversibleSoThatNoTwoTextsLookTheSame(t *testing.T) {
	for text, want := range map[string]string{
		"exchanges":     "exchanges",
		"naïve café":    "naïve café",
		`say "hi"`:      `say "hi"`,
		"a\x1b[2Jb":     `a\x1b[2Jb`,
		`a\x1b[2Jb`:     `a\\x1b[2Jb`,
		"tab\tline\n":   `tab\tline\n`,
		"\xff":          `\xff`,
		"\ufffd":        "\ufffd",
		"right\u202eto": `right\u202eto`,
	} {
		assert.Equal(t, want, clean(text))
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := rapid.StringN(0, 6, -1).Draw(t, "a"), string(rapid.SliceOfN(rapid.Byte(), 0, 6).Draw(t, "b"))
		if a != b && clean(a) == clean(b) {
			t.Fatalf("%q and %q both look like %q", a, b, clean(a))
		}
	})
}

func TestEveryMeaningIsShortEnoughForItsColumn(t *testing.T) {
	source, err := os.ReadFile("meaning.go")
	require.NoError(t, err)
	codes := regexp.MustCompile(`"([A-Z_]{4,})"`).FindAllStringSubmatch(string(source), -1)
	require.Greater(t, len(codes), 30)
	for _, code := range codes {
		require.NotEmpty(t, meaning(code[1]), code[1])
		assert.LessOrEqual(t, len(meaning(code[1])), 57, code[1])
		assert.LessOrEqual(t, len(code[1]), 24, code[1])
	}
}

func TestShortSaysThatItCut(t *testing.T) {
	assert.Equal(t, "exchanges", short("exchanges", 9))
	assert.Equal(t, "exchang…", short("exchanges", 8))
	assert.Equal(t, "é…", short("éééé", 2))
}

func TestCountGroupsDigits(t *testing.T) {
	for n, want := range map[int64]string{0: "0", 999: "999", 1000: "1,000", 1234567: "1,234,567", -1000: "-1,000", -999: "-999", -1 << 63: "-9,223,372,036,854,775,808"} {
		assert.Equal(t, want, count(n))
	}
}

func TestList(t *testing.T) {
	broken := sweep()
	broken.Result, broken.Chain.Sequence, broken.ZDR.Violation = evidence.ResultBroken, 124, 1
	broken.Outcomes[0].Deleted, broken.Outcomes[0].Failed = 660, 7
	sum(&broken)
	var out bytes.Buffer
	first := sweep()
	good := GoodSignature(strings.Repeat("1f08c41e", 8), 2)
	require.NoError(t, List(&out, []Row{{123, &first, good}, {124, &broken, good}}))
	golden(t, "list", out.String())
	out.Reset()
	forged := BadSignature(errors.New("it is signed by key 00ff, which the trust root does not name"))
	require.NoError(t, List(&out, []Row{{123, &first, good}, {124, &broken, forged}, {125, nil, forged}}))
	golden(t, "list-forged", out.String())
	out.Reset()
	unread := NotChecked(errors.New("signing.trust: no such file"))
	require.NoError(t, List(&out, []Row{{123, &first, unread}, {124, &broken, unread}}))
	golden(t, "list-not-checked", out.String())
	out.Reset()
	require.NoError(t, List(&out, nil))
	assert.Equal(t, "No report is in the vault yet.\n", out.String())
}

func TestChecks(t *testing.T) {
	good := Check{State: OK, Subject: "store exchanges", Meaning: "can be listed, and deletes are allowed"}
	warn := Check{State: Warn, Subject: "roster", Meaning: "as of 2026-11-20, older than roster_max_age (24h): every ZDR team will be inconclusive", Do: "write a fresh roster, with today's as_of"}
	fail := Check{State: Fail, Subject: "vault", Meaning: "the bucket ignores If-None-Match\nso nothing in it would be write-once", Do: "use another bucket or a directory"}
	for name, checks := range map[string][]Check{"ok": {good}, "warn": {good, warn}, "fail": {good, warn, fail}, "unknown": {{State: "hm", Subject: "x", Meaning: "y"}}} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, Checks(&out, checks))
			golden(t, "checks-"+name, out.String())
		})
	}
}

func TestVerification(t *testing.T) {
	report := func(n int64) evidence.ReportCheck {
		return evidence.ReportCheck{Sequence: n, Type: evidence.TypeSweep, Result: evidence.ResultKept, StartedAt: "2026-11-25T02:15:03Z", Lines: 667, Recounted: true}
	}
	bad, old := report(1), report(0)
	bad.Problems = []string{"report 1: manifest-0000-00000.jsonl.gz: the digest is not the one that parts.jsonl states"}
	old.Recounted, old.Anchored = false, true
	notAnchored := "NOT ANCHORED: whoever holds the key could have rewritten or cut this history"
	for name, v := range map[string]evidence.Verification{
		"good": {Valid: true, Assurance: "none", Reports: []evidence.ReportCheck{report(0), report(1)}, Notes: []string{notAnchored}},
		"bad": {Assurance: "anchored", Reports: []evidence.ReportCheck{old, bad}, Exceptions: []string{"report 1: the slot 2026-11-24T02:15:00Z was missed, and says so"},
			Problems: append([]string{"reports/0000000002 is not there: numbers have no gaps"}, bad.Problems...)},
		"invalid-without-a-problem": {Valid: false, Assurance: "none", Reports: []evidence.ReportCheck{report(0)}},
	} {
		t.Run(name, func(t *testing.T) {
			var out bytes.Buffer
			require.NoError(t, Verification(&out, v))
			golden(t, "verification-"+name, out.String())
		})
	}
}

type closedPipe struct{}

func (closedPipe) Write([]byte) (int, error) { return 0, errors.New("pipe closed") }

func TestAFailedWriteIsAnError(t *testing.T) {
	for name, err := range map[string]error{
		"summary":      Summary(closedPipe{}, sweep(), Options{}),
		"list":         List(closedPipe{}, nil),
		"checks":       Checks(closedPipe{}, nil),
		"verification": Verification(closedPipe{}, evidence.Verification{}),
	} {
		require.Error(t, err, name)
		assert.Contains(t, err.Error(), "pipe closed")
	}
}
