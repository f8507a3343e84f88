package sweep

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// shared is an Area in memory for many goroutines.
type shared struct {
	mu    sync.Mutex
	files map[string][]byte
}

func newShared() *shared { return &shared{files: map[string][]byte{}} }

func (s *shared) Put(_ context.Context, name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.files[name]; ok {
		return vault.ErrExists
	}
	s.files[name] = data
	return nil
}

func (s *shared) Get(_ context.Context, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if data, ok := s.files[name]; ok {
		return data, nil
	}
	return nil, vault.ErrNotFound
}

func (s *shared) List(_ context.Context, prefix string) (names []string, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for name := range s.files {
		if len(name) >= len(prefix) && name[:len(prefix)] == prefix {
			names = append(names, name)
		}
	}
	return names, nil
}

func (s *shared) Remove(context.Context, string) error { return nil }

// planned puts a plan of one shard in place that was made a minute ago, and
// returns the sweeper and the run that carry it out.
func (s *shared) planned(segments [][]Planned, versioning string) (*Sweeper, *Run, error) {
	run := &Run{Type: evidence.TypeSweep, Spec: Spec{Stores: []StoreSpec{{Name: "s", Batch: 1000}}},
		Found: []StoreFound{{Versioning: versioning, ObjectLock: bucket.StateNone}}, Shards: []Shard{{}}}
	sweeper := &Sweeper{Work: s, Vault: newShared(), Identifiers: evidence.NewIdentifiers(evidence.Secret{1}, "1"), Log: zerolog.Nop(),
		Now: func() time.Time { return t0 }, firstPause: time.Millisecond}
	plan := ShardPlan{Census: *newCensus()}
	plan.Census.Complete = true
	for n, entries := range segments {
		data, err := encodeSegment(entries)
		if err != nil {
			return nil, nil, err
		}
		seg := Segment{Name: segmentFile(0, n), Count: int64(len(entries)), SHA256: evidence.SHA256Hex(data), ListedAt: t0,
			First: entries[0].Key, Last: entries[len(entries)-1].Key}
		plan.Segments = append(plan.Segments, seg)
		s.files[workName(0, seg.Name)] = data
	}
	for name, v := range map[string]any{planFile(0): plan, guardFile: GuardFile{Go: true}} {
		data, err := marshal(v)
		if err != nil {
			return nil, nil, err
		}
		s.files[workName(0, name)] = data
	}
	return sweeper, run, nil
}

// strict is a versioned bucket that minds the order in which its entries go. Each
// entry's id is its place in the plan.
type strict struct {
	Store
	plan     [][]Planned
	stubborn map[string]bool // ids of what the server refuses to delete

	mu      sync.Mutex
	there   map[string]Entry
	sent    map[string]int // the request of each id
	settled map[string]bool
	calls   int
	wrong   string
}

func (s *strict) Unasked() int64 { return 0 }

func (s *strict) Pages(_ context.Context, r bucket.Range) iter.Seq2[bucket.Page, error] {
	return func(yield func(bucket.Page, error) bool) {
		s.mu.Lock()
		var all []Entry
		for _, e := range s.there {
			if e.Key > r.After && (r.UpTo == "" || e.Key <= r.UpTo) {
				all = append(all, e)
			}
		}
		s.mu.Unlock()
		slices.SortFunc(all, func(a, b Entry) int { return cmp.Or(cmp.Compare(a.Key, b.Key), b.LastModified.Compare(a.LastModified)) })
		yield(bucket.Page{Entries: all}, nil)
	}
}

func (s *strict) Delete(_ context.Context, entries []Entry) []bucket.Deletion {
	s.begin(entries)
	time.Sleep(time.Duration(len(entries)) * 100 * time.Microsecond)
	s.mu.Lock()
	defer s.mu.Unlock()
	out := make([]bucket.Deletion, len(entries))
	for i, e := range entries {
		s.settled[e.ID] = true
		if out[i] = (bucket.Deletion{Status: bucket.Deleted}); s.stubborn[e.ID] {
			out[i] = bucket.Deletion{Status: bucket.Failed, Code: "InvalidObjectState"}
			continue
		}
		delete(s.there, e.ID)
	}
	return out
}

// begin checks what must be settled before the entries may go: of their keys all
// that the plan has before them, and before a marker each version of its segment.
func (s *strict) begin(entries []Entry) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	for _, e := range entries {
		s.sent[e.ID] = s.calls
	}
	for _, e := range entries {
		for _, segment := range s.plan {
			here := slices.ContainsFunc(segment, func(p Planned) bool { return p.ID == e.ID })
			for _, p := range segment {
				version := p.Kind != retention.Marker
				if p.ID == e.ID {
					break
				}
				before := string(p.Key) == e.Key || here && version && e.Kind == retention.Marker
				if before && !s.settled[p.ID] && s.sent[p.ID] != s.calls {
					s.wrong = fmt.Sprintf("%s %s of %s goes before %s %s of %s is settled", e.Kind, e.ID, e.Key, p.Kind, p.ID, p.Key)
				}
			}
			if here {
				break
			}
		}
	}
}

func TestOlderVersionsGoBeforeNewerOnesAndAllOfThemBeforeMarkersHoweverManyGoAtOnce(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := &strict{there: map[string]Entry{}, sent: map[string]int{}, settled: map[string]bool{}, stubborn: map[string]bool{}}
		most := rapid.IntRange(1, 12).Draw(t, "segment")
		var open []Planned
		ids := 0
		// add plans entries of a key as the planner does: in one segment if they fit.
		add := func(entries []Planned) {
			if len(open) > 0 && len(open)+len(entries) > most {
				s.plan, open = append(s.plan, open), nil
			}
			for part := range slices.Chunk(entries, most) {
				if open = append(open, part...); len(open) == most {
					s.plan, open = append(s.plan, open), nil
				}
			}
		}
		for k := range rapid.IntRange(1, 8).Draw(t, "keys") {
			var entries []Planned
			versions := rapid.IntRange(0, 9).Draw(t, "versions")
			for i := range versions + rapid.IntRange(0, 2).Draw(t, "markers") {
				ids++
				p := Planned{Key: fmt.Append(nil, "k", k), Kind: retention.Version, ID: fmt.Sprint(ids), Created: t0, Why: evidence.WhyAge,
					LastModified: t0.Add(time.Duration(i) * time.Second)}
				if i >= versions {
					p.Kind = retention.Marker
				}
				s.there[p.ID] = p.Entry()
				s.stubborn[p.ID] = rapid.IntRange(0, 9).Draw(t, "refused") == 0
				entries = append(entries, p)
			}
			add(entries)
		}
		if len(open) > 0 {
			s.plan = append(s.plan, open)
		}
		sweeper, run, err := newShared().planned(s.plan, bucket.StateEnabled)
		if err != nil {
			t.Fatal(err)
		}
		sweeper.Concurrency, run.Spec.Stores[0].Batch = rapid.IntRange(1, 8).Draw(t, "workers"), rapid.IntRange(1, 6).Draw(t, "batch")
		sweeper.Open = func(context.Context, StoreSpec) (Bucket, error) { return Bucket{Store: s, Examiner: noParts{}}, nil }
		if err := sweeper.SweepShard(context.Background(), context.Background(), run, 0); err != nil {
			t.Fatal(err)
		}
		if s.wrong != "" {
			t.Fatal(s.wrong)
		}
		for id, e := range s.there {
			if e.Kind != retention.Marker && !s.stubborn[id] {
				t.Fatalf("version %s of %s was never deleted", id, e.Key)
			}
		}
		if names, err := sweeper.Vault.List(context.Background(), ""); err != nil || len(names) != len(s.plan) {
			t.Fatalf("%d parts of %d segments: %v", len(names), len(s.plan), err)
		}
	})
}

// noParts looks closely at nothing.
type noParts struct{ Examiner }

// eager is a store that never had versioning and deletes at once.
type eager struct{ Store }

func (eager) Unasked() int64 { return 0 }

func (eager) Delete(_ context.Context, entries []Entry) []bucket.Deletion {
	out := make([]bucket.Deletion, len(entries))
	for i := range out {
		out[i].Status = bucket.Deleted
	}
	return out
}

// together is a store and a vault: the store settles the second segment's delete
// when the vault has refused the first one's part.
type together struct {
	eager
	*shared
	begun, refused chan struct{}
}

func (b together) Delete(ctx context.Context, entries []Entry) []bucket.Deletion {
	if entries[0].Key == "b" {
		close(b.begun)
		<-b.refused
		time.Sleep(20 * time.Millisecond) // for the first segment's error to be known
	}
	return b.eager.Delete(ctx, entries)
}

func (b together) Put(ctx context.Context, name string, data []byte) error {
	if name == reportFile(0, evidence.PartName(0, 0)) {
		<-b.begun
		close(b.refused)
		return errors.New("no space left")
	}
	return b.shared.Put(ctx, name, data)
}

func TestASegmentThatIsDoneHasItsPartThoughAnotherFails(t *testing.T) {
	var plan [][]Planned
	for _, key := range []string{"a", "b"} {
		plan = append(plan, []Planned{{Key: []byte(key), Kind: retention.Object, LastModified: t0, Created: t0, Why: evidence.WhyAge}})
	}
	sweeper, run, err := newShared().planned(plan, bucket.StateNever)
	if err != nil {
		t.Fatal(err)
	}
	both := together{shared: newShared(), begun: make(chan struct{}), refused: make(chan struct{})}
	sweeper.Concurrency, sweeper.Vault = 2, both
	sweeper.Open = func(context.Context, StoreSpec) (Bucket, error) { return Bucket{Store: both, Examiner: noParts{}}, nil }
	if err := sweeper.SweepShard(t.Context(), t.Context(), run, 0); err == nil {
		t.Error("a part that can't be written is no error")
	}
	if names, _ := both.List(t.Context(), ""); !slices.Equal(names, []string{reportFile(0, evidence.PartName(0, 1))}) {
		t.Errorf("the vault holds %q, want the part of the segment whose entries all have their outcome", names)
	}
}

// BenchmarkSweepSegment is a segment from its plan to its part, without the time
// that store, vault and work area take.
func BenchmarkSweepSegment(b *testing.B) {
	entries := make([]Planned, segmentEntries)
	for i := range entries {
		at := t0.Add(-time.Duration(i) * time.Second)
		entries[i] = Planned{Key: fmt.Appendf(nil, "team-%02d/2026/09/01/%08d.request.json", i*64/len(entries), i), Kind: retention.Object,
			LastModified: at, ETag: fmt.Sprintf("%q", fmt.Sprintf("%032x", i)), Size: 4096, Created: at, Why: evidence.WhyAge, Team: fmt.Sprintf("team-%02d", i*64/len(entries))}
	}
	for _, workers := range []int{1, 32} {
		b.Run(fmt.Sprint(workers, " workers"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				b.StopTimer()
				sweeper, run, err := newShared().planned([][]Planned{entries}, bucket.StateNever)
				if err != nil {
					b.Fatal(err)
				}
				sweeper.Concurrency = workers
				sweeper.Open = func(context.Context, StoreSpec) (Bucket, error) {
					return Bucket{Store: eager{}, Examiner: noParts{}}, nil
				}
				b.StartTimer()
				if err := sweeper.SweepShard(b.Context(), b.Context(), run, 0); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(len(entries)), "ns/entry")
		})
	}
}
