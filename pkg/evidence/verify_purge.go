package evidence

// purgeBounds checks the lines why zdr, which name no team, against the teams
// that may be purged: those in violation. What young data went must be within
// max_purge, and of teams that the last sweep knew, unless someone applied it.
func (t *tally) purgeBounds(store int) {
	rep, purged := t.rep, t.outcomes[store].Purged
	if rep.files[FileTeams] == nil || purged == 0 {
		return
	}
	name := rep.p.Stores[store].Name
	if may := rep.purgeable(name, nil); purged > may {
		rep.problemf(FileTeams, "store %s: the manifest has %d lines why %s, the ZDR teams in violation have %d planned", name, purged,
			WhyZDR, may)
	}
}

// purgeLimit checks how many young entries went.
func (t *tally) purgeLimit() {
	var n int64
	for _, gone := range t.purgedGone {
		n += gone
	}
	p := t.rep.p
	if limit := p.Policy.Limits.MaxPurge; n > limit && p.ReportType == TypeSweep && p.Run.Apply == nil {
		t.rep.problemf(FileParts, "%d entries were purged, policy.limits.maxPurge is %d, and run.apply names no plan", n, limit)
	}
}

// purgeable is how many planned entries of a store are of teams in violation,
// of those alone that are in known, team and zdrSince, unless it is nil.
func (rep *report) purgeable(store string, known map[string]string) (n int64) {
	for _, row := range rep.teams {
		if row.ZDR && row.Store == store && row.State == StateViolation && (known == nil || known[row.Team] == row.ZDRSince) {
			n += row.Planned
		}
	}
	return n
}

// purges demands that a sweep which no one applied purged only teams that stood
// on the roster, with the same zdrSince, in the sweep report before. A recovery
// is no such report: it has the roster of a run that never came to its end.
func (r *verifier) purges() {
	known, sure := map[string]string{}, true // before report 0 there was none
	for i, rep := range r.reports {
		if !r.contiguous(i) || !rep.parsed || i == 0 && rep.dir != 0 {
			sure = false // what is missing might have been a sweep
		}
		if !rep.parsed || rep.p.ReportType != TypeSweep {
			continue
		}
		if sure && rep.p.Run.Apply == nil {
			rep.purgedUnknown(known)
		}
		if rep.p.Result == ResultInterrupted {
			continue // it may never have come to its guard
		}
		known, sure = rep.facts.ZDRTeams, rep.hasFacts
	}
}

func (rep *report) purgedUnknown(known map[string]string) {
	for i, n := range rep.purgedGone {
		name := rep.p.Stores[i].Name
		if may := rep.purgeable(name, known); n > may {
			rep.problemf(FileTeams, "store %s: %d entries were purged, the ZDR teams in violation that the last sweep knew have %d planned",
				name, n, may)
		}
	}
}
