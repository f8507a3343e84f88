package bucket_test

import (
	"context"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

func versioningIs(status string) buckettest.Verdict {
	return xml("<VersioningConfiguration>" + status + "</VersioningConfiguration>")
}

func TestVersioningState(t *testing.T) {
	denied, can := buckettest.Refuse(403, "AccessDenied", ""), buckettest.Refuse(501, "NotImplemented", "")
	for name, c := range map[string]struct {
		verdict buckettest.Verdict
		config  string
		want    string
		err     string // part of it, "" for none
	}{
		"never":                       {versioningIs(""), "auto", "never", ""},
		"enabled":                     {versioningIs("<Status>Enabled</Status>"), "auto", "enabled", ""},
		"suspended":                   {versioningIs("<Status>Suspended</Status>"), "", "suspended", ""},
		"enabled, whatever we say":    {versioningIs("<Status>Enabled</Status>"), "never", "enabled", ""},
		"a word that S3 doesn't know": {versioningIs("<Status>On</Status>"), "auto", "unknown", "neither Enabled"},
		"can't say":                   {can, "auto", "unknown", ""},
		"can't say, so we do":         {can, "never", "never", ""},
		"won't say":                   {denied, "auto", "unknown", "s3:GetBucketVersioning"},
		"won't say, whatever we say":  {denied, "never", "unknown", "s3:GetBucketVersioning"},
		"no bucket, whatever we say":  {buckettest.Refuse(404, "NoSuchBucket", ""), "never", "unknown", "doesn't exist"},
		"bad key, whatever we say":    {buckettest.Refuse(403, "InvalidAccessKeyId", ""), "never", "unknown", "credentials were refused"},
		"busy, whatever we say":       {buckettest.Refuse(503, "SlowDown", ""), "never", "unknown", "SlowDown"},
		"HTML, whatever we say":       {buckettest.Verdict{Answer: &buckettest.Answer{Status: 200, Type: "text/html", Body: "<html/>"}}, "never", "unknown", "not an S3 server"},
		"an empty body":               {buckettest.Verdict{Answer: &buckettest.Answer{Status: 200}}, "auto", "unknown", "not an S3 server"},
		"half a body":                 {xml("<VersioningConfiguration><Sta"), "auto", "unknown", "can't be read"},
		"half a body, but we say":     {xml("<VersioningConfiguration><Sta"), "never", "unknown", "can't be read"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			cfg := s.config()
			cfg.Versioning = c.config
			s.OnRequest(only("GetBucketVersioning", c.verdict))
			state, err := open(t, cfg).Inspect(t.Context())
			if state.Versioning != c.want {
				t.Errorf("versioning is %q, want %q", state.Versioning, c.want)
			}
			if c.err == "" && err != nil {
				t.Errorf("error: %v", err)
			} else if c.err != "" {
				wantError(t, err, `store "store-exchanges"`, `bucket "exchanges"`, c.err)
			}
		})
	}
}

func TestObjectLockState(t *testing.T) {
	const lock = "GetObjectLockConfiguration"
	for name, c := range map[string]struct {
		verdict buckettest.Verdict
		want    string
	}{
		"enabled":          {xml("<ObjectLockConfiguration><ObjectLockEnabled>Enabled</ObjectLockEnabled></ObjectLockConfiguration>"), "enabled"},
		"not found":        {buckettest.Refuse(404, "ObjectLockConfigurationNotFoundError", ""), "none"},
		"empty":            {xml("<ObjectLockConfiguration/>"), "none"},
		"not implemented":  {buckettest.Refuse(501, "NotImplemented", ""), "unknown"},
		"denied":           {buckettest.Refuse(403, "AccessDenied", ""), "unknown"},
		"something else":   {xml("<ListBucketResult/>"), "unknown"},
		"an empty success": {buckettest.Verdict{Answer: &buckettest.Answer{Status: 200}}, "unknown"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			s.OnRequest(only(lock, c.verdict))
			state, err := s.open().Inspect(t.Context())
			if err != nil || state.ObjectLock != c.want {
				t.Errorf("object lock is %q, error %v; want %q", state.ObjectLock, err, c.want)
			}
		})
	}
}

func TestSkewIsServerMinusLocal(t *testing.T) {
	for _, skew := range []time.Duration{0, 2 * time.Hour, -36 * time.Hour} {
		s := newStand(t)
		s.OnResponse(func(_ string, r *http.Response) {
			r.Header.Set("Date", time.Now().Add(skew).UTC().Format(http.TimeFormat))
		})
		state, err := s.open().Inspect(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if d := (state.Skew - skew).Abs(); d > 3*time.Second {
			t.Errorf("skew is %v, want %v", state.Skew, skew)
		}
		if state.ServerTime.Location() != time.UTC || state.LocalTime.Location() != time.UTC || state.ServerTime.Sub(state.LocalTime) != state.Skew {
			t.Errorf("times are %v and %v, skew %v", state.ServerTime, state.LocalTime, state.Skew)
		}
	}
}

func TestRoundTripIsHalved(t *testing.T) {
	s := newStand(t)
	s.OnRequest(only("GetBucketVersioning", buckettest.Verdict{Delay: time.Second}))
	start := time.Now()
	state, err := s.open().Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if after := state.LocalTime.Sub(start); after < 300*time.Millisecond || after > 900*time.Millisecond {
		t.Errorf("the local time is %v after the request, want about half of 1 s", after)
	}
}

func TestAnswersWithoutADateAreAnError(t *testing.T) {
	buckettest.Credentials(t)
	for _, date := range [][]string{nil, {""}, {"yesterday"}} {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header()["Date"] = date // nil keeps net/http from adding one
			_, _ = w.Write([]byte("<VersioningConfiguration/>"))
		}))
		t.Cleanup(server.Close)
		_, err := open(t, bucket.Config{Bucket: "exchanges", Endpoint: server.URL, Region: "us-east-1", PathStyle: true}).Inspect(t.Context())
		wantError(t, err, "exchanges", "no valid Date header")
	}
}

func TestProviderIsWhatTheServerCallsItself(t *testing.T) {
	for header, want := range map[string]string{
		"MinIO": "MinIO", "SeaweedFS 30GB 3.97": "SeaweedFS", "VERSITYGW": "VERSITYGW", "rclone/v1.76.0": "rclone", "": "127.0.0.1",
	} {
		s := newStand(t)
		s.OnResponse(func(_ string, r *http.Response) { r.Header.Set("Server", header) })
		state, err := s.open().Inspect(t.Context())
		if err != nil || state.Provider != want {
			t.Errorf("Server %q gives provider %q, error %v; want %q", header, state.Provider, err, want)
		}
	}
}

func TestPlacesThatCannotBeUsedAreNamedWithTheWayOut(t *testing.T) {
	buckettest.Credentials(t)
	at := func(endpoint string) bucket.Config {
		return bucket.Config{Name: "exchanges", Bucket: "api-exchanges", Endpoint: endpoint, Region: "us-east-1", PathStyle: true}
	}
	serve := func(status int, kind, body string) string {
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", kind)
			w.WriteHeader(status)
			_, _ = w.Write([]byte(body))
		}))
		t.Cleanup(server.Close)
		return server.URL
	}
	for name, c := range map[string]struct {
		config bucket.Config
		words  []string
	}{
		"no bucket":         {at(buckettest.Embedded(t).URL), []string{"doesn't exist", "`bucket`", "NoSuchBucket"}},
		"nobody listens":    {at("http://" + closedPort(t)), []string{"connection refused", "`endpoint`"}},
		"no such host":      {at("http://no-such-host.invalid"), []string{"not known", "`endpoint`"}},
		"a web page":        {at(serve(200, "text/html", "<!DOCTYPE html><html></html>")), []string{"not an S3 server", "`endpoint`"}},
		"a web page, 404":   {at(serve(404, "text/html", "<html><body>nothing here</body></html>")), []string{"not an S3 server", "`endpoint`"}},
		"a login, 403":      {at(serve(403, "application/json", `{"error":"login"}`)), []string{"not an S3 server", "`endpoint`"}},
		"TLS expected":      {at(serve(400, "text/plain", "Client sent an HTTP request to an HTTPS server.\n")), []string{"not an S3 server", "`endpoint`"}},
		"a wrong key":       {at(serve(403, "application/xml", "<Error><Code>InvalidAccessKeyId</Code></Error>")), []string{"credentials were refused", "`profile`", "InvalidAccessKeyId"}},
		"a wrong secret":    {at(serve(403, "application/xml", "<Error><Code>SignatureDoesNotMatch</Code></Error>")), []string{"credentials were refused"}},
		"an expired token":  {at(serve(400, "application/xml", "<Error><Code>ExpiredToken</Code></Error>")), []string{"credentials were refused"}},
		"not allowed":       {at(serve(403, "application/xml", "<Error><Code>AccessDenied</Code></Error>")), []string{"not allowed", "s3:GetBucketVersioning"}},
		"another region":    {at(serve(400, "application/xml", "<Error><Code>AuthorizationHeaderMalformed</Code></Error>")), []string{"another region", "`region`"}},
		"clocks apart":      {at(serve(403, "application/xml", "<Error><Code>RequestTimeTooSkewed</Code></Error>")), []string{"clock"}},
		"an untrusted cert": {at(untrusted(t)), []string{"certificate", "not trusted"}},
	} {
		t.Run(name, func(t *testing.T) {
			state, err := open(t, c.config).Inspect(t.Context())
			wantError(t, err, append(c.words, `store "exchanges"`, `bucket "api-exchanges"`)...)
			if state.Versioning != bucket.StateUnknown {
				t.Errorf("versioning is %q", state.Versioning)
			}
		})
	}
}

func closedPort(t *testing.T) string {
	t.Helper()
	var config net.ListenConfig
	l, err := config.Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	return l.Addr().String()
}

func untrusted(t *testing.T) string {
	t.Helper()
	server := httptest.NewUnstartedServer(http.NotFoundHandler())
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.StartTLS()
	t.Cleanup(server.Close)
	return server.URL
}

func TestInspectWritesNothing(t *testing.T) {
	s := newStand(t, "a")
	if _, err := s.open().Inspect(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, c := range s.Calls("") {
		if c.Op == "DeleteObjects" || c.Op == "DeleteObject" || c.Op == http.MethodPut || c.Op == http.MethodPost {
			t.Errorf("Inspect sent %s", c.Op)
		}
	}
}
