package sweep_test

import (
	"crypto/md5"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// These are the cases in which tools of this kind went wrong. The ones that need
// versions, or a server that spells odd keys, are points of TestConformance, on
// real servers: 04, 05, 07, 08 and 15. Case 13, of settings, is among the
// refusals of package config.

func TestCase01APartialFailureInsideA200FailsJustTheKeysItNames(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Batch = 3
	var keys []string
	for i := range 6 {
		keys = append(keys, w.seed("acme", 40*day, fmt.Sprint(i)))
	}
	w.deletes(func(key string) string {
		return map[string]string{keys[1]: "AccessDenied", keys[2]: "AccessDenied", keys[4]: "~"}[key]
	})
	s := w.run()
	w.wantResult(s, evidence.ResultBroken, 3, sweep.CodeFailed, sweep.CodeExpiredRemain)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 6, Deleted: 3, Failed: 3})
	w.wantFates(0, map[string]string{keys[0]: "deleted", keys[1]: "failed ACCESS_DENIED", keys[2]: "failed ACCESS_DENIED",
		keys[3]: "deleted", keys[4]: "failed NOT_MENTIONED", keys[5]: "deleted"})
	w.wantKeys(keys[1], keys[2], keys[4])

	w.OnRequest(nil)
	s = w.run()
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 3, Deleted: 3})
	w.wantKeys()
}

func TestCase02TransientErrorsOfKeysAreRetriedForThoseKeysAlone(t *testing.T) {
	// A key that fails in every batch goes alone from the third attempt on.
	for code, fails := range map[string]int{"SlowDown": 3, "InternalError": 1} {
		t.Run(code, func(t *testing.T) {
			w := newWorld(t)
			var keys []string
			for i := range 5 {
				keys = append(keys, w.seed("acme", 40*day, fmt.Sprint(i)))
			}
			tries := map[string]int{}
			w.deletes(func(key string) string {
				if tries[key]++; (key == keys[1] || key == keys[4]) && tries[key] <= fails {
					return code
				}
				return ""
			})
			s := w.run()
			w.wantKeys()
			w.wantResult(s, evidence.ResultKept, 0)
			w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 5, Deleted: 5})
			if n := s.Predicate.Totals.Retries; n != int64(2*fails) {
				t.Errorf("retries: %d, want %d of each of two keys", n, fails)
			}
			for i, call := range w.deleteCalls() {
				if n := len(objectsOf(t, call)); i > 0 && n != 2 {
					t.Errorf("attempt %d has %d keys, want the two alone", i+1, n)
				}
			}
		})
	}
}

func TestCase02PausesBetweenAttemptsGrowAndEnd(t *testing.T) {
	w := newWorld(t)
	w.seed("acme", 40*day, "a")
	var at []time.Time
	w.deletes(func(string) string {
		at = append(at, time.Now())
		return "SlowDown"
	})
	w.run()
	if len(at) != 8 {
		t.Fatalf("%d attempts, want 8", len(at))
	}
	for i := 1; i < len(at); i++ { // a pause is half to one and a half times as long as it is meant to be
		if pause, least := at[i].Sub(at[i-1]), time.Millisecond<<(i-1)/2; pause < least {
			t.Errorf("the pause before attempt %d is %v, want %v at least", i+1, pause, least)
		}
	}
}

// demand makes every DeleteObjects be refused for which says returns a message.
func (w *world) demand(says func(c buckettest.Call) string) {
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op != "DeleteObjects" {
			return buckettest.Verdict{}
		}
		if message := says(c); message != "" {
			return buckettest.Refuse(http.StatusBadRequest, "InvalidRequest", message)
		}
		return buckettest.Verdict{}
	})
}

func hasChecksum(c buckettest.Call) bool {
	for name := range c.Header {
		if strings.HasPrefix(strings.ToLower(name), "x-amz-checksum-") {
			return true
		}
	}
	return false
}

func TestCase10EachServersChecksumOfDeletesIsMet(t *testing.T) {
	servers := map[string]func(buckettest.Call) string{
		"A": func(c buckettest.Call) string {
			sum := md5.Sum([]byte(c.Body))
			if c.Header.Get("Content-MD5") != base64.StdEncoding.EncodeToString(sum[:]) {
				return "Missing required header for this request: Content-MD5"
			}
			return ""
		},
		"B": func(c buckettest.Call) string {
			sum := binary.BigEndian.AppendUint32(nil, crc32.ChecksumIEEE([]byte(c.Body)))
			if c.Header.Get("X-Amz-Checksum-Crc32") != base64.StdEncoding.EncodeToString(sum) {
				return "The request has no right CRC32"
			}
			return ""
		},
		"C": func(c buckettest.Call) string {
			if hasChecksum(c) {
				return "A header you provided implies functionality that is not implemented"
			}
			return ""
		},
		"one that rejects all": func(buckettest.Call) string { return "No" },
	}
	for _, c := range []struct {
		server, checksum string
		works            bool
	}{
		{"A", "auto", true}, {"A", "md5", true}, {"B", "auto", true}, {"B", "crc32", true}, {"C", "md5", true},
		{"C", "auto", false}, {"one that rejects all", "auto", false}, {"one that rejects all", "crc32", false}, {"one that rejects all", "md5", false},
	} {
		t.Run(c.server+", checksum "+c.checksum, func(t *testing.T) {
			w := newWorld(t)
			w.spec.Stores[0].Checksum, w.spec.Stores[0].Batch = c.checksum, 2
			var keys []string
			for i := range 9 {
				keys = append(keys, w.seed("acme", 40*day, fmt.Sprint(i)))
			}
			w.demand(servers[c.server])
			if c.works {
				w.wantResult(w.run(), evidence.ResultKept, 0)
				w.wantKeys()
				return
			}
			_, err := w.try(t.Context())
			w.wantKeys(keys...)
			if err == nil || strings.Count(err.Error(), "InvalidRequest") != 1 || !strings.Contains(err.Error(), "checksum") || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want one line that names the setting", err)
			}
			if n := len(w.Calls("DeleteObjects")); n > 2 {
				t.Errorf("%d deletes were sent to find out", n)
			}
		})
	}
}

// 30 days before noon of the 25th of November it was still summer time in Los
// Angeles.
func TestCase12TheAgeEdgeIsTheSameInEveryTimeZone(t *testing.T) {
	local := time.Local
	t.Cleanup(func() { time.Local = local })
	for _, name := range []string{"Pacific/Kiritimati", "America/Los_Angeles", "UTC"} {
		t.Run(name, func(t *testing.T) {
			zone, err := time.LoadLocation(name)
			if err != nil {
				t.Fatal(err)
			}
			time.Local = zone
			w := newWorld(t)
			w.now = noon.In(zone)
			for key, age := range map[string]time.Duration{"acme/under": 30*day - time.Second, "acme/at": 30 * day, "acme/over": 30*day + time.Second} {
				w.Put(store1, key, []byte("{}"), noon.Add(-age).In(zone))
			}
			s := w.run()
			w.wantKeys("acme/at", "acme/under")
			w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 1, Deleted: 1})
			if got := s.Predicate.Policy.Cutoff; got != "2026-10-26T12:00:00Z" {
				t.Errorf("the cutoff is %s, want one and the same everywhere", got)
			}
		})
	}
}

func TestAServerThatMentionsNothingButErrorsIsNotBelievedAndNotMisread(t *testing.T) {
	w := newWorld(t)
	a, b, c := three(w)
	w.deletes(func(key string) string {
		if key == c {
			return "AccessDenied"
		}
		return "-"
	})
	s := w.run()
	w.wantKeys(c)
	w.wantFates(0, map[string]string{a: "absent", b: "absent", c: "failed ACCESS_DENIED"})
	w.wantResult(s, evidence.ResultBroken, 3, sweep.CodeFailed)
	for _, call := range w.deleteCalls() {
		if strings.Contains(call.Body, "<Quiet>true") {
			t.Error("the server is asked to be quiet about what it deleted")
		}
	}
}

func TestAnswersAboutKeysThatNobodyAskedForAreIgnoredAndReported(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Batch = 2
	a, b, c := three(w)
	young := w.seed("acme", day, "young")
	held := false
	w.OnAnswer("DeleteObjects", func(body string) string {
		if held || !strings.Contains(body, a) {
			return body
		}
		held = true
		return strings.Replace(body, "</DeleteResult>", "<Deleted><Key>"+young+"</Key></Deleted>"+
			"<Error><Key>"+c+"</Key><Code>AccessDenied</Code></Error></DeleteResult>", 1)
	})
	s := w.run()
	w.wantKeys(young)
	w.wantResult(s, evidence.ResultKept, 0, sweep.CodeUnasked)
	w.wantFates(0, map[string]string{a: "deleted", b: "deleted", c: "deleted", young: ""})
	if n := reason(s, sweep.CodeUnasked); n != 2 {
		t.Errorf("%d answers that nobody asked for are reported, want 2", n)
	}
}

func TestABatchThatFailsStopsNoLaterOne(t *testing.T) {
	for name, v := range map[string]buckettest.Verdict{
		"500":   buckettest.Refuse(http.StatusInternalServerError, "InternalError", "no"),
		"503":   buckettest.Refuse(http.StatusServiceUnavailable, "SlowDown", "no"),
		"reset": {Drop: true},
		"400":   buckettest.Refuse(http.StatusBadRequest, "MalformedXML", "no"),
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.spec.Stores[0].Batch, w.cut = 2, 4
			var keys []string
			for i := range 7 {
				keys = append(keys, w.seed("acme", 40*day, fmt.Sprint(i)))
			}
			w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
				if isDelete(c) && strings.Contains(c.Body, keys[2]) {
					return v
				}
				return buckettest.Verdict{}
			})
			s := w.run()
			w.wantKeys(keys[2], keys[3])
			w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 7, Deleted: 5, Failed: 2})
			w.wantResult(s, evidence.ResultBroken, 3, sweep.CodeFailed)
			if !slices.ContainsFunc(w.deleteCalls(), func(c buckettest.Call) bool { return strings.Contains(c.Body, keys[6]) }) {
				t.Error("the last batch was never sent")
			}
		})
	}
}
