package evidence

import (
	"slices"
	"time"
)

// Values of zdr.mode.
const (
	ModeFull     = "full"     // the stores were listed whole
	ModePrefixes = "prefixes" // only the ZDR teams' own prefixes, and all uploads
)

func (v *validator) zdr() {
	z := v.p.ZDR
	sum := z.Zero + z.Residual + z.Violation + z.Inconclusive
	v.need(sum == z.TeamCount, "zdr: zero + residual + violation + inconclusive is %d, teamCount is %d", sum, z.TeamCount)
	v.need(z.Mode == ModeFull || z.Mode == ModePrefixes || v.p.ReportType == TypeKeyRotation, "zdr.mode %q is unknown", z.Mode)
	purged := v.p.Totals.Purged
	v.need(purged == 0 || z.Violation > 0, "totals.purged is %d, and zdr counts no team in violation", purged)
	v.prefixes()
	v.rosterAge()
	v.witness()
}

// rosterAge checks that nothing is said on the strength of a roster that was too
// old, or from the future: by the run's own limits, where it states them.
func (v *validator) rosterAge() {
	z, limits := v.p.ZDR, v.p.Policy.Limits
	started, errS := ParseTime(v.p.Run.StartedAt)
	asOf, errR := ParseTime(z.RosterAsOf)
	if errS != nil || errR != nil || limits.MaxRosterAgeSeconds <= 0 || v.p.ReportType == TypeKeyRotation {
		return
	}
	ahead := time.Second + time.Duration(limits.MaxClockSkewMillis)*time.Millisecond // startedAt is cut to a second
	if age := started.Sub(asOf); age <= time.Duration(limits.MaxRosterAgeSeconds)*time.Second && age >= -ahead {
		return
	}
	v.need(z.Zero+z.Residual == 0, "zdr: %d teams are said to be zero or residual, and zdr.rosterAsOf %s is too old or in the future for a run at %s",
		z.Zero+z.Residual, z.RosterAsOf, v.p.Run.StartedAt)
}

// prefixes checks that a look at prefixes alone claims no more than that.
func (v *validator) prefixes() {
	z := v.p.ZDR
	if z.Mode != ModePrefixes {
		return
	}
	v.need(v.p.ReportType == TypeAttestation, "zdr.mode is prefixes in a report of type %s: only an attestation lists prefixes alone",
		v.p.ReportType)
	v.need(z.Zero == 0, "zdr: %d teams are said to be zero, and zdr.mode is prefixes, which shows no more than zero-in-prefix", z.Zero)
	v.need(v.says(CodePrefixOnly), "zdr.mode is prefixes, and reasons[] does not say %s", CodePrefixOnly)
}

// witness checks that what the stored metadata gave away stands in the result.
func (v *validator) witness() {
	w := v.p.ZDR.Witness
	v.need(w.Found <= w.Looked, "zdr.witness: found is %d, looked only %d", w.Found, w.Looked)
	if w.Found == 0 {
		return
	}
	v.need(v.says(CodeZDRMetadata), "zdr.witness: found is %d, and reasons[] does not say %s", w.Found, CodeZDRMetadata)
	switch v.p.ReportType {
	case TypeSweep, TypeRecovery, TypeAttestation:
		v.need(v.p.Result == ResultBroken || v.p.Result == ResultInterrupted,
			"result is %q, and zdr.witness found %d entries that were stored under zero retention", v.p.Result, w.Found)
	}
}

// says reports whether reasons[] has a code.
func (v *validator) says(code string) bool {
	return slices.ContainsFunc(v.p.Reasons, func(r Reason) bool { return r.Code == code })
}
