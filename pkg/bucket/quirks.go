package bucket

import (
	"net/http"
	"strings"
	"sync"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// This file holds what differs between S3 servers, but for the order and the
// edges of their listings, which the walks deal with. Most of it is found out at
// run time, by asking; the rest is error codes.

// nullState is what is known about deletes that name the version "null".
type nullState int

const (
	nullUnproven nullState = iota
	nullTaken              // versitygw, MinIO, SeaweedFS, AWS: names what is meant, even if versioning is switched on meanwhile
	nullRefused            // gofakes3 answers success and does nothing; others refuse the version id
)

// learned is what a Bucket found out about its server.
type learned struct {
	mu        sync.Mutex
	md5       bool // DeleteObjects wants Content-MD5
	null      nullState
	etag      bool // whether it honours ETags in deletes is known
	unordered bool // current objects are listed in no order
	cuts      int  // how often cuts were given out
	// batchFails counts how often an entry failed in a batch. SeaweedFS never
	// deletes a version of a key with a long segment by DeleteObjects, and always
	// says InternalError; DeleteObject works.
	batchFails map[[2]string]int
}

const (
	internalError   = "InternalError"
	batchFailsMost  = 2     // then the entry goes alone
	batchFailsKnown = 1_000 // entries are remembered; more than a few mean that the server is ill
)

func (l *learned) failedInBatch(e retention.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	name := [2]string{e.Key, e.ID}
	if _, known := l.batchFails[name]; !known && len(l.batchFails) >= batchFailsKnown {
		return
	}
	if l.batchFails == nil {
		l.batchFails = map[[2]string]int{}
	}
	l.batchFails[name]++
}

func (l *learned) forget(e retention.Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.batchFails, [2]string{e.Key, e.ID})
}

// stubborn reports whether an entry is better deleted alone.
func (l *learned) stubborn(e retention.Entry) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.batchFails[[2]string{e.Key, e.ID}] >= batchFailsMost
}

func (l *learned) etagKnown() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.etag
}

func (l *learned) setETag() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.etag = true
}

// order returns whether current objects are known to be listed in no order, and
// how often cuts were given out.
func (l *learned) order() (unordered bool, cuts int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.unordered, l.cuts
}

// giveCuts notes that cuts are given out, and reports whether they may be.
func (l *learned) giveCuts() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.unordered {
		l.cuts++
	}
	return !l.unordered
}

// setUnordered notes that current objects are listed in no order. It refuses if
// cuts were given out since: whoever lists may end at one, and what follows in
// no order be missed.
func (l *learned) setUnordered(cuts int) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cuts != cuts {
		return false
	}
	l.unordered = true
	return true
}

func (l *learned) nullState() nullState {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.null
}

func (l *learned) setNull(s nullState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.null = s
}

func (l *learned) wantsMD5() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.md5
}

func (l *learned) setMD5() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.md5 = true
}

// versionIDRefused reports whether code can mean that the server doesn't take
// the version id "null" in a delete.
func versionIDRefused(code string) bool {
	switch code {
	case "NoSuchVersion", "InvalidArgument", "InvalidVersionId", "NotImplemented", "MalformedXML":
		return true
	}
	return false
}

// absentCode reports whether code says of a key, a version or an upload that it
// isn't there. S3 acknowledges such deletes, but not such aborts; some servers
// acknowledge neither.
func absentCode(code string) bool {
	return code == "NoSuchKey" || code == "NoSuchVersion" || code == "NoSuchUpload"
}

// lockCode reports whether code refuses a delete for want of a right or because
// of Object Lock; which of them, it doesn't tell. AWS, versitygw and SeaweedFS
// answer AccessDenied to both, MinIO InvalidRequest to a lock.
func lockCode(code string) bool { return code == "AccessDenied" || code == "InvalidRequest" }

// noLock reports whether a refusal to show a retention or a legal hold says that
// there is none: on the object (NoSuchObjectLockConfiguration; SeaweedFS has
// codes of its own), in the bucket (InvalidRequest, of which the message alone
// tells the reason; SeaweedFS gives none), or on the whole server.
func noLock(code, message string) bool {
	switch code {
	case "NoSuchObjectLockConfiguration", "ObjectLockConfigurationNotFoundError", "NoSuchObjectLegalHold", "NotImplemented":
		return true
	case "InvalidRequest":
		message = strings.ToLower(strings.ReplaceAll(message, " ", ""))
		return strings.Contains(message, "missingobjectlockconfiguration") || message == "invalidrequest"
	}
	return false
}

// preconditionFailed refuses a delete because the entry has another ETag.
const preconditionFailed = "PreconditionFailed"

// IgnoresETag reports whether a server, as State.Provider names it, is known to
// delete whatever ETag a delete names, so that the overwrite guard etag protects
// nothing there. It is for `sweeper check`, which may not try: a run finds out
// with the first entry that goes, whatever the server's name.
func IgnoresETag(provider string) bool {
	switch strings.ToLower(provider) {
	case "versitygw", "minio":
		return true
	}
	return false
}

// noUploads reports whether code answers the first page of an upload listing
// with "there are none": gofakes3 does, for a bucket that never had an upload.
func noUploads(code string) bool { return code == "NoSuchUpload" }

// transient reports whether code says that the same request may succeed later.
func transient(code string) bool {
	switch code {
	case "SlowDown", "SlowDownRead", "SlowDownWrite", "InternalError", "ServiceUnavailable", "RequestTimeout",
		"Throttling", "ThrottlingException", "TooManyRequests", "RequestLimitExceeded", "OperationAborted", "503":
		return true
	}
	return false
}

// md5Demanded reports whether a DeleteObjects was refused for want of a right
// Content-MD5. AWS and its likes answer InvalidRequest with the header's name
// in the message; others have codes of their own.
func md5Demanded(code, message string) bool {
	switch code {
	case "MissingContentMD5", "InvalidDigest", "BadDigest":
		return true
	}
	return strings.Contains(strings.ToLower(message), "content-md5")
}

func credentialsRefused(code string) bool {
	switch code {
	case "InvalidAccessKeyId", "InvalidAccessKey", "SignatureDoesNotMatch", "ExpiredToken", "InvalidToken",
		"TokenRefreshRequired", "InvalidClientTokenId", "AuthorizationHeaderMissing", "MissingSecurityHeader", "AccountProblem", "NotSignedUp":
		return true
	}
	return false
}

func wrongRegion(code string) bool {
	switch code {
	case "PermanentRedirect", "TemporaryRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException":
		return true
	}
	return false
}

func notImplemented(e *Error) bool {
	return e.Code == "NotImplemented" || e.Code == "MethodNotAllowed" || e.Status == http.StatusNotImplemented
}

// provider names the server: "aws" by its host, else the product that the
// Server header names, else the endpoint's host.
func provider(endpointHost, server string) string {
	if endpointHost == "" || endpointHost == "amazonaws.com" || strings.HasSuffix(endpointHost, ".amazonaws.com") ||
		strings.HasSuffix(endpointHost, ".amazonaws.com.cn") {
		return "aws"
	}
	if product := strings.FieldsFunc(server, func(r rune) bool { return r == '/' || r == ' ' || r == '(' }); len(product) > 0 {
		return product[0]
	}
	return endpointHost
}
