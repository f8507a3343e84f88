package demo

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"time"
)

// The demo's retention, and the layout of its keys.
const (
	MaxAge = 30 * 24 * time.Hour
	Layout = "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json"
)

// The demo's ZDR teams: one that has nothing, as promised, and one for which an
// object was stored all the same.
const (
	ZeroTeam      = "harbor"
	ViolationTeam = "granite"
)

const (
	requests = 1000
	oldest   = 45 * 24 * time.Hour
	day      = 24 * time.Hour
)

// Expectation is what a sweep of the seeded bucket must find, if it starts
// within an hour before or after the instant that the bucket was seeded for.
type Expectation struct {
	Listed, Expired, Kept int64
	Bytes                 int64 // of all listed objects
	Teams                 []TeamCount
	// ExpiredKeys and KeptKeys are the keys themselves, in byte order, for
	// tests that look object by object.
	ExpiredKeys, KeptKeys []string
}

// TeamCount is one team's share, by team id. ZDR teams are in it, also at zero.
type TeamCount struct {
	Team            string
	ZDR             bool
	Listed, Expired int64
}

// Seed fills the bucket with some 2,000 objects: request and response of 1,000
// chat completions by six teams, from 0 to 45 days before now, and one request
// of a ZDR team. The same now gives the same objects, byte for byte. Nothing is
// so close to the cutoff that a run within an hour of now could judge it otherwise.
// The server must not be in use meanwhile.
func (s *Server) Seed(now time.Time) (Expectation, error) {
	now = now.UTC().Truncate(time.Second)
	random := rand.New(rand.NewPCG(2026, 11))
	teams := []string{"aurora", "basalt", "cobalt", "delta-labs", "ember", "fjord"}
	counts := map[string]*TeamCount{ZeroTeam: {Team: ZeroTeam, ZDR: true}, ViolationTeam: {Team: ViolationTeam, ZDR: true}}
	for _, team := range teams {
		counts[team] = &TeamCount{Team: team}
	}
	defer s.clock.set(time.Time{})

	var want Expectation
	put := func(x exchange, part string, body []byte) error {
		key := fmt.Sprintf("%s/%s/%s.%s.json", x.team, x.at.Format("2006/01/02"), x.id, part)
		s.clock.set(x.at)
		meta := map[string]string{"Content-Type": "application/json"}
		if _, err := s.store.PutObject(s.Bucket, key, meta, bytes.NewReader(body), int64(len(body)), nil); err != nil {
			return fmt.Errorf("seed the demo's bucket %q: %w", s.Bucket, err)
		}
		count := counts[x.team]
		count.Listed++
		want.Bytes += int64(len(body))
		if now.Sub(x.at) > MaxAge {
			count.Expired++
			want.ExpiredKeys = append(want.ExpiredKeys, key)
		} else {
			want.KeptKeys = append(want.KeptKeys, key)
		}
		return nil
	}
	for i := range requests {
		// Ages are spread evenly, with some scatter; teams are of unequal size.
		age := oldest*time.Duration(i)/requests + time.Duration(random.Int64N(int64(oldest/requests)))
		x := newExchange(random, teams[min(random.IntN(8), len(teams)-1)], now.Add(-clearOfCutoff(age)))
		if err := put(x, "request", x.request()); err != nil {
			return Expectation{}, err
		}
		if err := put(x, "response", x.response()); err != nil {
			return Expectation{}, err
		}
	}
	// The object that should not exist: young, so the sweep's own rule keeps it.
	leak := newExchange(random, ViolationTeam, now.Add(-3*day))
	if err := put(leak, "request", leak.request()); err != nil {
		return Expectation{}, err
	}

	slices.Sort(want.ExpiredKeys)
	slices.Sort(want.KeptKeys)
	want.Expired, want.Kept = int64(len(want.ExpiredKeys)), int64(len(want.KeptKeys))
	want.Listed = want.Expired + want.Kept
	for _, team := range slices.Sorted(maps.Keys(counts)) {
		want.Teams = append(want.Teams, *counts[team])
	}
	return want, nil
}

// clearOfCutoff moves an age out of the hours around the retention: what is
// younger must still be so when the run starts, a while after the seeding, and
// what is older already, should a test start its run by an earlier clock.
func clearOfCutoff(age time.Duration) time.Duration {
	age = age.Truncate(time.Second)
	switch {
	case age > MaxAge-2*time.Hour && age <= MaxAge:
		return age - 2*time.Hour
	case age > MaxAge && age <= MaxAge+time.Hour:
		return age + time.Hour
	default:
		return age
	}
}
