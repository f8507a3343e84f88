package main

import (
	"fmt"
	"math/bits"
	"sort"
	"time"
)

// How the keys are laid out in time: days before today, UTC. A day that counts
// as expired ended more than 30 days ago, by the key's date as by LastModified.
const (
	oldDays    = 10
	firstOld   = 41 // days ago: 41 to 32
	youngDays  = 28
	firstYoung = 28 // days ago: 28 to 1
)

const (
	layoutEven   = "even"
	layoutSkewed = "skewed"
)

// keyspace numbers the keys of a bucket in their order. A key looks like
//
//	team-00042/2026/11/25/00000000001f8e3c…(32 hex digits).request.json
//
// and each request has two: request and response. Within a team the oldest come
// first, as days do.
type keyspace struct {
	starts []int // first key of each team, and the count of all
	every  int   // one request of so many is expired; 0: none
	today  time.Time
	dates  [firstOld + 1]string // by days ago: "2026/11/25/"
	stamps [firstOld + 1]string // by days ago: "2026-11-25T"
}

func newKeyspace(keys, teams, every int, layout string, now time.Time) (*keyspace, error) {
	switch {
	case keys < 0 || every < 0:
		return nil, fmt.Errorf("%d keys, one of %d expired: neither may be negative", keys, every)
	case teams < 1 || teams > 99_999:
		return nil, fmt.Errorf("%d teams: there can be 1 to 99999", teams)
	case layout != layoutEven && layout != layoutSkewed:
		return nil, fmt.Errorf("layout %q is neither even nor skewed", layout)
	}
	k := &keyspace{starts: make([]int, teams+1), every: every, today: now.UTC().Truncate(24 * time.Hour)}
	for t := range teams {
		k.starts[t+1] = share(keys, t+1, teams)
	}
	if layout == layoutSkewed && teams > 1 {
		k.skew(keys)
	}
	for ago := range k.dates {
		day := k.today.AddDate(0, 0, -ago)
		k.dates[ago], k.stamps[ago] = day.Format("2006/01/02/"), day.Format("2006-01-02T")
	}
	return k, nil
}

// skew gives the team in the middle nine tenths of the keys.
func (k *keyspace) skew(keys int) {
	teams := len(k.starts) - 1
	heavy, many := teams/2, keys*9/10
	for t := range teams {
		if t < heavy {
			k.starts[t+1] = share(keys-many, t+1, teams-1)
		} else {
			k.starts[t+1] = share(keys-many, t, teams-1) + many
		}
	}
}

// share is where part of of equal parts of n begins.
func share(n, part, of int) int {
	high, low := bits.Mul64(uint64(n), uint64(part))
	quotient, _ := bits.Div64(high, low, uint64(of))
	return int(quotient)
}

func (k *keyspace) count() int { return k.starts[len(k.starts)-1] }

// place is all that there is to know of one key.
type place struct {
	team    int
	ago     int // days
	second  int // of the day
	request int // within the team
	id      uint64
	part    int // 0 request, 1 response
	old     bool
}

func (k *keyspace) place(i int) place {
	team := sort.SearchInts(k.starts, i+1) - 1
	return k.in(team, i)
}

// in is place for whoever knows the team.
func (k *keyspace) in(team, i int) place {
	first, n := k.starts[team], k.starts[team+1]-k.starts[team]
	requests, old := (n+1)/2, 0
	if k.every > 0 {
		old = (n + 1) / 2 / k.every
	}
	p := place{team: team, request: (i - first) / 2, part: (i - first) & 1, id: mix(uint64(first + (i-first)/2*2))}
	if p.old = p.request < old; p.old {
		p.ago, p.second = day(p.request, old, oldDays)
		p.ago = firstOld - p.ago
		return p
	}
	p.ago, p.second = day(p.request-old, requests-old, youngDays)
	p.ago = firstYoung - p.ago
	return p
}

// day spreads n requests evenly over so many days.
func day(i, n, days int) (day, second int) {
	at := i * days * 86_400 / n
	return at / 86_400, at % 86_400
}

// expired is how many keys are older than 30 days.
func (k *keyspace) expired() int {
	sum := 0
	for t := range len(k.starts) - 1 {
		if n := k.starts[t+1] - k.starts[t]; k.every > 0 {
			sum += min(n, (n+1)/2/k.every*2)
		}
	}
	return sum
}

// search returns the first key that is greater than s or, with equal, not less.
func (k *keyspace) search(s string, equal bool) int {
	var room [128]byte
	return sort.Search(k.count(), func(i int) bool {
		p := k.place(i)
		key := p.key(k, room[:0])
		return string(key) > s || equal && string(key) == s
	})
}

// find returns the number of a key, if it is one.
func (k *keyspace) find(key string) (int, bool) {
	var room [128]byte
	i := k.search(key, true)
	if i == k.count() {
		return 0, false
	}
	p := k.place(i)
	return i, string(p.key(k, room[:0])) == key
}

// mix is splitmix64's finisher: numbers that look random, and are the same ever.
func mix(x uint64) uint64 {
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
