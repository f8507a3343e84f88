package bucket

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"syscall"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// Error is a request that failed, in words and with the way out. Its text never
// holds a key: neither the server's message nor the request's URL is in it.
type Error struct {
	Store, Bucket string
	Doing         string // what was being done: "listing", "deleting in", ...
	Code          string // the S3 error code, "" if there is none
	Status        int    // the HTTP status, 0 if there was no answer
	Words         string // what is wrong and what to do about it
	cause         error  // free of URLs; nil where the code says it all
}

func (e *Error) Error() string {
	text := fmt.Sprintf("store %q: %s bucket %q: %s", e.Store, e.Doing, e.Bucket, e.Words)
	switch {
	case e.Code != "":
		text += " (" + e.Code + ")"
	case e.Status >= 300:
		text += fmt.Sprintf(" (status %d)", e.Status)
	}
	return text
}

// ErrGone says that the entry that was asked about isn't there any more. Whoever
// asks should go on with the next one.
var ErrGone = errors.New("the entry isn't there any more")

// Unwrap returns the cause as far as it can be shown: a context's error, a
// network error without its URL.
func (e *Error) Unwrap() error { return e.cause }

// Denied reports whether err says that the right to ask is missing.
func Denied(err error) bool {
	e := (*Error)(nil)
	return errors.As(err, &e) && (e.Code == "AccessDenied" || e.Status == http.StatusForbidden || e.Status == http.StatusUnauthorized)
}

// Code returns the S3 error code of err, "" if there is none.
func Code(err error) string {
	if e := (*Error)(nil); errors.As(err, &e) {
		return e.Code
	}
	if e := smithy.APIError(nil); errors.As(err, &e) && e.ErrorCode() != "UnknownError" {
		return e.ErrorCode()
	}
	return ""
}

// fail turns an SDK error into an *Error. right names the right that the
// request needs. A nil err stays nil.
func (b *Bucket) fail(doing, right string, err error) error {
	if err == nil {
		return nil
	}
	e := &Error{Store: b.cfg.Name, Bucket: b.cfg.Bucket, Doing: doing, Code: shownCode(Code(err)), cause: showable(err)}
	if answered := (*smithyhttp.ResponseError)(nil); errors.As(err, &answered) {
		e.Status = answered.HTTPStatusCode()
	}
	e.Words = b.words(e, right, err)
	return e
}

// failOn is fail for a request about one entry: it says ErrGone where the answer
// is that there is no such entry. right names the right that the request needs.
func (b *Bucket) failOn(doing, right string, err error) error {
	if code := Code(err); absentCode(code) || code == "NotFound" { // an answer to HEAD has no body to hold a code
		return b.gone(doing)
	}
	return b.fail(doing, right, err)
}

func (b *Bucket) gone(doing string) error {
	return &Error{Store: b.cfg.Name, Bucket: b.cfg.Bucket, Doing: doing, Words: ErrGone.Error(), cause: ErrGone}
}

// named refuses an entry whose key isn't known: its spelling names another.
func (b *Bucket) named(doing string, e retention.Entry) error {
	if !e.Opaque {
		return nil
	}
	return &Error{Store: b.cfg.Name, Bucket: b.cfg.Bucket, Doing: doing, Words: "the server can't spell the entry's key, so it can't be asked about"}
}

// code is what S3's error codes look like. Anything else that stands in a code's
// place may be a key, and is not repeated.
var code = regexp.MustCompile(`^[A-Za-z0-9_]{1,48}$`)

// strangeCode stands for a code that is none.
const strangeCode = "UnreadableErrorCode"

func shownCode(c string) string {
	if c == "" || code.MatchString(c) {
		return c
	}
	return strangeCode
}

// showable returns the part of err that carries neither URL nor server text.
func showable(err error) error {
	for _, known := range []error{context.Canceled, context.DeadlineExceeded, errNotS3} {
		if errors.Is(err, known) {
			return known
		}
	}
	if e := (*url.Error)(nil); errors.As(err, &e) {
		return e.Err
	}
	return nil
}

// words says what is wrong in the terms of the configuration.
func (b *Bucket) words(e *Error, right string, err error) string {
	endpoint := b.endpoint()
	switch {
	case errors.Is(err, context.Canceled):
		return "interrupted"
	case errors.Is(err, errNotS3):
		return fmt.Sprintf("what answers at %s is not an S3 server: check the store's `endpoint` (the API's address, not a console's)", endpoint)
	case e.Code == "NoSuchBucket":
		return fmt.Sprintf("the bucket doesn't exist at %s: check the store's `bucket`, `endpoint` and `region`", endpoint)
	case credentialsRefused(e.Code), e.Status == http.StatusUnauthorized:
		return "the credentials were refused: check the store's `profile` or `credentials_file`, or the AWS_* variables"
	case e.Code == "RequestTimeTooSkewed":
		return "the server's clock and this machine's differ too much: set the clocks right"
	case wrongRegion(e.Code) || e.Status == http.StatusMovedPermanently:
		return "the bucket lies in another region, or the endpoint is another's: check the store's `region` and `endpoint`"
	case e.Code == "AccessDenied", e.Status == http.StatusForbidden:
		return fmt.Sprintf("not allowed: grant the right %s on the bucket and what is in it", right)
	case notImplemented(e):
		return fmt.Sprintf("the server at %s can't do this", endpoint)
	case e.Code != "":
		return "the server answered with an error"
	case e.Status >= 300:
		return "the server answered with an error and no S3 error code"
	}
	return b.networkWords(err, endpoint)
}

// networkWords is for requests without an answer, or with half of one.
func (b *Bucket) networkWords(err error, endpoint string) string {
	var (
		dns  *net.DNSError
		cert *tls.CertificateVerificationError
		slow net.Error
	)
	unread := (*listxml.Error)(nil)
	switch {
	case errors.As(err, &unread):
		return fmt.Sprintf("the answer of %s can't be read: %v", endpoint, unread)
	case errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Sprintf("connection refused: nothing listens at %s: check the store's `endpoint`, and that the server runs", endpoint)
	case errors.As(err, &dns):
		return fmt.Sprintf("the host of %s is not known: check the store's `endpoint`, `region` and `path_style`", endpoint)
	case errors.As(err, &cert):
		return fmt.Sprintf("the certificate of %s is not trusted: install its CA, or correct the store's `endpoint`", endpoint)
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &slow) && slow.Timeout():
		return fmt.Sprintf("no answer from %s in time", endpoint)
	case strings.Contains(err.Error(), "get credentials"):
		// The SDK has no type for this one.
		return "no credentials were found: set the store's `profile` or `credentials_file`, or the AWS_* variables"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF), errors.Is(err, syscall.ECONNRESET):
		return fmt.Sprintf("the connection to %s broke before the answer was complete", endpoint)
	default:
		return fmt.Sprintf("the answer of %s was lost or can't be read", endpoint)
	}
}

// endpoint is where the store's requests go, for people.
func (b *Bucket) endpoint() string {
	if b.cfg.Endpoint == "" {
		return "AWS"
	}
	u, err := url.Parse(b.cfg.Endpoint)
	if err != nil {
		return "the endpoint"
	}
	return u.Redacted()
}

// lie is an answer that came in good form and can't be true.
func (b *Bucket) lie(doing, what string) error {
	return &Error{Store: b.cfg.Name, Bucket: b.cfg.Bucket, Doing: doing,
		Words: what + ": this server's listing can't be relied on, so nothing is concluded from it"}
}
