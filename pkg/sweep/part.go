package sweep

import (
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// part builds a manifest part: one line a planned entry, in plan order.
func (s *Sweeper) part(run *Run, shard, n int, entries []Planned, fates []fate) ([]byte, error) {
	store := run.Shards[shard].Store
	spec := run.Spec.Stores[store]
	keys := s.teamKeys()
	w := evidence.NewPart(evidence.PartName(shard, n))
	for i, e := range entries {
		if err := w.Add(line(store, spec.Bucket, keys(e.Team), e, fates[i], run.Spec.ClearKeys)); err != nil {
			return nil, fmt.Errorf("segment %d of shard %d: entry %d: %w", n, shard, i, err)
		}
	}
	data, _, err := w.Finish()
	return data, err
}

// teamKeys returns the function from a team to its key, which makes each once.
func (s *Sweeper) teamKeys() func(team string) evidence.TeamKey {
	keys := map[string]evidence.TeamKey{}
	return func(team string) evidence.TeamKey {
		key, ok := keys[team]
		if !ok {
			key = s.Identifiers.Team(team)
			keys[team] = key
		}
		return key
	}
}

// line is the manifest line of one entry. About a ZDR team or an unattributed
// key it says no team and no time.
func line(store int, bucket string, key evidence.TeamKey, e Planned, f fate, clearKeys bool) evidence.Line {
	l := evidence.Line{Store: store, KeyHMAC: e.keyHMAC(bucket, key),
		Kind: string(e.Kind), Why: e.Why, Outcome: f.outcome, Code: f.code, By: f.by}
	if e.Private {
		return l
	}
	l.Created, l.At = evidence.HourUp(e.Created), evidence.HourDown(f.at)
	if e.Team != "" {
		l.TeamRef = key.Ref()
	}
	if clearKeys {
		size := e.Size
		l.Key, l.Team, l.Size = string(e.Key), e.Team, &size
	}
	return l
}
