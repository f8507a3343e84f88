package sweep

import "github.com/sweeper-audit/sweeper/pkg/evidence"

// ExitCode is what a sealed report makes of the exit status: 0 kept, with or
// without exceptions; 1 interrupted; 3 broken or inconclusive; 4 stopped by a
// guard. A dry run exits as the run would.
func ExitCode(p evidence.Predicate) int {
	switch p.Result {
	case evidence.ResultKept, evidence.ResultKeptWithExceptions:
		return 0
	case evidence.ResultStopped:
		return 4
	case evidence.ResultInterrupted:
		return 1
	case evidence.ResultNone:
		return dryExit(p)
	default:
		return 3
	}
}

func dryExit(p evidence.Predicate) int {
	if p.Policy.Guard != nil {
		return 4
	}
	for _, r := range p.Reasons {
		if r.Code == CodeInterrupted {
			return 1
		}
	}
	if p.ZDR.Violation > 0 || p.ZDR.Inconclusive > 0 {
		return 3
	}
	for _, pop := range p.Population {
		if !pop.Complete {
			return 3
		}
	}
	for _, r := range p.Reasons {
		switch r.Code {
		case CodeRosterEmpty, CodeRosterStale, CodeNearMatch, CodeConfirmNone, evidence.CodeZDRMetadata, CodeWitnessIncomplete:
			return 3
		}
	}
	return 0
}
