package evidence

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"net/url"
	"slices"
)

var errMissing = errors.New("it is missing")

func missingOr(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return errMissing
	}
	return fmt.Errorf("it can't be read: %w", err)
}

// config reads config.json and compares it with what the payload says of it.
func (rep *report) config() {
	data := rep.files[FileConfig]
	if data == nil {
		return
	}
	p := rep.p
	if SHA256Hex(data) != p.Policy.ConfigSHA256 {
		rep.problemf(FileConfig, "its SHA-256 is not policy.configSha256")
	}
	if p.ReportType == TypeKeyRotation {
		rep.lockStated(data)
		return
	}
	facts, err := FactsOf(data, nil)
	if err != nil {
		rep.problemf(FileConfig, "%v", err)
		return
	}
	rep.facts, rep.hasFacts = facts, true
	rep.asks(data)
	rep.lockStated(data)
	if facts.MaxAge != p.Policy.MaxAge || facts.AgeSource != p.Policy.AgeSource {
		rep.problemf(FileConfig, "its retention is %s by %s, the payload's policy is %s by %s", facts.MaxAge, facts.AgeSource,
			p.Policy.MaxAge, p.Policy.AgeSource)
	}
	var said Schedule
	if p.Run.Schedule != nil {
		said = *p.Run.Schedule
	}
	if (said != Schedule{Cron: facts.Cron, Timezone: facts.Timezone}) {
		rep.problemf(FileConfig, "its schedule is %q in %q, the payload's run.schedule is %q in %q", facts.Cron, facts.Timezone,
			said.Cron, said.Timezone)
	}
	sameStore := func(a StoreFacts, b Store) bool {
		return a.Name == b.Name && a.Bucket == b.Bucket && a.Prefix == b.Prefix
	}
	if !slices.EqualFunc(facts.Stores, p.Stores, sameStore) {
		rep.problemf(FileConfig, "its stores are not the payload's stores[] by name, bucket and prefix, in order")
		return
	}
	for i, s := range p.Stores {
		if have := endpointHost(facts.Stores[i].Endpoint); have != s.EndpointHost {
			rep.problemf(FileConfig, "its store %s is at %q, the payload's stores[] says endpointHost %q", s.Name, have, s.EndpointHost)
		}
	}
}

// endpointHost is what a report says of an endpoint; empty for the provider's own.
func endpointHost(endpoint string) string {
	u, err := url.Parse(endpoint)
	if err != nil {
		return ""
	}
	return u.Host
}

// teamsFile reads teams.csv and compares it with zdr, population and stores.
func (rep *report) teamsFile() {
	data := rep.files[FileTeams]
	if data == nil {
		rep.hasFacts = false
		return
	}
	rows, err := ParseTeams(data)
	if err != nil {
		rep.problemf(FileTeams, "%v", err)
		rep.hasFacts = false
		return
	}
	rep.teams = rows
	for _, row := range rows {
		if row.ZDR && rep.hasFacts {
			rep.facts.ZDRTeams[row.Team] = row.ZDRSince
		}
	}
	rep.teamStates()
	rep.teamCounts()
}

// teamStates counts the ZDR teams by their worst state.
func (rep *report) teamStates() {
	type team struct {
		worst, since string
		stores       int
	}
	teams := map[string]team{}
	for _, row := range rep.teams {
		if !row.ZDR {
			continue
		}
		t, seen := teams[row.Team]
		if seen && t.since != row.ZDRSince {
			rep.problemf(FileTeams, "team %s has two values of zdrSince", row.Team)
		}
		if !seen || stateRank(row.State) > stateRank(t.worst) {
			t.worst = row.State
		}
		t.since = row.ZDRSince
		t.stores++
		teams[row.Team] = t
		rep.teamZero(row)
	}
	have := ZDR{TeamCount: int64(len(teams))}
	for _, name := range slices.Sorted(maps.Keys(teams)) {
		t := teams[name]
		if t.stores != len(rep.p.Stores) {
			rep.problemf(FileTeams, "team %s has %d rows, and there are %d stores", name, t.stores, len(rep.p.Stores))
		}
		switch t.worst {
		case StateZero:
			have.Zero++
		case StateResidual:
			have.Residual++
		case StateViolation:
			have.Violation++
		default:
			have.Inconclusive++
		}
	}
	z := rep.p.ZDR
	said := ZDR{TeamCount: z.TeamCount, Zero: z.Zero, Residual: z.Residual, Violation: z.Violation, Inconclusive: z.Inconclusive}
	if have != said {
		rep.problemf(FileTeams, "it has %d ZDR teams (%d zero, %d residual, %d violation, %d inconclusive), the payload says %d (%d, %d, %d, %d)",
			have.TeamCount, have.Zero, have.Residual, have.Violation, have.Inconclusive,
			said.TeamCount, said.Zero, said.Residual, said.Violation, said.Inconclusive)
	}
}

// teamZero checks what "zero" may stand over.
func (rep *report) teamZero(row TeamRow) {
	clean := row.Found()+row.Planned+row.Gone+row.Remaining == 0
	if (row.State == StateZero || row.State == StateZeroInPrefix) && !clean {
		rep.problemf(FileTeams, "team %s in store %s is said to be %s, and its counts are not", row.Team, row.Store, row.State)
	}
	if (row.State == StateResidual || row.State == StateViolation) && clean {
		rep.problemf(FileTeams, "team %s in store %s is said to be %s, and all its counts are zero", row.Team, row.Store, row.State)
	}
	mode := rep.p.ZDR.Mode
	switch row.State {
	case StateZero:
		if mode != ModeFull {
			rep.problemf(FileTeams, "team %s in store %s is said to be zero, and zdr.mode is %s", row.Team, row.Store, mode)
		}
	case StateZeroInPrefix:
		if mode != ModePrefixes {
			rep.problemf(FileTeams, "team %s in store %s is said to be zero-in-prefix, and zdr.mode is %s", row.Team, row.Store, mode)
		}
	default:
		return
	}
	i := rep.store(row.Store)
	if i < 0 || i >= len(rep.p.Population) {
		return
	}
	// An unattributed entry lies in no team's prefix.
	switch pop := rep.p.Population[i]; {
	case row.State == StateZeroInPrefix && !pop.Complete:
		rep.problemf(FileTeams, "team %s in store %s is said to be zero-in-prefix, and the listing did not get to its end", row.Team, row.Store)
	case row.State == StateZero && (!pop.Complete || pop.Unattributed > 0):
		rep.problemf(FileTeams, "team %s in store %s is said to be zero, and the store was not listed to the end or has unattributed entries",
			row.Team, row.Store)
	}
}

// store is the index of a store by name, -1 if there is none.
func (rep *report) store(name string) int {
	return slices.IndexFunc(rep.p.Stores, func(s Store) bool { return s.Name == name })
}

// teamCounts checks that the teams' counts fit into the stores'.
func (rep *report) teamCounts() {
	sums := make([]TeamRow, len(rep.p.Stores))
	for _, row := range rep.teams {
		i := rep.store(row.Store)
		if i < 0 {
			rep.problemf(FileTeams, "it names the store %q, which is not in stores[]", row.Store)
			continue
		}
		if row.Gone > row.Planned || row.Planned > row.Found() {
			rep.problemf(FileTeams, "team %s in store %s: found %d, planned %d, gone %d", row.Team, row.Store, row.Found(),
				row.Planned, row.Gone)
		}
		sums[i].Objects += row.Objects
		sums[i].NoncurrentVersions += row.NoncurrentVersions
		sums[i].DeleteMarkers += row.DeleteMarkers
		sums[i].Uploads += row.Uploads
		sums[i].Planned += row.Planned
	}
	for i, sum := range sums {
		if i >= len(rep.p.Population) || i >= len(rep.p.Outcomes) {
			return
		}
		pop, planned := rep.p.Population[i], rep.p.Outcomes[i].Planned
		if sum.Objects > pop.Objects || sum.NoncurrentVersions > pop.NoncurrentVersions ||
			sum.DeleteMarkers > pop.DeleteMarkers || sum.Uploads > pop.Uploads || sum.Planned > planned {
			rep.problemf(FileTeams, "the teams of store %s together have more than the store's population or outcomes", pop.Store)
		}
	}
}

// partsFile reads parts.jsonl and compares it with the payload's manifest.
func (rep *report) partsFile() []Part {
	data := rep.files[FileParts]
	if data == nil {
		return nil
	}
	parts, err := ParseParts(data)
	if err != nil {
		rep.problemf(FileParts, "%v", err)
		delete(rep.files, FileParts)
		return nil
	}
	var lines int64
	for _, p := range parts {
		lines += p.Count
	}
	m := rep.p.Manifest
	if int64(len(parts)) != m.PartCount || lines != m.RecordCount {
		rep.problemf(FileParts, "it lists %d parts with %d lines, the payload says %d with %d", len(parts), lines, m.PartCount,
			m.RecordCount)
	}
	if root, err := RootHash(parts); err != nil || root != m.RootHash {
		rep.problemf(FileParts, "the tree over its parts has the root %s, manifest.rootHash is %s", root, m.RootHash)
	}
	return parts
}
