package render

import (
	"fmt"
	"slices"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// question is one of the four that an auditor asks of a control, with what the
// report answers.
type question struct {
	Name, Asked string
	Answer      tone
	Says        []string
	Sums        []equation
}

// equation is an identity of the format with this report's numbers. Where Text is
// set, it is a comparison in words.
type equation struct {
	Left  addend
	Right []addend
	Text  string
	OK    bool
}

type addend struct {
	N    int64
	Name string
}

// Zero terms are written more quietly.
func (t addend) Zero() bool     { return t.N == 0 }
func (t addend) Number() string { return count(t.N) }

func adds(n int64, name string, right ...addend) equation {
	var total int64
	for _, t := range right {
		total += t.N
	}
	return equation{Left: addend{n, name}, Right: right, OK: n == total}
}

func addUp(all []equation) bool {
	return !slices.ContainsFunc(all, func(e equation) bool { return !e.OK })
}

func questions(p evidence.Predicate, o HTMLOptions) []question {
	all := []question{complete(p), accurate(p), vouched(verified(p), o), authorised(p)}
	for i, q := range all {
		if !addUp(q.Sums) {
			all[i].Answer = tone{"bad", "✕", "No: the numbers contradict each other"}
		}
	}
	return all
}

func complete(p evidence.Predicate) question {
	t, z := p.Totals, p.ZDR
	q := question{Name: "Complete?", Asked: "Was everything looked at?", Sums: []equation{
		adds(t.Listed, "listed", addend{t.Objects, "current objects"}, addend{t.NoncurrentVersions, "noncurrent versions"},
			addend{t.DeleteMarkers, "delete markers"}, addend{t.Uploads, "incomplete uploads"}),
		adds(t.Listed, "listed", addend{t.Expired, "expired"}, addend{t.Kept, "kept"}),
	}}
	if z.TeamCount > 0 {
		q.Sums = append(q.Sums, adds(z.TeamCount, "ZDR teams", addend{z.Zero, "zero"}, addend{z.Residual, "residual"},
			addend{z.Violation, "violation"}, addend{z.Inconclusive, "inconclusive"}))
	}
	var ended int64
	for _, pop := range p.Population {
		if pop.Complete {
			ended++
		}
	}
	stores := int64(len(p.Stores))
	q.Says = append(q.Says, fmt.Sprintf("%s of %s %s listed to the end, in %s.", count(ended), of(stores, "store", "stores"),
		verb(ended, "was", "were"), of(t.Pages, "page", "pages")))
	q.Answer = tone{"ok", "✓", "Yes"}
	if t.Unattributed > 0 {
		q.Says = append(q.Says, fmt.Sprintf("%s no layout: whose they are is not known.", matches(t.Unattributed)))
		q.Answer = tone{"warn", "!", "Yes, but some keys have no owner"}
	}
	if t.Anomalies > 0 {
		q.Says = append(q.Says, fmt.Sprintf("%s a date in the key that can't be right: the store's own date counted alone.", has(t.Anomalies)))
	}
	if n := int64(len(p.Run.Missed)); n > 0 {
		q.Says = append(q.Says, fmt.Sprintf("%s of the schedule %s missed before this run.", of(n, "slot", "slots"), verb(n, "was", "were")))
		q.Answer = tone{"warn", "!", "This run yes, the schedule no"}
	}
	if z.Mode == evidence.ModePrefixes {
		q.Says = append(q.Says, "Only the ZDR teams' own prefixes and all uploads were listed.")
		q.Answer = tone{"warn", "?", "Only in part"}
	}
	if ended < stores || stores == 0 {
		q.Answer = tone{"bad", "✕", "No: not all was seen"}
	}
	return q
}

func matches(n int64) string { return entries(n) + " " + verb(n, "matches", "match") }
func has(n int64) string     { return entries(n) + " " + verb(n, "has", "have") }

func accurate(p evidence.Predicate) question {
	t := p.Totals
	q := question{Name: "Accurate?", Asked: "Does the account add up?", Answer: tone{"ok", "✓", "Yes"}}
	if p.ReportType == evidence.TypeAttestation {
		q.Says = []string{"An attestation plans and deletes nothing, so its manifest is empty."}
		q.Sums = []equation{adds(t.Planned, "planned", addend{p.Manifest.RecordCount, "manifest lines"})}
		q.Answer = tone{"info", "–", "Nothing was planned"}
		return q
	}
	q.Sums = []equation{
		adds(t.Planned, "planned", addend{t.Expired, "expired"}, addend{t.Purged, "purged for ZDR"}),
		adds(t.Planned, "planned", outcomeTerms(t.OutcomeCounts)...),
		adds(t.Planned, "planned", addend{p.Manifest.RecordCount, "manifest lines"}),
	}
	if c, ok := cutoff(p); ok {
		q.Sums = append(q.Sums, c)
	}
	q.Says = []string{"Each planned entry has one line in the manifest, and one outcome."}
	if t.ExpiredByKeyDateAlone > 0 {
		q.Says = append(q.Says, fmt.Sprintf("%s expired by the date in the key alone.", entries(t.ExpiredByKeyDateAlone)))
	}
	if p.Lateness.Late > 0 {
		q.Says = append(q.Says, fmt.Sprintf("%s longer than promised.", stayed(p.Lateness.Late)))
	}
	if t.Left > 0 && (p.ReportType == evidence.TypeSweep || p.ReportType == evidence.TypeRecovery) {
		q.Says = append(q.Says, fmt.Sprintf("%s not attempted.", was(t.Left)))
	}
	return q
}

// cutoff compares the cutoff with the start: a later one would let young data
// expire.
func cutoff(p evidence.Predicate) (equation, bool) {
	at, err := evidence.ParseTime(p.Policy.Cutoff)
	started, err2 := evidence.ParseTime(p.Run.StartedAt)
	age, err3 := evidence.ParseMaxAge(p.Policy.MaxAge)
	if err != nil || err2 != nil || err3 != nil {
		return equation{}, false
	}
	latest := started.Add(-age)
	return equation{OK: !at.After(latest), Text: fmt.Sprintf("cutoff %s is not later than the start less %s, %s", when(p.Policy.Cutoff),
		clean(p.Policy.MaxAge), when(evidence.FormatTime(latest)))}, true
}

func outcomeTerms(o evidence.OutcomeCounts) []addend {
	return []addend{{o.Deleted, "deleted"}, {o.Absent, "absent"}, {o.Aborted, "aborted"}, {o.Held, "held"}, {o.Locked, "locked"},
		{o.Pending, "pending"}, {o.Changed, "changed"}, {o.Failed, "failed"}, {o.Unconfirmed, "unconfirmed"}, {o.Left, "left"}}
}

func verified(p evidence.Predicate) question {
	q := question{Name: "Verified?", Asked: "Was it looked at again?"}
	c, t := p.Confirmation, p.Totals
	switch p.ReportType {
	case evidence.TypeDryRun, evidence.TypeStopped:
		q.Answer = tone{"info", "–", "Nothing was deleted"}
		q.Says = []string{"There is no deletion to look after."}
	case evidence.TypeAttestation:
		q.Answer = tone{"info", "–", "By the one listing"}
		q.Says = []string{"The listing itself is the look; an attestation makes no second one."}
	default:
		q.Answer = confirmed(c)
		q.Says = []string{confirmation(c)}
		if c.StartedAt != nil {
			e := c.Excused
			q.Sums = []equation{adds(c.ExpiredRemaining, "expired remaining", addend{e.Held, "on hold"}, addend{e.Locked, "locked"},
				addend{e.Pending, "pending"}, addend{unexcused(c), "without excuse"})}
		}
		if c.StartedAt != nil && c.FinishedAt != nil {
			q.Says = append(q.Says, "It ran from "+when(*c.StartedAt)+" to "+when(*c.FinishedAt)+", after the deletes.")
		}
		if t.Failed+t.Unconfirmed > 0 {
			q.Says = append(q.Says, fmt.Sprintf("%s failed, of %s the end is not known.", entries(t.Failed), count(t.Unconfirmed)))
		}
	}
	if p.ZDR.Witness.Looked > 0 {
		q.Says = append(q.Says, witness(p.ZDR.Witness))
	}
	if p.ZDR.Witness.Found > 0 {
		q.Answer = tone{"bad", "✕", "No: the second witness disagrees"}
	}
	return q
}

// vouched adds whether somebody checked the signature on what is told here.
func vouched(q question, o HTMLOptions) question {
	switch {
	case len(o.Problems) > 0:
		q.Answer = tone{"bad", "✕", "No: the evidence does not check out"}
		q.Says = append(q.Says, fmt.Sprintf("Checking the report found %s: see the top of this page.",
			of(int64(len(o.Problems)), "problem", "problems")))
	case o.Signature == nil:
		q.Says = append(q.Says, "This page was sealed together with its report, so it can't vouch for the signature: see “Check it yourself”.")
	default:
		q.Says = append(q.Says, checkedForThisPage(o))
	}
	return q
}

// checkedForThisPage says what was, of a report without problems.
func checkedForThisPage(o HTMLOptions) string {
	said := "The signature was checked for this page: it is " + clean(o.Signature.Why) + "."
	if o.Recounted {
		said += " Every file is the one that was signed, and every line of the manifest was recounted."
	}
	return said
}

// unexcused is never negative: a report that excuses more than remains doesn't
// add up, and must look like it.
func unexcused(c evidence.Confirmation) int64 {
	return max(0, c.ExpiredRemaining-c.Excused.Held-c.Excused.Locked-c.Excused.Pending)
}

func confirmed(c evidence.Confirmation) tone {
	switch {
	case c.StartedAt != nil && unexcused(c) > 0:
		return tone{"bad", "✕", "No: expired data is still there"}
	case c.StartedAt == nil:
		return tone{"warn", "?", "Not known: no second listing"}
	case !c.Complete:
		return tone{"warn", "?", "Not known: it ended early"}
	case c.ExpiredRemaining > 0:
		return tone{"warn", "!", "Yes, but for what is excused"}
	default:
		return tone{"ok", "✓", "Yes"}
	}
}

func authorised(p evidence.Predicate) question {
	q := question{Name: "Authorised?", Asked: "Was it meant to happen?"}
	switch p.Run.Trigger {
	case "schedule":
		q.Answer = tone{"ok", "✓", "Yes, by the schedule"}
		q.Says = []string{"The schedule started it" + slot(p) + "."}
	case "apply":
		q.Answer = tone{"warn", "!", "By a stated reason"}
		if p.Run.Apply != nil {
			q.Says = []string{carriedOut(*p.Run.Apply)}
		}
	case "recovery":
		q.Answer = tone{"info", "–", "By the run that died"}
		q.Says = []string{"Recovery sealed the report of a run that had died" + slot(p) + "."}
	default:
		q.Answer = tone{"info", "–", "By hand"}
		q.Says = []string{"It was started by hand. The report names no person: the service's own access log does."}
	}
	if p.Actor.Identity != "" {
		q.Says = append(q.Says, "It ran as "+clean(p.Actor.Identity)+".")
	}
	changes := changed(p)
	if len(changes) > 0 {
		q.Answer = tone{"warn", "!", "With changes to look at"}
		q.Says = append(q.Says, changes...)
	} else {
		q.Says = append(q.Says, "No change of scope, schedule, retention or roster is declared.")
	}
	if g := p.Policy.Guard; g != nil {
		q.Says = append(q.Says, guard(*g))
		q.Answer = tone{"warn", "■", "No: a guard held it back"}
		if p.ReportType == evidence.TypeDryRun {
			q.Answer.Word = "Not as it stands: a guard would stop it"
		}
	}
	return q
}

func slot(p evidence.Predicate) string {
	if p.Run.ScheduledFor == nil {
		return ""
	}
	return ", for the slot " + when(*p.Run.ScheduledFor)
}

// changed is what an auditor must notice of the ground that the run stood on,
// a sentence each.
func changed(p evidence.Predicate) []string {
	notable := []string{"SCOPE_CHANGED", "SCHEDULE_CHANGED", "RETENTION_CHANGED", "ROSTER_REMOVED", "ZDR_SINCE_MOVED",
		"GUARD_OVERRIDDEN", "LEASE_TAKEN_OVER", "OLD_KEY_UNAVAILABLE"}
	var said []string
	for _, r := range p.Reasons {
		if slices.Contains(notable, r.Code) {
			said = append(said, coded(r.Code)+".")
		}
	}
	return said
}
