package bucket

import (
	"context"
	"errors"
	"io"
	"net/http"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// brokenBody is an answer's body that broke before its end, in whichever way the
// protocol has for that. The SDK asks again, as for any answer that was lost:
// never after a delete, and never because of what a body that is whole says.
type brokenBody struct{ cause error }

func (e *brokenBody) Error() string { return "the answer broke off: " + e.cause.Error() }
func (e *brokenBody) Unwrap() error { return e.cause }

// RetryableError is what the SDK's retryers look for.
func (e *brokenBody) RetryableError() bool { return !errors.Is(e.cause, context.Canceled) }

// breakable is an HTTP client that tells a body that broke from what else may be
// wrong with an answer. It is done here because more than one part of the SDK
// reads bodies.
type breakable struct{ next aws.HTTPClient }

func (c breakable) Do(request *http.Request) (*http.Response, error) {
	answer, err := c.next.Do(request)
	if err == nil && answer.Body != nil && answer.Body != http.NoBody {
		answer.Body = breakableBody{answer.Body}
	}
	return answer, err
}

type breakableBody struct{ io.ReadCloser }

func (b breakableBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &brokenBody{err}
	}
	return n, err
}
