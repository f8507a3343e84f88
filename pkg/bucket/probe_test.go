package bucket_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

func TestTheProbeDeletesARandomKeyThatCannotExist(t *testing.T) {
	s := newStand(t, "in/a")
	c := s.config()
	c.Prefix = "in/"
	b := open(t, c)
	for range 2 {
		if err := b.ProbeDelete(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	calls := s.Calls("DeleteObjects")
	if len(calls) != 2 || calls[0].Body == calls[1].Body || !strings.Contains(calls[0].Body, "<Key>in/.sweeper-probe-") ||
		!strings.Contains(calls[0].Body, "<VersionId>null</VersionId>") {
		t.Errorf("probes are %v", calls)
	}
	s.wantKeys("in/a")
}

func TestTheProbeIsNotSentUnlessVersioningWasNeverOn(t *testing.T) {
	for state, verdict := range map[string]buckettest.Verdict{
		"enabled":                xml("<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>"),
		"suspended":              xml("<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>"),
		"unknown":                buckettest.Refuse(501, "NotImplemented", ""),
		"s3:GetBucketVersioning": buckettest.Refuse(403, "AccessDenied", ""),
	} {
		s := newStand(t)
		s.OnRequest(only("GetBucketVersioning", verdict))
		wantError(t, s.open().ProbeDelete(t.Context()), "exchanges", state)
		if n := len(s.Calls("DeleteObjects")); n != 0 {
			t.Errorf("%s: %d probes went out", state, n)
		}
	}
}

func TestMissingRightToDeleteNamesBucketAndRights(t *testing.T) {
	for how, verdict := range map[string]buckettest.Verdict{
		"request": buckettest.Refuse(403, "AccessDenied", ""),
		"key":     xml("<DeleteResult><Error><Key>x</Key><Code>AccessDenied</Code></Error></DeleteResult>"),
	} {
		t.Run(how, func(t *testing.T) {
			s := newStand(t)
			s.OnRequest(only("DeleteObjects", verdict))
			err := s.open().ProbeDelete(t.Context())
			wantError(t, err, `bucket "exchanges"`, "s3:DeleteObject and s3:DeleteObjectVersion", "AccessDenied")
			if bucket.Code(err) != "AccessDenied" {
				t.Errorf("code is %q", bucket.Code(err))
			}
		})
	}
}

func TestAProbeWithoutAClearAnswerProvesNothing(t *testing.T) {
	for how, verdict := range map[string]buckettest.Verdict{
		"silent":      xml("<DeleteResult></DeleteResult>"),
		"another key": xml("<DeleteResult><Deleted><Key>x</Key></Deleted></DeleteResult>"),
		"HTML":        {Answer: &buckettest.Answer{Status: 200, Type: "text/html", Body: "<html/>"}},
		"nothing":     {Answer: &buckettest.Answer{Status: 200}},
	} {
		t.Run(how, func(t *testing.T) {
			s := newStand(t)
			s.OnRequest(only("DeleteObjects", verdict))
			wantError(t, s.open().ProbeDelete(t.Context()), "exchanges", "right to delete")
		})
	}
}

func TestAProbeThatMakesAMarkerIsAnError(t *testing.T) {
	s := newStand(t)
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op != "DeleteObjects" {
			return buckettest.Verdict{}
		}
		return xml("<DeleteResult><Deleted><Key>" + keysIn(c.Body)[0] + "</Key><DeleteMarker>true</DeleteMarker></Deleted></DeleteResult>")
	})
	wantError(t, s.open().ProbeDelete(t.Context()), "exchanges", "VERSIONING_CHANGED", "versioning was switched on")
}

func TestAProbeOfAnAbsentKeyMaySayThatItIsAbsent(t *testing.T) {
	for _, code := range []string{"NoSuchKey", "NoSuchVersion"} {
		s := newStand(t, "a")
		b := s.open()
		s.OnRequest(only("DeleteObjects", xml("<DeleteResult><Error><Key>x</Key><Code>"+code+"</Code></Error></DeleteResult>")))
		if err := b.ProbeDelete(t.Context()); err != nil {
			t.Errorf("%s: %v", code, err)
		}
		s.OnRequest(nil)
		wantFates(t, b.Delete(t.Context(), list(t, b)), gone)
		s.wantNulls(true, true, false) // it says nothing about null: the first delete asks
	}
}

func TestAServerThatRefusesNullInTheProbeIsRemembered(t *testing.T) {
	for how, refuse := range map[string]func(key string) buckettest.Verdict{
		"the key": func(key string) buckettest.Verdict {
			return xml("<DeleteResult><Error><Key>" + key + "</Key><Code>InvalidArgument</Code></Error></DeleteResult>")
		},
		"the request": func(string) buckettest.Verdict { return buckettest.Refuse(400, "MalformedXML", "") },
	} {
		t.Run(how, func(t *testing.T) {
			s := newStand(t, "a")
			b := s.open()
			s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
				if strings.Contains(c.Body, "<VersionId>null") {
					return refuse(keysIn(c.Body)[0])
				}
				return buckettest.Verdict{}
			})
			if err := b.ProbeDelete(t.Context()); err != nil {
				t.Fatal(err)
			}
			wantFates(t, b.Delete(t.Context(), list(t, b)), gone)
			s.wantNulls(true, false, false)
		})
	}
}

// Case 10. Each server is the embedded one with another idea of checksums.
type checksums func(c buckettest.Call) (code, message string)

func wrongMD5(h http.Header) bool { return h.Get("Content-Md5") == "" }

func hasChecksum(h http.Header) bool {
	for name := range h {
		if n := strings.ToLower(name); strings.HasPrefix(n, "x-amz-checksum") || n == "x-amz-sdk-checksum-algorithm" || n == "x-amz-trailer" {
			return true
		}
	}
	return false
}

func (s *stand) demands(refuse checksums) {
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op != "DeleteObjects" {
			return buckettest.Verdict{}
		}
		if code, message := refuse(c); code != "" {
			return buckettest.Refuse(http.StatusBadRequest, code, message)
		}
		return buckettest.Verdict{}
	})
}

func serverA(code, message string) checksums {
	return func(c buckettest.Call) (string, string) {
		if wrongMD5(c.Header) {
			return code, message
		}
		return "", ""
	}
}

func serverB(c buckettest.Call) (string, string) {
	if c.Header.Get("X-Amz-Checksum-Crc32") == "" {
		return "InvalidRequest", "a checksum is needed"
	}
	return "", ""
}

func serverC(c buckettest.Call) (string, string) {
	if hasChecksum(c.Header) {
		return "NotImplemented", "A header you provided implies functionality that is not implemented"
	}
	return "", ""
}

func TestChecksumsThatServersDemand(t *testing.T) {
	for name, c := range map[string]struct {
		server   checksums
		checksum string
		deletes  int // DeleteObjects of one probe
	}{
		"A by default, code of its own":   {serverA("MissingContentMD5", ""), "auto", 2},
		"A by default, as AWS says it":    {serverA("InvalidRequest", "Missing required header for this request: Content-MD5"), "", 2},
		"A by default, as an invalid one": {serverA("InvalidDigest", "The Content-MD5 you specified was invalid."), "auto", 2},
		"A told md5":                      {serverA("MissingContentMD5", ""), "md5", 1},
		"B by default":                    {serverB, "auto", 1},
		"B told crc32":                    {serverB, "crc32", 1},
		"C told md5":                      {serverC, "md5", 1},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, "a", "b")
			cfg := s.config()
			cfg.Checksum = c.checksum
			b := open(t, cfg)
			s.demands(c.server)
			if err := b.ProbeDelete(t.Context()); err != nil {
				t.Fatal(err)
			}
			if n := len(s.Calls("DeleteObjects")); n != c.deletes {
				t.Errorf("the probe took %d requests, want %d", n, c.deletes)
			}
			wantFates(t, b.Delete(t.Context(), list(t, b)), gone, gone)
			s.wantKeys()
		})
	}
}

func TestMD5ModeSendsARightDigestAndNoOtherChecksum(t *testing.T) {
	s := newStand(t)
	cfg := s.config()
	cfg.Checksum = "md5"
	if err := open(t, cfg).ProbeDelete(t.Context()); err != nil {
		t.Fatal(err)
	}
	call := s.Calls("DeleteObjects")[0]
	if hasChecksum(call.Header) {
		t.Errorf("a checksum header is left: %v", call.Header)
	}
	if got, want := call.Header.Get("Content-Md5"), md5Of(call.Body); got != want {
		t.Errorf("Content-MD5 is %q, want %q", got, want)
	}
}

func TestAServerThatRejectsEveryChecksumGivesOneClearError(t *testing.T) {
	for _, checksum := range []string{"auto", "crc32", "md5"} {
		s := newStand(t)
		cfg := s.config()
		cfg.Checksum = checksum
		b := open(t, cfg)
		s.demands(func(buckettest.Call) (string, string) {
			return "InvalidRequest", "Content-MD5 and checksums are not liked"
		})
		wantError(t, b.ProbeDelete(t.Context()), "exchanges", "checksum", "InvalidRequest")
		if n := len(s.Calls("DeleteObjects")); n > 2 {
			t.Errorf("%s: %d requests", checksum, n)
		}
	}
}

func TestServerCByDefaultIsToldWhichSettingHelps(t *testing.T) {
	s := newStand(t)
	s.demands(serverC)
	wantError(t, s.open().ProbeDelete(t.Context()), "exchanges", "checksum", "md5")
}
