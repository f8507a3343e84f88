package evidence

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// clockSlack is how far two machines' clocks may be apart before the order of
// two reports' starts means anything.
const clockSlack = 5 * time.Minute

// maxTold is how many declared slots of one report are printed one by one.
const maxTold = 31

// links checks each report's place and what it says of the one before it.
func (r *verifier) links() {
	ids := map[string]int64{}
	for i, rep := range r.reports {
		if !rep.parsed {
			continue
		}
		if rep.p.Chain.Sequence != rep.dir {
			rep.problemf(FileBundle, "chain.sequence is %d, the directory's number is %d", rep.p.Chain.Sequence, rep.dir)
		}
		if other, twice := ids[rep.p.ReportID]; twice {
			rep.problemf(FileBundle, "reportId %s is that of report %d too", rep.p.ReportID, other)
		}
		ids[rep.p.ReportID] = rep.dir
		if i > 0 && r.contiguous(i) {
			rep.follows(r.reports[i-1])
		}
	}
}

// contiguous reports whether report i stands directly after the one before it.
func (r *verifier) contiguous(i int) bool {
	return i == 0 || r.reports[i-1].dir == r.reports[i].dir-1
}

// follows checks the previous* fields, and that time went forward.
func (rep *report) follows(before *report) {
	c := rep.p.Chain
	same := func(have *string, want string) bool { return have != nil && *have == want }
	if before.parsed && !same(c.PreviousReportID, before.p.ReportID) {
		rep.problemf(FileBundle, "chain.previousReportId is not the id of report %d", before.dir)
	}
	if before.statementSHA != "" && !same(c.PreviousStatementSHA256, before.statementSHA) {
		rep.problemf(FileBundle, "chain.previousStatementSha256 is not the digest of report %d's payload", before.dir)
	}
	if before.bundleSHA != "" && !same(c.PreviousBundleSHA256, before.bundleSHA) {
		rep.problemf(FileBundle, "chain.previousBundleSha256 is not the digest of report %d's %s", before.dir, FileBundle)
	}
	a, errA := ParseTime(before.p.Run.StartedAt)
	b, errB := ParseTime(rep.p.Run.StartedAt)
	if before.parsed && errA == nil && errB == nil && b.Add(clockSlack).Before(a) {
		rep.problemf(FileBundle, "run.startedAt %s is before that of report %d (%s)", rep.p.Run.StartedAt, before.dir,
			before.p.Run.StartedAt)
		return
	}
	rep.afterEndOf(before)
}

// afterEndOf demands that a run began when the one before it had ended, where
// either could delete: a vault has one such run at a time. The two may have run on
// two machines, each as far from the servers' clock as its policy allows.
func (rep *report) afterEndOf(before *report) {
	if !before.isSweep() && !rep.isSweep() || !before.parsed {
		return
	}
	ended, errE := ParseTime(before.p.Run.FinishedAt)
	began, errB := ParseTime(rep.p.Run.StartedAt)
	if errE != nil || errB != nil {
		return // ValidatePredicate has said so
	}
	if began.Add(clockSlack + before.p.maxSkew() + rep.p.maxSkew()).Before(ended) {
		rep.problemf(FileBundle, "run.startedAt %s is before report %d was finished (%s), and a vault has one run at a time",
			rep.p.Run.StartedAt, before.dir, before.p.Run.FinishedAt)
	}
}

// slots demands that between two sweeps (recoveries included) no slot went by
// undeclared.
func (r *verifier) slots() {
	var before *report
	for i, rep := range r.reports {
		if !r.contiguous(i) || !rep.parsed {
			before = nil // what is missing might have declared it
		}
		if !rep.isSweep() {
			continue
		}
		if before != nil {
			r.slotsBetween(before, rep)
		}
		before = rep
	}
}

func (r *verifier) slotsBetween(before, rep *report) {
	if before.p.Chain.NextDue == nil || before.p.Run.Schedule == nil {
		return
	}
	due, errD := ParseTime(*before.p.Chain.NextDue)
	started, errS := ParseTime(rep.p.Run.StartedAt)
	if errD != nil || errS != nil {
		return // ValidatePredicate has said so
	}
	missed, err := MissedSlots(*before.p.Run.Schedule, due, started)
	if err != nil {
		rep.problemf(FileBundle, "the slots since report %d can't be recomputed: %v", before.number(), err)
		return
	}
	if len(missed) == MaxMissed {
		rep.problemf(FileBundle, "%d slots or more went by since report %d, more than can be declared", MaxMissed, before.number())
	}
	declared := map[string]string{}
	if s := rep.p.Run.ScheduledFor; s != nil {
		declared[*s] = "served late, at " + rep.p.Run.StartedAt
	}
	for _, m := range rep.p.Run.Missed {
		declared[m.Slot] = "missed: " + m.Code
	}
	var silent []string
	told := 0
	for _, slot := range missed {
		s := FormatTime(slot)
		how, ok := declared[s]
		switch {
		case !ok:
			silent = append(silent, s)
		case told < maxTold:
			r.exceptionf("report %d: slot %s was %s", rep.number(), s, how)
			told++
		default:
			told++
		}
	}
	if told > maxTold {
		r.exceptionf("report %d: %d more slots were missed", rep.number(), told-maxTold)
	}
	if len(silent) > 0 {
		rep.problemf(FileBundle, "run.missed does not declare %s, and report %d was the last sweep before", few("slot", silent),
			before.number())
	}
}

// changes recomputes what changed since the report before, key rotations left
// out, and demands that it was declared.
func (r *verifier) changes() {
	var before *report
	for i, rep := range r.reports {
		rotation := rep.parsed && rep.p.ReportType == TypeKeyRotation
		if !r.contiguous(i) || !rep.hasFacts && !rotation {
			before = nil // what is missing might have declared it
		}
		if !rep.hasFacts {
			continue
		}
		if before != nil {
			r.changesBetween(before, rep)
		}
		before = rep
	}
}

func (r *verifier) changesBetween(before, rep *report) {
	all := Changes(before.facts, rep.facts)
	silent := Undeclared(all, rep.p.Reasons)
	for _, c := range all {
		file := FileConfig
		if c.Code == CodeRosterRemoved || c.Code == CodeZDRSinceMoved {
			file = FileTeams
		}
		isSilent := slices.ContainsFunc(silent, func(s Change) bool { return s.Code == c.Code })
		if isSilent {
			rep.problemf(file, "%s since report %d, and reasons[] does not declare it: %s", c.Code, before.number(),
				few(changeNoun(c.Code), c.What))
			continue
		}
		r.exceptionf("report %d: %s since report %d: %s", rep.number(), c.Code, before.number(), few(changeNoun(c.Code), c.What))
	}
}

func changeNoun(code string) string {
	switch code {
	case CodeScopeChanged:
		return "store"
	case CodeRosterRemoved, CodeZDRSinceMoved:
		return "team"
	default:
		return "setting"
	}
}

// few names the first of many things.
func few(noun string, list []string) string {
	const most = 3
	if len(list) > 1 {
		noun += "s"
	}
	if len(list) <= most {
		return noun + " " + strings.Join(list, ", ")
	}
	return fmt.Sprintf("%s %s and %d more", noun, strings.Join(list[:most], ", "), len(list)-most)
}
