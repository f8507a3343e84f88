package sweep

import (
	"context"
	"reflect"
	"strings"
	"sync"
	"testing"

	"github.com/rs/zerolog"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// outcomesOf writes the part of a segment with every kind of outcome and of team,
// and folds it after change was made to the vault and the work area.
func outcomesOf(t *testing.T, change func(vault, work memory)) (facts, error) {
	t.Helper()
	var entries []Planned
	var fates []fate
	for i, outcome := range []string{evidence.OutcomeDeleted, evidence.OutcomeAbsent, evidence.OutcomeHeld, evidence.OutcomeFailed, evidence.OutcomeLeft, evidence.OutcomeDeleted} {
		e := Entry{Key: strings.Repeat("k", i+1), Kind: retention.Object, LastModified: t0, ETag: "e", Size: int64(i)}
		entries = append(entries, planned(e, retention.Verdict{Expired: true, Created: t0, Team: []string{"a", "b"}[i%2]}, ""))
		fates = append(fates, fate{outcome: outcome, code: map[string]string{evidence.OutcomeFailed: CodeAccessDenied, evidence.OutcomeLeft: CodeListing}[outcome], by: evidence.ByLookup, at: t0})
	}
	vault, work := shelves{memory{}, new(sync.Mutex)}, shelves{memory{}, new(sync.Mutex)}
	s := &Sweeper{Vault: vault, Work: work, Identifiers: evidence.NewIdentifiers(evidence.Secret{1}, "1"), Log: zerolog.Nop()}
	run := &Run{Type: evidence.TypeSweep, StartedAt: t0, Found: []StoreFound{{Versioning: bucket.StateNever}}, Shards: []Shard{{}}, Spec: Spec{Stores: []StoreSpec{{Bucket: "b"}}}}
	w, err := newSegmentWriter()
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if err := w.Add(e); err != nil {
			t.Fatal(err)
		}
	}
	data, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	plan := ShardPlan{Segments: []Segment{{Name: segmentFile(0, 0), Count: int64(len(entries)), SHA256: evidence.SHA256Hex(data)}}}
	work.memory[workName(0, segmentFile(0, 0))] = data
	sw := s.sweeping(context.Background(), run, 0, Bucket{}, entries)
	sw.fates = fates
	if err := s.writePart(t.Context(), run, 0, 0, sw); err != nil {
		t.Fatal(err)
	}
	change(vault.memory, work.memory)
	f := facts{run: run, stores: []storeFacts{{lines: newLineCounts()}}}
	err = s.foldSegment(t.Context(), &f, plan, 0, 0)
	return f, err
}

// What the writer of a part counted is what a reader of it counts.
func TestAPartIsCountedTheSameByItsWriterAndByAReader(t *testing.T) {
	quick, err := outcomesOf(t, func(_, work memory) { delete(work, workName(0, segmentFile(0, 0))) }) // it isn't needed
	if err != nil {
		t.Fatal(err)
	}
	slow, err := outcomesOf(t, func(_, work memory) { delete(work, workName(0, sweptFile(0, 0))) })
	if err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(quick, slow) || quick.stores[0].lines.Outcomes.Planned != 6 {
		t.Errorf("its writer counted %+v, a reader %+v", quick.stores[0].lines, slow.stores[0].lines)
	}
}

func TestAPartOtherThanItsWritersIsReadLineByLine(t *testing.T) {
	_, err := outcomesOf(t, func(vault, _ memory) {
		name := reportFile(0, evidence.PartName(0, 0))
		vault[name] = append([]byte{}, vault[name][:len(vault[name])-1]...)
	})
	if err == nil {
		t.Error("a part that was cut off is taken for what its writer counted")
	}
}
