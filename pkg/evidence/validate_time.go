package evidence

import "time"

// planLife is how old a plan may be when it is applied.
const planLife = 24 * time.Hour

// times checks the run's own times and the cutoff.
func (v *validator) times() {
	p := v.p
	started, okS := v.time("run.startedAt", p.Run.StartedAt)
	finished, okF := v.time("run.finishedAt", p.Run.FinishedAt)
	if okS && okF {
		v.need(!finished.Before(started), "run.finishedAt %s is before run.startedAt %s", p.Run.FinishedAt, p.Run.StartedAt)
	}
	v.optional("run.scheduledFor", p.Run.ScheduledFor)
	v.optional("confirmation.startedAt", p.Confirmation.StartedAt)
	v.optional("confirmation.finishedAt", p.Confirmation.FinishedAt)
	v.optional("evidence.retainUntil", p.Evidence.RetainUntil)
	if until, ok := v.optional("evidence.manifestRetainUntil", p.Evidence.ManifestRetainUntil); ok && okF {
		v.need(until.After(finished), "evidence.manifestRetainUntil %s is not after run.finishedAt %s",
			FormatTime(until), p.Run.FinishedAt)
	}
	for _, h := range p.Holds {
		v.time("holds: until of "+h.ID, h.Until)
	}
	for _, m := range p.Run.Missed {
		v.time("run.missed: slot", m.Slot)
		v.need(IsCode(m.Code), "run.missed: %q is not a code", m.Code)
	}
	if p.ReportType == TypeKeyRotation {
		return
	}
	v.skew()
	v.time("zdr.rosterAsOf", p.ZDR.RosterAsOf)
	if okS {
		v.cutoff(started)
	}
}

// cutoff must lie maxAge before the start or earlier, so that nothing young
// expires; and no earlier than clock skew and an applied plan's age explain, so
// that nothing old is quietly kept.
func (v *validator) cutoff(started time.Time) {
	p := v.p
	cutoff, ok := v.time("policy.cutoff", p.Policy.Cutoff)
	maxAge, err := ParseMaxAge(p.Policy.MaxAge)
	if err != nil {
		v.addf("policy.maxAge: %v", err)
	}
	if !ok || err != nil {
		return
	}
	latest := started.Add(-maxAge)
	v.need(!cutoff.After(latest), "policy.cutoff %s is later than run.startedAt minus %s (%s)", p.Policy.Cutoff,
		p.Policy.MaxAge, FormatTime(latest))
	if p.ReportType == TypeStopped { // the clocks may be what stopped it
		return
	}
	slack := time.Second + p.maxSkew()
	if p.Run.Apply != nil {
		slack += planLife
	}
	v.need(!cutoff.Before(latest.Add(-slack)), "policy.cutoff %s is earlier than run.startedAt minus %s explains (%s): older data was kept",
		p.Policy.Cutoff, p.Policy.MaxAge, FormatTime(latest))
}

// maxSkew is how far a server's clock may be from the local one. What can't be
// meant has its finding, and must not overflow.
func (p Predicate) maxSkew() time.Duration {
	const most = int64(24 * time.Hour / time.Millisecond)
	return time.Duration(min(max(p.Policy.Limits.MaxClockSkewMillis, 0), most)) * time.Millisecond
}

// skew demands that the clocks agreed wherever something was deleted: where they
// don't, a guard stops the run, and nothing overrides it.
func (v *validator) skew() {
	p := v.p
	limit := p.Policy.Limits.MaxClockSkewMillis
	kept := p.ReportType == TypeSweep && (p.Result == ResultKept || p.Result == ResultKeptWithExceptions)
	for _, o := range p.Outcomes {
		skew := p.Run.Clock.ServerSkewMillis[o.Store]
		if deleted := o.Deleted + o.Aborted; kept || deleted > 0 {
			v.need(-limit <= skew && skew <= limit, "run.clock.serverSkewMillis of store %q is %d, policy.limits.maxClockSkewMillis is %d, "+
				"and yet the result is %q with %d entries deleted or aborted", o.Store, skew, limit, p.Result, deleted)
		}
	}
}

func (v *validator) time(field, s string) (time.Time, bool) {
	t, err := ParseTime(s)
	if err != nil {
		v.addf("%s: %v", field, err)
		return time.Time{}, false
	}
	return t, true
}

func (v *validator) optional(field string, s *string) (time.Time, bool) {
	if s == nil {
		return time.Time{}, false
	}
	return v.time(field, *s)
}

// chain checks what a report says of its place, as far as it can be seen
// without its neighbours.
func (v *validator) chain() {
	c := v.p.Chain
	v.need(c.VaultID != "", "chain.vaultId is empty")
	first := c.Sequence == 0
	v.need((c.PreviousReportID == nil) == first && (c.PreviousStatementSHA256 == nil) == first &&
		(c.PreviousBundleSHA256 == nil) == first,
		"chain: the previous* fields are null in report 0 and only there")
	due, isDue := v.optional("chain.nextDue", c.NextDue)
	if v.p.ReportType == TypeKeyRotation {
		return
	}
	v.need((c.NextDue == nil) == (v.p.Run.Schedule == nil), "chain.nextDue is given with a schedule and only then")
	started, err := ParseTime(v.p.Run.StartedAt)
	if err != nil || !isDue || v.p.Run.Schedule == nil {
		return
	}
	var slot *time.Time
	if v.p.Run.ScheduledFor != nil {
		if t, err := ParseTime(*v.p.Run.ScheduledFor); err == nil {
			slot = &t
		}
	}
	want, err := NextDue(v.p.Run.Schedule, started, slot)
	if err != nil {
		v.addf("chain.nextDue can't be checked: %v", err)
		return
	}
	v.need(want == FormatTime(due), "chain.nextDue is %s, the first slot after this run is %s", FormatTime(due), want)
}
