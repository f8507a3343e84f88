package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// Assurances: what stands between the history and whoever holds the key, from
// nothing to an anchor that the auditor keeps.
const (
	AssuranceNone        = "none"
	AssuranceTimestamped = "timestamped"
	AssuranceAnchored    = "anchored"
)

// VerifyOptions say what more is demanded. The zero value demands what the
// format does.
type VerifyOptions struct {
	Heads []Head
	// Require is the least assurance: "", timestamped or anchored. Anchored is
	// the stronger of the two and satisfies both.
	Require string
	// From and To bound the audit period, [From, To), by the reports' starts;
	// zero leaves that side open. Reports outside it are checked but for their
	// manifest lines. The vault must cover the period: it begins no later than
	// From, and no sweep that was due before To is missing at its end.
	From, To time.Time
	// Now lets a manifest part that is gone after its stated date, if that follows
	// from the report's config, count as expired; with the zero value every
	// missing part is a finding.
	Now time.Time
	// Keeper, if not nil, is asked how the vault's files are stored and locked;
	// nil means a local copy, of which nobody can say.
	Keeper Keeper
}

// Verification is the outcome of Verify.
type Verification struct {
	Reports   []ReportCheck `json:"reports"`
	Valid     bool          `json:"valid"` // no problems
	Assurance string        `json:"assurance"`
	// Problems are all findings, those of the reports included: one sentence
	// each, naming report and file.
	Problems []string `json:"problems"`
	// Exceptions are declared: slots that were missed, changes of what was
	// promised, manifests that expired; or an audit period without a sweep. They
	// do not make the evidence invalid; a person must read them.
	Exceptions []string `json:"exceptions"`
	// Notes say what was not checked; the last one is about anchors.
	Notes []string `json:"notes"`
}

// ReportCheck is what was found of one report.
type ReportCheck struct {
	Sequence        int64    `json:"sequence"`
	ReportID        string   `json:"reportId"`
	Type            string   `json:"type"`
	Result          string   `json:"result"`
	Reasons         []Reason `json:"reasons"`
	StartedAt       string   `json:"startedAt"`
	FinishedAt      string   `json:"finishedAt"`
	StatementSHA256 string   `json:"statementSha256"`
	Lines           int64    `json:"lines"`     // manifest lines read
	Recounted       bool     `json:"recounted"` // every line was, and fits the numbers or is among the problems
	Anchored        bool     `json:"anchored"`
	Timestamped     bool     `json:"timestamped"` // by an authority of the trust root
	Problems        []string `json:"problems"`
}

// ReportDir is where report n stands in a vault, with forward slashes.
func ReportDir(n int64) string { return fmt.Sprintf("reports/%010d", n) }

// Verify checks a vault (it holds reports/) or one report's directory against
// the trust root, offline. What is wrong with the evidence is in the
// Verification; the error is for what could not be looked at: neither a vault
// nor a report, or options that make no sense. It reads no clock. Of the
// vault's other files only those under trust/ are looked at, and none is trusted:
// they must fit the given trust root.
func Verify(vault fs.FS, trust TrustRoot, o VerifyOptions) (Verification, error) {
	switch o.Require {
	case "", AssuranceTimestamped, AssuranceAnchored:
	default:
		return Verification{}, fmt.Errorf("require %q: want timestamped or anchored", o.Require)
	}
	if !o.From.IsZero() && !o.To.IsZero() && !o.From.Before(o.To) {
		return Verification{}, errors.New("the audit period ends before it begins: --from must be before --to")
	}
	if err := trust.validate(); err != nil {
		return Verification{}, err
	}
	r := &verifier{fs: vault, trust: trust, o: o}
	if err := r.load(); err != nil {
		return Verification{}, err
	}
	r.checkHeads()
	r.kept()
	return r.summary(), nil
}

type verifier struct {
	fs    fs.FS
	trust TrustRoot
	o     VerifyOptions

	reports    []*report
	problems   []string // of the vault as a whole
	exceptions []string
	notes      []string
	whole      bool // a vault, not one report
	// anchoredPart says that a head fits, and that reports came after it: a note
	// says which.
	anchoredPart bool
}

func (r *verifier) problemf(format string, args ...any) {
	r.problems = append(r.problems, fmt.Sprintf(format, args...))
}

func (r *verifier) exceptionf(format string, args ...any) {
	r.exceptions = append(r.exceptions, fmt.Sprintf(format, args...))
}

func (r *verifier) notef(format string, args ...any) {
	r.notes = append(r.notes, fmt.Sprintf(format, args...))
}

// inPeriod reports whether a report belongs to the audit period. One whose
// start can't be read does.
func (r *verifier) inPeriod(rep *report) bool {
	t, err := ParseTime(rep.p.Run.StartedAt)
	if err != nil || !rep.parsed {
		return true
	}
	return !t.Before(r.o.From) && (r.o.To.IsZero() || t.Before(r.o.To))
}

// summary orders the findings: by report, then those of the vault.
func (r *verifier) summary() Verification {
	v := Verification{Assurance: r.assurance()}
	for _, rep := range r.reports {
		v.Problems = append(v.Problems, rep.check.Problems...)
	}
	if rank := assuranceRank(v.Assurance); rank < assuranceRank(r.o.Require) {
		r.problemf("the assurance is %s, and %s is required", v.Assurance, r.o.Require)
	}
	v.Problems = filled(append(v.Problems, r.problems...))
	v.Exceptions, v.Valid = filled(r.exceptions), len(v.Problems) == 0
	if v.Assurance == AssuranceNone && !r.anchoredPart {
		r.notef("NOT ANCHORED: whoever holds the key could have rewritten or cut this history")
	}
	v.Notes = filled(r.notes)
	v.Reports = []ReportCheck{}
	for _, rep := range r.reports {
		rep.check.Problems = filled(rep.check.Problems)
		rep.check.Reasons = filled(rep.check.Reasons)
		v.Reports = append(v.Reports, rep.check)
	}
	return v
}

func assuranceRank(a string) int {
	switch a {
	case AssuranceAnchored:
		return 2
	case AssuranceTimestamped:
		return 1
	default:
		return 0
	}
}

// assurance is anchored if every report of the audit period stands at or before
// a head that fits: what came after the newest head could have been rewritten.
// Else it is timestamped if each of them has a time stamp of its own, or stands
// on a head: a stamp on a later report says nothing of when those before it
// were written.
func (r *verifier) assurance() string {
	n, anchored := 0, true
	for _, rep := range r.reports {
		if !r.inPeriod(rep) {
			continue
		}
		if !rep.check.Anchored && !rep.check.Timestamped {
			return AssuranceNone
		}
		anchored = anchored && rep.check.Anchored
		n++
	}
	switch {
	case n == 0:
		return AssuranceNone
	case anchored:
		return AssuranceAnchored
	default:
		return AssuranceTimestamped
	}
}
