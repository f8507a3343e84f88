// Package fetch reads one small document by HTTPS, whole or not at all. The
// query of its URL may be a secret, as that of a presigned URL is: no error shows
// more of a URL than scheme, host and path. What the document says is none of
// its business.
package fetch

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"
)

const (
	// MaxBytes is how large a document may be, once it is decompressed.
	MaxBytes = 64 << 20
	// tries bounds how often a document is asked for.
	tries = 3
	// maxRedirects bounds how often one try is sent on.
	maxRedirects = 5
)

// Document is what a server sent.
type Document struct {
	Data        []byte
	ContentType string // as in the header; may be empty
}

// Client reads documents. The zero Client is ready for use.
type Client struct {
	// Transport sends the requests; nil is Go's own, with the system's
	// certificates and the environment's proxy.
	Transport http.RoundTripper
	// Timeout bounds one try, redirects and body included; 0 is a minute.
	Timeout time.Duration
	// FirstPause is the mean pause before the second try; before the third it is
	// twice that. 0 is a second.
	FirstPause time.Duration
}

// Get returns what u answers with status 200. It tries three times where another
// try may help. Redirects are followed, to https only.
func (c Client) Get(ctx context.Context, u *url.URL) (Document, error) {
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.Multiplier = cmp.Or(c.FirstPause, time.Second), 2
	doc, err := backoff.Retry(ctx, func() (Document, error) { return c.try(ctx, u) },
		backoff.WithBackOff(pause), backoff.WithMaxTries(tries))
	if err != nil {
		shown := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
		return Document{}, fmt.Errorf("reading %s: %w", shown.String(), err)
	}
	return doc, nil
}

// try asks once, and follows redirects by itself: Go's client would name the
// URL that it comes from, query and all, to the host that it is sent on to.
func (c Client) try(ctx context.Context, u *url.URL) (Document, error) {
	ctx, cancel := context.WithTimeout(ctx, cmp.Or(c.Timeout, time.Minute))
	defer cancel()
	client := &http.Client{Transport: c.Transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	for range maxRedirects + 1 {
		if u.Scheme != "https" {
			return Document{}, backoff.Permanent(errors.New("it is at, or sent on to, a URL that is not https; name one that is"))
		}
		doc, next, err := ask(ctx, client, u)
		if err != nil {
			return Document{}, err
		}
		// A server that sees our hanging up may still answer, and Go may still
		// take that answer: what it says then is no document.
		if err := ctx.Err(); err != nil {
			return Document{}, reason(err)
		}
		if next == nil {
			return doc, nil
		}
		u = next
	}
	return Document{}, backoff.Permanent(fmt.Errorf("it is sent on more than %d times; name the URL where it is", maxRedirects))
}

// ask makes one request. It returns the document, or where to ask next.
func ask(ctx context.Context, client *http.Client, u *url.URL) (doc Document, next *url.URL, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
	if err != nil {
		return doc, nil, backoff.Permanent(errors.New("its URL can't be asked for; correct it"))
	}
	resp, err := client.Do(req)
	if err != nil {
		return doc, nil, reason(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	switch code := resp.StatusCode; code {
	case http.StatusOK:
		doc, err := read(resp)
		return doc, nil, err
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
		if next, err = resp.Location(); err != nil {
			return doc, nil, backoff.Permanent(errors.New("the server sends it on, but not to a URL"))
		}
		return doc, next, nil
	default:
		return doc, nil, refusal(code)
	}
}

func read(resp *http.Response) (Document, error) {
	data, err := io.ReadAll(io.LimitReader(resp.Body, MaxBytes+1))
	if err != nil {
		return Document{}, reason(err)
	}
	if len(data) > MaxBytes {
		return Document{}, backoff.Permanent(fmt.Errorf("it is larger than %d MiB; is it the right URL?", MaxBytes>>20))
	}
	return Document{Data: data, ContentType: resp.Header.Get("Content-Type")}, nil
}
