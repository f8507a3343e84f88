package sweep

import (
	"context"
	"fmt"
	"iter"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// books is a store in memory that lists in pages, and gives cuts of any kind.
type books struct {
	shelf
	Examiner
	page   int
	uncut  bool
	mixed  bool // entries are in no order
	lists  atomic.Int64
	probes atomic.Int64
}

func (b *books) Pages(ctx context.Context, r bucket.Range) iter.Seq2[bucket.Page, error] {
	return func(yield func(bucket.Page, error) bool) {
		at := slices.IndexFunc(b.entries, func(e Entry) bool { return e.Key > r.After })
		for at >= 0 && at < len(b.entries) {
			b.lists.Add(1)
			if ctx.Err() != nil {
				yield(bucket.Page{}, ctx.Err())
				return
			}
			some, more := within(b.entries[at:min(at+b.page, len(b.entries))], r.UpTo)
			if !yield(bucket.Page{Entries: some, Cuttable: !b.uncut && !b.mixed, Unordered: b.mixed}, nil) || !more {
				return
			}
			at += len(some)
		}
		if b.fail != nil {
			yield(bucket.Page{}, b.fail)
		}
	}
}

// Cuts gives keys that are there, keys that aren't, and nonsense.
func (b *books) Cuts(_ context.Context, r bucket.Range, _ bucket.Hint, most int) (cuts []string, requests int, err error) {
	b.probes.Add(1)
	for range rand.IntN(most + 1) {
		c := b.entries[rand.IntN(len(b.entries))].Key
		cuts = append(cuts, []string{c, c + "\x00", before(c) + "~", r.After, r.UpTo, ""}[rand.IntN(6)])
	}
	return cuts, 1, nil
}

// take lists the next page of a range and takes what is its own.
func (b *books) take(r *ranges, k *keyRange, asked string) (taken []Entry, more bool) {
	for page := range b.Pages(context.Background(), bucket.Range{After: k.last, UpTo: asked}) {
		return r.take(k, page)
	}
	return nil, false
}

func library(t *rapid.T) []Entry {
	keys := rapid.SliceOfNDistinct(rapid.OneOf(genKey(), rapid.StringMatching(`[ab]/[0-9]{3}/x`)), 1, 60, rapid.ID[string]).Draw(t, "keys")
	slices.Sort(keys)
	entries := make([]Entry, len(keys))
	for i, key := range keys {
		entries[i] = Entry{Key: key, Kind: retention.Object, LastModified: t0.Add(time.Duration(i) * time.Minute), ETag: fmt.Sprint(i), Size: 1}
	}
	return entries
}

// Whoever lists how far when a range is cut, and wherever it is cut.
func TestEachKeyIsTakenFromOneRange(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		store := &books{shelf: shelf{entries: library(t)}, page: rapid.IntRange(1, 5).Draw(t, "page")}
		cut := rapid.OneOf(genKey(), rapid.Map(rapid.SampledFrom(store.entries), func(e Entry) string { return e.Key }))
		shard := bucket.Range{After: rapid.OneOf(rapid.Just(""), cut).Draw(t, "after"), UpTo: rapid.OneOf(rapid.Just(""), cut).Draw(t, "up to")}
		r := newRanges(shard, rapid.SliceOfN(cut, 0, 4).Draw(t, "cuts from the start"))
		taken := map[string]int{}
		asked := map[*keyRange]string{} // the end that a stream asked for when it began
		var active []*keyRange
		for {
			if k := r.next(); k != nil {
				active, asked[k] = append(active, k), k.upTo
				if rapid.Bool().Draw(t, "another stream") {
					continue
				}
			}
			if len(active) == 0 {
				break
			}
			k := rapid.SampledFrom(active).Draw(t, "stream")
			if rapid.IntRange(0, 3).Draw(t, "sought") == 0 {
				if s, ok := r.seek(rapid.IntRange(0, 3).Draw(t, "idle")); ok {
					r.found(s, rapid.SliceOfN(cut, 0, 4).Draw(t, "cuts"), 0)
				}
			}
			entries, more := store.take(r, k, asked[k])
			for _, e := range entries {
				taken[e.Key]++
			}
			if !more || len(entries) == 0 {
				r.finish(k)
				active = slices.DeleteFunc(active, func(a *keyRange) bool { return a == k })
			}
		}
		for _, e := range store.entries {
			want := 0
			if e.Key > shard.After && (shard.UpTo == "" || e.Key <= shard.UpTo) {
				want = 1
			}
			if taken[e.Key] != want {
				t.Fatalf("%q of (%q, %q] was taken %d times", e.Key, shard.After, shard.UpTo, taken[e.Key])
			}
		}
	})
}

// shelves is a memory for many at once that knows what it lacks.
type shelves struct {
	memory
	mu *sync.Mutex
}

func (s shelves) Put(ctx context.Context, name string, data []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.memory.Put(ctx, name, data)
}

func (s shelves) Get(_ context.Context, name string) ([]byte, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	data, ok := s.memory[name]
	if !ok {
		return nil, vault.ErrNotFound
	}
	return data, nil
}

// planning makes plans in a work area of its own.
type planning struct {
	*Sweeper
	most int
}

func newPlanning(most int) planning {
	return planning{&Sweeper{Work: shelves{memory{}, new(sync.Mutex)}, segmentMax: most, Log: zerolog.Nop(), Now: func() time.Time { return t0 }}, most}
}

// plan lists a store with so many streams for a run of that number, which carries
// out the plan of the run before it unless it is the first. It returns what was
// counted and the plan, segment by segment in key order.
func (p planning) plan(t testing.TB, store *books, number int64, streams int) (Census, ShardPlan, [][]Planned) {
	t.Helper()
	run := &Run{Number: number, Type: evidence.TypeSweep, Found: []StoreFound{{Versioning: bucket.StateNever}}, Shards: []Shard{{}},
		Spec:    Spec{Stores: []StoreSpec{{Name: "s", Bucket: "b", KeyDateZone: "UTC"}}, MaxAge: 30 * retention.Day, AgeSource: retention.AgeLastModified},
		Cutoff:  t0.Add(1000 * time.Minute),
		streams: newStreams(streams), opened: []Bucket{{store, store, store}}}
	if number > 1 {
		run.Apply = &evidence.Apply{Report: number - 1}
	}
	if err := p.save(t.Context(), run, runFile, run); err != nil {
		t.Fatal(err)
	}
	if err := p.PlanShard(t.Context(), t.Context(), run, 0); err != nil {
		t.Fatal(err)
	}
	if n := len(run.streams); n != 0 {
		t.Fatalf("%d streams were not given back", n)
	}
	var plan ShardPlan
	if ok, err := p.load(t.Context(), run, planFile(0), &plan); !ok || err != nil {
		t.Fatal(ok, err)
	}
	plan.Census.Population.Pages = 0 // depends on where the ranges end
	slices.SortFunc(plan.Segments, func(a, b Segment) int { return slices.Compare(a.First, b.First) })
	var segments [][]Planned
	for i := range plan.Segments {
		entries, err := p.readSegment(t.Context(), run, plan, i)
		if err != nil {
			t.Fatal(err)
		}
		segments = append(segments, entries)
	}
	return plan.Census, plan, segments
}

func sorted(segments [][]Planned) []string {
	var all []string
	for _, p := range slices.Concat(segments...) {
		all = append(all, fmt.Sprintf("%q %s", p.Key, p.Skip))
	}
	slices.Sort(all)
	return all
}

func TestAPlanIsTheSameWithOneStreamAndWithMany(t *testing.T) {
	for range 40 {
		store, most := &books{page: 1 + rand.IntN(20), shelf: shelf{entries: shelved(1 + rand.IntN(2000))}}, 1+rand.IntN(100)
		one, _, want := newPlanning(most).plan(t, store, 1, 1)
		many, plan, segments := newPlanning(most).plan(t, store, 1, 8)
		if !reflect.DeepEqual(one, many) {
			t.Fatalf("one stream counts %+v, many %+v", one, many)
		}
		if !slices.Equal(sorted(segments), sorted(want)) {
			t.Fatalf("many streams plan %d entries, one %d", len(sorted(segments)), len(sorted(want)))
		}
		for i, s := range segments {
			if !slices.IsSortedFunc(s, func(a, b Planned) int { return slices.Compare(a.Key, b.Key) }) {
				t.Fatalf("segment %d is not in order", i)
			}
			if seg := plan.Segments[i]; string(seg.First) != string(s[0].Key) || string(seg.Last) != string(s[len(s)-1].Key) || len(s) > most {
				t.Fatalf("segment %d says %q to %q", i, seg.First, seg.Last)
			}
		}
	}
}

// Whatever the streams of the run that made the plan, and of the one that carries
// it out.
func TestAPlanIsCarriedOutTheSameWithOneStreamAndWithMany(t *testing.T) {
	for range 20 {
		store := &books{page: 1 + rand.IntN(20), shelf: shelf{entries: shelved(1 + rand.IntN(2000))}}
		since := &books{page: store.page}
		for _, e := range store.entries {
			switch rand.IntN(8) {
			case 0:
				continue // gone since
			case 1:
				e.ETag = "other"
			case 2:
				e.LastModified = e.LastModified.Add(retention.Day) // young again
			case 3:
				since.entries = append(since.entries, Entry{Key: e.Key + "+", Kind: retention.Object, LastModified: t0, ETag: "new"})
				slices.SortFunc(since.entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
			}
			since.entries = append(since.entries, e)
		}
		slices.SortFunc(since.entries, func(a, b Entry) int { return strings.Compare(a.Key, b.Key) })
		most := 1 + rand.IntN(100)
		var counted []Census
		var lines [][]string
		for _, streams := range [][2]int{{1, 1}, {8, 1}, {1, 8}, {8, 8}} {
			p := newPlanning(most)
			p.plan(t, store, 1, streams[0])
			census, _, segments := p.plan(t, since, 2, streams[1])
			counted, lines = append(counted, census), append(lines, sorted(segments))
		}
		for i := range counted[1:] {
			if !reflect.DeepEqual(counted[0], counted[i+1]) || !slices.Equal(lines[0], lines[i+1]) {
				t.Fatalf("one stream counts %+v, many %+v", counted[0], counted[i+1])
			}
		}
	}
}

func TestAPlanOfAServerWithoutOrderIsCarriedOut(t *testing.T) {
	store := &books{page: 10, mixed: true, shelf: shelf{entries: shelved(1000)}}
	rand.Shuffle(len(store.entries), func(i, j int) {
		store.entries[i], store.entries[j] = store.entries[j], store.entries[i]
	})
	since := &books{page: 10, mixed: true, shelf: shelf{entries: slices.Clone(store.entries[1:])}}
	since.entries = slices.Insert(since.entries, 500, Entry{Key: "u", Kind: retention.Object, LastModified: t0, ETag: "new"})
	p := newPlanning(64)
	_, _, planned := p.plan(t, store, 1, 8)
	census, _, segments := p.plan(t, since, 2, 8)
	if census.PlanGone != 1 || census.PlanChanged != 0 {
		t.Errorf("of the plan %d are gone, and %d not to go any more", census.PlanGone, census.PlanChanged)
	}
	missing := fmt.Sprintf("%q ", store.entries[0].Key)
	want := append(slices.DeleteFunc(sorted(planned), func(s string) bool { return s == missing }), fmt.Sprintf("%q %s", "u", CodeNotPlanned))
	if got := sorted(segments); !slices.Equal(got, want) {
		t.Errorf("%d of %d entries go as planned", len(slices.DeleteFunc(got, func(s string) bool { return !slices.Contains(want, s) })), len(want))
	}
}

// Whoever carries it out reads each segment where its keys are listed.
func TestThePlanOfADeadRunNamesItsSegmentsAsTheRunWouldHave(t *testing.T) {
	p := newPlanning(64)
	_, want, _ := p.plan(t, &books{page: 10, shelf: shelf{entries: shelved(1000)}}, 1, 8)
	delete(p.Work.(shelves).memory, workName(1, planFile(0)))
	run := Run{Number: 1}
	if _, err := p.load(t.Context(), &run, runFile, &run); err != nil {
		t.Fatal(err)
	}
	dead, err := p.deadPlan(t.Context(), &run, 0)
	if err != nil {
		t.Fatal(err)
	}
	byKey := func(a, b Segment) int { return slices.Compare(a.First, b.First) }
	slices.SortFunc(dead.Segments, byKey)
	slices.SortFunc(want.Segments, byKey)
	for i := range want.Segments { // nobody knows any more when they were listed
		want.Segments[i].ListedAt = dead.Segments[0].ListedAt
	}
	if !reflect.DeepEqual(dead.Segments, want.Segments) {
		t.Errorf("%+v, want %+v", dead.Segments, want.Segments)
	}
}

func TestOneStreamLooksForNoCuts(t *testing.T) {
	store := &books{page: 10, shelf: shelf{entries: shelved(1000)}}
	newPlanning(64).plan(t, store, 1, 1)
	if n := store.probes.Load(); n != 0 {
		t.Errorf("cuts were sought %d times", n)
	}
	if n := store.lists.Load(); n != 100 {
		t.Errorf("1,000 keys took %d pages of 10", n)
	}
}

func TestAListingThatMayNotBeCutHasOneStream(t *testing.T) {
	store := &books{page: 10, uncut: true, shelf: shelf{entries: shelved(1000)}}
	newPlanning(64).plan(t, store, 1, 8)
	if n := store.probes.Load(); n != 0 {
		t.Errorf("cuts were sought %d times", n)
	}
}

func TestAListingThatBreaksOffInOneStreamIsIncomplete(t *testing.T) {
	store := &books{page: 10, shelf: shelf{entries: shelved(1000), fail: fmt.Errorf("cut off")}}
	census, _, _ := newPlanning(64).plan(t, store, 1, 8)
	if census.Complete || census.Problem != CodeListing {
		t.Errorf("complete %v, %q", census.Complete, census.Problem)
	}
}

func shelved(n int) (entries []Entry) {
	for i := range n {
		entries = append(entries, Entry{Key: fmt.Sprintf("t/%08d", i), Kind: retention.Object, LastModified: t0.Add(time.Duration(i) * time.Minute), ETag: "e"})
	}
	return entries
}

// The second listing starts where the first one was cut, but for crumbs.
func TestTheCutsOfAListingLieBetweenLongRanges(t *testing.T) {
	r := newRanges(bucket.Range{}, []string{"b", "c", "d", "e"})
	for _, n := range []int64{cutListed, 1, cutListed - 1, 5, 7} {
		k := r.next()
		k.listed = n
		r.finish(k)
	}
	var cuts []string
	for _, c := range r.cuts() {
		cuts = append(cuts, string(c))
	}
	if got := strings.Join(cuts, " "); got != "b d" {
		t.Errorf("cuts at %q", got)
	}
}
