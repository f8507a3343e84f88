package bucket_test

import (
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// takesNull makes the embedded server, which acknowledges a delete of version
// "null" and does nothing, do what versitygw, MinIO and AWS do.
func (s *stand) takesNull() {
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op != "DeleteObjects" || !strings.Contains(c.Body, "<VersionId>null</VersionId>") {
			return buckettest.Verdict{}
		}
		var answer strings.Builder
		for _, k := range keysIn(c.Body) {
			s.Remove(name, k)
			answer.WriteString("<Deleted><Key>" + k + "</Key><VersionId>null</VersionId></Deleted>")
		}
		return xml("<DeleteResult>" + answer.String() + "</DeleteResult>")
	})
}

// keysIn returns the keys of a DeleteObjects request; plain ones only.
func keysIn(body string) (keys []string) {
	for _, part := range strings.Split(body, "<Key>")[1:] {
		key, _, _ := strings.Cut(part, "</Key>")
		keys = append(keys, key)
	}
	return keys
}

// nulls says of each DeleteObjects so far whether it named version null, and
// how many keys it had.
func (s *stand) nulls() (null []bool, sizes []int) {
	for _, c := range s.Calls("DeleteObjects") {
		null = append(null, strings.Contains(c.Body, "<VersionId>null</VersionId>"))
		sizes = append(sizes, len(keysIn(c.Body)))
	}
	return null, sizes
}

func (s *stand) wantNulls(want ...bool) {
	s.t.Helper()
	if null, sizes := s.nulls(); !slices.Equal(null, want) {
		s.t.Errorf("deletes named version null: %v (sizes %v), want %v", null, sizes, want)
	}
}

func repeat(d bucket.Deletion, n int) []bucket.Deletion {
	return slices.Repeat([]bucket.Deletion{d}, n)
}

func TestAServerThatTakesNullIsToldNullAlways(t *testing.T) {
	s := newStand(t, numbered(30)...)
	s.takesNull()
	b := s.open()
	entries := list(t, b)
	wantFates(t, b.Delete(t.Context(), entries[:15]), repeat(gone, 15)...)
	wantFates(t, b.Delete(t.Context(), entries[15:]), repeat(gone, 15)...)
	s.wantKeys()
	s.wantNulls(true, true, true) // the first ten, their rest, the second batch
	if _, sizes := s.nulls(); sizes[0] != 10 {
		t.Errorf("the first delete had %d keys, want 10", sizes[0])
	}
}

func TestAServerThatAcknowledgesNullAndDoesNothingIsFoundOut(t *testing.T) {
	s := newStand(t, append(numbered(25), "stays")...)
	b := s.open()
	entries := list(t, b)[:25]
	wantFates(t, b.Delete(t.Context(), entries), repeat(gone, 25)...)
	s.wantKeys("stays")
	s.wantNulls(true, false, false)
	s.put("again")
	wantFates(t, b.Delete(t.Context(), list(t, b)[:1]), gone)
	s.wantNulls(true, false, false, false)
	if n := len(s.Calls("GetBucketVersioning")); n != 1 {
		t.Errorf("versioning was read %d times, want once, at the switch", n)
	}
}

func TestAServerThatRefusesNullPerKeyIsFoundOut(t *testing.T) {
	for _, code := range []string{"NoSuchVersion", "InvalidArgument", "NotImplemented"} {
		s := newStand(t, "a", "b")
		b := s.open()
		s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
			if !strings.Contains(c.Body, "<VersionId>null") {
				return buckettest.Verdict{}
			}
			return xml("<DeleteResult><Error><Key>a</Key><VersionId>null</VersionId><Code>" + code + "</Code></Error>" +
				"<Error><Key>b</Key><Code>" + code + "</Code></Error></DeleteResult>")
		})
		wantFates(t, b.Delete(t.Context(), list(t, b)), gone, gone)
		s.wantNulls(true, false)
		s.wantKeys()
	}
}

func TestNoPlainDeleteGoesOutIfVersioningIsNoLongerNever(t *testing.T) {
	for state, code := range map[string]string{
		"<VersioningConfiguration><Status>Enabled</Status></VersioningConfiguration>":   bucket.CodeVersioningChanged,
		"<VersioningConfiguration><Status>Suspended</Status></VersioningConfiguration>": bucket.CodeVersioningChanged,
		"<Error><Code>AccessDenied</Code></Error>":                                      "AccessDenied",
	} {
		s := newStand(t, "a", "b")
		b := s.open()
		entries := list(t, b)
		s.OnRequest(only("GetBucketVersioning", xml(state)))
		wantFates(t, b.Delete(t.Context(), entries), repeat(unknown(code, false), 2)...)
		s.wantNulls(true)
		s.wantKeys("a", "b")
	}
}

func TestVersioningSwitchedOnBeforeTheSwitchHidesNothing(t *testing.T) {
	s := newStand(t, "a", "b")
	b := s.open()
	entries := list(t, b)
	s.SetVersioning(name, true)
	wantFates(t, b.Delete(t.Context(), entries), repeat(unknown(bucket.CodeVersioningChanged, false), 2)...)
	s.wantNulls(true)
	s.wantKeys("a", "b")
}

func TestAnEntryRewrittenBeforeTheSwitchSurvives(t *testing.T) {
	s := newStand(t, "a", "b")
	b := s.open()
	entries := list(t, b)
	s.Put(name, "b", []byte("new bytes"), old.AddDate(0, 0, 40))
	got := b.Delete(t.Context(), entries)
	// With one entry changed and one unchanged nothing is certain about null.
	wantFates(t, got, unknown(bucket.CodeStillThere, true), unknown(bucket.CodeChanged, false))
	s.wantKeys("a", "b")
	s.wantNulls(true)
}

func TestAnEntryRewrittenWhileTheServerIsFoundOutSurvives(t *testing.T) {
	s := newStand(t, numbered(12)...)
	b := s.open()
	entries := list(t, b)
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "GetBucketVersioning" { // after the sample was seen unchanged
			s.Put(name, "k0003", []byte("new bytes"), old.AddDate(0, 0, 40))
		}
		return buckettest.Verdict{}
	})
	got := b.Delete(t.Context(), entries)
	want := repeat(gone, 12)
	want[3] = unknown(bucket.CodeChanged, false)
	wantFates(t, got, want...)
	s.wantKeys("k0003")
}

func TestAnEntryThatStaysThoughAcknowledgedIsNotCalledDeleted(t *testing.T) {
	s := newStand(t, "a", "b", "c")
	b := s.open()
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op != "DeleteObjects" {
			return buckettest.Verdict{}
		}
		s.Remove(name, "a")
		s.Remove(name, "c")
		return xml("<DeleteResult><Deleted><Key>a</Key></Deleted><Deleted><Key>b</Key></Deleted><Deleted><Key>c</Key></Deleted></DeleteResult>")
	})
	wantFates(t, b.Delete(t.Context(), list(t, b)), gone, unknown(bucket.CodeStillThere, true), gone)
	s.wantNulls(true)
}

func TestAServerWhosePlainDeletesDoNothingEitherIsNotBelieved(t *testing.T) {
	s := newStand(t, "a", "b")
	b := s.open()
	s.OnRequest(only("DeleteObjects", xml("<DeleteResult><Deleted><Key>a</Key></Deleted><Deleted><Key>b</Key></Deleted></DeleteResult>")))
	wantFates(t, b.Delete(t.Context(), list(t, b)), repeat(unknown(bucket.CodeStillThere, true), 2)...)
	s.OnRequest(nil)
	wantFates(t, b.Delete(t.Context(), list(t, b)), gone, gone)
	s.wantNulls(true, false, true, false) // nothing was remembered of the failed attempt
}

func TestAcknowledgementsThatCannotBeCheckedAreUnknown(t *testing.T) {
	s := newStand(t, numbered(20)...)
	b := s.open()
	entries := list(t, b)
	s.OnRequest(only("ListObjectsV2", buckettest.Refuse(403, "AccessDenied", "")))
	want := append(repeat(unknown(bucket.CodeNoAnswer, true), 10), repeat(failed(bucket.CodeNotSent, true), 10)...)
	wantFates(t, b.Delete(t.Context(), entries), want...)
	s.wantNulls(true)
}

func TestOneLookupThatFailsLeavesTheQuestionOpen(t *testing.T) {
	s := newStand(t, append(numbered(1000), "a", "z")...) // more than a page apart
	b := s.open()
	all := list(t, b)
	listed := len(s.Calls("ListObjectsV2"))
	s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "ListObjectsV2" && len(s.Calls("ListObjectsV2")) == listed+2 { // the first finds what is near
			return buckettest.Refuse(403, "AccessDenied", "")
		}
		return buckettest.Verdict{}
	})
	wantFates(t, b.Delete(t.Context(), []retention.Entry{all[0], all[len(all)-1]}), unknown(bucket.CodeStillThere, true), unknown(bucket.CodeNoAnswer, true))
	s.wantNulls(true)
}

func TestWhatLiesOnOnePageIsLookedUpByOneListing(t *testing.T) {
	s := newStand(t, numbered(400)...)
	b := s.open()
	all := list(t, b)
	var entries []retention.Entry
	for i := 0; i < len(all); i += 30 {
		entries = append(entries, all[i])
	}
	listed := len(s.Calls("ListObjectsV2"))
	s.OnRequest(nil)
	b.Delete(t.Context(), entries)
	// gofakes3 doesn't take the id, so they are looked up, deleted plainly and looked up again.
	if n := len(s.Calls("ListObjectsV2")) - listed; n != 3 {
		t.Errorf("%d listings, want 3", n)
	}
}

func TestABusyServerIsNotAskedOnWhileNothingIsKnown(t *testing.T) {
	s := newStand(t, numbered(20)...)
	b := s.open()
	entries := list(t, b)
	s.OnRequest(only("DeleteObjects", buckettest.Refuse(503, "SlowDown", "")))
	want := append(repeat(unknown("SlowDown", true), 10), repeat(failed(bucket.CodeNotSent, true), 10)...)
	wantFates(t, b.Delete(t.Context(), entries), want...)
	if _, sizes := s.nulls(); !slices.Equal(sizes, []int{10}) {
		t.Errorf("requests had %v keys, want one of ten", sizes)
	}
}

func TestADeniedStoreIsAskedWithTheWholeBatchAndProvesNothing(t *testing.T) {
	s := newStand(t, numbered(20)...)
	b := s.open()
	entries := list(t, b)
	s.OnRequest(only("DeleteObjects", buckettest.Refuse(403, "AccessDenied", "")))
	wantFates(t, b.Delete(t.Context(), entries), repeat(refused("AccessDenied"), 20)...)
	s.OnRequest(nil)
	wantFates(t, b.Delete(t.Context(), entries), repeat(gone, 20)...)
	s.wantKeys()
}

func TestAMarkerMadeByADeleteOfNullEndsIt(t *testing.T) {
	s := newStand(t, "a")
	b := s.open()
	s.OnRequest(only("DeleteObjects", xml("<DeleteResult><Deleted><Key>a</Key><DeleteMarker>true</DeleteMarker></Deleted></DeleteResult>")))
	wantFates(t, b.Delete(t.Context(), list(t, b)), failed(bucket.CodeVersioningChanged, false))
	s.wantNulls(true)
}

func TestManyWorkersFindOutOnce(t *testing.T) {
	s := newStand(t, numbered(200)...)
	b := s.open()
	entries := list(t, b)
	var workers sync.WaitGroup
	for batch := range slices.Chunk(entries, 25) {
		workers.Go(func() {
			for _, d := range b.Delete(t.Context(), batch) {
				if d != gone {
					t.Errorf("fate %+v", d)
				}
			}
		})
	}
	workers.Wait()
	s.wantKeys()
	null, _ := s.nulls()
	if n := len(null) - len(slices.DeleteFunc(null, func(named bool) bool { return named })); n != 1 {
		t.Errorf("version null was tried %d times, want once", n)
	}
}

// Case 05, through the proof: each awkward key beside the keys it could be taken for.
func TestAwkwardKeysGoOnceWhileTheServerIsFoundOut(t *testing.T) {
	for _, key := range buckettest.AwkwardKeys() {
		s := newStand(t, buckettest.AwkwardKeys()...)
		b := s.open()
		entries := list(t, b)
		i := slices.Index(buckettest.KeysOf(entries), key)
		wantFates(t, b.Delete(t.Context(), entries[i:i+1]), gone)
		s.wantKeys(buckettest.KeysOf(slices.Delete(entries, i, i+1))...)
	}
}
