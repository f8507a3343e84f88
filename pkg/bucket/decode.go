package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/smithy-go"
	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// The decoders of long answers that a Config may name.
const (
	decoderFast = "fast"
	decoderSDK  = "sdk"
)

// listDecoder reads the answers to listings and to DeleteObjects. With fast it
// takes the place of the SDK's decoder; without, it only notes the order of a
// version listing, which the SDK loses. What isn't a good answer is always left
// to the SDK.
type listDecoder struct {
	fast    bool
	buffers *sync.Pool // of *bytes.Buffer: answers are large, and read one after another
}

func newListDecoder(name string) listDecoder {
	return listDecoder{fast: name != decoderSDK, buffers: &sync.Pool{New: func() any { return new(bytes.Buffer) }}}
}

// install puts the decoder into the stack of a call whose answer is long.
func (d listDecoder) install(stack *middleware.Stack) error {
	const id = "OperationDeserializer"
	switch operation := stack.ID(); operation {
	case "ListObjectsV2", "ListObjectVersions", "ListMultipartUploads", "DeleteObjects":
		sdk, ok := stack.Deserialize.Get(id)
		if !ok {
			return fmt.Errorf("the SDK has no decoder for %s", operation)
		}
		_, err := stack.Deserialize.Swap(id, listDeserializer{d, operation, sdk})
		return err
	}
	return nil
}

type roomKey struct{}

// inOneRoom returns a context under which what one listing after the other gives
// is read into the same memory: it is good until the next. The objects of a
// ListObjectsV2 are in the room, whichever decoder reads the answer; the fast
// one leaves its Contents empty.
func inOneRoom(ctx context.Context) (context.Context, *listxml.Room) {
	room := new(listxml.Room)
	return context.WithValue(ctx, roomKey{}, room), room
}

// listDeserializer stands in the SDK's place for one call.
type listDeserializer struct {
	listDecoder
	operation string
	sdk       middleware.DeserializeMiddleware
}

func (d listDeserializer) ID() string { return d.sdk.ID() }

func (d listDeserializer) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	out, metadata, err := next.HandleDeserialize(ctx, in)
	answered := middleware.DeserializeHandlerFunc(func(context.Context, middleware.DeserializeInput) (middleware.DeserializeOutput, middleware.Metadata, error) {
		return out, metadata, err
	})
	answer, ok := out.RawResponse.(*smithyhttp.Response)
	good := ok && err == nil && answer.StatusCode >= 200 && answer.StatusCode < 300
	room, _ := ctx.Value(roomKey{}).(*listxml.Room)
	if !good || !d.fast && d.operation != "ListObjectVersions" {
		out, metadata, err := d.sdk.HandleDeserialize(ctx, in, answered)
		if objects, ok := out.Result.(*s3.ListObjectsV2Output); ok && err == nil && room != nil {
			room.Take(objects)
		}
		return out, metadata, err
	}
	body := d.buffers.Get().(*bytes.Buffer) //nolint:errcheck,forcetypeassert // the pool holds nothing else
	defer d.buffers.Put(body)
	body.Reset()
	if err := readAll(body, answer.Response); err != nil {
		return out, metadata, &smithy.DeserializationError{Err: fmt.Errorf("failed to decode response body, %w", err)}
	}
	result, order, unread := d.read(body.Bytes(), room)
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		x.order = order
	}
	if !d.fast {
		answer.Body = io.NopCloser(bytes.NewReader(body.Bytes()))
		return d.sdk.HandleDeserialize(ctx, in, answered)
	}
	if unread != nil {
		return out, metadata, &smithy.DeserializationError{Err: fmt.Errorf("failed to decode response body, %w", unread)}
	}
	out.Result = result
	return out, metadata, nil
}

// read decodes an answer.
func (d listDeserializer) read(answer []byte, room *listxml.Room) (result any, order listxml.Order, err error) {
	switch d.operation {
	case "ListObjectsV2":
		if room != nil {
			result, err = room.ReadObjects(answer)
			break
		}
		result, err = listxml.Objects(answer)
	case "ListObjectVersions":
		if room != nil {
			result, order, err = room.ReadVersions(answer)
			break
		}
		result, order, err = listxml.Versions(answer)
	case "DeleteObjects":
		result, err = listxml.Deletes(answer)
	default:
		result, err = listxml.Uploads(answer)
	}
	return result, order, err
}

// readAll reads an answer's body to its end, so that the connection can be used
// again.
func readAll(to *bytes.Buffer, answer *http.Response) error {
	if size := answer.ContentLength; size > 0 && size < 1<<24 {
		to.Grow(int(size) + bytes.MinRead)
	}
	_, err := to.ReadFrom(answer.Body)
	return errors.Join(err, answer.Body.Close())
}
