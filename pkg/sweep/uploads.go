package sweep

import (
	"context"

	"golang.org/x/sync/errgroup"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// activeWithin is how fresh an upload's newest part must be for the upload to be
// named: somebody may still be at it.
const activeWithin = retention.Day

// active finds out which uploads still got a part within the last day before the
// run. They go all the same, since data is data, but under a code of their own.
func (w *batch) active(ctx context.Context, idx []int) error {
	codes := make([]string, len(idx))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(closeLooks)
	for n, i := range idx {
		if w.entries[i].Kind != retention.Upload {
			continue
		}
		group.Go(func() error {
			last, err := w.store.LastPart(gctx, w.entries[i].Entry())
			switch {
			case gctx.Err() != nil:
				return gctx.Err()
			case err != nil:
				codes[n] = CodePartsUnseen
			case last.After(w.start.Add(-activeWithin)):
				codes[n] = evidence.CodeUploadActive
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return context.Cause(ctx)
	}
	w.codes = map[int]string{}
	for n, i := range idx {
		if codes[n] != "" {
			w.codes[i] = codes[n]
		}
	}
	return nil
}
