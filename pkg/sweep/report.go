package sweep

import (
	"cmp"
	"fmt"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// report builds the predicate from the facts of a run. It is a pure function:
// the same facts give the same report.
func (s *Sweeper) report(f *facts, rows []evidence.TeamRow) (evidence.Predicate, error) {
	if f.run.Type == evidence.TypeKeyRotation {
		return s.rotationReport(f)
	}
	run, spec := f.run, f.run.Spec
	missed, err := f.missed()
	if err != nil {
		return evidence.Predicate{}, err
	}
	changes, err := f.changes(rows)
	if err != nil {
		return evidence.Predicate{}, err
	}
	signer, err := evidence.SignerFor(s.Signer.Public())
	if err != nil {
		return evidence.Predicate{}, err
	}
	chain, err := f.chain(s.Trust.VaultID)
	if err != nil {
		return evidence.Predicate{}, err
	}
	root, err := evidence.RootHash(f.parts)
	if err != nil {
		return evidence.Predicate{}, err
	}
	kind := run.Type
	if kind == evidence.TypeSweep && f.guard.Trip != nil {
		kind = evidence.TypeStopped
	}
	findings := f.findings(rows, int64(len(missed)), changes)
	zdr := zdrSummary(rows)
	zdr.RosterSource, zdr.RosterSHA256 = spec.Roster.Source, spec.Roster.SHA256
	zdr.RosterAsOf, zdr.Mode = evidence.FormatTime(spec.Roster.Roster.AsOf), run.mode()
	zdr.Witness, _ = f.witness()
	p := evidence.Predicate{
		SchemaVersion: evidence.SchemaVersion, ReportID: run.ID, ReportType: kind, Result: verdict(kind, findings),
		Signer: signer, Chain: chain, Organization: spec.Organization,
		Run: evidence.Run{Trigger: run.Trigger, ScheduledFor: optionalTime(run.Slot), Schedule: spec.Schedule,
			StartedAt: evidence.FormatTime(run.StartedAt), FinishedAt: evidence.FormatTime(f.finished), Missed: missed,
			Clock: f.clock(), Apply: run.Apply},
		Actor:        spec.Actor,
		Policy:       f.policy(),
		Stores:       f.storeList(),
		Totals:       f.totals(),
		Exceptions:   f.exceptions(),
		Holds:        f.holds(),
		HoldsSHA256:  spec.HoldsSHA256,
		Lateness:     f.lateness(),
		Confirmation: f.confirmation(),
		ZDR:          zdr,
		Manifest: evidence.Manifest{Format: evidence.ManifestFormat, RecordCount: f.totals().Planned,
			PartCount: int64(len(f.parts)), TreeAlg: evidence.TreeAlg, RootHash: root},
		Identifiers: evidence.IDScheme{Scheme: scheme(spec.ClearKeys), Epoch: s.Identifiers.Epoch(), EpochCommit: s.Identifiers.EpochCommit()},
		Evidence:    f.intentions(),
		Limits:      limitations(),
		Controls:    []string{"SOC2:C1.2", "SOC2:CC6.5", "GDPR:5(1)(e)", "GDPR:17", "HIPAA:164.310(d)(2)(i)"},
	}
	for _, x := range findings {
		p.Reasons = append(p.Reasons, evidence.Reason{Code: x.code, Count: x.count})
	}
	for i, st := range f.stores {
		name := spec.Stores[i].Name
		p.Population = append(p.Population, evidence.Population{Store: name, PopulationCounts: st.before.Population, Complete: st.before.Complete})
		p.Outcomes = append(p.Outcomes, evidence.Outcomes{Store: name, OutcomeCounts: st.lines.Outcomes})
	}
	return p, contradictions(p)
}

// contradictions is the error of a report that must not be signed.
func contradictions(p evidence.Predicate) error {
	if found := evidence.ValidatePredicate(p); len(found) > 0 {
		return fmt.Errorf("the report contradicts itself and is not signed: %s", strings.Join(found, "; "))
	}
	return nil
}

func scheme(clearKeys bool) string {
	if clearKeys {
		return evidence.SchemeClear
	}
	return evidence.SchemeHashed
}

func optionalTime(t time.Time) *string {
	if t.IsZero() {
		return nil
	}
	s := evidence.FormatTime(t)
	return &s
}

// missed declares each slot that went by since the last sweep. Only a sweep or
// a recovery closes them; other reports declare nothing.
func (f *facts) missed() ([]evidence.MissedSlot, error) {
	last := f.lastSweep
	sweeps := f.run.Type == evidence.TypeSweep || f.run.Type == evidence.TypeRecovery
	if !sweeps || last == nil || last.Chain.NextDue == nil || last.Run.Schedule == nil {
		return nil, nil
	}
	due, err := evidence.ParseTime(*last.Chain.NextDue)
	if err != nil {
		return nil, fmt.Errorf("the last sweep's nextDue: %w", err)
	}
	slots, err := evidence.MissedSlots(*last.Run.Schedule, due, f.run.StartedAt)
	if err != nil {
		return nil, err
	}
	var missed []evidence.MissedSlot
	for _, slot := range slots {
		if !slot.Equal(f.run.Slot) {
			missed = append(missed, evidence.MissedSlot{Slot: evidence.FormatTime(slot), Code: "NO_SWEEP"})
		}
	}
	return missed, nil
}

// changes since the last report that an auditor must notice.
func (f *facts) changes(rows []evidence.TeamRow) ([]evidence.Change, error) {
	if f.before == nil {
		return nil, nil
	}
	now, err := evidence.FactsOf(f.run.Spec.Config, rows)
	if err != nil {
		return nil, err
	}
	return evidence.Changes(*f.before, now), nil
}

func (f *facts) chain(vaultID string) (evidence.Chain, error) {
	c := evidence.Chain{VaultID: vaultID, Sequence: f.run.Number}
	if p := f.previous; p != nil {
		c.PreviousReportID, c.PreviousStatementSHA256, c.PreviousBundleSHA256 = &p.reportID, &p.statementSHA256, &p.bundleSHA256
	}
	var slot *time.Time
	if !f.run.Slot.IsZero() {
		slot = &f.run.Slot
	}
	due, err := evidence.NextDue(f.run.Spec.Schedule, f.run.StartedAt, slot)
	if due != "" {
		c.NextDue = &due
	}
	return c, err
}

func (f *facts) clock() evidence.Clock {
	c := evidence.Clock{ServerSkewMillis: map[string]int64{}, Limit: f.run.Spec.Limits.MaxClockSkew.String()}
	for i, s := range f.run.Spec.Stores {
		if found := f.run.Found[i]; found.Left != CodeUnreachable {
			c.ServerSkewMillis[s.Name] = found.Skew.Milliseconds()
		}
	}
	return c
}

func (f *facts) policy() evidence.Policy {
	spec := f.run.Spec
	l := spec.Limits
	share := func(v float64) string { return strconv.FormatFloat(v, 'f', -1, 64) }
	return evidence.Policy{MaxAge: spec.MaxAgeText, AgeSource: string(spec.AgeSource), Cutoff: evidence.FormatTime(f.run.Cutoff),
		ConfigSHA256: evidence.SHA256Hex(spec.Config), Guard: f.guard.Trip,
		Limits: evidence.PolicyLimits{MaxDeletions: l.MaxDeletions, MaxShare: share(l.MaxShare), ShareFloor: l.ShareFloor,
			MaxKeyDateOnlyShare: share(l.MaxKeyDateOnlyShare), MaxKeyDateOnlyFloor: l.MaxKeyDateOnlyFloor,
			MaxClockSkewMillis: l.MaxClockSkew.Milliseconds(), MaxPurge: l.MaxPurge,
			MaxRosterAgeSeconds: int64(spec.Roster.MaxAge / time.Second), AllowEmptyRoster: spec.Roster.AllowEmpty}}
}

func (f *facts) storeList() []evidence.Store {
	var list []evidence.Store
	for i, s := range f.run.Spec.Stores {
		found := f.run.Found[i]
		note := found.Left
		if note == "" {
			note = f.stores[i].before.Problem
		}
		list = append(list, evidence.Store{Name: s.Name, Provider: found.Provider, EndpointHost: host(s.Endpoint), Region: s.Region,
			Bucket: s.Bucket, Prefix: s.Prefix, Layouts: s.Layouts, KeyDateZone: s.KeyDateZone, NoTeam: s.NoTeam,
			Versioning: found.Versioning, ObjectLock: found.ObjectLock, OverwriteGuard: s.OverwriteGuard, Note: note})
	}
	return list
}

// host is the host and port of an endpoint, and nothing else of it; without one
// the store is at AWS.
func host(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}

func (f *facts) totals() evidence.Totals {
	var t evidence.Totals
	for _, s := range f.stores {
		addPopulation(&t.PopulationCounts, s.before.Population)
		addOutcomes(&t.OutcomeCounts, s.lines.Outcomes)
	}
	return t
}

// exceptions are what was not as the promise says, store by store: codes of
// entries, and of stores.
func (f *facts) exceptions() []evidence.Exception {
	var list []evidence.Exception
	for i, s := range f.run.Spec.Stores {
		found, st := f.run.Found[i], f.stores[i]
		if found.Left != "" {
			list = append(list, evidence.Exception{Code: found.Left, Store: s.Name, Count: 1})
		}
		for _, code := range sortedKeys(st.lines.Codes) {
			x := evidence.Exception{Code: code, Store: s.Name, Count: st.lines.Codes[code]}
			if code == evidence.CodeObjectLock {
				x.Until = optionalTime(st.lockedUntil)
			}
			list = append(list, x)
		}
	}
	return list
}

// holds are those in force, with the expired entries that each keeps.
func (f *facts) holds() []evidence.Hold {
	var list []evidence.Hold
	for _, h := range f.run.Spec.Holds {
		if h.InForce(f.run.start()) {
			list = append(list, evidence.Hold{ID: h.ID, Owner: h.Owner, Until: evidence.FormatTime(h.Until),
				Scope: h.Match.Scope(), Entries: f.holdEntries(h)})
		}
	}
	return list
}

func (f *facts) lateness() evidence.Lateness {
	l := evidence.Lateness{OldestSurvivorSeconds: int64(f.oldestSurvivor() / time.Second), Late: f.late()}
	for _, s := range f.stores {
		l.OldestDeletedSeconds = max(l.OldestDeletedSeconds, int64(s.lines.Oldest/time.Second))
	}
	return l
}

func (f *facts) confirmation() evidence.Confirmation {
	var c evidence.Confirmation
	var from, to time.Time
	for _, s := range f.stores {
		if s.after != nil {
			from = earlier(from, s.after.StartedAt)
			if s.after.FinishedAt.After(to) {
				to = s.after.FinishedAt
			}
		}
	}
	if from.IsZero() {
		return c
	}
	c.StartedAt, c.FinishedAt = optionalTime(from), optionalTime(to)
	c.ExpiredRemaining, c.Excused, c.Complete = f.remaining()
	return c
}

func (f *facts) intentions() evidence.Intentions {
	spec := f.run.Spec
	e := evidence.Intentions{ObjectLockMode: spec.Lock, TimestampPolicy: cmp.Or(spec.Timestamp, evidence.PolicyNone)}
	if spec.Lock != "none" {
		e.RetainUntil = optionalTime(f.finished.Add(time.Duration(spec.LockDays) * retention.Day))
		e.ManifestRetainUntil = optionalTime(f.finished.Add(time.Duration(spec.ManifestDays) * retention.Day))
	}
	return e
}

// limitations is what no report says.
func limitations() []string {
	return []string{
		"S3 deletion is logical, not media sanitization.",
		"S3 acknowledges deletes of absent keys.",
		"Replicas, backups, caches, inventories and soft-delete layers outside the listed stores are out of scope.",
		"\"Zero\" is the state seen by the listings, not a promise that nothing was ever written.",
		"Versions, clock and finishedAt are self-reported.",
		"A signature proves who said it, not that it is true: pair it with the provider's own access logs or inventory.",
	}
}
