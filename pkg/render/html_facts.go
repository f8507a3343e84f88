package render

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// missedShown bounds the list of missed slots: a schedule by the minute misses
// many in one outage.
const missedShown = 60

// facts makes a list of names and values, cleaned; those without value are left
// out. Digests and ids are set in a fixed-width face.
func facts(pairs ...string) []fact {
	var out []fact
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			v := clean(pairs[i+1])
			out = append(out, fact{pairs[i], v, !strings.Contains(v, " ") && len(v) >= 32})
		}
	}
	return out
}

func runFacts(p evidence.Predicate) []fact {
	r, pol := p.Run, p.Policy
	sched := ""
	if r.Schedule != nil {
		sched = r.Schedule.Cron + " (" + r.Schedule.Timezone + ")"
	}
	all := facts("Started by", r.Trigger, "Slot", optional(r.ScheduledFor), "Schedule", sched,
		"Started", when(r.StartedAt), "Finished", when(r.FinishedAt), "Next report due", optional(p.Chain.NextDue))
	if p.ReportType == evidence.TypeKeyRotation {
		return all
	}
	all = append(all, facts("Retention", pol.MaxAge, "Age taken from", pol.AgeSource, "Expired means", before(pol.Cutoff),
		"Clocks", clocks(r.Clock), "Ran as", p.Actor.Identity)...)
	if t := p.Totals; t.Bytes > 0 {
		all = append(all, facts("Bytes", count(t.Bytes)+" listed, "+count(t.DeletedBytes)+" deleted")...)
	}
	if w := p.Totals.WindowSeconds; w > 0 {
		all = append(all, facts("Longest unchecked", of(w, "second", "seconds")+" between the last look at an entry and its delete")...)
	}
	if l := limitsOf(pol.Limits); l != "" {
		all = append(all, fact{Name: "Guards", Value: l})
	}
	if p.Lateness.OldestDeletedSeconds > 0 {
		all = append(all, facts("Oldest deleted", days(p.Lateness.OldestDeletedSeconds)+" at its deletion")...)
	}
	if p.Lateness.OldestSurvivorSeconds > 0 {
		all = append(all, facts("Oldest survivor", days(p.Lateness.OldestSurvivorSeconds))...)
	}
	return all
}

func optional(t *string) string {
	if t == nil {
		return ""
	}
	return when(*t)
}

func before(cutoff string) string {
	if cutoff == "" {
		return ""
	}
	return "created before " + when(cutoff)
}

// days writes an age in days with one digit after the point, cut off.
func days(seconds int64) string {
	tenths := seconds / 8640
	return fmt.Sprintf("%s.%d days", count(tenths/10), tenths%10)
}

func clocks(c evidence.Clock) string {
	var said []string
	for _, store := range slices.Sorted(maps.Keys(c.ServerSkewMillis)) {
		said = append(said, fmt.Sprintf("%s %+d ms", store, c.ServerSkewMillis[store]))
	}
	if len(said) == 0 {
		return ""
	}
	return strings.Join(said, ", ") + " (server less local; limit " + c.Limit + ")"
}

func limitsOf(l evidence.PolicyLimits) string {
	if l == (evidence.PolicyLimits{}) {
		return ""
	}
	said := []string{"at most " + entries(l.MaxDeletions)}
	if l.MaxShare != "" {
		said = append(said, "and a share of "+clean(l.MaxShare)+" of what is listed (from "+entries(l.ShareFloor)+" on)")
	}
	if l.MaxKeyDateOnlyShare != "" {
		said = append(said, "by key date alone a share of "+clean(l.MaxKeyDateOnlyShare)+" (from "+count(l.MaxKeyDateOnlyFloor)+" on)")
	}
	return strings.Join(append(said, "to purge at most "+count(l.MaxPurge)), ", ")
}

func missedSlots(p evidence.Predicate) []string {
	var out []string
	for _, m := range p.Run.Missed[:min(len(p.Run.Missed), missedShown)] {
		out = append(out, when(m.Slot)+" ("+clean(m.Code)+")")
	}
	if n := len(p.Run.Missed) - missedShown; n > 0 {
		out = append(out, "and "+count(int64(n))+" more")
	}
	return out
}

// identity is what ties the page to one report, one chain and one key.
func identity(p evidence.Predicate, o HTMLOptions) []fact {
	c, e := p.Chain, p.Evidence
	all := facts("Organization", p.Organization.Name, "Contact", p.Organization.Contact, "Vault", c.VaultID,
		"Sequence", strconv.FormatInt(c.Sequence, 10), "Report", p.ReportID, "Type", evidence.PredicateType(p.ReportType),
		"Statement SHA-256", o.StatementSHA256, "Signed by key (SPKI SHA-256)", p.Signer.SPKISHA256, "Algorithm", p.Signer.Algorithm,
		"Previous report", value(c.PreviousReportID), "Previous statement SHA-256", value(c.PreviousStatementSHA256),
		"Previous bundle SHA-256", value(c.PreviousBundleSHA256), "Config SHA-256", p.Policy.ConfigSHA256)
	if o.Signature != nil && len(o.Problems) == 0 {
		all = append(all, facts("Verification", checkedForThisPage(o))...)
	}
	if r := p.Rotation; r != nil {
		all = append(all, facts("Old key (SPKI SHA-256)", r.OldSPKISHA256, "New key (SPKI SHA-256)", r.NewSPKISHA256)...)
	}
	if p.ReportType != evidence.TypeKeyRotation {
		all = append(all, facts("Holds SHA-256", p.HoldsSHA256, "Manifest", of(p.Manifest.RecordCount, "line", "lines")+" in "+
			of(p.Manifest.PartCount, "part", "parts"), "Manifest root", p.Manifest.RootHash,
			"Identifiers", joined(", ", named("keys", p.Identifiers.Scheme), named("epoch", p.Identifiers.Epoch)),
			"Epoch commitment", p.Identifiers.EpochCommit)...)
	}
	return append(all, facts("Object Lock of the evidence", e.ObjectLockMode, "Kept until", optional(e.RetainUntil),
		"Manifest kept until", optional(e.ManifestRetainUntil), "Timestamps", e.TimestampPolicy,
		"Made by", joined(" ", p.Actor.Tool, p.Actor.Version), "Commit", p.Actor.Commit, "Program SHA-256", p.Actor.BinarySHA256)...)
}

func value(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
