package evidence

// applies holds each report that carried out a plan against the report of that
// plan: a dry run, or a run that a guard stopped and that made its own plan; no
// older than a day; and carried out once.
func (r *verifier) applies() {
	byNumber := make(map[int64]*report, len(r.reports))
	used := map[int64]int64{}
	for _, rep := range r.reports {
		if !rep.parsed {
			continue
		}
		byNumber[rep.number()] = rep
		a := rep.p.Run.Apply
		if a == nil {
			continue
		}
		if by, twice := used[a.Report]; twice {
			rep.problemf(FileBundle, "it carried out the plan of report %d, which report %d had carried out", a.Report, by)
		}
		used[a.Report] = rep.number()
		if plan := byNumber[a.Report]; plan != nil {
			rep.appliedOf(plan)
		}
	}
}

func (rep *report) appliedOf(plan *report) {
	kind := plan.p.ReportType
	if kind != TypeDryRun && kind != TypeStopped || plan.p.Run.Apply != nil {
		rep.problemf(FileBundle, "it carried out the plan of report %d, which is of type %s and has none that may be", plan.number(), kind)
	}
	started, err := ParseTime(rep.p.Run.StartedAt)
	planned, err2 := ParseTime(plan.p.Run.StartedAt)
	if err == nil && err2 == nil && started.Sub(planned) > planLife {
		rep.problemf(FileBundle, "it carried out the plan of report %d %s after that was made, and a plan lives for %s", plan.number(),
			started.Sub(planned), planLife)
	}
}
