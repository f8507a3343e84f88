package sweep

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// maxTeams bounds the counters of teams without ZDR: a layout that reads a
// team out of every key must not fill the memory. ZDR teams always count.
const maxTeams = 100_000

// TeamCount is what one listing saw of one team in one store.
type TeamCount struct {
	Objects     int64 `json:"objects"`
	Versions    int64 `json:"versions"`
	Markers     int64 `json:"markers"`
	Uploads     int64 `json:"uploads"`
	Planned     int64 `json:"planned"`
	Residual    int64 `json:"residual"`
	Violation   int64 `json:"violation"`
	DatesDiffer int64 `json:"datesDiffer"`
}

// Total is the number of entries.
func (c TeamCount) Total() int64 { return c.Objects + c.Versions + c.Markers + c.Uploads }

func (c *TeamCount) add(o TeamCount) {
	c.Objects += o.Objects
	c.Versions += o.Versions
	c.Markers += o.Markers
	c.Uploads += o.Uploads
	c.Planned += o.Planned
	c.Residual += o.Residual
	c.Violation += o.Violation
	c.DatesDiffer += o.DatesDiffer
}

// Census is what one listing of one shard saw.
type Census struct {
	Population evidence.PopulationCounts `json:"population"`
	Complete   bool                      `json:"complete"`
	// Problem says why the listing is not complete: a code.
	Problem string               `json:"problem,omitempty"`
	Teams   map[string]TeamCount `json:"teams"`
	// TeamsDropped says that there were more teams than are counted.
	TeamsDropped bool `json:"teamsDropped,omitempty"`
	// NearMatches are the roster ids that a seen team equals but for case and
	// punctuation, with how many entries.
	NearMatches map[string]int64 `json:"nearMatches"`
	Held        map[string]int64 `json:"held"`    // expired entries by hold
	Covered     map[string]int64 `json:"covered"` // entries by hold, young ones too
	Late        int64            `json:"late"`
	OldestAny   time.Time        `json:"oldestAny"`   // created of the oldest entry
	ExpiredHeld int64            `json:"expiredHeld"` // expired and held
	KeyDateHeld int64            `json:"keyDateHeld"` // of those, expired by key date alone
	Pending     int64            `json:"pending"`     // expired markers that are to go, and hide a version that stays
	Purge       int64            `json:"purge"`       // violations that are to go, unless something holds them or they hide a version
	// Repeated are rows that the server listed twice, at the edges of its pages.
	Repeated int64 `json:"repeated,omitempty"`
	// Unordered says that the server lists in no order.
	Unordered bool `json:"unordered,omitempty"`
	// Of the plan that is applied, entries that are gone since, and that are not to
	// go any more.
	PlanGone    int64 `json:"planGone,omitempty"`
	PlanChanged int64 `json:"planChanged,omitempty"`
	// Ages are the entries by their age in days; empty where they are not counted.
	Ages map[int]int64 `json:"ages,omitempty"`
	// Newest are the newest entries of the shard, for the second witness.
	Newest []Seen `json:"newest,omitempty"`
}

func newCensus() *Census {
	return &Census{Teams: map[string]TeamCount{}, NearMatches: map[string]int64{}, Held: map[string]int64{}, Covered: map[string]int64{}, Ages: map[int]int64{}}
}

// tally counts entries into a census, by the rules of one run.
type tally struct {
	census    *Census
	nearMatch func(team string) (id string, ok bool) // of the roster
	allTeams  bool
	lateFrom  time.Time // created before this is late
	cutoff    time.Time
	maxAge    int // days; 0: ages are not counted
	look      look
	key       string // the one whose stack is being judged
	stack     retention.Stack
	markers   []bool // of the key, those that are to go, newest first: expired, or purged
	newest    newest

	// The team of the last entry, which is the next one's as well more often than
	// not. Its name is a copy, as what is kept must be: a listed key may be a piece
	// of the whole page.
	name   string
	named  bool
	near   string // what nearMatch says of it
	isNear bool
}

// close ends the last key's stack.
func (t *tally) close() {
	t.endKey()
	t.newest.cut()
	t.census.Newest = t.newest.entries
}

// reset forgets what was counted, but for the key whose stack is being judged.
func (t *tally) reset() {
	t.census = newCensus()
	t.newest.entries = t.newest.entries[:0]
}

func (t *tally) endKey() {
	for _, expired := range t.markers[:t.stack.Pending()] {
		if expired {
			t.census.Pending++
		} else {
			t.census.Purge--
		}
	}
	t.stack, t.markers = retention.Stack{}, t.markers[:0]
}

// stacked judges an entry together with the others of its key.
func (t *tally) stacked(e Entry, v retention.Verdict) {
	if e.ID == "" || e.Opaque || e.Kind == retention.Upload {
		return
	}
	if e.Key != t.key {
		t.endKey()
		t.key = e.Key
	}
	goes := v.Goes() && v.Hold == "" && (t.look == firstLook || e.Kind == retention.Marker)
	t.stack.Add(e.Kind, !goes)
	if goes && e.Kind == retention.Marker {
		t.markers = append(t.markers, v.Expired)
	}
}

func (t *tally) add(e Entry, v retention.Verdict) {
	c := t.census
	p := &c.Population
	p.Listed++
	*kindOf(p, e.Kind)++
	p.Bytes += e.Size
	if v.Attribution == retention.Unattributed {
		p.Unattributed++
	}
	if v.Anomaly != "" {
		p.Anomalies++
	}
	if c.OldestAny.IsZero() || v.Created.Before(c.OldestAny) {
		c.OldestAny = v.Created
	}
	if v.Hold != "" {
		c.Covered[v.Hold]++
	}
	if v.Expired {
		p.Expired++
		if v.KeyDateAlone {
			p.ExpiredByKeyDateAlone++
		}
		if v.Hold != "" {
			c.Held[v.Hold]++
			c.ExpiredHeld++
			if v.KeyDateAlone {
				c.KeyDateHeld++
			}
		}
		if v.Created.Before(t.lateFrom) {
			c.Late++
		}
	} else {
		p.Kept++
		if v.Purge && v.Hold == "" {
			c.Purge++
		}
	}
	if t.maxAge > 0 {
		c.Ages[ageDays(v, t.cutoff, t.maxAge)]++
	}
	t.stacked(e, v)
	t.newest.add(e, v)
	t.team(e, v)
}

func (t *tally) team(e Entry, v retention.Verdict) {
	if v.Attribution != retention.Attributed {
		return
	}
	c := t.census
	if !t.named || v.Team != t.name {
		t.name, t.named = strings.Clone(v.Team), true
		t.near, t.isNear = t.nearMatch(t.name)
	}
	if !v.ZDRTeam {
		if t.isNear {
			c.NearMatches[t.near]++
		}
		if !t.allTeams {
			return
		}
	}
	n, known := c.Teams[t.name]
	if !known && !v.ZDRTeam && len(c.Teams) >= maxTeams {
		c.TeamsDropped = true
		return
	}
	n.add(one(e.Kind))
	if v.Goes() {
		n.Planned++
	}
	switch v.ZDR {
	case retention.FindingResidual:
		n.Residual++
	case retention.FindingViolation:
		n.Violation++
	case retention.FindingDatesDisagree:
		n.DatesDiffer++
	}
	c.Teams[t.name] = n
}

// kindOf is the count of a kind of entry.
func kindOf(p *evidence.PopulationCounts, kind retention.Kind) *int64 {
	switch kind {
	case retention.Version:
		return &p.NoncurrentVersions
	case retention.Marker:
		return &p.DeleteMarkers
	case retention.Upload:
		return &p.Uploads
	default:
		return &p.Objects
	}
}

// one is the count of one entry of a team.
func one(kind retention.Kind) TeamCount {
	switch kind {
	case retention.Version:
		return TeamCount{Versions: 1}
	case retention.Marker:
		return TeamCount{Markers: 1}
	case retention.Upload:
		return TeamCount{Uploads: 1}
	default:
		return TeamCount{Objects: 1}
	}
}

// merge folds censuses of the shards of one store into one.
func merge(all []Census) Census {
	out := newCensus()
	out.Complete = len(all) > 0
	for _, c := range all {
		if !c.Complete {
			out.Complete = false
			if out.Problem == "" || c.Problem == CodeInterrupted {
				out.Problem = c.Problem
			}
		}
		out.absorb(&c, nil)
	}
	return *out
}

// absorb adds what another listing, or another part of the listing, saw. room
// says whether a team that is new may be counted; nil: any may.
func (c *Census) absorb(o *Census, room func(team string) bool) {
	addPopulation(&c.Population, o.Population)
	for team, n := range o.Teams {
		sum, known := c.Teams[team]
		if !known && room != nil && !room(team) {
			c.TeamsDropped = true
			continue
		}
		sum.add(n)
		c.Teams[team] = sum
	}
	for id, n := range o.NearMatches {
		c.NearMatches[id] += n
	}
	for id, n := range o.Held {
		c.Held[id] += n
	}
	for id, n := range o.Covered {
		c.Covered[id] += n
	}
	addAges(c.Ages, o.Ages)
	c.TeamsDropped = c.TeamsDropped || o.TeamsDropped
	c.Unordered = c.Unordered || o.Unordered
	c.Late += o.Late
	c.ExpiredHeld += o.ExpiredHeld
	c.KeyDateHeld += o.KeyDateHeld
	c.Pending += o.Pending
	c.Purge += o.Purge
	c.Repeated += o.Repeated
	c.PlanGone += o.PlanGone
	c.PlanChanged += o.PlanChanged
	c.OldestAny = earlier(c.OldestAny, o.OldestAny)
}

// earlier returns the earlier time; a zero time is no time.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || (!b.IsZero() && b.Before(a)) {
		return b
	}
	return a
}

func addPopulation(sum *evidence.PopulationCounts, p evidence.PopulationCounts) {
	sum.Listed += p.Listed
	sum.Objects += p.Objects
	sum.NoncurrentVersions += p.NoncurrentVersions
	sum.DeleteMarkers += p.DeleteMarkers
	sum.Uploads += p.Uploads
	sum.Bytes += p.Bytes
	sum.Pages += p.Pages
	sum.Unattributed += p.Unattributed
	sum.Anomalies += p.Anomalies
	sum.Expired += p.Expired
	sum.ExpiredByKeyDateAlone += p.ExpiredByKeyDateAlone
	sum.Kept += p.Kept
}

func addOutcomes(sum *evidence.OutcomeCounts, o evidence.OutcomeCounts) {
	sum.Planned += o.Planned
	sum.Purged += o.Purged
	sum.Deleted += o.Deleted
	sum.DeletedBytes += o.DeletedBytes
	sum.Absent += o.Absent
	sum.Aborted += o.Aborted
	sum.Held += o.Held
	sum.Locked += o.Locked
	sum.Pending += o.Pending
	sum.Changed += o.Changed
	sum.Failed += o.Failed
	sum.Unconfirmed += o.Unconfirmed
	sum.Left += o.Left
	sum.Retries += o.Retries
	sum.WindowSeconds = max(sum.WindowSeconds, o.WindowSeconds)
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
