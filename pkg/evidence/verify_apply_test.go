package evidence

import (
	"fmt"
	"testing"
)

// dryRun seals a dry run and returns its number.
func (f *fixture) dryRun(day int) int64 {
	pl := f.quiet(day)
	pl.p.ReportType, pl.p.Result, pl.p.Confirmation = TypeDryRun, ResultNone, Confirmation{}
	pl.p.ReportID = fmt.Sprintf("01936000-0000-7000-8000-0000000001%02d", f.n)
	f.seal(pl)
	return f.n - 1
}

func TestAnAppliedPlanIsHeldAgainstItsReport(t *testing.T) {
	applies := func(f *fixture, day int, plan int64) {
		pl := f.quiet(day)
		pl.p.Run.Trigger, pl.p.Run.Apply = "apply", &Apply{Report: plan, Reason: "REVIEWED"}
		pl.p.ReportID = fmt.Sprintf("01936000-0000-7000-8000-0000000002%02d", f.n)
		f.seal(pl)
	}
	for name, c := range map[string]struct {
		make func(f *fixture)
		want []string
	}{
		"a dry run's plan, carried out once": {func(f *fixture) { applies(f, 22, f.dryRun(22)) }, nil},
		"carried out twice": {func(f *fixture) { n := f.dryRun(22); applies(f, 22, n); applies(f, 22, n) },
			[]string{"report 3: report.sigstore.json: it carried out the plan of report 1, which report 2 had carried out"}},
		"a sweep's plan": {func(f *fixture) { applies(f, 22, 0) },
			[]string{"report 1: report.sigstore.json: it carried out the plan of report 0, which is of type sweep and has none that may be"}},
	} {
		t.Run(name, func(t *testing.T) {
			f := newFixture(t)
			f.seal(f.quiet(21))
			c.make(f)
			sameStrings(t, "problems", f.verify(VerifyOptions{}).Problems, c.want)
		})
	}
}
