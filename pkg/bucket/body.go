package bucket

import (
	"context"
	"io"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// plainBody is the middleware that hides from net/http that a request's body
// can write itself. Once the answer's head is in, the SDK closes the body; a
// body that writes itself then gives io.EOF as an error (smithy-go 1.28), and if
// net/http is just about to see whether there is more of it, it takes that for a
// failed request and closes the connection. The rest of the answer, which may be
// that of a delete, would be lost.
type plainBody struct{}

func hideWriterTo(stack *middleware.Stack) error {
	return stack.Deserialize.Insert(plainBody{}, "OperationDeserializer", middleware.After)
}

func (plainBody) ID() string { return "sweeper:PlainBody" }

func (plainBody) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	if request, ok := in.Request.(*smithyhttp.Request); ok {
		if body, ok := request.GetStream().(io.ReadSeeker); ok {
			plain, err := request.SetStream(struct{ io.ReadSeeker }{body})
			if err != nil {
				return middleware.DeserializeOutput{}, middleware.Metadata{}, err
			}
			in.Request = plain
		}
	}
	return next.HandleDeserialize(ctx, in)
}
