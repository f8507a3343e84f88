package fetch

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"

	"github.com/cenkalti/backoff/v5"
)

// reason says why an exchange failed. It passes on only errors that are known to
// hold no more of a URL than its host: others quote URLs and answers.
func reason(err error) error {
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return backoff.Permanent(fmt.Errorf("%w; correct the host, or set SSL_CERT_FILE to the certificates that it is signed with", cert))
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("it took too long: %w; check the network", context.DeadlineExceeded)
	}
	if errors.Is(err, context.Canceled) {
		return context.Canceled
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("it was cut off: %w", io.ErrUnexpectedEOF)
	}
	if network, ok := errors.AsType[*net.OpError](err); ok {
		return fmt.Errorf("%w; check the host and the network", network)
	}
	return errors.New("the connection broke, or what answers there doesn't speak HTTPS; check the host, the port and the network")
}

// refusal says what an answer other than 200 means.
func refusal(code int) error {
	err := fmt.Errorf("the server answers %d %s", code, http.StatusText(code))
	switch {
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return backoff.Permanent(fmt.Errorf("%w; a presigned URL may have expired: name a fresh one", err))
	case code >= 500 || code == http.StatusTooManyRequests || code == http.StatusRequestTimeout:
		return fmt.Errorf("%w; try again later", err)
	default:
		return backoff.Permanent(fmt.Errorf("%w; correct the URL", err))
	}
}
