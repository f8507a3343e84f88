package bucket_test

import (
	"errors"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// locks answers the two questions of Lock.
func locks(kept, held buckettest.Verdict) func(buckettest.Call) buckettest.Verdict {
	return func(c buckettest.Call) buckettest.Verdict {
		switch c.Op {
		case "GetObjectRetention":
			return kept
		case "GetObjectLegalHold":
			return held
		}
		return buckettest.Verdict{}
	}
}

func TestLockAsEachServerAnswers(t *testing.T) {
	refuse := buckettest.Refuse
	until := time.Date(2027, 1, 31, 12, 0, 0, 0, time.UTC)
	kept := func(mode string) buckettest.Verdict {
		return xml("<Retention><Mode>" + mode + "</Mode><RetainUntilDate>2027-01-31T14:00:00+02:00</RetainUntilDate></Retention>")
	}
	held := func(status string) buckettest.Verdict {
		return xml("<LegalHold><Status>" + status + "</Status></LegalHold>")
	}
	none := refuse(404, "NoSuchObjectLockConfiguration", "The specified object does not have a ObjectLock configuration")
	noBucketLock := refuse(400, "InvalidRequest", "Bucket is missing Object Lock Configuration")
	for name, c := range map[string]struct {
		kept, held buckettest.Verdict
		want       bucket.Lock
		err        string // part of it, "" for none
	}{
		"governance":                   {kept("GOVERNANCE"), none, bucket.Lock{Mode: "governance", Until: until}, ""},
		"compliance and a hold":        {kept("COMPLIANCE"), held("ON"), bucket.Lock{Mode: "compliance", Until: until, LegalHold: true}, ""},
		"a hold alone":                 {none, held("ON"), bucket.Lock{LegalHold: true}, ""},
		"a hold that was lifted":       {none, held("OFF"), bucket.Lock{}, ""},
		"an empty retention":           {xml("<Retention/>"), held("OFF"), bucket.Lock{}, ""},
		"AWS, no lock on the object":   {none, none, bucket.Lock{}, ""},
		"AWS, no lock in the bucket":   {noBucketLock, noBucketLock, bucket.Lock{}, ""},
		"MinIO, none on the object":    {refuse(400, "NoSuchObjectLockConfiguration", ""), refuse(400, "NoSuchObjectLockConfiguration", ""), bucket.Lock{}, ""},
		"MinIO, none in the bucket":    {refuse(400, "InvalidRequest", "Bucket is missing ObjectLockConfiguration"), refuse(400, "InvalidRequest", "Bucket is missing ObjectLockConfiguration"), bucket.Lock{}, ""},
		"SeaweedFS, none in bucket":    {refuse(400, "InvalidRequest", "Invalid Request"), refuse(400, "InvalidRequest", "Invalid Request"), bucket.Lock{}, ""},
		"versitygw's retention":        {xml("<ObjectLockRetention><Mode>GOVERNANCE</Mode><RetainUntilDate>2027-01-31T12:00:00Z</RetainUntilDate></ObjectLockRetention>"), none, bucket.Lock{Mode: "governance", Until: until}, ""},
		"SeaweedFS, none":              {refuse(404, "ObjectLockConfigurationNotFoundError", ""), refuse(404, "NoSuchObjectLegalHold", ""), bucket.Lock{}, ""},
		"a server without locks":       {refuse(501, "NotImplemented", ""), refuse(501, "NotImplemented", ""), bucket.Lock{}, ""},
		"another invalid request":      {refuse(400, "InvalidRequest", "Something else"), none, bucket.Lock{}, "InvalidRequest"},
		"no right to ask":              {refuse(403, "AccessDenied", ""), none, bucket.Lock{}, "s3:GetObjectRetention"},
		"no right to ask for the hold": {kept("GOVERNANCE"), refuse(403, "AccessDenied", ""), bucket.Lock{}, "s3:GetObjectLegalHold"},
		"a mode that S3 doesn't know":  {kept("FOREVER"), none, bucket.Lock{}, "no mode that S3 knows"},
		"a mode without a date":        {xml("<Retention><Mode>GOVERNANCE</Mode></Retention>"), none, bucket.Lock{}, "no date"},
		"a date without a mode":        {xml("<Retention><RetainUntilDate>2027-01-31T00:00:00Z</RetainUntilDate></Retention>"), none, bucket.Lock{}, "no mode"},
		"a page":                       {buckettest.Verdict{Answer: &buckettest.Answer{Status: 200, Type: "text/html", Body: "<html/>"}}, none, bucket.Lock{}, "not an S3 server"},
		"an empty answer":              {none, buckettest.Verdict{Answer: &buckettest.Answer{Status: 200}}, bucket.Lock{}, "not an S3 server"},
		"no key":                       {refuse(404, "NoSuchKey", ""), none, bucket.Lock{}, bucket.ErrGone.Error()},
		"no version":                   {none, refuse(404, "NoSuchVersion", ""), bucket.Lock{}, bucket.ErrGone.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			s.OnRequest(locks(c.kept, c.held))
			got, err := s.open().Lock(t.Context(), retention.Entry{Key: "k", Kind: retention.Version, ID: "v1"})
			if got != c.want {
				t.Errorf("lock is %+v, want %+v", got, c.want)
			}
			if c.err == "" && err != nil {
				t.Errorf("error: %v", err)
			} else if c.err != "" {
				wantError(t, err, `bucket "exchanges"`, c.err)
			}
			if errors.Is(err, bucket.ErrGone) != (c.err == bucket.ErrGone.Error()) {
				t.Errorf("error %v wraps ErrGone: %v", err, errors.Is(err, bucket.ErrGone))
			}
			for _, call := range s.Calls("") {
				if call.Query.Get("versionId") != "v1" || call.Path != "/exchanges/k" {
					t.Errorf("asked about %q %v", call.Path, call.Query)
				}
			}
		})
	}
}

func TestWhatS3CannotLockIsNotAskedAbout(t *testing.T) {
	s := newStand(t)
	for _, e := range []retention.Entry{{Key: "k", Kind: retention.Marker, ID: "1"}, {Key: "k", Kind: retention.Upload, ID: "u"}} {
		if lock, err := s.open().Lock(t.Context(), e); err != nil || lock != (bucket.Lock{}) {
			t.Errorf("%s: lock %+v, error %v", e.Kind, lock, err)
		}
	}
	if n := len(s.Calls("")); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

func TestAnEntryWithoutAKnownKeyCannotBeAskedAbout(t *testing.T) {
	s := newStand(t)
	b := s.open()
	_, err := b.Lock(t.Context(), retention.Entry{Key: "\uFFFD", Kind: retention.Version, ID: "opaque-1", Opaque: true})
	wantError(t, err, "can't spell")
	_, err = b.LastPart(t.Context(), retention.Entry{Key: "\uFFFD", Kind: retention.Upload, ID: "u", Opaque: true})
	wantError(t, err, "can't spell")
	_, _, err = b.Metadata(t.Context(), retention.Entry{Key: "\uFFFD", Kind: retention.Object, Opaque: true}, "zdr")
	wantError(t, err, "can't spell")
	if n := len(s.Calls("")); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
}

// Of each server, how it refuses to delete what is locked.
func TestARefusalThatMayBeALockSaysSo(t *testing.T) {
	for name, c := range map[string]struct {
		code string
		kind retention.Kind
		want bool
	}{
		"AWS, versitygw, SeaweedFS": {"AccessDenied", retention.Version, true},
		"MinIO":                     {"InvalidRequest", retention.Object, true},
		"a marker is never locked":  {"AccessDenied", retention.Marker, false},
		"another refusal":           {"InvalidArgument", retention.Version, false},
		"a busy server":             {"SlowDown", retention.Version, false},
		"it isn't there":            {"NoSuchVersion", retention.Version, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			s.OnRequest(only("DeleteObjects", xml("<DeleteResult><Error><Key>k</Key><VersionId>1</VersionId><Code>"+c.code+"</Code></Error></DeleteResult>")))
			got := s.open().Delete(t.Context(), []retention.Entry{{Key: "k", Kind: c.kind, ID: "1"}})
			if got[0].Code != c.code || got[0].MayBeLocked != c.want {
				t.Errorf("fate is %+v, want MayBeLocked %v", got[0], c.want)
			}
			// The key that goes singly, and a request that is refused as a whole.
			for _, op := range []string{"DeleteObject", "DeleteObjects"} {
				status := map[string]int{"AccessDenied": 403, "SlowDown": 503, "NoSuchVersion": 404}[c.code]
				s.OnRequest(only(op, buckettest.Refuse(max(status, 400), c.code, "")))
				key := map[string]string{"DeleteObject": "k\x01", "DeleteObjects": "k"}[op]
				got := s.open().Delete(t.Context(), []retention.Entry{{Key: key, Kind: c.kind, ID: "1"}})
				if got[0].MayBeLocked != c.want || got[0].Status == bucket.Deleted {
					t.Errorf("%s: fate is %+v, want MayBeLocked %v", op, got[0], c.want)
				}
				if c.want && got[0].Code != c.code {
					t.Errorf("%s: the code %q hides the lock", op, got[0].Code)
				}
			}
		})
	}
}

func TestGovernanceIsNeverBypassed(t *testing.T) {
	s := newStand(t)
	s.OnRequest(func(buckettest.Call) buckettest.Verdict { return buckettest.Refuse(403, "AccessDenied", "") })
	s.open().Delete(t.Context(), []retention.Entry{{Key: "k", Kind: retention.Version, ID: "1"}, {Key: "k\x01", Kind: retention.Version, ID: "1"}})
	if len(s.Calls("")) != 2 {
		t.Errorf("%d requests, want 2", len(s.Calls("")))
	}
	for _, c := range s.Calls("") {
		if v := c.Header.Get("x-amz-bypass-governance-retention"); v != "" {
			t.Errorf("%s asks to bypass: %q", c.Op, v)
		}
	}
}
