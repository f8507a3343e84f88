package sweep

import (
	"context"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// look is which of a run's two listings is made.
type look int

const (
	firstLook  look = iota // before the sweep: what is to go is taken for gone
	secondLook             // after it: what is there has stayed
)

// listing lists a shard, judges and counts each entry, and plans what is to go.
// It begins with one stream. While the run has streams to spare and a range
// proves long, another stream takes a part of that range.
type listing struct {
	sweeper   *Sweeper
	run       *Run
	shard     int
	which     look
	stop      context.Context
	planner   *planner // nil: nothing is planned
	policy    retention.Policy
	nearMatch func(team string) (id string, ok bool)
	zdr       map[string]bool // teams
	store     Bucket
	within    bucket.Range
	ranges    *ranges
	group     *errgroup.Group
	cut       context.CancelFunc // ends the requests of all streams

	mu     sync.Mutex
	census *Census
	broken bool
	newest newest
}

// list lists a shard once. cuts are where it is cut from the start. An error is
// one of ours (storage, context), never of the listing: one that does not come
// to its end gives an incomplete census.
func (s *Sweeper) list(ctx, stop context.Context, run *Run, shard int, which look, cuts []string, p *planner) (*listing, error) {
	sh := run.Shards[shard]
	l := &listing{sweeper: s, run: run, shard: shard, which: which, stop: stop, planner: p, census: newCensus(),
		within: run.rangeOf(shard), newest: newest{most: run.sample(which)}}
	l.ranges = newRanges(l.within, cuts)
	var err error
	if l.policy, err = run.Policy(sh.Store); err != nil {
		return nil, err
	}
	l.nearMatch, l.zdr = l.policy.Roster.NearMatcher(), map[string]bool{}
	for _, team := range l.policy.Roster.Teams {
		l.zdr[team.ID] = true
	}
	if l.store, err = s.open(ctx, run, sh.Store); err != nil {
		l.fail(CodeUnreachable, err, "store can't be listed")
		return l, nil
	}
	if err := run.streams.take(ctx); err != nil {
		return nil, err
	}
	var requests context.Context
	l.group, ctx = errgroup.WithContext(ctx)
	requests, l.cut = context.WithCancel(ctx)
	defer l.cut()
	// What was asked is of no use any more, and a server that is away would be waited for.
	defer context.AfterFunc(stop, l.cut)()
	l.group.Go(func() error { return l.stream(ctx, requests) })
	l.invite(ctx, requests)
	if err := l.group.Wait(); err != nil {
		return nil, err
	}
	l.newest.cut()
	l.census.Newest = l.newest.entries
	l.census.Complete = !l.broken
	return l, nil
}

// fail ends the listing: it can't come to its end.
func (l *listing) fail(code string, err error, words string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.broken {
		return
	}
	l.broken, l.census.Problem = true, code
	if err != nil {
		l.sweeper.Log.Error().Str("store", l.policy.Store).Err(err).Msg(words)
	}
	if l.cut != nil {
		l.cut()
	}
}

func (l *listing) failed() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.broken
}

// invite starts more streams, if the run has any to spare and there is something
// for them to do.
func (l *listing) invite(ctx, requests context.Context) {
	for n := l.ranges.wanted(); n > 0 && l.run.streams.tryTake(); n-- {
		l.group.Go(func() error { return l.stream(ctx, requests) })
	}
}

// stream lists one range after the other, until there is none that it could take.
func (l *listing) stream(ctx, requests context.Context) error {
	defer l.run.streams.giveBack()
	for !l.failed() {
		k := l.ranges.next()
		if k != nil {
			if err := l.one(ctx, requests, k); err != nil {
				return err
			}
			continue
		}
		s, ok := l.ranges.seek(l.run.streams.idle())
		if !ok {
			return nil
		}
		rest := l.within
		rest.After, rest.UpTo = s.after, s.upTo
		cuts, spent, err := l.store.Cuts(requests, rest, s.hint, s.most)
		if err != nil && requests.Err() == nil { // only slower without
			l.sweeper.Log.Debug().Str("store", l.policy.Store).Err(err).Msg("no place to cut a long listing could be found")
		}
		if !l.ranges.found(s, cuts, spent) {
			return nil
		}
		l.invite(ctx, requests)
	}
	return nil
}

// one lists one range.
func (l *listing) one(ctx, requests context.Context, k *keyRange) error {
	r := l.reader(k)
	if err := l.pages(ctx, requests, k, r); err != nil {
		return err
	}
	if err := r.close(ctx, l.ranges.finish(k)); err != nil {
		return err
	}
	l.absorb(r)
	return nil
}

func (l *listing) pages(ctx, requests context.Context, k *keyRange, r *reader) error {
	within := l.within
	within.After, within.UpTo = k.after, k.upTo
	asked := l.sweeper.Now()
	for page, err := range l.store.Pages(requests, within) {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if l.stop.Err() != nil {
			l.fail(CodeInterrupted, nil, "")
			return nil
		}
		if err != nil {
			code := CodeListing
			if within.What == bucket.Uploads {
				code = CodeUploadsUnseen
			}
			l.fail(code, err, "listing can't be finished")
			return nil
		}
		entries, more := l.ranges.take(k, page)
		if err := r.page(ctx, page, entries, asked); err != nil {
			return err
		}
		l.absorb(r)
		if !more {
			return nil
		}
		l.invite(ctx, requests)
		asked = l.sweeper.Now()
	}
	return nil
}

// absorb moves what a reader has counted into the shard's census.
func (l *listing) absorb(r *reader) {
	seen := r.tally.census.Population
	l.mu.Lock()
	l.census.absorb(r.tally.census, func(team string) bool { return len(l.census.Teams) < maxTeams || l.zdr[team] })
	l.newest.entries = append(l.newest.entries, r.tally.newest.entries...)
	if len(l.newest.entries) > 2*l.newest.most {
		l.newest.cut()
	}
	l.mu.Unlock()
	r.tally.reset()
	l.sweeper.progress().Listed(int(seen.Pages), int(seen.Listed), int(seen.Expired))
}
