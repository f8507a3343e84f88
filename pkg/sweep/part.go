package sweep

import (
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Counted is a manifest part's line in parts.jsonl, and what its lines say.
type Counted struct {
	Part  evidence.Part `json:"part"`
	Lines LineCounts    `json:"lines"`
	// EpochCommit commits to the identifiers.secret that the lines were made with.
	EpochCommit string `json:"epochCommit"`
}

// part builds a manifest part, one line a planned entry, in plan order, and
// counts its lines.
func (s *Sweeper) part(run *Run, shard, n int, entries []Planned, fates []fate) ([]byte, Counted, error) {
	store := run.Shards[shard].Store
	lines := lines{store: store, bucket: run.Spec.Stores[store].Bucket, clearKeys: run.Spec.ClearKeys, keys: s.teamKeys(),
		created: hour{as: evidence.HourUp}, at: hour{as: evidence.HourDown}}
	w := evidence.NewPart(evidence.PartName(shard, n))
	counted := Counted{Lines: newLineCounts(), EpochCommit: s.Identifiers.EpochCommit()}
	for i := range entries {
		l := lines.of(&entries[i], &fates[i])
		if err := w.Add(l); err != nil {
			return nil, counted, fmt.Errorf("segment %d of shard %d: entry %d: %w", n, shard, i, err)
		}
		counted.Lines.count(&entries[i], &l, run.StartedAt)
	}
	data, part, err := w.Finish()
	counted.Part = part
	return data, counted, err
}

// carriable reports whether JSON can carry it: a team is bytes.
func (c Counted) carriable() bool {
	for team := range c.Lines.Gone {
		if !utf8.ValidString(team) {
			return false
		}
	}
	return true
}

// teamKey is what identifies a team and its entries in the evidence.
type teamKey struct {
	entries *evidence.EntryHasher
	ref     string
}

// teamsAtHand is how many teams' keys are kept: all of a usual plan segment. A
// layout that reads a team out of every key must not fill the memory.
const teamsAtHand = 256

// teamKeys returns the function from a team to its key, which makes each once as
// long as the teams aren't many. What it returns is not for concurrent use.
func (s *Sweeper) teamKeys() func(team string) *teamKey {
	keys := map[string]*teamKey{}
	return func(team string) *teamKey {
		key, ok := keys[team]
		if !ok {
			if len(keys) == teamsAtHand {
				clear(keys)
			}
			made := s.Identifiers.Team(team)
			key = &teamKey{entries: made.Entries(), ref: made.Ref()}
			keys[team] = key
		}
		return key
	}
}

// lines makes the manifest lines of a segment.
type lines struct {
	store       int
	bucket      string
	clearKeys   bool
	keys        func(team string) *teamKey
	created, at hour
}

// of is the line of one entry. About a ZDR team or an unattributed key it says no
// team and no time.
func (m *lines) of(e *Planned, f *fate) evidence.Line {
	key := m.keys(e.Team)
	l := evidence.Line{Store: m.store, KeyHMAC: e.keyHMAC(m.bucket, key),
		Kind: string(e.Kind), Why: e.Why, Outcome: f.outcome, Code: f.code, By: f.by}
	if e.Private {
		return l
	}
	l.Created, l.At = m.created.text(e.Created), m.at.text(f.at)
	if e.Team != "" {
		l.TeamRef = key.ref
	}
	if m.clearKeys {
		size := e.Size
		l.Key, l.Team, l.Size = string(e.Key), e.Team, &size
	}
	return l
}

// hour writes times as whole hours. Many entries in a row share theirs.
type hour struct {
	as    func(time.Time) string // depends on the hour, and on whether it is on the hour
	last  time.Time              // the hour
	sharp bool                   // on it
	said  string
}

func (h *hour) text(t time.Time) string {
	begun := t.Truncate(time.Hour)
	if sharp := begun.Equal(t); h.said == "" || !begun.Equal(h.last) || sharp != h.sharp {
		h.last, h.sharp, h.said = begun, sharp, h.as(t)
	}
	return h.said
}
