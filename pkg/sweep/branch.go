package sweep

import (
	"context"
	"slices"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// branch fills the plan segments of one range, in key order. One goroutine uses
// it.
type branch struct {
	planner *planner
	stack   keyStack
	applied *applied // nil: the run makes its own plan

	writer      *segmentWriter // of the open segment; nil before the first
	first, last string         // keys of the open segment
	listedAt    time.Time
}

// branch begins the plan of a range that begins after a key.
func (p *planner) branch(after string) *branch {
	b := &branch{planner: p}
	b.stack = keyStack{branch: b}
	if p.applied != nil {
		b.applied = p.applied.from(after)
	}
	return b
}

// take adds an entry, if it is to go.
func (b *branch) take(ctx context.Context, e Entry, v retention.Verdict, asked time.Time) error {
	run, shard := b.planner.run, b.planner.shard
	skip := ""
	if b.applied != nil {
		var err error
		if skip, err = b.applied.judge(ctx, e, v); err != nil {
			return err
		}
	}
	if e.Opaque || run.Shards[shard].Uploads || !run.versioned(run.Shards[shard].Store) {
		if !v.Goes() {
			return nil
		}
		return b.addAll(ctx, []Planned{planned(e, v, skip)}, asked)
	}
	if e.Key != b.stack.key {
		if err := b.stack.close(ctx); err != nil {
			return err
		}
		b.stack = keyStack{branch: b, key: e.Key, asked: asked}
	}
	return b.stack.add(ctx, e, v, skip)
}

// addAll adds entries that were listed from asked on. They are in one segment,
// unless they are more than fit into one.
func (b *branch) addAll(ctx context.Context, entries []Planned, asked time.Time) error {
	most := b.planner.most()
	if b.open() > 0 && b.open()+len(entries) > most {
		if err := b.flush(ctx, true); err != nil {
			return err
		}
	}
	for chunk := range slices.Chunk(entries, most) {
		if err := b.fill(chunk, asked); err != nil {
			return err
		}
		if b.open() == most {
			if err := b.flush(ctx, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// open is how many entries the open segment has.
func (b *branch) open() int {
	if b.writer == nil {
		return 0
	}
	return b.writer.Len()
}

// fill puts entries into the open segment.
func (b *branch) fill(entries []Planned, asked time.Time) error {
	if b.writer == nil {
		var err error
		if b.writer, err = newSegmentWriter(); err != nil {
			return err
		}
	}
	if b.open() == 0 {
		b.first, b.last, b.listedAt = string(entries[0].Key), "", asked
	}
	for _, e := range entries {
		b.first, b.last = min(b.first, string(e.Key)), max(b.last, string(e.Key))
		if err := b.writer.Add(e); err != nil {
			return err
		}
	}
	return nil
}

// flush gives the open segment to the planner. full says that more follows.
func (b *branch) flush(ctx context.Context, full bool) error {
	count := b.open()
	if count == 0 {
		return nil
	}
	data, err := b.writer.Close()
	if err != nil {
		return err
	}
	return b.planner.take(ctx, filled{data: data, count: count, first: b.first, last: b.last, listedAt: b.listedAt}, full)
}

// close ends the range at the key where its listing ended, "" being an open end.
func (b *branch) close(ctx context.Context, upTo string) error {
	if err := b.stack.close(ctx); err != nil {
		return err
	}
	if b.applied != nil {
		if err := b.applied.close(ctx, upTo); err != nil {
			return err
		}
		b.planner.mu.Lock()
		b.planner.gone += b.applied.gone
		b.planner.changed += b.applied.changed
		b.planner.mu.Unlock()
	}
	return b.flush(ctx, false)
}
