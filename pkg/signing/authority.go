package signing

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/big"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/digitorus/timestamp"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// stampTimeout bounds one request to an authority, its answer included.
const stampTimeout = 20 * time.Second

// Authority is a time stamp authority that is asked by RFC 3161 over HTTP.
type Authority struct {
	// URL may be http: what an authority says is signed.
	URL string
	// Roots are the tsaRoots of the trust root. A time stamp that does not lead
	// to one of them is refused: nobody could check it later.
	Roots []string
}

// Stamp has the authority stamp sig, and returns the checked answer, as
// report.tsr holds it. The error names the authority's host and no more of its
// URL.
func (a Authority) Stamp(ctx context.Context, sig []byte) ([]byte, error) {
	token, err := a.ask(ctx, sig)
	if err != nil {
		return nil, fmt.Errorf("time stamp authority %s: %w", host(a.URL), err)
	}
	return token, nil
}

func (a Authority) ask(ctx context.Context, sig []byte) ([]byte, error) {
	nonce, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 63))
	if err != nil {
		return nil, fmt.Errorf("draw a nonce: %w", err)
	}
	sum := sha256.Sum256(sig)
	query, err := (&timestamp.Request{HashAlgorithm: crypto.SHA256, HashedMessage: sum[:], Certificates: true, Nonce: nonce}).Marshal()
	if err != nil {
		return nil, fmt.Errorf("make the query: %w", err)
	}
	token, err := post(ctx, a.URL, query)
	if err != nil {
		return nil, err
	}
	if _, err := evidence.CheckToken(token, sig, a.Roots); err != nil {
		return nil, fmt.Errorf("the time stamp that it gave does not count: %w", err)
	}
	// CheckToken has read it, so it can be read again.
	if ts, err := timestamp.ParseResponse(token); err != nil || ts.Nonce == nil || ts.Nonce.Cmp(nonce) != 0 {
		return nil, errors.New("it answered another query than this one (the nonce differs)")
	}
	return token, nil
}

// post sends a query and returns the answer, of at most evidence.MaxToken bytes.
func post(ctx context.Context, to string, query []byte) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, stampTimeout)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, to, bytes.NewReader(query))
	if err != nil {
		return nil, withoutURL(err)
	}
	req.Header.Set("Content-Type", "application/timestamp-query")
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return nil, withoutURL(err)
	}
	defer func() { _ = resp.Body.Close() }() // only read
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("it answered with HTTP status %d", resp.StatusCode)
	}
	if kind, _, _ := strings.Cut(resp.Header.Get("Content-Type"), ";"); kind != "application/timestamp-reply" {
		return nil, fmt.Errorf("it answered with %q, which is not a time stamp: is the URL right?", kind)
	}
	token, err := io.ReadAll(io.LimitReader(resp.Body, evidence.MaxToken+1))
	if err != nil {
		return nil, fmt.Errorf("read its answer: %w", err)
	}
	if len(token) > evidence.MaxToken {
		return nil, fmt.Errorf("its answer is larger than %d bytes", evidence.MaxToken)
	}
	return token, nil
}

// withoutURL takes the URL out of an error: its path or query may be a secret.
func withoutURL(err error) error {
	var e *url.Error
	if errors.As(err, &e) {
		return e.Err
	}
	return err
}

func host(text string) string {
	u, err := url.Parse(text)
	if err != nil {
		return ""
	}
	return u.Host
}
