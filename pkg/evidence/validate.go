package evidence

import (
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// ValidatePredicate returns what in p contradicts p itself, one sentence a
// finding, nothing if all the identities of the format hold. A report is
// checked with it before it is sealed, and again when it is verified. It needs
// no other file.
func ValidatePredicate(p Predicate) []string {
	v := &validator{p: p}
	v.form()
	v.counts()
	v.stores()
	v.outcomes()
	v.exceptions()
	v.confirmation()
	v.zdr()
	v.manifest()
	v.times()
	v.chain()
	v.apply()
	v.rotation()
	v.result()
	return v.found
}

type validator struct {
	p     Predicate
	found []string
}

func (v *validator) addf(format string, args ...any) {
	v.found = append(v.found, fmt.Sprintf(format, args...))
}

// need adds a finding unless ok.
func (v *validator) need(ok bool, format string, args ...any) {
	if !ok {
		v.addf(format, args...)
	}
}

var uuid7Pattern = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// form checks values that need no arithmetic.
func (v *validator) form() {
	p := v.p
	v.need(p.SchemaVersion == SchemaVersion, "schemaVersion is %q, this program reads %q", p.SchemaVersion, SchemaVersion)
	v.need(uuid7Pattern.MatchString(p.ReportID), "reportId %q is not a UUIDv7", p.ReportID)
	v.need(PredicateType(p.ReportType) != "", "reportType %q is unknown", p.ReportType)
	v.need(p.Signer.Algorithm == AlgorithmECDSA || p.Signer.Algorithm == AlgorithmEd25519,
		"signer.algorithm %q is unknown", p.Signer.Algorithm)
	v.need(isHex(p.Signer.SPKISHA256, 32), "signer.spkiSha256 is not a SHA-256 in lower-case hex")
	v.need(isHex(p.Policy.ConfigSHA256, 32), "policy.configSha256 is not a SHA-256 in lower-case hex")
	v.need(slices.Contains([]string{"schedule", "manual", TriggerApply, triggerRecovery}, p.Run.Trigger),
		"run.trigger %q is unknown", p.Run.Trigger)
	v.need(p.ReportType != TypeRecovery || p.Run.Trigger == triggerRecovery, "reportType is %q, and run.trigger is %q, not %q", p.ReportType,
		p.Run.Trigger, triggerRecovery)
	for _, r := range p.Reasons {
		v.need(IsCode(r.Code) && r.Count > 0, "reasons: %q with count %d is not a code and a count above zero",
			r.Code, r.Count)
	}
	if p.ReportType == TypeKeyRotation {
		return
	}
	v.need(p.Identifiers.Scheme == SchemeHashed || p.Identifiers.Scheme == SchemeClear,
		"identifiers.scheme %q is unknown", p.Identifiers.Scheme)
	v.need(isHex(p.Identifiers.EpochCommit, 32), "identifiers.epochCommit is not a SHA-256 in lower-case hex")
}

// counts refuses negative counts, and those that jq would round.
func (v *validator) counts() {
	p := v.p
	p.Run.Clock.ServerSkewMillis = nil // may be negative
	walkIntegers(reflect.ValueOf(p), "predicate", func(path string, n int64) {
		v.need(n >= 0 && n <= maxInteger, "%s is %d: counts lie between 0 and 2^53-1", path, n)
	})
}

func walkIntegers(val reflect.Value, path string, visit func(string, int64)) {
	switch val.Kind() {
	case reflect.Int64:
		visit(path, val.Int())
	case reflect.Pointer:
		if !val.IsNil() {
			walkIntegers(val.Elem(), path, visit)
		}
	case reflect.Slice:
		for i := range val.Len() {
			walkIntegers(val.Index(i), fmt.Sprintf("%s[%d]", path, i), visit)
		}
	case reflect.Struct:
		for i := range val.NumField() {
			f := val.Type().Field(i)
			name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
			sub := path + "." + name
			if f.Anonymous {
				sub = path
			}
			walkIntegers(val.Field(i), sub, visit)
		}
	}
}

// stores checks that population[] and outcomes[] speak of stores[] in order,
// that each adds up, and that the totals are the sums.
func (v *validator) stores() {
	p := v.p
	names := make([]string, len(p.Stores))
	for i, s := range p.Stores {
		names[i] = s.Name
		v.need(s.Name != "" && !slices.Contains(names[:i], s.Name), "stores[%d]: name %q is empty or stands twice", i, s.Name)
	}
	var sum Totals
	popNames := make([]string, len(p.Population))
	for i, pop := range p.Population {
		popNames[i] = pop.Store
		v.population(fmt.Sprintf("population of store %q", pop.Store), pop.PopulationCounts)
		addIntegers(&sum.PopulationCounts, pop.PopulationCounts)
	}
	outNames := make([]string, len(p.Outcomes))
	for i, o := range p.Outcomes {
		outNames[i] = o.Store
		window := max(sum.WindowSeconds, o.WindowSeconds)
		addIntegers(&sum.OutcomeCounts, o.OutcomeCounts)
		sum.WindowSeconds = window
	}
	v.need(slices.Equal(names, popNames), "population[] does not name the stores of stores[] in their order")
	v.need(slices.Equal(names, outNames), "outcomes[] does not name the stores of stores[] in their order")
	v.need(sum.PopulationCounts == p.Totals.PopulationCounts, "totals are not the sums of population[]")
	v.need(sum.OutcomeCounts == p.Totals.OutcomeCounts, "totals are not the sums of outcomes[]")
}

func (v *validator) population(of string, c PopulationCounts) {
	kinds := c.Objects + c.NoncurrentVersions + c.DeleteMarkers + c.Uploads
	v.need(c.Listed == kinds, "%s: listed is %d, the four kinds together are %d", of, c.Listed, kinds)
	v.need(kinds == c.Expired+c.Kept, "%s: the four kinds together are %d, expired + kept is %d", of, kinds, c.Expired+c.Kept)
	v.need(c.ExpiredByKeyDateAlone <= c.Expired, "%s: expiredByKeyDateAlone is %d, expired only %d", of,
		c.ExpiredByKeyDateAlone, c.Expired)
	v.need(c.Unattributed <= c.Listed, "%s: unattributed is %d, listed only %d", of, c.Unattributed, c.Listed)
}

// addIntegers adds each integer field of src to that of dst; both are structs
// of int64 alone.
func addIntegers[T any](dst *T, src T) {
	d, s := reflect.ValueOf(dst).Elem(), reflect.ValueOf(src)
	for i := range d.NumField() {
		d.Field(i).SetInt(d.Field(i).Int() + s.Field(i).Int())
	}
}

// Final is how many entries have a final outcome.
func (c OutcomeCounts) Final() int64 {
	return c.Deleted + c.Absent + c.Aborted + c.Held + c.Locked + c.Pending + c.Changed + c.Failed + c.Unconfirmed
}

func (v *validator) outcomes() {
	p := v.p
	plans := p.ReportType != TypeAttestation && p.ReportType != TypeKeyRotation
	for i, o := range p.Outcomes {
		of := fmt.Sprintf("outcomes of store %q", o.Store)
		v.need(o.Planned == o.Final()+o.Left, "%s: planned is %d, the outcomes together are %d", of, o.Planned, o.Final()+o.Left)
		if !plans {
			v.need(o.Planned == 0 && o.Purged == 0, "%s: planned is %d in a report of type %s, which plans nothing", of, o.Planned,
				p.ReportType)
			continue
		}
		if i < len(p.Population) {
			expired := p.Population[i].Expired
			v.need(o.Planned == expired+o.Purged, "%s: planned is %d, expired + purged is %d", of, o.Planned, expired+o.Purged)
			v.need(o.Purged <= p.Population[i].Kept, "%s: purged is %d, kept only %d", of, o.Purged, p.Population[i].Kept)
			v.kinds(of, p.Population[i].PopulationCounts, o.OutcomeCounts)
		}
		if p.ReportType == TypeDryRun || p.ReportType == TypeStopped {
			v.need(o.Left == o.Planned, "%s: %d entries were not left, in a report of type %s, which deletes nothing", of,
				o.Planned-o.Left, p.ReportType)
		}
	}
	if p.Policy.Guard != nil {
		n := p.Totals.Deleted + p.Totals.Aborted
		v.need(n == 0, "policy.guard says that a guard stopped the run, and yet %d entries were deleted or aborted", n)
	}
}

// kinds checks that there were as many entries of the kind that an outcome is
// for.
func (v *validator) kinds(of string, c PopulationCounts, o OutcomeCounts) {
	v.need(o.Aborted <= c.Uploads, "%s: aborted is %d, uploads only %d", of, o.Aborted, c.Uploads)
	v.need(o.Pending <= c.DeleteMarkers, "%s: pending is %d, deleteMarkers only %d", of, o.Pending, c.DeleteMarkers)
	data := c.Objects + c.NoncurrentVersions
	v.need(o.Locked <= data, "%s: locked is %d, objects and noncurrentVersions together only %d", of, o.Locked, data)
	v.need(o.Deleted <= data+c.DeleteMarkers, "%s: deleted is %d, there were only %d entries beside the uploads", of, o.Deleted,
		data+c.DeleteMarkers)
}

func (v *validator) manifest() {
	m, planned := v.p.Manifest, v.p.Totals.Planned
	v.need(m.Format == ManifestFormat, "manifest.format is %q, this program reads %q", m.Format, ManifestFormat)
	v.need(m.TreeAlg == TreeAlg, "manifest.treeAlg is %q, this program reads %q", m.TreeAlg, TreeAlg)
	v.need(isHex(m.RootHash, 32), "manifest.rootHash is not a SHA-256 in lower-case hex")
	v.need(m.RecordCount == planned, "manifest.recordCount is %d, totals.planned is %d", m.RecordCount, planned)
	v.need(m.PartCount <= m.RecordCount && (m.PartCount > 0) == (m.RecordCount > 0),
		"manifest: partCount %d does not fit recordCount %d", m.PartCount, m.RecordCount)
}

// ParseMaxAge reads policy.maxAge: whole days ("30d") or hours ("36h").
func ParseMaxAge(s string) (time.Duration, error) {
	n, err := strconv.ParseInt(s[:max(len(s)-1, 0)], 10, 32)
	if err != nil || n <= 0 || n > 100*366*24 || strconv.FormatInt(n, 10) != s[:len(s)-1] {
		return 0, fmt.Errorf("%q is not a number of days or hours", s)
	}
	switch s[len(s)-1] {
	case 'd':
		return time.Duration(n) * 24 * time.Hour, nil
	case 'h':
		return time.Duration(n) * time.Hour, nil
	default:
		return 0, fmt.Errorf("%q is not a number of days or hours", s)
	}
}
