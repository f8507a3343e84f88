package sweep

import "context"

// streams are what all listings of a run have in common: how many ranges are
// listed side by side. A nil one lends none: each shard has one stream.
type streams chan struct{}

func newStreams(n int) streams { return make(streams, max(1, n)) }

func (s streams) take(ctx context.Context) error {
	if s == nil {
		return nil
	}
	select {
	case s <- struct{}{}:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

func (s streams) tryTake() bool {
	select {
	case s <- struct{}{}:
		return true
	default:
		return false
	}
}

func (s streams) giveBack() {
	if s != nil {
		<-s
	}
}

// idle is how many streams nobody has taken.
func (s streams) idle() int { return cap(s) - len(s) }
