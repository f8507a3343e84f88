package evidence

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
)

// StatementType is the only `_type` of a Statement.
const StatementType = "https://in-toto.io/Statement/v1"

// Names of a report's files. The first four, in this order, are the subjects;
// report.html is one only where it exists.
const (
	FileParts  = "parts.jsonl"
	FileTeams  = "teams.csv"
	FileConfig = "config.json"
	FileHTML   = "report.html"
	FileBundle = "report.sigstore.json"
)

// Statement is an in-toto Statement v1 about one report's files.
type Statement struct {
	Type          string    `json:"_type"`
	Subject       []Subject `json:"subject"`
	PredicateType string    `json:"predicateType"`
	Predicate     Predicate `json:"predicate"`
}

// Subject is one file and its digest.
type Subject struct {
	Name   string `json:"name"`
	Digest Digest `json:"digest"`
}

// Digest of a file, lower-case hex.
type Digest struct {
	SHA256 string `json:"sha256"`
}

// PredicateType returns the predicate type of a kind of report, "" if there is
// no such kind.
func PredicateType(reportType string) string {
	switch reportType {
	case TypeSweep, TypeRecovery:
		return PredicateSweep
	case TypeAttestation:
		return PredicateAttestation
	case TypeDryRun:
		return PredicateDryRun
	case TypeStopped:
		return PredicateStopped
	case TypeKeyRotation:
		return PredicateKeyRotation
	default:
		return ""
	}
}

// NewStatement makes the Statement over the given files (name to content).
// Subjects stand in the order of the File constants, other names after them.
func NewStatement(p Predicate, files map[string][]byte) Statement {
	s := Statement{Type: StatementType, PredicateType: PredicateType(p.ReportType), Predicate: p}
	for name, data := range files {
		s.Subject = append(s.Subject, Subject{Name: name, Digest: Digest{SHA256: SHA256Hex(data)}})
	}
	slices.SortFunc(s.Subject, func(a, b Subject) int { return compareSubjects(a.Name, b.Name) })
	return s
}

func compareSubjects(a, b string) int {
	known := []string{FileParts, FileTeams, FileConfig, FileHTML}
	ia, ib := slices.Index(known, a), slices.Index(known, b)
	switch {
	case ia >= 0 && ib >= 0:
		return ia - ib
	case ia >= 0:
		return -1
	case ib >= 0:
		return 1
	default:
		return cmp.Compare(a, b)
	}
}

// SHA256Hex is the digest of data in lower-case hex.
func SHA256Hex(data []byte) string {
	sum := sha256.Sum256(data)
	return hex.EncodeToString(sum[:])
}

// Marshal returns the bytes that are stored and signed: marshalled once, never
// again. Absent lists are written as [], so that jq can iterate over them.
func (s Statement) Marshal() ([]byte, error) {
	b, err := encodeJSON(s.withoutNulls())
	if err != nil {
		return nil, fmt.Errorf("encode statement: %w", err)
	}
	return b, nil
}

// ParseStatement reads a Statement and refuses whatever Marshal would not have
// written to the byte. It does not judge what the statement says: see
// ValidatePredicate and Verify.
func ParseStatement(data []byte) (Statement, error) {
	if len(data) > maxDocument {
		return Statement{}, fmt.Errorf("statement: larger than %d bytes", maxDocument)
	}
	var s Statement
	if err := decodeStrict(data, &s); err != nil {
		return Statement{}, fmt.Errorf("statement: %w", err)
	}
	again, err := s.Marshal()
	if err != nil {
		return Statement{}, err
	}
	if err := sameBytes(data, again); err != nil {
		return Statement{}, fmt.Errorf("statement: %w", err)
	}
	if s.Type != StatementType {
		return Statement{}, fmt.Errorf("statement: _type is %q, not %q", s.Type, StatementType)
	}
	if want := PredicateType(s.Predicate.ReportType); want == "" || s.PredicateType != want {
		return Statement{}, fmt.Errorf("statement: predicateType %q does not fit a report of type %q",
			s.PredicateType, s.Predicate.ReportType)
	}
	return s, nil
}

// withoutNulls returns s with every nil list and map made empty. It copies what
// it changes: the caller's values stay as they are.
func (s Statement) withoutNulls() Statement {
	s.Subject = filled(s.Subject)
	p := &s.Predicate
	p.Reasons = filled(p.Reasons)
	p.Population = filled(p.Population)
	p.Outcomes = filled(p.Outcomes)
	p.Exceptions = filled(p.Exceptions)
	p.Holds = filled(p.Holds)
	p.Limits = filled(p.Limits)
	p.Controls = filled(p.Controls)
	p.Run.Missed = filled(p.Run.Missed)
	if p.Run.Clock.ServerSkewMillis == nil {
		p.Run.Clock.ServerSkewMillis = map[string]int64{}
	}
	p.Stores = slices.Clone(filled(p.Stores))
	for i := range p.Stores {
		p.Stores[i].Layouts = filled(p.Stores[i].Layouts)
		p.Stores[i].NoTeam = filled(p.Stores[i].NoTeam)
	}
	return s
}

func filled[T any](list []T) []T {
	if list == nil {
		return []T{}
	}
	return list
}
