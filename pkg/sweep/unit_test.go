package sweep

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

var t0 = time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC)

// shelf is a store in memory that only lists, and never had versioning.
type shelf struct {
	Store
	entries []retention.Entry // in key order
	fail    error             // at the end of the listing
}

func (s shelf) Inspect(context.Context) (bucket.State, error) {
	return bucket.State{Versioning: bucket.StateNever}, nil
}

func (s shelf) Pages(_ context.Context, r bucket.Range) iter.Seq2[bucket.Page, error] {
	return func(yield func(bucket.Page, error) bool) {
		for _, e := range s.entries {
			if e.Key > r.After && (r.UpTo == "" || e.Key <= r.UpTo) && !yield(bucket.Page{Entries: []retention.Entry{e}}, nil) {
				return
			}
		}
		if s.fail != nil {
			yield(bucket.Page{}, s.fail)
		}
	}
}

func genKey() *rapid.Generator[string] {
	return rapid.OneOf(rapid.StringMatching(`[a-c/é\x{1F600}]{1,5}`),
		rapid.Map(rapid.SliceOfN(rapid.Byte(), 1, 4), func(b []byte) string { return string(b) }))
}

func TestBeforeSortsBeforeTheKey(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		key := genKey().Draw(t, "key")
		if b := before(key); b >= key || !strings.HasPrefix(key, b) {
			t.Fatalf("before(%q) is %q", key, b)
		}
	})
}

func TestLookupSaysOfEachEntryWhatTheStoreShows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		keys := rapid.SliceOfNDistinct(genKey(), 1, 12, rapid.ID[string]).Draw(t, "keys")
		slices.Sort(keys)
		var asked, there []retention.Entry
		var want []sight
		for i, key := range keys {
			e := retention.Entry{Key: key, Kind: retention.Object, LastModified: t0, ETag: fmt.Sprint(i), Size: 1}
			now := e
			fate := rapid.IntRange(0, 6).Draw(t, "fate")
			switch fate {
			case 1:
				now.ETag += "x"
			case 2:
				now.LastModified = t0.Add(time.Second)
			case 3:
				now.Size++
			}
			if fate < 5 {
				there = append(there, now)
			}
			if fate == 6 { // there or not, nobody asks
				there = append(there, now)
				continue
			}
			asked = append(asked, e)
			want = append(want, map[int]sight{0: unchanged, 4: unchanged, 1: changed, 2: changed, 3: changed, 5: gone}[fate])
		}
		store := &books{shelf: shelf{entries: there}, page: rapid.IntRange(1, 3).Draw(t, "page"), uncut: rapid.Bool().Draw(t, "uncut")}
		seen, err := looker{store: store}.look(t.Context(), asked)
		if err != nil || !slices.Equal(seen, want) && len(want) > 0 {
			t.Fatalf("lookup: %v, %v, want %v", seen, err, want)
		}
		if len(asked) > 0 {
			if _, err := (looker{store: shelf{entries: there, fail: errors.New("cut")}}).look(t.Context(), asked); err == nil {
				t.Fatal("a listing that broke off settles entries")
			}
		}
	})
}

func TestAVerdictIsAsBadAsTheWorstFinding(t *testing.T) {
	results := []string{evidence.ResultKept, evidence.ResultKeptWithExceptions, evidence.ResultInconclusive, evidence.ResultBroken, evidence.ResultInterrupted}
	rapid.Check(t, func(t *rapid.T) {
		weights := rapid.SliceOf(rapid.IntRange(0, 4)).Draw(t, "weights")
		var all []finding
		worst := 0
		for _, w := range weights {
			all = append(all, finding{"CODE", 1, weight(w)})
			worst = max(worst, w)
		}
		for _, kind := range []string{evidence.TypeSweep, evidence.TypeRecovery, evidence.TypeAttestation} {
			if got := verdict(kind, all); got != results[worst] {
				t.Fatalf("%v give %s, want %s", weights, got, results[worst])
			}
		}
		if verdict(evidence.TypeStopped, all) != evidence.ResultStopped || verdict(evidence.TypeDryRun, all) != evidence.ResultNone {
			t.Fatal("a stopped or dry run has a result of its own")
		}
	})
}

func TestWorstIsTheStateThatClaimsLess(t *testing.T) {
	order := []string{evidence.StateZero, evidence.StateZeroInPrefix, evidence.StateResidual, evidence.StateInconclusive, evidence.StateViolation, "made-up"}
	for i, a := range order {
		for j, b := range order {
			if got, want := worst(a, b), order[max(i, j)]; got != want {
				t.Errorf("the worst of %s and %s is %s, want %s", a, b, got, want)
			}
		}
	}
}

func TestATeamIsZeroOnlyWhereEverythingWasSeenAndAttributed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := func(name string) int64 { return rapid.Int64Range(0, 2).Draw(t, name) }
		c := Census{Complete: rapid.Bool().Draw(t, "complete"), Teams: map[string]TeamCount{}, NearMatches: map[string]int64{}}
		c.Population.Unattributed = n("unattributed")
		count := TeamCount{Residual: n("residual"), Violation: n("violation"), DatesDiffer: n("differ")}
		count.Objects = count.Residual + count.Violation + count.DatesDiffer + n("others")
		c.Teams["zdr"], c.NearMatches["zdr"], c.NearMatches["other"] = count, n("near"), n("near other")
		doubt := rapid.SampledFrom([]string{"", CodeRosterStale}).Draw(t, "doubt")
		seen := c.Complete && c.Population.Unattributed == 0 && c.NearMatches["zdr"] == 0 && doubt == "" && count.DatesDiffer == 0
		witness := WitnessFile{Teams: map[string]int64{"zdr": n("witnessed"), "other": n("other witnessed")}}
		got := teamState("zdr", c, witness, doubt)
		switch {
		case count.Violation > 0, witness.Teams["zdr"] > 0:
			if got != evidence.StateViolation {
				t.Fatalf("a violation is %s", got)
			}
		case !seen && got != evidence.StateInconclusive:
			t.Fatalf("what was not seen is %s", got)
		case seen && count.Total() == 0 && got != evidence.StateZero, seen && count.Total() > 0 && got == evidence.StateZero:
			t.Fatalf("%+v is %s", count, got)
		}
	})
}

func genCensus() *rapid.Generator[Census] {
	return rapid.Custom(func(t *rapid.T) Census {
		c := newCensus()
		judge := tally{census: c, nearMatch: retention.Roster{Teams: []retention.RosterTeam{{ID: "zdr", Since: t0}}}.NearMatcher(), allTeams: true, lateFrom: t0}
		for range rapid.IntRange(0, 6).Draw(t, "entries") {
			team := rapid.SampledFrom([]string{"zdr", "ZDR", "a", "b", ""}).Draw(t, "team")
			v := retention.Verdict{Team: team, Attribution: retention.Attributed, ZDRTeam: team == "zdr",
				Created: t0.Add(time.Duration(rapid.IntRange(-5, 5).Draw(t, "age")) * time.Hour), Expired: rapid.Bool().Draw(t, "expired"),
				Hold: rapid.SampledFrom([]string{"", "h1", "h2"}).Draw(t, "hold")}
			v.KeyDateAlone = v.Expired && rapid.Bool().Draw(t, "alone")
			if team == "" {
				v.Attribution = retention.Unattributed
			}
			if v.ZDRTeam {
				v.ZDR = rapid.SampledFrom([]retention.Finding{retention.FindingResidual, retention.FindingViolation, retention.FindingDatesDisagree}).Draw(t, "zdr")
			}
			v.Purge = v.ZDR == retention.FindingViolation && !v.Expired && rapid.Bool().Draw(t, "purge")
			kind := rapid.SampledFrom([]retention.Kind{retention.Object, retention.Version, retention.Marker, retention.Upload}).Draw(t, "kind")
			key := rapid.SampledFrom([]string{"k", "l"}).Draw(t, "key")
			judge.add(retention.Entry{Key: key, ID: "v", Kind: kind, Size: 3}, v)
		}
		judge.close()
		c.Complete = rapid.Bool().Draw(t, "complete")
		if !c.Complete {
			c.Problem = rapid.SampledFrom([]string{CodeListing, CodeInterrupted}).Draw(t, "problem")
		}
		return *c
	})
}

func TestACountAddsUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		c := genCensus().Draw(t, "census")
		p := c.Population
		if p.Listed != p.Objects+p.NoncurrentVersions+p.DeleteMarkers+p.Uploads || p.Listed != p.Expired+p.Kept ||
			c.ExpiredHeld > p.Expired || c.KeyDateHeld > min(c.ExpiredHeld, p.ExpiredByKeyDateAlone) ||
			c.Purge < 0 || c.Purge > p.Kept || c.Pending > p.DeleteMarkers {
			t.Fatalf("%+v does not add up", c)
		}
		var teams int64
		for _, n := range c.Teams {
			teams += n.Total()
		}
		if teams != p.Listed-p.Unattributed {
			t.Fatalf("the teams have %d entries, the store %d and %d unattributed", teams, p.Listed, p.Unattributed)
		}
	})
}

func TestMergingCensusesLosesNothingAndKnowsNoOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		all := rapid.SliceOfN(genCensus(), 1, 4).Draw(t, "censuses")
		m := merge(all)
		turned := slices.Clone(all)
		slices.Reverse(turned)
		r := merge(turned)
		if r.Problem = m.Problem; !reflect.DeepEqual(m, r) { // of two problems the first is named
			t.Fatalf("turned round it is %+v, not %+v", r, m)
		}
		if step := merge([]Census{merge(all[:1]), merge(all[1:])}); len(all) > 1 && !reflect.DeepEqual(m, step) {
			t.Fatalf("in two steps it is %+v, not %+v", step, m)
		}
		var listed, late, near int64
		complete := true
		for _, c := range all {
			listed, late, near = listed+c.Population.Listed, late+c.Late, near+c.NearMatches["zdr"]
			complete = complete && c.Complete
		}
		if m.Population.Listed != listed || m.Late != late || m.NearMatches["zdr"] != near || m.Complete != complete || (m.Problem == "") != complete {
			t.Fatalf("merged: %+v", m)
		}
		if merge(nil).Complete {
			t.Fatal("nothing at all is called complete")
		}
	})
}

func TestMoreTeamsThanAreCountedGiveNoRowsOfSome(t *testing.T) {
	c := newCensus()
	judge := tally{census: c, nearMatch: retention.Roster{}.NearMatcher(), allTeams: true}
	for i := range maxTeams + 1 {
		judge.add(Entry{Kind: retention.Object}, retention.Verdict{Team: fmt.Sprint(i), Attribution: retention.Attributed})
	}
	judge.add(Entry{Kind: retention.Object}, retention.Verdict{Team: "zdr", ZDRTeam: true, Attribution: retention.Attributed, ZDR: retention.FindingViolation})
	if !c.TeamsDropped || len(c.Teams) != maxTeams+1 || c.Teams["zdr"].Violation != 1 {
		t.Fatalf("dropped %v, %d teams, the ZDR team has %+v", c.TeamsDropped, len(c.Teams), c.Teams["zdr"])
	}
	run := &Run{Spec: Spec{AllTeams: true, Stores: []StoreSpec{{Name: "s"}}}}
	run.Spec.Roster.Roster.Teams = []retention.RosterTeam{{ID: "zdr"}}
	f := &facts{run: run, stores: []storeFacts{{before: *c}}}
	if rows := f.teamRows(evidence.NewIdentifiers(evidence.Secret{1}, "1")); len(rows) != 1 || rows[0].Team != "zdr" {
		t.Errorf("%d rows, want the ZDR team's alone", len(rows))
	}
}

func TestTheServersCodeBecomesOneWordOfEvidence(t *testing.T) {
	for code, want := range map[string]string{
		"AccessDenied": "ACCESS_DENIED", "InvalidObjectState": "INVALID_OBJECT_STATE", "KMSKeyDisabled": "KMSKEY_DISABLED",
		"SlowDown": CodeThrottled, "SlowDownWrite": CodeThrottled, "ThrottlingException": CodeThrottled, "503": CodeThrottled,
		"HTTP_503": CodeThrottled, "HTTP_500": "HTTP_500", "": "NO_ANSWER", "STILL_THERE": "STILL_THERE", "acme/2026/key": CodeServerError,
		"Two Words": CodeServerError, "KMS.Disabled": CodeServerError, "Ümlaut": CodeServerError, strings.Repeat("Ab", 40): CodeServerError,
	} {
		if got := evidenceCode(code); got != want {
			t.Errorf("%q becomes %q, want %q", code, got, want)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		code := evidenceCode(rapid.String().Draw(t, "code"))
		l := evidence.Line{KeyHMAC: strings.Repeat("0", 64), Kind: "object", Why: "age", Outcome: evidence.OutcomeFailed, Code: code, By: evidence.ByResponse}
		if err := l.Validate(); err != nil {
			t.Fatalf("%q: %v", code, err)
		}
	})
}

// memory is an Area that remembers how large its files are.
type memory map[string][]byte

func (m memory) Put(_ context.Context, name string, data []byte) error {
	m[name] = data
	return nil
}
func (m memory) Get(_ context.Context, name string) ([]byte, error) { return m[name], nil }
func (m memory) List(context.Context, string) ([]string, error) {
	return slices.Sorted(maps.Keys(m)), nil
}
func (m memory) Remove(context.Context, string) error { return nil }

func TestASegmentIsCutWhenItIsFull(t *testing.T) {
	area := memory{}
	run := &Run{Type: evidence.TypeSweep, Found: []StoreFound{{Versioning: bucket.StateNever}}, Shards: []Shard{{}}}
	p := &planner{sweeper: &Sweeper{Work: area}, run: run}
	b := p.branch("")
	for i := range 2*segmentEntries + 1 {
		e := Entry{Key: fmt.Sprintf("%08d", i), Kind: retention.Object, LastModified: t0}
		if err := b.take(t.Context(), e, retention.Verdict{Expired: true, Created: t0}, t0.Add(time.Duration(i)*time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.close(t.Context(), ""); err != nil {
		t.Fatal(err)
	}
	if _, err := p.finish(t.Context()); err != nil {
		t.Fatal(err)
	}
	next := 0
	for i, want := range []int64{segmentEntries, segmentEntries, 1} {
		seg := p.segments[i]
		entries, err := decodeSegment(seg.Name, area[workName(0, seg.Name)])
		if err != nil || seg.Count != want || int64(len(entries)) != want {
			t.Fatalf("segment %d says %d entries and has %d, want %d: %v", i, seg.Count, len(entries), want, err)
		}
		if asked := t0.Add(time.Duration(next) * time.Second); !seg.ListedAt.Equal(asked) {
			t.Errorf("segment %d was listed at %s, want %s", i, seg.ListedAt, asked)
		}
		for _, e := range entries {
			if string(e.Key) != fmt.Sprintf("%08d", next) {
				t.Fatalf("entry %d has the key %s", next, e.Key)
			}
			next++
		}
	}
	if len(p.segments) != 3 {
		t.Errorf("%d segments, want 3", len(p.segments))
	}
}

func TestASegmentIsReadBackAsItWasWritten(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		entries := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Planned {
			return planned(Entry{Key: genKey().Draw(t, "key"), Kind: retention.Object, ID: rapid.StringN(0, 3, 9).Draw(t, "id"),
				LastModified: t0, ETag: `"e"`, Size: 7, Latest: true},
				retention.Verdict{Created: t0, Team: "t", Attribution: retention.Attributed, Hold: rapid.SampledFrom([]string{"", "h"}).Draw(t, "hold")},
				rapid.SampledFrom([]string{"", CodeNotPlanned}).Draw(t, "skip"))
		}), 1, 8).Draw(t, "entries")
		data, err := encodeSegment(entries)
		if err != nil {
			t.Fatal(err)
		}
		back, err := decodeSegment("s", data)
		if err != nil || !reflect.DeepEqual(back, entries) {
			t.Fatalf("read back as %+v, %v", back, err)
		}
		if !back[0].Entry().SameBytes(entries[0].Entry()) {
			t.Fatal("the entry is not the one that was listed")
		}
	})
}

func FuzzDecodeSegment(f *testing.F) {
	good, err := encodeSegment([]Planned{{Key: []byte("k"), Kind: retention.Object, LastModified: t0, Created: t0, Why: evidence.WhyAge}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte("forged"))
	f.Fuzz(func(t *testing.T, data []byte) {
		entries, err := decodeSegment("s", data)
		if err != nil {
			return
		}
		for _, e := range entries {
			if len(e.Key) == 0 || e.Kind == "" || e.Why == "" {
				t.Errorf("an entry that names nothing: %+v", e)
			}
		}
	})
}

// slow is a store whose entries go one by one, one each time that it is listed.
type slow struct {
	Store
	left *[]retention.Entry
}

func (s slow) Pages(context.Context, bucket.Range) iter.Seq2[bucket.Page, error] {
	return func(yield func(bucket.Page, error) bool) {
		yield(bucket.Page{Entries: slices.Clone(*s.left)}, nil)
		if len(*s.left) > 1 {
			*s.left = (*s.left)[1:]
		}
	}
}

func (s slow) Inspect(context.Context) (bucket.State, error) {
	return bucket.State{Versioning: bucket.StateNever}, nil
}

func TestADeadRunsLastRequestIsWaitedForWhereASegmentWasBegun(t *testing.T) {
	var all []retention.Entry
	for i := range 6 {
		all = append(all, retention.Entry{Key: fmt.Sprint("k", i), Kind: retention.Object, LastModified: t0})
	}
	for begun, want := range map[bool]int{true: 1, false: 6} {
		left := slices.Clone(all)
		s := &Sweeper{quiet: time.Millisecond}
		seen, err := s.lookUntilQuiet(t.Context(), looker{store: slow{left: &left}}, all, begun)
		if err != nil || standing(seen) != want {
			t.Errorf("begun %t: %d entries are said to stand, want %d (%v)", begun, standing(seen), want, err)
		}
	}
}

func TestNoServerSpeaksInOurWords(t *testing.T) {
	for code, want := range map[string]string{
		"AccessDenied": "ACCESS_DENIED", "HTTP_418": "HTTP_418", bucket.CodeNotMentioned: bucket.CodeNotMentioned,
		"LegalHold": CodeServerError, "OBJECT_LOCK": CodeServerError, "ObjectLock": CodeServerError, "Promoted": CodeServerError,
		"Interrupted": CodeServerError, "Recovered": CodeServerError, "NotSent": CodeServerError, "acme/secret": CodeServerError,
		"ACME_SECRET": CodeServerError,
	} {
		if got := evidenceCode(code); got != want {
			t.Errorf("%s becomes %s, want %s", code, got, want)
		}
	}
}
