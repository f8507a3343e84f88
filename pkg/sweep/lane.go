package sweep

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"
)

// segmentsAtOnce is how many full segments a run holds in memory, unless it has
// more stores than that.
const segmentsAtOnce = 4

// road is what the shards of one store share in this process while they are swept.
type road struct {
	pace *pace
	// room bounds the entries of segments that are in memory.
	room  *semaphore.Weighted
	space int64
	// A right to delete objects is none to abort uploads, and what stops the one
	// need not stop the other.
	objects, uploads *lane
}

// newRoads makes those of a run's stores.
func (s *Sweeper) newRoads(run *Run) []*road {
	roads := make([]*road, len(run.Spec.Stores))
	for i := range roads {
		roads[i] = s.newRoad(run, i)
	}
	return roads
}

func (s *Sweeper) newRoad(run *Run, store int) *road {
	space := int64(segmentEntries * max(1, segmentsAtOnce/len(run.Spec.Stores)))
	return &road{pace: newPace(s.Log.With().Str("store", run.Spec.Stores[store].Name).Logger()), room: semaphore.NewWeighted(space), space: space,
		objects: newLane(s.Concurrency), uploads: newLane(s.Concurrency)}
}

// road returns that of a shard's store. A run that was not begun in this process
// has none: then it is the shard's own.
func (s *Sweeper) road(run *Run, shard int) *road {
	if store := run.Shards[shard].Store; store < len(run.roads) {
		return run.roads[store]
	}
	return s.newRoad(run, run.Shards[shard].Store)
}

func (r *road) lane(sh Shard) *lane {
	if sh.Uploads {
		return r.uploads
	}
	return r.objects
}

// lane lets chains of batches of a store go side by side. The first request goes
// alone: should nobody be allowed to delete, or versioning have been switched on,
// no more than one batch finds that out.
type lane struct {
	free   chan struct{} // a token for each chain that may go now
	opened chan struct{} // closed when a request has its answer
	open   sync.Once     // closes it, and gives the tokens but for the first

	mu   sync.Mutex
	code string
}

func newLane(batches int) *lane {
	l := &lane{free: make(chan struct{}, max(1, batches)), opened: make(chan struct{})}
	l.free <- struct{}{}
	return l
}

// enter waits until one more chain may go. Whoever entered leaves.
func (l *lane) enter(ctx context.Context) error {
	select {
	case <-l.free:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (l *lane) leave() { l.free <- struct{}{} }

// answered says that a request has its answer.
func (l *lane) answered() {
	l.open.Do(func() {
		close(l.opened)
		for range cap(l.free) - 1 {
			l.free <- struct{}{}
		}
	})
}

// halt stops the store: no further batch is sent. The first reason stands.
func (l *lane) halt(code string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.code == "" {
		l.code = code
	}
}

// halted returns the code under which what was not sent is left, "" to go on.
func (l *lane) halted() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.code
}
