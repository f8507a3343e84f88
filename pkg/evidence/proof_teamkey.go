package evidence

import (
	"crypto/subtle"
	"encoding/hex"
	"errors"
	"fmt"
)

// TeamKeyFormat is the only `format` of a team's key file.
const TeamKeyFormat = "sweeper-team-key-v1"

// TeamKeyFile is one team's key of one epoch, to be handed to that team. It finds
// the team's own lines and no one else's.
type TeamKeyFile struct {
	Team  string
	Epoch string
	Key   TeamKey
}

// teamKeyJSON is the one JSON document of a team's key file.
type teamKeyJSON struct {
	Format string `json:"format"`
	Team   string `json:"team"`
	Epoch  string `json:"epoch"`
	Key    string `json:"key"`    // 64 hex digits
	Commit string `json:"commit"` // teamKeyCommit of teams.csv
}

// Marshal returns the bytes of a team's key file, which hold the key. The team ""
// has no file: its key would open the unattributed entries, which are anybody's.
func (f TeamKeyFile) Marshal() ([]byte, error) {
	if !ValidTeamID(f.Team) {
		return nil, errors.New("team key: the team id is empty, not UTF-8, or holds a control character")
	}
	if !epochPattern.MatchString(f.Epoch) {
		return nil, errors.New("team key: the epoch is not 1 to 64 of a-z, 0-9, \".\" and \"-\"")
	}
	b, err := encodeJSON(teamKeyJSON{TeamKeyFormat, f.Team, f.Epoch, hex.EncodeToString(f.Key[:]), f.Key.Commit()})
	if err != nil {
		return nil, fmt.Errorf("encode team key: %w", err)
	}
	return append(b, '\n'), nil
}

// ParseTeamKeyFile reads what Marshal writes, and nothing else. The error never
// quotes the file.
func ParseTeamKeyFile(data []byte) (TeamKeyFile, error) {
	bad := errors.New("not a team's key: want the one line that `sweeper keys team TEAM` writes")
	var j teamKeyJSON
	if err := decodeStrict(data, &j); err != nil {
		return TeamKeyFile{}, bad
	}
	key, err := hex.DecodeString(j.Key)
	if err != nil || len(key) != 32 {
		return TeamKeyFile{}, bad
	}
	f := TeamKeyFile{Team: j.Team, Epoch: j.Epoch, Key: TeamKey(key)}
	again, err := f.Marshal()
	if err != nil || subtle.ConstantTimeCompare(again, data) != 1 {
		return TeamKeyFile{}, bad
	}
	return f, nil
}

// CheckCommit holds the key against what a report's teams.csv commits to.
// Committed is false where no row names the team; the error says that the key is
// another one.
func (f TeamKeyFile) CheckCommit(rows []TeamRow) (committed bool, err error) {
	for _, row := range rows {
		if row.Team != f.Team {
			continue
		}
		if row.TeamKeyCommit != f.Key.Commit() {
			return false, fmt.Errorf("%s commits to another key of team %s: this is not the one of epoch %s", FileTeams, f.Team, f.Epoch)
		}
		committed = true
	}
	return committed, nil
}
