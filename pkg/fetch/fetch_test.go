package fetch_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/fetch"
)

// served is an HTTPS server, a client that trusts it, and a URL on it whose
// query is a secret.
func served(t *testing.T, h http.HandlerFunc) (fetch.Client, *url.URL) {
	t.Helper()
	s := httptest.NewUnstartedServer(h)
	s.Config.ErrorLog = log.New(io.Discard, "", 0)
	s.StartTLS()
	t.Cleanup(s.Close)
	return fetch.Client{Transport: s.Client().Transport, FirstPause: time.Millisecond}, parsed(t, s.URL+"/zdr/teams.json?X-Amz-Signature=s3cr3t")
}

func parsed(t *testing.T, text string) *url.URL {
	t.Helper()
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// refused checks an error: it says what is wrong, and which URL without its query.
func refused(t *testing.T, err error, u *url.URL, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), u.Scheme+"://"+u.Host+u.Path) {
		t.Errorf("%v; want %q and the URL", err, want)
	}
	if strings.Contains(fmt.Sprintf("%v %+v %#v", err, err, err), "s3cr3t") {
		t.Errorf("the query is shown: %v", err)
	}
}

func TestADocumentComesWholeWithItsContentType(t *testing.T) {
	body := bytes.Repeat([]byte("as_of\n"), 100_000)
	for _, gzipped := range []bool{false, true} {
		c, u := served(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "X-Amz-Signature=s3cr3t" || r.Method != http.MethodGet {
				t.Errorf("asked %s with query %q", r.Method, r.URL.RawQuery)
			}
			w.Header().Set("Content-Type", "application/json")
			if !gzipped {
				_, _ = w.Write(body)
				return
			}
			w.Header().Set("Content-Encoding", "gzip")
			z := gzip.NewWriter(w)
			_, _ = z.Write(body)
			_ = z.Close()
		})
		doc, err := c.Get(t.Context(), u)
		if err != nil || !bytes.Equal(doc.Data, body) || doc.ContentType != "application/json" {
			t.Errorf("gzipped %t: %d bytes, %q, %v", gzipped, len(doc.Data), doc.ContentType, err)
		}
	}
}

func TestOnlyWhatMayPassIsTriedAgain(t *testing.T) {
	for code, want := range map[int]int64{201: 1, 204: 1, 206: 1, 304: 1, 400: 1, 401: 1, 403: 1, 404: 1, 408: 3, 410: 1, 429: 3, 500: 3, 502: 3, 503: 3} {
		var asked atomic.Int64
		c, u := served(t, func(w http.ResponseWriter, _ *http.Request) {
			asked.Add(1)
			w.WriteHeader(code)
		})
		_, err := c.Get(t.Context(), u)
		refused(t, err, u, fmt.Sprint(code))
		if asked.Load() != want {
			t.Errorf("%d was asked for %d times, want %d", code, asked.Load(), want)
		}
	}
}

func TestAFailureThatPassesIsForgotten(t *testing.T) {
	for name, fail := range map[string]http.HandlerFunc{
		"busy":       func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
		"broken off": func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) },
		"cut off": func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
		},
	} {
		var asked atomic.Int64
		c, u := served(t, func(w http.ResponseWriter, r *http.Request) {
			if asked.Add(1) < 3 {
				fail(w, r)
				return
			}
			_, _ = w.Write([]byte("whole"))
		})
		doc, err := c.Get(t.Context(), u)
		if err != nil || string(doc.Data) != "whole" || asked.Load() != 3 {
			t.Errorf("%s: %q after %d requests, %v", name, doc.Data, asked.Load(), err)
		}
	}
}

func TestADocumentThatDoesNotComeWholeIsAnError(t *testing.T) {
	for name, c := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"cut off": {func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", "100")
			_, _ = w.Write([]byte("half"))
		}, "cut off"},
		"broken off": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "the connection broke"},
		"too large": {func(w http.ResponseWriter, _ *http.Request) {
			block := make([]byte, 1<<20)
			for range fetch.MaxBytes>>20 + 1 {
				_, _ = w.Write(block)
			}
		}, "larger than 64 MiB"},
	} {
		t.Run(name, func(t *testing.T) {
			client, u := served(t, c.answer)
			doc, err := client.Get(t.Context(), u)
			refused(t, err, u, c.want)
			if doc.Data != nil {
				t.Errorf("%d bytes beside an error", len(doc.Data))
			}
		})
	}
}

func TestOneThatIsAsLargeAsAllowedComesWhole(t *testing.T) {
	c, u := served(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, fetch.MaxBytes)) })
	if doc, err := c.Get(t.Context(), u); err != nil || len(doc.Data) != fetch.MaxBytes {
		t.Errorf("%d bytes, %v", len(doc.Data), err)
	}
}

func TestRedirectsStayOnHTTPSAndSayNotWhereTheyComeFrom(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked for by http") }))
	t.Cleanup(plain.Close)
	var base string
	c, u := served(t, func(w http.ResponseWriter, r *http.Request) {
		if from := r.Referer(); from != "" {
			t.Errorf("the server is told of %s", from)
		}
		switch to := r.URL.Query().Get("to"); to {
		case "":
			_, _ = w.Write([]byte("there"))
		case "loop":
			http.Redirect(w, r, base+"?to=loop&s3cr3t", http.StatusFound)
		default:
			w.Header().Set("Location", to)
			w.WriteHeader(http.StatusTemporaryRedirect)
		}
	})
	base = "https://" + u.Host + u.Path
	for to, want := range map[string]string{
		"/elsewhere": "", base: "", "//" + u.Host + "/x": "",
		plain.URL + "/?s3cr3t": "not https", "file:///etc/passwd?s3cr3t": "not https", "ftp://h/?s3cr3t": "not https",
		"loop": "more than 5 times", "https://%zz/?s3cr3t": "check the host",
	} {
		from := *u
		from.RawQuery = url.Values{"to": {to}}.Encode()
		doc, err := c.Get(t.Context(), &from)
		if want == "" && (err != nil || string(doc.Data) != "there") {
			t.Errorf("%s: %q, %v", to, doc.Data, err)
		}
		if want != "" {
			refused(t, err, &from, want)
		}
	}
}

func TestAURLThatIsNotHTTPSIsNotAsked(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was asked") }))
	t.Cleanup(plain.Close)
	u := parsed(t, plain.URL+"/teams.yaml?s3cr3t")
	_, err := fetch.Client{}.Get(t.Context(), u)
	refused(t, err, u, "not https")
}

func TestAServerThatCannotBeBelievedOrReachedIsAnError(t *testing.T) {
	c, u := served(t, func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("x")) })
	_, err := fetch.Client{FirstPause: time.Millisecond}.Get(t.Context(), u) // doesn't know its certificate
	refused(t, err, u, "SSL_CERT_FILE")

	gone := httptest.NewTLSServer(nil)
	gone.Close()
	u = parsed(t, gone.URL+"/teams.yaml?s3cr3t")
	_, err = c.Get(t.Context(), u)
	refused(t, err, u, "refused")

	plain := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(plain.Close)
	u = parsed(t, strings.Replace(plain.URL, "http:", "https:", 1)+"/teams.yaml?s3cr3t")
	_, err = c.Get(t.Context(), u)
	refused(t, err, u, "doesn't speak HTTPS")
}

func TestAServerThatHangsIsGivenUp(t *testing.T) {
	c, u := served(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c.Timeout = 20 * time.Millisecond
	_, err := c.Get(t.Context(), u)
	refused(t, err, u, "too long")

	c.Timeout = time.Hour
	ctx, stop := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, stop)
	if _, err = c.Get(ctx, u); !errors.Is(err, context.Canceled) {
		t.Errorf("after a signal: %v", err)
	}
	refused(t, err, u, "canceled")
}
