package sweep

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// witnessRequests is how many entries are looked at side by side.
const witnessRequests = 8

// Seen is an entry that the second witness may look at.
type Seen struct {
	Key          []byte         `json:"k"` // base64: keys are bytes
	Kind         retention.Kind `json:"kind"`
	ID           string         `json:"id,omitempty"`
	LastModified time.Time      `json:"lm"`
	Team         string         `json:"team,omitempty"`
}

// newest keeps the newest entries that have metadata, in no order.
type newest struct {
	most    int
	entries []Seen
}

// add keeps e if it is among the newest so far.
func (n *newest) add(e Entry, v retention.Verdict) {
	if n.most == 0 || e.Opaque || (e.Kind != retention.Object && e.Kind != retention.Version) {
		return
	}
	// Half of twice as many are thrown away now and then, which costs less than
	// keeping them in order.
	if len(n.entries) >= 2*n.most {
		n.cut()
	}
	n.entries = append(n.entries, Seen{Key: []byte(e.Key), Kind: e.Kind, ID: e.ID, LastModified: e.LastModified, Team: v.Team})
}

// cut leaves the newest, newest first.
func (n *newest) cut() {
	slices.SortFunc(n.entries, func(a, b Seen) int {
		return cmp.Or(b.LastModified.Compare(a.LastModified), slices.Compare(a.Key, b.Key), cmp.Compare(a.ID, b.ID))
	})
	n.entries = n.entries[:min(len(n.entries), n.most)]
}

// sample is how many entries a listing keeps for the second witness.
func (r *Run) sample(which look) int {
	if r.Spec.Metadata.Header == "" || which != firstLook {
		return 0
	}
	return r.Spec.Metadata.Sample
}

// WitnessFile is witness-SSSS.json: what the stored metadata of a store's newest
// entries says.
type WitnessFile struct {
	Looked int64 `json:"looked"`
	// Found were stored under Zero Data Retention, by their own metadata.
	Found int64 `json:"found"`
	// Unseen could not be looked at, though they are there.
	Unseen int64 `json:"unseen"`
	gone   int64
	Teams  map[string]int64 `json:"teams"` // found, by team
}

// witnesses asks the newest entries of each store whether the exchange that they
// hold was under Zero Data Retention: a witness against the roster.
func (s *Sweeper) witnesses(ctx, stop context.Context, run *Run) error {
	if run.sample(firstLook) == 0 {
		return nil
	}
	for store := range run.Spec.Stores {
		if run.Found[store].Left != "" || stop.Err() != nil {
			continue
		}
		if err := s.witness(ctx, run, store); err != nil {
			return err
		}
	}
	return nil
}

func (s *Sweeper) witness(ctx context.Context, run *Run, store int) error {
	n := newest{most: run.Spec.Metadata.Sample}
	for i, sh := range run.Shards {
		var plan ShardPlan
		if sh.Store != store {
			continue
		}
		if ok, err := s.load(ctx, run, planFile(i), &plan); err != nil || !ok {
			return errors.Join(err, missing(ok, "plan of shard %d", i))
		}
		n.entries = append(n.entries, plan.Census.Newest...)
		n.cut()
	}
	file := WitnessFile{Teams: map[string]int64{}}
	opened, err := s.open(ctx, run, store)
	if err != nil {
		file.Unseen = int64(len(n.entries))
		return s.save(ctx, run, witnessFile(store), file)
	}
	says := make([]testimony, len(n.entries))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(witnessRequests)
	for i, e := range n.entries {
		group.Go(func() error {
			says[i] = ask(gctx, opened, e, run.Spec.Metadata.Header)
			return gctx.Err()
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	for i, said := range says {
		file.count(n.entries[i], said)
	}
	if file.Looked == 0 { // a server that knows none of what it lists
		file.Unseen += file.gone
	}
	return s.save(ctx, run, witnessFile(store), file)
}

// testimony is what an entry's metadata says.
type testimony int

const (
	unheard testimony = iota // it could not be looked at
	absent                   // it isn't there any more
	silence                  // it doesn't speak of Zero Data Retention, or denies it
	confess                  // it was stored under Zero Data Retention
)

func ask(ctx context.Context, x Examiner, e Seen, header string) testimony {
	value, ok, err := x.Metadata(ctx, Entry{Key: string(e.Key), Kind: e.Kind, ID: e.ID, LastModified: e.LastModified}, header)
	switch {
	case errors.Is(err, bucket.ErrGone):
		return absent
	case err != nil:
		return unheard
	case ok && !denies(value):
		return confess
	default:
		return silence
	}
}

// denies reports whether the value of a header says no. Anything else says yes:
// a word that isn't known must not hide a violation.
func denies(value string) bool {
	switch strings.ToLower(strings.TrimSpace(value)) {
	case "", "0", "false", "no", "off", "none", "disabled":
		return true
	}
	return false
}

func (f *WitnessFile) count(e Seen, said testimony) {
	switch said {
	case unheard:
		f.Unseen++
	case confess:
		f.Looked++
		f.Found++
		if e.Team != "" {
			f.Teams[e.Team]++
		}
	case silence:
		f.Looked++
	case absent:
		f.gone++
	}
}

// witness sums up what the second witness said in all stores.
func (f *facts) witness() (w evidence.Witness, unseen int64) {
	for _, s := range f.stores {
		w.Looked += s.witness.Looked
		w.Found += s.witness.Found
		unseen += s.witness.Unseen
	}
	return w, unseen
}
