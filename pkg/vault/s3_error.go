package vault

import (
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/aws/smithy-go"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

const codeConditionalConflict = "ConditionalRequestConflict"

func errorCode(err error) string {
	if api, ok := errors.AsType[smithy.APIError](err); ok {
		return api.ErrorCode()
	}
	return ""
}

func statusCode(err error) int {
	if response, ok := errors.AsType[*smithyhttp.ResponseError](err); ok {
		return response.HTTPStatusCode()
	}
	return 0
}

func isPrecondition(err error) bool {
	return errorCode(err) == "PreconditionFailed" || statusCode(err) == http.StatusPreconditionFailed
}

// isNotFound says that the server knows that the file isn't there. A bucket that
// isn't there is another matter, and so is the 404 of something that isn't an
// S3 server (the SDK calls it NotFound): neither may read as an empty area.
func isNotFound(err error) bool {
	code := errorCode(err)
	return code == "NoSuchKey" || code == "NoSuchVersion"
}

func isNotImplemented(err error) bool {
	return errorCode(err) == "NotImplemented" || statusCode(err) == http.StatusNotImplemented
}

// fail says what was being done where, and what can be done about it.
func (s *S3) fail(doing, name string, err error) error {
	if hint := s.hint(err); hint != "" {
		return fmt.Errorf("vault: %s %q in %v: %w; %s", doing, name, s, err, hint)
	}
	return fmt.Errorf("vault: %s %q in %v: %w", doing, name, s, err)
}

func (s *S3) hint(err error) string {
	switch errorCode(err) {
	case "NoSuchBucket":
		return "create the bucket, or correct its name"
	case "AccessDenied", "Forbidden", "AllAccessDisabled":
		return "give this identity the rights that deploy/ lists for the evidence writer, or name another profile"
	case "InvalidAccessKeyId", "SignatureDoesNotMatch", "InvalidToken", "ExpiredToken":
		return "this endpoint doesn't accept the credentials: check profile, credentials_file and the AWS_* variables"
	case "PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return "the bucket is in another region: set region"
	case "RequestTimeTooSkewed":
		return "the local clock is wrong: set it"
	}
	if s.lock != nil && statusCode(err) == http.StatusBadRequest {
		return "a bucket takes locked files only if Object Lock was enabled for it: create such a bucket, or remove lock from vault.s3"
	}
	if _, ok := errors.AsType[*smithy.DeserializationError](err); ok || errorCode(err) == "NotFound" {
		return "the answer isn't that of an S3 server: check the endpoint"
	}
	if _, ok := errors.AsType[*url.Error](err); ok {
		return "check the endpoint and the network"
	}
	if err != nil && strings.Contains(err.Error(), "get credentials") { // the SDK has no type for it
		return "no credentials were found: set profile, credentials_file or the AWS_* variables"
	}
	return ""
}
