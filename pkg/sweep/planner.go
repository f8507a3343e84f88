package sweep

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

const (
	// heldEntries is how many entries a range's last segment must have to be written
	// by itself; smaller ones wait, and are written together.
	heldEntries = segmentEntries / 8
	// heldBytes is how much may wait in memory.
	heldBytes = 4 << 20
)

// planner writes the plan segments of a shard. Its branches, one for each range
// that is being listed, fill them; it is safe for concurrent use.
type planner struct {
	sweeper *Sweeper
	run     *Run
	shard   int
	applied *appliedPlan // nil: the run makes its own plan

	mu            sync.Mutex
	segments      []Segment
	held          []filled
	gone, changed int64 // of the plan that is applied
}

// planner returns the planner of a shard, nil for a run that plans nothing.
func (s *Sweeper) planner(ctx context.Context, run *Run, shard int) (*planner, error) {
	if run.Type == evidence.TypeAttestation {
		return nil, nil
	}
	applied, err := s.appliedTo(ctx, run, shard)
	if err != nil {
		return nil, err
	}
	return &planner{sweeper: s, run: run, shard: shard, segments: []Segment{}, applied: applied}, nil
}

// most is how many entries a segment holds at most.
func (p *planner) most() int { return cmp.Or(p.sweeper.segmentMax, segmentEntries) }

// filled is an encoded segment that is not written yet.
type filled struct {
	data        []byte
	count       int
	first, last string // keys
	listedAt    time.Time
}

// take writes a segment, or lets a small one wait for others.
func (p *planner) take(ctx context.Context, f filled, more bool) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if more || f.count >= min(heldEntries, p.most()) {
		return p.write(ctx, f)
	}
	p.held = append(p.held, f)
	size := 0
	for _, h := range p.held {
		size += len(h.data)
	}
	if size < heldBytes {
		return nil
	}
	return p.release(ctx)
}

// release writes the segments that wait, in key order, as few as they fit into.
func (p *planner) release(ctx context.Context) error {
	slices.SortFunc(p.held, func(a, b filled) int { return cmp.Compare(a.first, b.first) })
	for len(p.held) > 0 {
		f := p.held[0]
		p.held = p.held[1:]
		for len(p.held) > 0 && f.count+p.held[0].count <= p.most() {
			f = f.with(p.held[0])
			p.held = p.held[1:]
		}
		if err := p.write(ctx, f); err != nil {
			return err
		}
	}
	p.held = nil
	return nil
}

// with returns the segment followed by one with greater keys: zstd frames one
// after the other are what their contents one after the other are.
func (f filled) with(next filled) filled {
	f.data, f.count = slices.Concat(f.data, next.data), f.count+next.count
	f.last, f.listedAt = max(f.last, next.last), earlier(f.listedAt, next.listedAt)
	return f
}

// write writes the next segment.
func (p *planner) write(ctx context.Context, f filled) error {
	name := segmentFile(p.shard, len(p.segments))
	stored, err := once(ctx, p.sweeper.Work, workName(p.run.Number, name), f.data)
	if err != nil {
		return err
	}
	if !bytes.Equal(stored, f.data) {
		return fmt.Errorf("shard %d is being planned by someone else, who saw other entries", p.shard)
	}
	p.segments = append(p.segments, Segment{Name: name, Count: int64(f.count), SHA256: evidence.SHA256Hex(f.data),
		ListedAt: f.listedAt.UTC(), First: []byte(f.first), Last: []byte(f.last)})
	return nil
}

// finish writes what waits and returns all segments. A nil planner has none.
func (p *planner) finish(ctx context.Context) ([]Segment, error) {
	if p == nil {
		return []Segment{}, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	err := p.release(ctx)
	return p.segments, err
}
