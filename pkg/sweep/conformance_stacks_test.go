package sweep_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// step is one thing that is done to a key.
type step string

const (
	put       step = "put"
	putHeld   step = "put under legal hold"
	putLocked step = "put with a retention"
	hide      step = "hide"
)

// history is what was done to a key: while versioning was on, then perhaps
// suspended, and then after the edge, where things are young.
type history struct {
	key   string
	steps [3][]step
	held  bool // by a hold of ours
}

func (h history) String() string {
	return fmt.Sprintf("key %s, done %q, held %v", h.key, h.steps, h.held)
}

// histories draws those of the keys of one bucket: what a server does to one key
// does not depend on the others, and a run for each would take minutes.
func histories(t *testing.T, steps ...step) (all []history) {
	some := rapid.SliceOfN(rapid.SampledFrom(steps), 0, 3)
	rapid.Check(t, func(t *rapid.T) {
		h := history{key: fmt.Sprintf("acme/%03d", len(all)), held: rapid.IntRange(0, 5).Draw(t, "held") == 0}
		for i := range h.steps {
			h.steps[i] = some.Draw(t, fmt.Sprint("steps ", i))
		}
		all = append(all, h)
	})
	return all[:min(len(all), 40)]
}

func testAnyStack(t *testing.T, b *bench) {
	s := &stacks{real: newReal(t, b.Server, "", locked), bench: b, all: histories(t, put, put, hide, hide, putHeld, putLocked)}
	s.fill(func() {})
	s.check()
}

func testAnySuspendedStack(t *testing.T, b *bench) {
	s := &stacks{real: newReal(t, b.Server, enabled), bench: b, all: histories(t, put, hide)}
	s.fill(func() { s.version(suspended) })
	s.check()
}

const datesMove = "dates the entries of a key anew when one is covered, hidden or deleted, so that it can't always be told what a delete marker hides; the current one still hides what it hid"

// stacks is a bucket with the keys of many histories.
type stacks struct {
	*real
	bench *bench
	all   []history
	made  map[string][]string // the ids of each key, oldest first
	locks map[object]bool
	edge  time.Time
}

// fill does what the histories say.
func (s *stacks) fill(between func()) {
	s.t.Helper()
	s.made, s.locks = map[string][]string{}, map[object]bool{}
	held := []string{}
	for _, h := range s.all {
		if h.held {
			held = append(held, h.key)
		}
	}
	s.do(0)
	between()
	s.do(1)
	s.split()
	s.do(2)
	s.edge = s.clock().Add(-s.spec.MaxAge)
	s.spec.Holds = []retention.Hold{s.hold("h", retention.HoldMatch{Keys: held})}
}

func (s *stacks) do(when int) {
	s.t.Helper()
	for _, h := range s.all {
		for _, step := range h.steps[when] {
			id := ""
			switch step {
			case put:
				id = s.make(h.key)
			case putHeld:
				id = s.make(h.key, underLegalHold)
			case putLocked:
				id = s.make(h.key, retained(types.ObjectLockModeGovernance, inDays(90)))
			case hide:
				id = s.real.hide(h.key)
			}
			id = cmp.Or(id, "null")
			s.locks[object{h.key, id}] = step == putHeld || step == putLocked
			s.made[h.key] = append(slices.DeleteFunc(s.made[h.key], func(x string) bool { return x == id }), id)
		}
	}
}

// check runs twice, and holds each promise against what a plain client saw
// before, between and after the runs.
func (s *stacks) check() {
	s.t.Helper()
	before, readable := s.rows(), map[string]bool{}
	for _, h := range s.all {
		readable[h.key] = s.readable(h.key)
	}
	report := s.run()
	after, lines := s.rows(), s.lines(report.Number)
	old, stuck := 0, false
	for _, h := range s.all {
		if !readable[h.key] && s.readable(h.key) {
			s.t.Errorf("%s: it was not found before the run and can be read now", h)
		}
		was := of(before, h.key)
		for _, x := range was {
			line := lines[s.ids.Team("acme").KeyHMAC(x.kind, s.bucket, x.key, x.id)]
			there := slices.ContainsFunc(after, func(y row) bool { return y.key == x.key && y.id == x.id })
			if x.modified.Before(s.edge) {
				old++
			}
			if there && x.kind == "marker" && line.Outcome == evidence.OutcomeDeleted && s.sticks(x) {
				stuck = true
				continue
			}
			if want := s.outcomes(h, was, x); !slices.Contains(want, line.Outcome) || there != stays(line.Outcome) {
				s.t.Errorf("%s: %s %s of %s: outcome %q %s, and that it is there is %v; want one of %q", h, x.kind, x.id,
					x.modified, line.Outcome, line.Code, there, want)
			}
		}
	}
	if len(lines) != old || old == 0 || old == len(before) {
		s.t.Errorf("the report has %d lines; %d of %d entries are old", len(lines), old, len(before))
	}
	if stuck {
		s.bench.once("acknowledges the delete of a `null` delete marker and keeps it: the report counts it as remaining")
		s.wantResult(report, evidence.ResultBroken, 3, sweep.CodeExpiredRemain)
	}
	s.run()
	left := s.rows()
	for _, h := range s.all {
		if !readable[h.key] && s.readable(h.key) {
			s.t.Errorf("%s: it was not found before the second run and can be read now", h)
		}
		markers := s.inOrder(of(after, h.key)) && s.datesKept(of(before, h.key), of(after, h.key))
		if was, is := names(of(after, h.key), markers), names(of(left, h.key), markers); !slices.Equal(was, is) {
			s.t.Errorf("%s: a second run changed what the first one left, from %q to %q", h, was, is)
		}
	}
}

// outcomes are those that are true of an entry, by the rules as the design has
// them; "" is that of an entry without a line.
func (s *stacks) outcomes(h history, all []row, x row) []string {
	gone := []string{evidence.OutcomeDeleted, evidence.OutcomeAbsent}
	switch {
	case !x.modified.Before(s.edge):
		return []string{""}
	case h.held:
		return []string{evidence.OutcomeHeld}
	case s.locks[object{x.key, x.id}]:
		return []string{evidence.OutcomeLocked}
	case x.kind != "marker":
		return gone
	case !s.inOrder(all):
		return append(gone, evidence.OutcomePending) // the server itself doesn't know what lies under it
	}
	newest := x // of what stays
	for _, y := range all {
		stays := !y.modified.Before(s.edge) || s.locks[object{y.key, y.id}]
		if stays && (newest == x || s.place(y) > s.place(newest)) {
			newest = y
		}
	}
	if newest.kind != "marker" && s.place(newest) < s.place(x) {
		return []string{evidence.OutcomePending}
	}
	return gone
}

// stays reports whether an outcome, or none, says that the entry is there.
func stays(outcome string) bool {
	return outcome != evidence.OutcomeDeleted && outcome != evidence.OutcomeAbsent
}

// place is where an entry stands in its stack, from below.
func (s *stacks) place(x row) int { return slices.Index(s.made[x.key], x.id) }

// inOrder reports whether the dates of a key's entries are in the order in which
// they were made, no two alike: else nobody can tell from a listing what a delete
// marker hides, but for the one that is current.
func (s *stacks) inOrder(all []row) bool {
	stack := slices.SortedFunc(slices.Values(all), func(x, y row) int { return s.place(x) - s.place(y) })
	ordered := len(stack) == 0 || s.place(stack[0]) >= 0 // versitygw doesn't tell the id of each marker
	for i := range max(0, len(stack)-1) {
		switch stack[i].modified.Compare(stack[i+1].modified) {
		case 0:
			ordered = false
		case 1:
			ordered = false
			s.bench.once(datesMove)
		}
	}
	return ordered
}

// datesKept reports whether what is left of a key has the dates that it had. A
// marker that has become young stays, and none below it has to.
func (s *stacks) datesKept(before, after []row) bool {
	for _, x := range after {
		if i := slices.IndexFunc(before, func(y row) bool { return y.id == x.id }); i >= 0 && !before[i].modified.Equal(x.modified) {
			s.bench.once(datesMove)
			return false
		}
	}
	return true
}

// sticks reports whether a plain client can't delete a marker either, though
// the server says that it did.
func (s *stacks) sticks(x row) bool {
	s.t.Helper()
	_, err := s.client.DeleteObject(s.t.Context(), &s3.DeleteObjectInput{Bucket: &s.bucket, Key: &x.key, VersionId: &x.id})
	return err == nil && slices.ContainsFunc(s.rows(), func(y row) bool { return y.thing == x.thing })
}

// of are the rows of a key.
func of(all []row, key string) []row {
	return slices.DeleteFunc(slices.Clone(all), func(x row) bool { return x.key != key })
}

// names are the ids of versions and, if asked for, of markers.
func names(all []row, markers bool) (ids []string) {
	for _, x := range all {
		if x.kind != "marker" || markers {
			ids = append(ids, x.id)
		}
	}
	slices.Sort(ids)
	return ids
}
