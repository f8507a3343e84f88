package evidence

import "regexp"

// Values of run.trigger.
const (
	TriggerApply    = "apply" // the run carried out the plan of an earlier report
	triggerRecovery = "recovery"
)

// IsCode reports whether s may be a code, as those of reasons, outcomes and
// applied plans: upper case letters, digits and _, the first a letter, 64 at
// most.
func IsCode(s string) bool {
	for i := range len(s) {
		switch c := s[i]; {
		case 'A' <= c && c <= 'Z':
		case i > 0 && (c == '_' || '0' <= c && c <= '9'):
		default:
			return false
		}
	}
	return s != "" && len(s) <= 64
}

// IsTicket reports whether s may be the ticket of an applied plan: 1 to 64
// visible ASCII characters, no space among them.
func IsTicket(s string) bool { return ticketPattern.MatchString(s) }

var ticketPattern = regexp.MustCompile(`^[!-~]{1,64}$`)

// apply checks what the report says of the plan that it carried out. That plan
// stands in an earlier report of the vault, which is not looked at here.
func (v *validator) apply() {
	run, a := v.p.Run, v.p.Run.Apply
	if a == nil {
		v.need(run.Trigger != TriggerApply, "run.trigger is apply, and run.apply does not say which plan was carried out")
		return
	}
	// An apply that died is sealed by a recovery.
	v.need(run.Trigger == TriggerApply || run.Trigger == triggerRecovery, "run.apply names the plan of report %d, and run.trigger is %q",
		a.Report, run.Trigger)
	switch v.p.ReportType {
	case TypeSweep, TypeStopped, TypeRecovery:
	default:
		v.addf("run.apply names the plan of report %d, in a report of type %s, which carries out none", a.Report, v.p.ReportType)
	}
	v.need(a.Report < v.p.Chain.Sequence, "run.apply names the plan of report %d, which is not before report %d", a.Report, v.p.Chain.Sequence)
	v.need(IsCode(a.Reason), "run.apply: reason %q is not a code", a.Reason)
	v.need(a.Ticket == "" || IsTicket(a.Ticket), "run.apply: ticket %q is not a token of visible ASCII characters", a.Ticket)
}
