package evidence

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// recount reads every line of every part, one part at a time, and compares what
// it counts with outcomes[], population[] and teams.csv.
func (rep *report) recount(parts []Part, r *verifier) {
	if rep.files[FileParts] == nil {
		return
	}
	t := newTally(rep)
	whole, expired := true, 0
	for _, p := range parts {
		switch err := rep.recountPart(p, t); {
		case err == nil:
		case errors.Is(err, errMissing) && rep.expired(r.o.Now):
			expired++
			whole = false
		case errors.Is(err, errMissing) && rep.p.Evidence.over(r.o.Now):
			rep.problemf(p.Name, "%v, and no vault.s3.lock of its %s says that it may be after evidence.manifestRetainUntil %s", err,
				FileConfig, *rep.p.Evidence.ManifestRetainUntil)
			whole = false
		default:
			rep.problemf(p.Name, "%v", err)
			whole = false
		}
	}
	if expired > 0 {
		r.exceptionf("report %d: manifest expired: parts gone: %d of %d, as they may be after %s (vault.s3.lock.manifest_days %d); its lines were not recounted",
			rep.number(), expired, len(parts), *rep.p.Evidence.ManifestRetainUntil, rep.lock.ManifestDays)
	}
	t.report()
	rep.check.Lines = t.lines
	if whole {
		rep.check.Recounted = true
		t.compare()
	}
}

// recountPart counts the lines of a part that is the one listed, and no others.
func (rep *report) recountPart(want Part, t *tally) error {
	data, err := rep.read(want.Name)
	if err != nil {
		return err
	}
	if SHA256Hex(data) != want.SHA256 {
		return fmt.Errorf("it is not the file that %s lists: its SHA-256 differs", FileParts)
	}
	t.part = want.Name
	have, err := readPart(want.Name, bytes.NewReader(data), func(n int64, _ []byte, l Line) error {
		t.line(n, l)
		return nil
	})
	if err != nil {
		return err
	}
	switch {
	case have.UncompressedSHA256 != want.UncompressedSHA256:
		return fmt.Errorf("its uncompressedSha256 is %s, %s says %s", have.UncompressedSHA256, FileParts, want.UncompressedSHA256)
	case have.PartRoot != want.PartRoot:
		return fmt.Errorf("the tree over its lines has the root %s, %s says %s", have.PartRoot, FileParts, want.PartRoot)
	case have != want:
		return fmt.Errorf("it has %d lines in %d bytes, %s says %d in %d", have.Count, have.Bytes, FileParts, want.Count, want.Bytes)
	}
	return nil
}

// place is a team's lines in one store.
type place struct {
	store int
	team  string // teamRef
}

type progress struct{ planned, gone int64 }

// tally is what the lines of one report add up to.
type tally struct {
	rep      *report
	outcomes []OutcomeCounts    // by store
	kinds    []map[string]int64 // by store
	codes    []map[string]int64 // by store
	private  []progress         // by store: lines without created
	// purgedGone counts by store the lines why zdr that we deleted or aborted.
	purgedGone []int64
	teams      map[place]progress // by teamRef
	seen       map[named]struct{}
	zdr        map[string]bool
	lines      int64

	createdMax, atMin, atMax string // "" where it can't be checked

	part  string
	order []string // rules broken, in order
	first map[string]string
	count map[string]int64
}

func newTally(rep *report) *tally {
	n := len(rep.p.Stores)
	t := &tally{
		rep: rep, outcomes: make([]OutcomeCounts, n), kinds: make([]map[string]int64, n), codes: make([]map[string]int64, n),
		private: make([]progress, n), purgedGone: make([]int64, n),
		teams: map[place]progress{}, seen: map[named]struct{}{}, zdr: map[string]bool{},
		first: map[string]string{}, count: map[string]int64{},
	}
	for i := range t.kinds {
		t.kinds[i], t.codes[i] = map[string]int64{}, map[string]int64{}
	}
	for _, row := range rep.teams {
		if row.ZDR {
			t.zdr[row.Team] = true
		}
	}
	if cutoff, err := ParseTime(rep.p.Policy.Cutoff); err == nil {
		t.createdMax = HourUp(cutoff)
	}
	if started, err := ParseTime(rep.p.Run.StartedAt); err == nil {
		t.atMin = HourDown(started)
	}
	if finished, err := ParseTime(rep.p.Run.FinishedAt); err == nil {
		t.atMax = HourDown(finished)
	}
	return t
}

// broke notes that a line breaks a rule; the first one of each is told, the
// others are counted.
func (t *tally) broke(rule string, n int64, format string, args ...any) {
	if t.count[rule] == 0 {
		t.order = append(t.order, rule)
		t.first[rule] = fmt.Sprintf("%s: line %d: %s", t.part, n, fmt.Sprintf(format, args...))
	}
	t.count[rule]++
}

func (t *tally) report() {
	for _, rule := range t.order {
		text := t.first[rule]
		if more := t.count[rule] - 1; more > 0 {
			text += fmt.Sprintf(" (and %d more such lines)", more)
		}
		t.rep.check.Problems = append(t.rep.check.Problems, fmt.Sprintf("report %d: %s", t.rep.number(), text))
	}
}

func (t *tally) line(n int64, l Line) {
	t.lines++
	t.lineRules(n, l)
	if l.Store >= len(t.outcomes) {
		t.broke("store", n, "store %d is not in stores[]", l.Store)
		return
	}
	o := &t.outcomes[l.Store]
	o.Planned++
	if l.Why == WhyZDR {
		o.Purged++
		if l.Outcome == OutcomeDeleted || l.Outcome == OutcomeAborted {
			t.purgedGone[l.Store]++
		}
	}
	*o.of(l.Outcome)++
	t.kinds[l.Store][l.Kind]++
	t.codes[l.Store][l.Code]++
	step := progress{planned: 1}
	if l.Outcome == OutcomeDeleted || l.Outcome == OutcomeAbsent || l.Outcome == OutcomeAborted {
		step.gone = 1
	}
	if l.Private() {
		t.private[l.Store] = t.private[l.Store].plus(step)
	} else if l.TeamRef != "" {
		at := place{l.Store, l.TeamRef}
		t.teams[at] = t.teams[at].plus(step)
	}
}

func (p progress) plus(o progress) progress { return progress{p.planned + o.planned, p.gone + o.gone} }

// named is an entry by its keyHmac. Two servers may each have a bucket of one
// name: the endpoint tells their entries apart.
type named struct {
	endpoint string
	keyHMAC  [32]byte
}

func (t *tally) endpoint(store int) string {
	if store < 0 || store >= len(t.rep.p.Stores) {
		return ""
	}
	return t.rep.p.Stores[store].EndpointHost
}

// lineRules checks what can be seen in one line.
func (t *tally) lineRules(n int64, l Line) {
	// ParseLine has made sure that it is 64 hex digits.
	var id [32]byte
	_, _ = hex.Decode(id[:], []byte(l.KeyHMAC))
	at := named{t.endpoint(l.Store), id}
	if _, twice := t.seen[at]; twice {
		t.broke("twice", n, "keyHmac %s stands twice in the report", l.KeyHMAC)
	}
	t.seen[at] = struct{}{}
	if !l.Private() {
		// Whole hours in RFC 3339 and UTC sort as text.
		if l.Why == WhyAge && t.createdMax != "" && l.Created > t.createdMax {
			t.broke("created", n, "created %s is later than the cutoff %s", l.Created, t.rep.p.Policy.Cutoff)
		}
		if t.atMin != "" && l.At < t.atMin || t.atMax != "" && l.At > t.atMax {
			t.broke("at", n, "at %s is outside the run, %s to %s", l.At, t.rep.p.Run.StartedAt, t.rep.p.Run.FinishedAt)
		}
	}
	if l.Size == nil {
		return
	}
	if t.rep.p.Identifiers.Scheme != SchemeClear {
		t.broke("clear", n, "it holds a raw key, and identifiers.scheme is %q", t.rep.p.Identifiers.Scheme)
	}
	if t.zdr[l.Team] {
		t.broke("zdr", n, "it holds a raw key of a ZDR team")
	}
}

// of returns the count of an outcome, which ParseLine has let through.
func (c *OutcomeCounts) of(outcome string) *int64 {
	switch outcome {
	case OutcomeDeleted:
		return &c.Deleted
	case OutcomeAbsent:
		return &c.Absent
	case OutcomeAborted:
		return &c.Aborted
	case OutcomeHeld:
		return &c.Held
	case OutcomeLocked:
		return &c.Locked
	case OutcomePending:
		return &c.Pending
	case OutcomeChanged:
		return &c.Changed
	case OutcomeFailed:
		return &c.Failed
	case OutcomeUnconfirmed:
		return &c.Unconfirmed
	default:
		return &c.Left
	}
}

// compare holds the recount against what the payload and teams.csv say.
func (t *tally) compare() {
	p := t.rep.p
	for i := range t.outcomes {
		if i >= len(p.Outcomes) || i >= len(p.Population) {
			return // ValidatePredicate has said so
		}
		t.compareOutcomes(p.Outcomes[i], t.outcomes[i])
		t.compareKinds(p.Population[i], t.kinds[i])
		t.compareCodes(p.Stores[i].Name, t.codes[i])
		t.comparePrivate(i)
		t.purgeBounds(i)
		t.compareTeams(i)
	}
	t.purgeLimit()
	t.rep.purgedGone = t.purgedGone
}

func (t *tally) compareOutcomes(said Outcomes, have OutcomeCounts) {
	pairs := []struct {
		name       string
		said, have int64
	}{{"planned", said.Planned, have.Planned}, {"purged", said.Purged, have.Purged}}
	for _, name := range OutcomeNames() {
		pairs = append(pairs, struct {
			name       string
			said, have int64
		}{name, *said.of(name), *have.of(name)})
	}
	for _, c := range pairs {
		if c.said != c.have {
			t.rep.problemf(FileParts, "store %s: the manifest has %d lines %s, outcomes say %d", said.Store, c.have, c.name, c.said)
		}
	}
}

func (t *tally) compareKinds(pop Population, have map[string]int64) {
	said := map[string]int64{"object": pop.Objects, "version": pop.NoncurrentVersions, "marker": pop.DeleteMarkers,
		"upload": pop.Uploads}
	for _, kind := range KindNames() {
		if have[kind] > said[kind] {
			t.rep.problemf(FileParts, "store %s: the manifest has %d lines of kind %s, population says that there were %d", pop.Store,
				have[kind], kind, said[kind])
		}
	}
}

// compareCodes holds the codes that exceptions[] count line by line against
// the lines.
func (t *tally) compareCodes(store string, have map[string]int64) {
	said := map[string]int64{}
	for _, e := range t.rep.p.Exceptions {
		if e.Store == store {
			said[e.Code] += e.Count
		}
	}
	for _, code := range tiedCodes() {
		if have[code] != said[code] {
			t.rep.problemf(FileParts, "store %s: the manifest has %d lines with the code %s, exceptions say %d", store, have[code], code,
				said[code])
		}
	}
}

// comparePrivate holds the lines that name no team against teams.csv: they are
// those of the ZDR teams, and no more beside than were unattributed.
func (t *tally) comparePrivate(store int) {
	if t.rep.files[FileTeams] == nil {
		return
	}
	name := t.rep.p.Stores[store].Name
	var zdr progress
	for _, row := range t.rep.teams {
		if row.ZDR && row.Store == name {
			zdr = zdr.plus(progress{row.Planned, row.Gone})
		}
	}
	have, spare := t.private[store], t.rep.p.Population[store].Unattributed
	over := progress{have.planned - zdr.planned, have.gone - zdr.gone}
	if over.planned < 0 || over.gone < 0 || over.planned > spare || over.gone > over.planned {
		t.rep.problemf(FileTeams, "store %s: the ZDR teams have %d planned and %d gone, the manifest has %d and %d lines without a team, and %d entries were unattributed",
			name, zdr.planned, zdr.gone, have.planned, have.gone, spare)
	}
}

// compareTeams holds the other teams' rows, where there are any, against the
// lines: a teamRef does not say which team it is, so the numbers are compared
// as a whole.
func (t *tally) compareTeams(store int) {
	name := t.rep.p.Stores[store].Name
	var said, have []progress
	rows := false
	for _, row := range t.rep.teams {
		rows = rows || !row.ZDR
		if !row.ZDR && row.Store == name && row.Planned > 0 {
			said = append(said, progress{row.Planned, row.Gone})
		}
	}
	if !rows {
		return
	}
	for _, at := range slices.Collect(maps.Keys(t.teams)) {
		if at.store == store {
			have = append(have, t.teams[at])
		}
	}
	order := func(a, b progress) int {
		if a.planned != b.planned {
			return int(a.planned - b.planned)
		}
		return int(a.gone - b.gone)
	}
	slices.SortFunc(said, order)
	slices.SortFunc(have, order)
	if !slices.Equal(said, have) {
		t.rep.problemf(FileTeams, "store %s: the teams' planned and gone are not those of the manifest's lines by teamRef", name)
	}
}
