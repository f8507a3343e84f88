package evidence

import "slices"

// result checks that the verdict is one that the numbers allow. It forbids a
// good word over bad numbers; which of two bad words is used is the writer's
// judgement.
func (v *validator) result() {
	p := v.p
	allowed := map[string][]string{
		TypeSweep:       {ResultKept, ResultKeptWithExceptions, ResultBroken, ResultInconclusive, ResultInterrupted},
		TypeRecovery:    {ResultKept, ResultKeptWithExceptions, ResultBroken, ResultInconclusive, ResultInterrupted},
		TypeAttestation: {ResultKept, ResultKeptWithExceptions, ResultBroken, ResultInconclusive, ResultInterrupted},
		TypeDryRun:      {ResultNone},
		TypeStopped:     {ResultStopped},
		TypeKeyRotation: {ResultNone},
	}
	v.need(slices.Contains(allowed[p.ReportType], p.Result), "result %q can't be that of a report of type %s", p.Result, p.ReportType)
	if p.Result != ResultKept && p.Result != ResultNone {
		v.need(len(p.Reasons) > 0, "result is %q, and reasons[] does not say why", p.Result)
	}
	if p.Result == ResultKept || p.Result == ResultKeptWithExceptions {
		v.good()
	}
	if p.Result == ResultKept {
		v.need(p.ZDR.Residual == 0, "result is %q with %d ZDR teams that are residual", p.Result, p.ZDR.Residual)
		v.need(p.Confirmation.ExpiredRemaining == 0, "result is %q with %d expired entries remaining", p.Result,
			p.Confirmation.ExpiredRemaining)
		t := p.Totals
		v.need(t.Held+t.Locked+t.Pending == 0, "result is %q with %d entries held, %d locked and %d pending", p.Result, t.Held, t.Locked,
			t.Pending)
	}
}

// good lists what neither kept nor kept-with-exceptions may stand over.
func (v *validator) good() {
	p := v.p
	v.need(p.ZDR.Violation == 0, "result is %q with %d ZDR teams in violation", p.Result, p.ZDR.Violation)
	v.need(p.ZDR.Inconclusive == 0, "result is %q with %d ZDR teams inconclusive", p.Result, p.ZDR.Inconclusive)
	v.need(p.ZDR.Mode == ModeFull, "result is %q, and the ZDR teams were looked for in %s alone", p.Result, p.ZDR.Mode)
	v.need(p.Policy.Guard == nil, "result is %q, and a guard stopped the run", p.Result)
	v.need(len(p.Stores) > 0, "result is %q over no store", p.Result)
	for _, pop := range p.Population {
		v.need(pop.Complete, "result is %q, and store %q was not listed to the end", p.Result, pop.Store)
	}
	if p.ReportType == TypeAttestation {
		return
	}
	t := p.Totals
	v.need(t.Failed == 0 && t.Unconfirmed == 0, "result is %q with %d entries failed and %d unconfirmed", p.Result, t.Failed,
		t.Unconfirmed)
	v.need(t.Left == 0, "result is %q with %d entries left", p.Result, t.Left)
	c := p.Confirmation
	v.need(c.Complete && c.StartedAt != nil && c.FinishedAt != nil, "result is %q without a complete second listing", p.Result)
	excused := c.Excused.Held + c.Excused.Locked + c.Excused.Pending
	v.need(c.ExpiredRemaining <= excused, "result is %q with %d expired entries remaining, of which %d are excused", p.Result,
		c.ExpiredRemaining, excused)
	v.need(c.Excused.Pending <= t.Pending, "result is %q with excused.pending %d, and the outcomes have only %d pending", p.Result,
		c.Excused.Pending, t.Pending)
}
