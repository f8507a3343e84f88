package bucket

import (
	"bytes"
	"context"
	"fmt"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// batch is the body of a DeleteObjects. It is what the SDK would write, byte for
// byte, at a fraction of the cost.
type batch []byte

// rowSize is about what a row takes besides its key.
const rowSize = 64

func newBatch(room int) batch {
	return append(make(batch, 0, 128+room), `<Delete xmlns="http://s3.amazonaws.com/doc/2006-03-01/">`...)
}

// add names an entry. The key has to be carriable; version and etag are left out
// when they are empty.
func (b *batch) add(key, version, etag string) {
	to := append(*b, "<Object>"...)
	to = appendElement(to, "ETag", etag)
	to = appendElement(to, "Key", key)
	to = appendElement(to, "VersionId", version)
	*b = append(to, "</Object>"...)
}

// close ends the body.
func (b *batch) close() { *b = append(*b, "</Delete>"...) }

func appendElement(to []byte, name, text string) []byte {
	if text == "" {
		return to
	}
	to = append(append(append(to, '<'), name...), '>')
	to = appendText(to, text)
	return append(append(append(to, "</"...), name...), '>')
}

// appendText writes text as XML, as the SDK spells it.
func appendText(to []byte, text string) []byte {
	if verbatim(text) {
		return append(to, text...)
	}
	for _, r := range text {
		if spelt := reference(r); spelt != "" {
			to = append(to, spelt...)
		} else {
			to = append(to, string(r)...)
		}
	}
	return to
}

// verbatim reports whether text stands in XML as it is: it has only ASCII that
// can be printed, and nothing that is written as a reference.
func verbatim(text string) bool {
	for i := range len(text) {
		if c := text[i]; c < ' ' || c > '~' || c == '"' || c == '&' || c == '\'' || c == '<' || c == '>' {
			return false
		}
	}
	return true
}

// reference is how a character is written that isn't written as itself, "" for
// all others.
func reference(r rune) string {
	switch r {
	case '"':
		return "&#34;"
	case '\'':
		return "&#39;"
	case '&':
		return "&amp;"
	case '<':
		return "&lt;"
	case '>':
		return "&gt;"
	case '\t':
		return "&#x9;"
	case '\n':
		return "&#xA;"
	case '\r':
		return "&#xD;"
	case '\u0085':
		return "&#x85;"
	case '\u2028':
		return "&#x2028;"
	}
	if !inXML(r) {
		return "\uFFFD"
	}
	return ""
}

// install puts the body in the place of the one that the SDK made of a
// DeleteObjects that names nothing. Checksum, signature and all else is the
// SDK's, of this body.
func (b batch) install(stack *middleware.Stack) error {
	return stack.Serialize.Insert(middleware.SerializeMiddlewareFunc("sweeper:Batch", func(ctx context.Context, in middleware.SerializeInput, next middleware.SerializeHandler) (
		middleware.SerializeOutput, middleware.Metadata, error,
	) {
		request, ok := in.Request.(*smithyhttp.Request)
		if !ok {
			return middleware.SerializeOutput{}, middleware.Metadata{}, fmt.Errorf("the request of a delete is a %T", in.Request)
		}
		whole, err := request.SetStream(bytes.NewReader(b))
		if err != nil {
			return middleware.SerializeOutput{}, middleware.Metadata{}, err
		}
		in.Request = whole
		return next.HandleSerialize(ctx, in)
	}), "OperationSerializer", middleware.After)
}
