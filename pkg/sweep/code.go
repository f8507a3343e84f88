package sweep

import (
	"regexp"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Codes of outcomes, besides the server's own.
const (
	CodeDryRun       = "DRY_RUN"
	CodeGuard        = "GUARD"
	CodeRecovered    = "RECOVERED"
	CodeChanged      = "CHANGED_SINCE_LISTED"
	CodeThrottled    = "THROTTLED"
	CodeAccessDenied = "ACCESS_DENIED"
	CodeNotPlanned   = "NOT_PLANNED"      // to go, but not named by the plan that is applied
	CodeHeldInPlan   = "HELD_IN_PLAN"     // held when the plan that is applied was made, and no more
	CodeMarkerHides  = "MARKER_HIDES"     // a delete marker over a version that stays
	CodePartsUnseen  = "PARTS_NOT_LISTED" // whether it got one is not known
	CodeServerError  = "SERVER_ERROR"     // the server's own code is no word that evidence may repeat
)

var (
	httpCode   = regexp.MustCompile(`^HTTP_[0-9]{3}$`)
	serverCode = regexp.MustCompile(`^[A-Z][A-Za-z0-9]{0,47}$`)
	wordStart  = regexp.MustCompile(`([a-z0-9])([A-Z])`)
)

// evidenceCode is how a manifest line says what a deletion's code means:
// AccessDenied becomes ACCESS_DENIED. A server that puts anything but one word
// there (a key, a message) is not quoted.
func evidenceCode(code string) string {
	switch {
	case code == "":
		return bucket.CodeNoAnswer
	case bucket.OwnCode(code):
		return code
	case strings.HasPrefix(code, "SlowDown"), strings.HasPrefix(code, "Throttling"), code == "ServiceUnavailable",
		code == "RequestLimitExceeded", code == "TooManyRequests", code == "HTTP_429", code == "HTTP_503", code == "503":
		return CodeThrottled
	case httpCode.MatchString(code):
		return code
	case serverCode.MatchString(code):
		if said := strings.ToUpper(wordStart.ReplaceAllString(code, "${1}_$2")); !reserved(said) {
			return said
		}
	}
	return CodeServerError
}

// reserved reports whether a code has a meaning of its own in the evidence. A
// server that uses it must not be taken for us.
func reserved(code string) bool {
	switch code {
	case evidence.CodeObjectLock, evidence.CodeLegalHold, evidence.CodePromoted, evidence.CodeUploadActive,
		CodeDryRun, CodeGuard, CodeRecovered, CodeInterrupted, CodeChanged, CodeNotPlanned, CodeHeldInPlan, CodeMarkerHides, CodePartsUnseen:
		return true
	}
	return bucket.OwnCode(code)
}
