package bucket

import (
	"bufio"
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/aws/smithy-go/middleware"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// errNotS3 marks an answer that no S3 server gives. The SDK by itself reads a
// page of HTML, or nothing at all, as an S3 answer with every field empty, and
// "empty" would read as "versioning was never on" or "the listing is over".
var errNotS3 = errors.New("the answer is not one of S3")

// exchange is what one HTTP request and its answer looked like from outside.
type exchange struct {
	sent, received time.Time // local clock; received is when the headers were in
	header         http.Header
	order          listxml.Order // of a version listing
}

type exchangeKey struct{}

// watched returns a context under which the last exchange is recorded.
func watched(ctx context.Context) (context.Context, *exchange) {
	x := new(exchange)
	return context.WithValue(ctx, exchangeKey{}, x), x
}

// answerCheck is the middleware that records the exchange and refuses answers
// that are not S3's before the SDK reads them.
type answerCheck struct{}

func checkAnswers(stack *middleware.Stack) error {
	return stack.Deserialize.Insert(answerCheck{}, "OperationDeserializer", middleware.After)
}

func (answerCheck) ID() string { return "sweeper:AnswerCheck" }

func (answerCheck) HandleDeserialize(ctx context.Context, in middleware.DeserializeInput, next middleware.DeserializeHandler) (
	middleware.DeserializeOutput, middleware.Metadata, error,
) {
	sent := time.Now()
	out, metadata, err := next.HandleDeserialize(ctx, in)
	received := time.Now()
	answer, ok := out.RawResponse.(*smithyhttp.Response)
	if !ok || answer == nil || answer.Response == nil {
		return out, metadata, err
	}
	if x, ok := ctx.Value(exchangeKey{}).(*exchange); ok {
		if x.sent.After(sent) { // it waited for a slot
			sent = x.sent
		}
		*x = exchange{sent: sent, received: received, header: answer.Header}
	}
	if err == nil {
		if err = checkAnswer(middleware.GetOperationName(ctx), answer.Response); err != nil {
			_ = answer.Body.Close() // nobody reads on
		}
	}
	return out, metadata, err
}

// checkAnswer looks at the root element of the answer's body, which stays
// readable. An error document under status 200 becomes a 500, so that the SDK
// reads it as the error it is. Answers of 5xx pass: a load balancer's page in
// front of S3 is an outage, not another kind of server.
func checkAnswer(operation string, answer *http.Response) error {
	if answer.StatusCode >= 500 {
		return nil
	}
	body := bufio.NewReaderSize(answer.Body, 4096)
	head, err := body.Peek(4096)
	answer.Body = struct {
		io.Reader
		io.Closer
	}{body, answer.Body}
	if err != nil && !errors.Is(err, io.EOF) {
		return fmt.Errorf("reading the answer: %w", err)
	}
	root := rootElement(head)
	ok := answer.StatusCode < 300
	switch {
	case strings.EqualFold(root, "Error"):
		if ok {
			answer.StatusCode = http.StatusInternalServerError
		}
		return nil
	case !ok && len(head) == 0, ok && isRoot(root, operation):
		return nil
	case ok && bodiless(operation, answer) && len(head) == 0:
		return nil
	}
	return fmt.Errorf("%w: status %d to %s, content type %q", errNotS3, answer.StatusCode, operation, answer.Header.Get("Content-Type"))
}

// bodiless reports whether a good answer to operation may be without a body. The
// answer to a HEAD always is; what is S3's has an ETag.
func bodiless(operation string, answer *http.Response) bool {
	switch operation {
	case "DeleteObject", "AbortMultipartUpload":
		return true
	case "HeadObject":
		return answer.Header.Get("ETag") != ""
	}
	return false
}

// rootElement returns the local name of the first element in head, "" if there
// is none.
func rootElement(head []byte) string {
	if root, ok := usualRoot(head); ok {
		return root
	}
	decoder := xml.NewDecoder(bytes.NewReader(head))
	for {
		token, err := decoder.Token()
		if err != nil {
			return ""
		}
		if start, ok := token.(xml.StartElement); ok {
			return start.Name.Local
		}
	}
}

// usualRoot is rootElement for what servers usually send, read without a decoder:
// a tag with no attribute but one xmlns.
func usualRoot(head []byte) (root string, ok bool) {
	head = bytes.TrimPrefix(head, []byte(`<?xml version="1.0" encoding="UTF-8"?>`))
	tag, _, closed := bytes.Cut(bytes.TrimLeft(head, " \t\r\n"), []byte(">"))
	name, some := bytes.CutPrefix(tag, []byte("<"))
	name, space, spaced := bytes.Cut(name, []byte(` xmlns="`))
	space, ended := bytes.CutSuffix(space, []byte(`"`))
	for _, c := range name {
		if c|0x20 < 'a' || c|0x20 > 'z' {
			return "", false
		}
	}
	return string(name), closed && some && len(name) > 0 && spaced == ended && verbatim(string(space))
}

// isRoot reports whether root is the root element of a good answer to operation.
func isRoot(root, operation string) bool {
	// versitygw names a retention after its type.
	return strings.EqualFold(root, expectedRoot(operation)) || operation == "GetObjectRetention" && root == "ObjectLockRetention"
}

// expectedRoot is the root element of an operation's good answer, by the S3 API
// reference. See bodiless for those that are answered with nothing.
func expectedRoot(operation string) string {
	switch operation {
	case "ListObjectsV2":
		return "ListBucketResult"
	case "GetBucketVersioning":
		return "VersioningConfiguration"
	case "GetObjectLockConfiguration":
		return "ObjectLockConfiguration"
	case "ListObjectVersions":
		return "ListVersionsResult"
	case "ListMultipartUploads":
		return "ListMultipartUploadsResult"
	case "ListParts":
		return "ListPartsResult"
	case "GetObjectRetention":
		return "Retention"
	case "GetObjectLegalHold":
		return "LegalHold"
	case "DeleteObjects":
		return "DeleteResult"
	default:
		return "no body at all"
	}
}
