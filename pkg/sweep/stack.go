package sweep

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// keyStack collects what is to go of one key of a versioned bucket, whose
// entries are listed newest first and judged together.
type keyStack struct {
	branch   *branch
	key      string
	asked    time.Time // when the page with its first entry was asked for
	judged   retention.Stack
	current  *Planned // a current version that is to go
	versions []Planned
	markers  []Planned
}

// add takes the next older entry of the key. A key with more entries than fit
// into a segment is written as it comes, versions before markers. The sweep looks
// at a marker's stack again before the marker goes, and one that comes before a
// version below it waits for the next run.
func (k *keyStack) add(ctx context.Context, e Entry, v retention.Verdict, skip string) error {
	p := planned(e, v, skip)
	k.judged.Add(e.Kind, !v.Goes() || !p.goes())
	if !v.Goes() {
		return nil
	}
	switch {
	case e.Kind == retention.Marker:
		k.markers = append(k.markers, p)
	case e.Latest:
		k.current = &p
	default:
		k.versions = append(k.versions, p)
	}
	most := k.branch.planner.most()
	if len(k.versions) >= most {
		return k.emit(ctx, &k.versions)
	}
	if len(k.markers) >= most {
		return errors.Join(k.emit(ctx, &k.versions), k.emit(ctx, &k.markers))
	}
	return nil
}

// close writes what is left of the key: versions before markers, and the oldest
// version first, so that no older one is found while the current one is gone.
func (k *keyStack) close(ctx context.Context) error {
	slices.Reverse(k.versions)
	if k.current != nil {
		k.current.Promotes = k.judged.Promotes()
		k.versions = append(k.versions, *k.current)
	}
	all := append(k.versions, k.markers...)
	k.versions, k.markers = nil, nil
	return k.emit(ctx, &all)
}

func (k *keyStack) emit(ctx context.Context, entries *[]Planned) error {
	err := k.branch.addAll(ctx, *entries, k.asked)
	*entries = nil
	return err
}
