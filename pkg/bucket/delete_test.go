package bucket_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// Case 01: a 200 that deletes one and denies two.
func TestPartialFailureInsideA200IsReadKeyByKey(t *testing.T) {
	s := newStand(t, "a", "b", "c")
	b := s.settled()
	s.OnRequest(only("DeleteObjects", xml(`<DeleteResult><Deleted><Key>a</Key></Deleted>
		<Error><Key>b</Key><Code>AccessDenied</Code><Message>b</Message></Error>
		<Error><Key>c</Key><Code>AccessDenied</Code></Error></DeleteResult>`)))
	wantFates(t, b.Delete(t.Context(), list(t, b)), gone, refused("AccessDenied"), refused("AccessDenied"))
	s.wantKeys("a", "b", "c")
}

// Case 01: a key in neither list.
func TestASilentKeyIsUnknownAndNeverAssumedGone(t *testing.T) {
	s := newStand(t, "a", "b", "c")
	b := s.settled()
	s.OnRequest(only("DeleteObjects", xml(`<DeleteResult><Deleted><Key>a</Key></Deleted><Deleted><Key>c</Key></Deleted></DeleteResult>`)))
	wantFates(t, b.Delete(t.Context(), list(t, b)), gone, unknown(bucket.CodeNotMentioned, true), gone)
}

// Case 02: transient errors of single keys.
func TestTransientErrorsOfAKeyAreRetryable(t *testing.T) {
	codes := []string{"SlowDown", "InternalError", "ServiceUnavailable", "RequestTimeout"}
	for _, code := range codes {
		t.Run(code, func(t *testing.T) {
			s := newStand(t, "a", "b")
			b := s.settled()
			s.OnRequest(only("DeleteObjects", xml(`<DeleteResult><Deleted><Key>a</Key></Deleted><Error><Key>b</Key><Code>`+code+`</Code></Error></DeleteResult>`)))
			wantFates(t, b.Delete(t.Context(), list(t, b)), gone, failed(code, true))
		})
	}
}

func TestAnswersOfAKey(t *testing.T) {
	for name, c := range map[string]struct {
		answer string
		want   bucket.Deletion
	}{
		"deleted":                       {`<Deleted><Key>a</Key></Deleted>`, gone},
		"deleted, said twice":           {`<Deleted><Key>a</Key></Deleted><Deleted><Key>a</Key></Deleted>`, gone},
		"deleted as version null":       {`<Deleted><Key>a</Key><VersionId>null</VersionId></Deleted>`, gone},
		"deleted, no marker made":       {`<Deleted><Key>a</Key><DeleteMarker>false</DeleteMarker></Deleted>`, gone},
		"a marker was made":             {`<Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>3x</DeleteMarkerVersionId></Deleted>`, failed(bucket.CodeVersioningChanged, false)},
		"a marker without an id":        {`<Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker></Deleted>`, failed(bucket.CodeVersioningChanged, false)},
		"a null marker was made":        {`<Deleted><Key>a</Key><DeleteMarkerVersionId>null</DeleteMarkerVersionId></Deleted>`, failed(bucket.CodeVersioningChanged, false)},
		"a version id in the answer":    {`<Deleted><Key>a</Key><VersionId>3x</VersionId></Deleted>`, failed(bucket.CodeVersioningChanged, false)},
		"both deleted and failed":       {`<Deleted><Key>a</Key></Deleted><Error><Key>a</Key><Code>AccessDenied</Code></Error>`, unknown(bucket.CodeContradiction, true)},
		"both failed and deleted":       {`<Error><Key>a</Key><Code>AccessDenied</Code></Error><Deleted><Key>a</Key></Deleted>`, unknown(bucket.CodeContradiction, true)},
		"not there":                     {`<Error><Key>a</Key><Code>NoSuchKey</Code></Error>`, unknown("NoSuchKey", false)},
		"an error without a code":       {`<Error><Key>a</Key></Error>`, failed("", false)},
		"another key":                   {`<Deleted><Key>b</Key></Deleted>`, unknown(bucket.CodeNotMentioned, true)},
		"its key with a space about it": {`<Deleted><Key> a</Key></Deleted>`, unknown(bucket.CodeNotMentioned, true)},
		"nothing":                       {``, unknown(bucket.CodeNotMentioned, true)},
	} {
		t.Run(name, func(t *testing.T) {
			eitherDecoder(t, func(t *testing.T, decoder string) {
				s := newStand(t, "a")
				s.decoder = decoder
				b := s.settled()
				s.OnRequest(only("DeleteObjects", xml("<DeleteResult>"+c.answer+"</DeleteResult>")))
				wantFates(t, b.Delete(t.Context(), list(t, b)), c.want)
			})
		})
	}
}

func TestAnswersThatWereNotAskedForAreIgnoredAndCounted(t *testing.T) {
	s := newStand(t, "a")
	b := s.settled()
	s.OnRequest(only("DeleteObjects", xml(`<DeleteResult><Deleted><Key>x</Key></Deleted><Error><Key>y</Key><Code>AccessDenied</Code></Error>
		<Error><Code>InternalError</Code></Error><Deleted><Key>a</Key></Deleted></DeleteResult>`)))
	wantFates(t, b.Delete(t.Context(), list(t, b)), gone)
	if n := b.Unasked(); n != 3 {
		t.Errorf("%d answers counted, want 3", n)
	}
}

func TestARequestThatFailsAsAWhole(t *testing.T) {
	html := func(status int) buckettest.Verdict {
		return buckettest.Verdict{Answer: &buckettest.Answer{Status: status, Type: "text/html", Body: "<html><body>no</body></html>"}}
	}
	for name, c := range map[string]struct {
		verdict buckettest.Verdict
		want    bucket.Deletion
	}{
		"denied":                  {buckettest.Refuse(403, "AccessDenied", ""), refused("AccessDenied")},
		"malformed":               {buckettest.Refuse(400, "MalformedXML", ""), failed("MalformedXML", false)},
		"no bucket":               {buckettest.Refuse(404, "NoSuchBucket", ""), failed("NoSuchBucket", false)},
		"another region":          {buckettest.Refuse(301, "PermanentRedirect", ""), failed("PermanentRedirect", false)},
		"slow down":               {buckettest.Refuse(503, "SlowDown", ""), unknown("SlowDown", true)},
		"internal error":          {buckettest.Refuse(500, "InternalError", ""), unknown("InternalError", true)},
		"internal error as 200":   {buckettest.Refuse(200, "InternalError", ""), unknown("InternalError", true)},
		"timeout as 400":          {buckettest.Refuse(400, "RequestTimeout", ""), unknown("RequestTimeout", true)},
		"a balancer's 502":        {html(502), unknown("BadGateway", true)},
		"a login page":            {html(200), unknown(bucket.CodeNoAnswer, false)},
		"a firewall's page":       {html(403), unknown("HTTP_403", false)},
		"an empty 200":            {buckettest.Verdict{Answer: &buckettest.Answer{Status: 200}}, unknown(bucket.CodeNoAnswer, false)},
		"half an answer":          {xml("<DeleteResult><Deleted><Key>a</Key></Deleted><Dele"), unknown(bucket.CodeNoAnswer, true)},
		"a lost request":          {buckettest.Verdict{Drop: true}, unknown(bucket.CodeNoAnswer, true)},
		"a lost answer, done":     {buckettest.Verdict{Lose: true}, unknown(bucket.CodeNoAnswer, true)},
		"a list where it deleted": {xml("<ListBucketResult/>"), unknown(bucket.CodeNoAnswer, false)},
	} {
		t.Run(name, func(t *testing.T) {
			eitherDecoder(t, func(t *testing.T, decoder string) {
				s := newStand(t, "a", "b")
				s.decoder = decoder
				b := s.settled()
				entries := list(t, b)
				before := len(s.Calls("DeleteObjects"))
				s.OnRequest(only("DeleteObjects", c.verdict))
				wantFates(t, b.Delete(t.Context(), entries), c.want, c.want)
				if n := len(s.Calls("DeleteObjects")) - before; n != 1 {
					t.Errorf("the request went out %d times, want once", n)
				}
				if !c.verdict.Lose {
					s.wantKeys("a", "b")
				}
			})
		})
	}
}

// What can be read in two ways is read in none: nothing in it is believed.
func TestAnAnswerThatCannotBeReadRightlyIsNoAnswer(t *testing.T) {
	const done = "<Deleted><Key>a</Key></Deleted>"
	for name, answer := range map[string]string{
		"two keys":              "<DeleteResult><Deleted><Key>b</Key><Key>a</Key></Deleted></DeleteResult>",
		"more after it":         "<DeleteResult>" + done + "</DeleteResult><DeleteResult/>",
		"another namespace":     "<DeleteResult xmlns='u'><Deleted xmlns='v'><Key>a</Key></Deleted></DeleteResult>",
		"half a surrogate pair": "<DeleteResult>" + done + "<Deleted><Key>&#xD83D;</Key></Deleted></DeleteResult>",
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, "a")
			b := s.settled()
			entries := list(t, b)
			s.OnRequest(only("DeleteObjects", xml(answer)))
			wantFates(t, b.Delete(t.Context(), entries), unknown(bucket.CodeNoAnswer, true))
		})
	}
}

func TestADeadlineInTheMiddleOfADeleteLeavesTheBatchUnknown(t *testing.T) {
	s := newStand(t, "a")
	b := s.settled()
	entries := list(t, b)
	s.OnRequest(only("DeleteObjects", buckettest.Verdict{Delay: time.Minute}))
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	wantFates(t, b.Delete(ctx, entries), unknown(bucket.CodeNoAnswer, true))
}

func TestNothingIsSentOnceTheContextIsDone(t *testing.T) {
	s := newStand(t, "a")
	b := s.settled()
	entries := list(t, b)
	before := len(s.Calls(""))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	wantFates(t, b.Delete(ctx, entries), failed(bucket.CodeNotSent, true))
	if len(s.Calls("")) != before {
		t.Error("a request went out")
	}
}

// Case 04: a key that XML can't carry.
func TestAPoisonKeyGoesSinglyAndDoesNotSpoilItsBatch(t *testing.T) {
	for _, poison := range []string{"b\x01c", "b\rc", "b\xffc", "b\uffffc"} {
		s := newStand(t, "a", "d")
		b := s.settled()
		entries := list(t, b)
		s.put(poison)
		entries = []retention.Entry{entries[0], {Key: poison, Kind: retention.Object, LastModified: old, Latest: true}, entries[1]}
		before := len(s.Calls("DeleteObjects"))
		wantFates(t, b.Delete(t.Context(), entries), gone, gone, gone)
		s.wantKeys()
		batches := s.Calls("DeleteObjects")[before:]
		if len(batches) != 1 || strings.Count(batches[0].Body, "<Key>") != 2 {
			t.Errorf("%q: batches %v, want one of two keys", poison, batches)
		}
		if n := len(s.Calls("DeleteObject")); n != 1 {
			t.Errorf("%q: %d single deletes, want 1", poison, n)
		}
	}
}

func TestAPoisonKeyThatTheServerRefusesIsUnrepresentable(t *testing.T) {
	s := newStand(t)
	b := s.settled()
	entry := []retention.Entry{{Key: "b\x01c", Kind: retention.Object, LastModified: old}}
	for code, c := range map[string]struct {
		status int
		want   bucket.Deletion
	}{
		"InvalidArgument": {400, failed(bucket.CodeKeyUnrepresentable, false)},
		"InvalidURI":      {400, failed(bucket.CodeKeyUnrepresentable, false)},
		"AccessDenied":    {403, refused("AccessDenied")},
		"SlowDown":        {503, unknown("SlowDown", true)},
	} {
		s.OnRequest(only("DeleteObject", buckettest.Refuse(c.status, code, "")))
		wantFates(t, b.Delete(t.Context(), entry), c.want)
	}
	before := len(s.Calls("DeleteObject"))
	s.OnRequest(only("DeleteObject", buckettest.Verdict{Drop: true}))
	wantFates(t, b.Delete(t.Context(), entry), unknown(bucket.CodeNoAnswer, true))
	s.OnRequest(only("DeleteObject", buckettest.Verdict{Answer: &buckettest.Answer{Status: 200, Type: "text/html", Body: "<html/>"}}))
	wantFates(t, b.Delete(t.Context(), entry), unknown(bucket.CodeNoAnswer, false))
	if n := len(s.Calls("DeleteObject")) - before; n != 2 {
		t.Errorf("%d requests, want each once", n)
	}
}

func TestASingleDeleteThatMakesAMarkerSaysSo(t *testing.T) {
	s := newStand(t)
	b := s.settled()
	s.OnResponse(func(op string, r *http.Response) {
		if op == "DeleteObject" {
			r.Header.Set("x-amz-delete-marker", "true")
			r.Header.Set("x-amz-version-id", "3x")
		}
	})
	wantFates(t, b.Delete(t.Context(), []retention.Entry{{Key: "b\x01c", Kind: retention.Object, LastModified: old}}), failed(bucket.CodeVersioningChanged, false))
}

func TestWhatMustNotBeSentIsRefusedHere(t *testing.T) {
	s := newStand(t, "in/a", "out/b")
	c := s.config()
	c.Prefix = "in/"
	b := open(t, c)
	got := b.Delete(t.Context(), []retention.Entry{
		{Key: "out/b", Kind: retention.Object}, {Key: "", Kind: retention.Object}, {Key: "in", Kind: retention.Object},
		{Key: "in/a", Kind: retention.Version}, {Key: "in/a", Kind: retention.Marker},
		{Key: "in/a", Kind: retention.Upload}, {Key: "in/a"},
	})
	outside, kind := failed(bucket.CodeOutsidePrefix, false), failed(bucket.CodeUnsupportedKind, false)
	wantFates(t, got, outside, outside, outside, kind, kind, kind, kind)
	if n := len(s.Calls("")); n != 0 {
		t.Errorf("%d requests, want none", n)
	}
	s.wantKeys("in/a", "out/b")
}

func TestABatchOfMoreThanAThousandGoesInSeveral(t *testing.T) {
	s := newStand(t, numbered(2100)...)
	b := s.settled()
	before := len(s.Calls("DeleteObjects"))
	for i, d := range b.Delete(t.Context(), list(t, b)) {
		if d != gone {
			t.Fatalf("entry %d: %+v", i, d)
		}
	}
	for _, c := range s.Calls("DeleteObjects")[before:] {
		if n := strings.Count(c.Body, "<Key>"); n > 1000 {
			t.Errorf("%d keys in one request", n)
		}
	}
	s.wantKeys()
}

// Case 15: what has a version id is deleted by it, each version of its own.
func TestVersionsOfAKeyAreDeletedByTheirIDs(t *testing.T) {
	s := newStand(t)
	b := s.open()
	entries := []retention.Entry{
		{Key: "k", Kind: retention.Object, ID: "3", Latest: true}, {Key: "k", Kind: retention.Version, ID: "2"},
		{Key: "k", Kind: retention.Version, ID: "null"}, {Key: "k", Kind: retention.Marker, ID: "1"}, {Key: "l", Kind: retention.Version, ID: "7"},
	}
	s.OnRequest(only("DeleteObjects", xml(`<DeleteResult>
		<Deleted><Key>k</Key><VersionId>null</VersionId></Deleted>
		<Error><Key>k</Key><VersionId>2</VersionId><Code>AccessDenied</Code></Error>
		<Deleted><Key>k</Key><VersionId>1</VersionId><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>1</DeleteMarkerVersionId></Deleted>
		<Deleted><Key>k</Key></Deleted>
		<Deleted><Key>l</Key><VersionId>7</VersionId><DeleteMarker>true</DeleteMarker><DeleteMarkerVersionId>new</DeleteMarkerVersionId></Deleted>
		</DeleteResult>`)))
	// The row without an id could be about any version of k: it is about none.
	wantFates(t, b.Delete(t.Context(), entries), unknown(bucket.CodeNotMentioned, true), refused("AccessDenied"), gone, gone,
		failed(bucket.CodeVersioningChanged, false))
	if n := b.Unasked(); n != 1 {
		t.Errorf("%d answers counted as unasked, want 1", n)
	}
	for _, id := range []string{"3", "2", "null", "1", "7"} {
		if sent := s.Calls("DeleteObjects")[0].Body; !strings.Contains(sent, "<VersionId>"+id+"</VersionId>") {
			t.Errorf("version %s is not named in %s", id, sent)
		}
	}
}
