package evidence

import (
	"fmt"
	"time"
)

const (
	// stampSlack is how far the writer's clock may be ahead of an authority's.
	stampSlack = 5 * time.Minute
	// stampedLate is how long after a report's end its time stamp is an ordinary one.
	stampedLate = 24 * time.Hour
)

// Time stamp policies, as evidence.timestampPolicy names them.
const (
	PolicyNone       = "none"
	PolicyBestEffort = "best-effort"
	PolicyRequired   = "required"
)

// FileToken is the name of a report's nth time stamp, counted from 1.
func FileToken(n int) string {
	if n == 1 {
		return "report.tsr"
	}
	return fmt.Sprintf("report-%d.tsr", n)
}

// tokens checks the time stamps in the bundle and beside it.
func (r *verifier) tokens(rep *report) {
	found := rep.checkTokens(r)
	finished, err := ParseTime(rep.p.Run.FinishedAt)
	if err != nil {
		return // ValidatePredicate has said so
	}
	if len(rep.stamps) > 0 {
		if at := first(rep.stamps); at.Sub(finished) > stampedLate {
			r.exceptionf("report %d: stamped late: it was finished at %s, and first stamped at %s", rep.number(),
				rep.p.Run.FinishedAt, FormatTime(at))
		}
	}
	if found > 0 {
		return
	}
	switch rep.p.Evidence.TimestampPolicy {
	case PolicyRequired:
		rep.problemf(FileBundle, "evidence.timestampPolicy is required, and the report has no time stamp")
	case PolicyBestEffort:
		r.exceptionf("report %d: it has no time stamp: evidence.timestampPolicy is best-effort", rep.number())
	}
}

// checkTokens checks each time stamp and returns how many there are.
func (rep *report) checkTokens(r *verifier) (found int) {
	check := func(file string, token []byte) {
		t, err := CheckToken(token, rep.bundle.DSSEEnvelope.Signatures[0].Sig, r.trust.TSARoots)
		if err != nil {
			rep.problemf(file, "the time stamp does not count: %v", err)
			return
		}
		finished, err := ParseTime(rep.p.Run.FinishedAt)
		if err != nil {
			return // ValidatePredicate has said so
		}
		if err := stampFits(t, finished); err != nil {
			rep.problemf(file, "%v", err)
			return
		}
		rep.stamps = append(rep.stamps, t)
		// A stamp made much later says nothing of when the report was made: who
		// rewrites a history tonight can have all of it stamped tonight.
		if t.Time.Sub(finished) <= stampedLate {
			rep.check.Timestamped = true
		}
	}
	if tokens := rep.bundle.VerificationMaterial.Tokens; tokens != nil {
		found += len(tokens.RFC3161)
	}
	found += len(rep.tokenFiles)
	if found > 0 && len(r.trust.TSARoots) == 0 {
		r.notef("report %d: its time stamps were not checked: the trust root names no time stamp authority (tsaRoots)", rep.number())
		return found
	}
	if tokens := rep.bundle.VerificationMaterial.Tokens; tokens != nil {
		for _, t := range tokens.RFC3161 {
			check(FileBundle, t.SignedTimestamp)
		}
	}
	for _, name := range rep.tokenFiles {
		data, err := rep.read(name)
		if err != nil {
			rep.problemf(name, "%v", err)
			continue
		}
		check(name, data)
	}
	return found
}

// stampFits demands that a report wasn't finished after its stamp, but for what
// clocks may differ by.
func stampFits(t Token, finished time.Time) error {
	if finished.After(t.Time.Add(stampSlack)) {
		return fmt.Errorf("it was stamped at %s, and run.finishedAt %s is more than 5 minutes later", FormatTime(t.Time), FormatTime(finished))
	}
	return nil
}

// CheckStamp checks a token for a sealed bundle as verify will: one that it will
// refuse must not be stored, since nothing in a vault can be taken back.
func CheckStamp(bundle, token []byte, roots []string) (Token, error) {
	payload, sig, _, err := OpenBundle(bundle)
	if err != nil {
		return Token{}, err
	}
	st, err := ParseStatement(payload)
	if err != nil {
		return Token{}, err
	}
	t, err := CheckToken(token, sig, roots)
	if err != nil {
		return Token{}, err
	}
	finished, err := ParseTime(st.Predicate.Run.FinishedAt)
	if err != nil {
		return Token{}, err
	}
	return t, stampFits(t, finished)
}

// first is when the first of the stamps was made.
func first(stamps []Token) time.Time {
	at := stamps[0].Time
	for _, s := range stamps {
		if s.Time.Before(at) {
			at = s.Time
		}
	}
	return at
}
