package evidence

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// States of a ZDR team, from best to worst.
const (
	StateZero         = "zero"
	StateZeroInPrefix = "zero-in-prefix" // only the team's own prefixes were listed
	StateResidual     = "residual"
	StateInconclusive = "inconclusive"
	StateViolation    = "violation"
)

// ValidTeamID reports whether a team id can stand in the evidence: not empty,
// UTF-8, no control character. An entry under any other id is unattributed.
func ValidTeamID(id string) bool {
	return id != "" && utf8.ValidString(id) && !strings.ContainsFunc(id, unicode.IsControl)
}

func stateRank(state string) int {
	return slices.Index([]string{StateZero, StateZeroInPrefix, StateResidual, StateInconclusive, StateViolation}, state)
}

// TeamRow is one row of teams.csv: one team in one store. Objects to Uploads
// are what was found before the sweep, Remaining what the confirming listing
// saw, Gone the planned entries that are deleted, absent or aborted.
type TeamRow struct {
	Team               string
	ZDR                bool
	ZDRSince           string // empty for other teams
	Store              string
	Objects            int64
	NoncurrentVersions int64
	DeleteMarkers      int64
	Uploads            int64
	Planned            int64
	Gone               int64
	Remaining          int64
	State              string // empty for other teams
	TeamKeyCommit      string
}

// Found is the sum of the four kinds.
func (r TeamRow) Found() int64 {
	return r.Objects + r.NoncurrentVersions + r.DeleteMarkers + r.Uploads
}

func teamsHeader() []string {
	return []string{"team", "zdr", "zdrSince", "store", "objects", "noncurrentVersions", "deleteMarkers", "uploads",
		"planned", "gone", "remaining", "state", "teamKeyCommit"}
}

func (r TeamRow) record() []string {
	n := func(v int64) string { return strconv.FormatInt(v, 10) }
	return []string{r.Team, strconv.FormatBool(r.ZDR), r.ZDRSince, r.Store, n(r.Objects), n(r.NoncurrentVersions),
		n(r.DeleteMarkers), n(r.Uploads), n(r.Planned), n(r.Gone), n(r.Remaining), r.State, r.TeamKeyCommit}
}

// EncodeTeams writes teams.csv in the order given: a header, then the rows, as
// encoding/csv writes them (lines end in "\n").
func EncodeTeams(rows []TeamRow) ([]byte, error) {
	if err := validateTeams(rows); err != nil {
		return nil, err
	}
	return encodeTeams(rows)
}

func encodeTeams(rows []TeamRow) ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	if err := w.Write(teamsHeader()); err != nil {
		return nil, fmt.Errorf("%s: %w", FileTeams, err)
	}
	for _, r := range rows {
		if err := w.Write(r.record()); err != nil {
			return nil, fmt.Errorf("%s: %w", FileTeams, err)
		}
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// ParseTeams reads what EncodeTeams writes, and nothing else.
func ParseTeams(data []byte) ([]TeamRow, error) {
	if len(data) > maxDocument {
		return nil, fmt.Errorf("%s: larger than %d bytes", FileTeams, maxDocument)
	}
	r := csv.NewReader(bytes.NewReader(data))
	records, err := r.ReadAll()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", FileTeams, err)
	}
	if len(records) == 0 || !slices.Equal(records[0], teamsHeader()) {
		return nil, fmt.Errorf("%s: the first line is not the header", FileTeams)
	}
	rows := make([]TeamRow, 0, len(records)-1)
	for i, rec := range records[1:] {
		row, err := parseTeam(rec)
		if err != nil {
			return nil, fmt.Errorf("%s: row %d: %w", FileTeams, i+1, err)
		}
		rows = append(rows, row)
	}
	if err := validateTeams(rows); err != nil {
		return nil, err
	}
	again, err := encodeTeams(rows)
	if err != nil {
		return nil, err
	}
	if err := sameBytes(data, again); err != nil {
		return nil, fmt.Errorf("%s: %w", FileTeams, err)
	}
	return rows, nil
}

func parseTeam(rec []string) (TeamRow, error) {
	row := TeamRow{Team: rec[0], ZDRSince: rec[2], Store: rec[3], State: rec[11], TeamKeyCommit: rec[12]}
	switch rec[1] {
	case "true":
		row.ZDR = true
	case "false":
	default:
		return TeamRow{}, errors.New("zdr is neither true nor false")
	}
	counts := []*int64{&row.Objects, &row.NoncurrentVersions, &row.DeleteMarkers, &row.Uploads, &row.Planned, &row.Gone,
		&row.Remaining}
	for i, at := range counts {
		n, err := strconv.ParseInt(rec[4+i], 10, 64)
		if err != nil {
			return TeamRow{}, fmt.Errorf("%s is not an integer", teamsHeader()[4+i])
		}
		*at = n
	}
	return row, nil
}

func validateTeams(rows []TeamRow) error {
	type place struct{ team, store string }
	seen := make(map[place]bool, len(rows))
	for i, r := range rows {
		if err := r.validate(); err != nil {
			return fmt.Errorf("%s: row %d: %w", FileTeams, i+1, err)
		}
		p := place{r.Team, r.Store}
		if seen[p] {
			return fmt.Errorf("%s: row %d: the same team and store stand twice", FileTeams, i+1)
		}
		seen[p] = true
	}
	return nil
}

func (r TeamRow) validate() error {
	if !ValidTeamID(r.Team) {
		return errors.New("the team id is empty, not UTF-8, or holds a control character")
	}
	if r.Store == "" {
		return errors.New("store is empty")
	}
	if !isHex(r.TeamKeyCommit, 32) {
		return errors.New("teamKeyCommit is not a SHA-256 in lower-case hex")
	}
	for i, n := range []int64{r.Objects, r.NoncurrentVersions, r.DeleteMarkers, r.Uploads, r.Planned, r.Gone, r.Remaining} {
		if n < 0 || n > maxInteger {
			return fmt.Errorf("%s is out of range", teamsHeader()[4+i])
		}
	}
	if !r.ZDR {
		if r.ZDRSince != "" || r.State != "" {
			return errors.New("zdrSince and state are for ZDR teams alone")
		}
		return nil
	}
	if _, err := ParseTime(r.ZDRSince); err != nil {
		return fmt.Errorf("zdrSince: %w", err)
	}
	if stateRank(r.State) < 0 {
		return fmt.Errorf("state %q is unknown", r.State)
	}
	return nil
}
