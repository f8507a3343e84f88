package bucket

import (
	"io"
	"net/http"
	"sync"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// Slots bounds how many requests are in flight at once: a request takes a slot
// before it is sent, and gives it back once its answer was read or given up. A
// request that waits for one isn't in flight: its time to be answered has not
// begun. nil is no bound.
type Slots chan struct{}

// NewSlots returns n slots.
func NewSlots(n int) Slots { return make(Slots, n) }

// slotted is an HTTP client whose requests each take a slot.
type slotted struct {
	next  aws.HTTPClient
	slots Slots
}

func (c slotted) Do(request *http.Request) (*http.Response, error) {
	ctx := request.Context()
	select {
	case c.slots <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		x.sent = time.Now() // the wait is no part of the exchange
	}
	release := sync.OnceFunc(func() { <-c.slots })
	answer, err := c.next.Do(request)
	if err != nil || answer.Body == nil || answer.Body == http.NoBody {
		release()
		return answer, err
	}
	answer.Body = &slottedBody{answer.Body, release}
	return answer, nil
}

// slottedBody gives the slot back when the answer ends, breaks or is closed.
type slottedBody struct {
	io.ReadCloser
	release func()
}

func (b *slottedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil {
		b.release()
	}
	return n, err
}

func (b *slottedBody) Close() error {
	defer b.release()
	return b.ReadCloser.Close()
}
