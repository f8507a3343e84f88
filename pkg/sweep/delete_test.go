package sweep_test

import (
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// three seeds three old objects, and returns their keys.
func three(w *world) (a, b, c string) {
	w.t.Helper()
	return w.seed("acme", 40*day, "a"), w.seed("acme", 40*day, "b"), w.seed("acme", 40*day, "c")
}

// times counts how often each key was sent.
func (w *world) times() map[string]int {
	n := map[string]int{}
	for _, c := range w.deleteCalls() {
		for _, o := range objectsOf(w.t, c) {
			n[o.Key]++
		}
	}
	return n
}

func TestEachKeysOwnResultInA200IsRead(t *testing.T) {
	w := newWorld(t)
	a, b, c := three(w)
	w.deletes(func(key string) string {
		if key == b {
			return ""
		}
		return "AccessDenied"
	})
	s := w.run()
	w.wantKeys(a, c)
	w.wantResult(s, evidence.ResultBroken, 3, sweep.CodeFailed, sweep.CodeExpiredRemain)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 3, Deleted: 1, Failed: 2})
	w.wantFates(0, map[string]string{a: "failed ACCESS_DENIED", b: "deleted", c: "failed ACCESS_DENIED"})
	if n := w.times(); n[a] != 1 {
		t.Errorf("a key that was denied was sent %d times, want once", n[a])
	}

	w.OnRequest(nil)
	s = w.run()
	w.wantKeys()
	w.wantResult(s, evidence.ResultKept, 0)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 2, Deleted: 2})
}

func TestAKeyThatTheAnswerPassesOverIsLookedUp(t *testing.T) {
	w := newWorld(t)
	a, b, c := three(w)
	w.deletes(func(key string) string { return map[string]string{a: "-", c: "~"}[key] })
	s := w.run()
	w.wantKeys(c)
	w.wantFates(0, map[string]string{a: "absent", b: "deleted", c: "failed NOT_MENTIONED"})
	w.wantResult(s, evidence.ResultBroken, 3)
	if n := w.times(); n[a] != 1 || n[b] != 1 || n[c] != 8 {
		t.Errorf("sent %v, want a and b once and c eight times", n)
	}
	if l := w.lines(0)[w.ids.Team("acme").KeyHMAC("object", store1, a, "")]; l.By != evidence.ByLookup {
		t.Errorf("what is absent is known by %s", l.By)
	}
}

func TestThrottledKeysAreSentAgainAlone(t *testing.T) {
	w := newWorld(t)
	var keys []string
	for i := range 5 {
		keys = append(keys, w.seed("acme", 40*day, fmt.Sprint(i)))
	}
	tries := map[string]int{}
	w.deletes(func(key string) string {
		if tries[key]++; tries[key] == 1 && (key == keys[1] || key == keys[3]) {
			return "SlowDown"
		}
		return ""
	})
	s := w.run()
	w.wantKeys()
	w.wantResult(s, evidence.ResultKept, 0)
	if calls := w.deleteCalls(); len(calls) != 2 || len(objectsOf(t, calls[1])) != 2 || tries[keys[0]] != 1 {
		t.Errorf("%d deletes, tries %v, want the two alone a second time", len(calls), tries)
	}
	if n := s.Predicate.Totals.Retries; n != 2 {
		t.Errorf("retries: %d, want 2", n)
	}
}

func TestAServerThatStaysBusyLeavesFailedAndThrottled(t *testing.T) {
	w := newWorld(t)
	a, b, c := three(w)
	w.deletes(func(string) string { return "SlowDown" })
	s := w.run()
	w.wantKeys(a, b, c)
	w.wantFates(0, map[string]string{a: "failed THROTTLED", b: "failed THROTTLED", c: "failed THROTTLED"})
	w.wantResult(s, evidence.ResultBroken, 3)
}

func TestAServersOwnWordsStayOutOfTheEvidence(t *testing.T) {
	w := newWorld(t)
	a, b, c := three(w)
	w.deletes(func(key string) string {
		return map[string]string{a: "acme is not allowed to see " + key, b: "InvalidObjectState", c: "KMS.DisabledException"}[key]
	})
	w.run()
	w.wantFates(0, map[string]string{a: "failed SERVER_ERROR", b: "failed INVALID_OBJECT_STATE", c: "failed SERVER_ERROR"})
}

func TestALostAnswerIsSettledByALookupAndNotSentAgain(t *testing.T) {
	w := newWorld(t)
	a, b, c := three(w)
	again := false
	w.OnRequest(func(call buckettest.Call) buckettest.Verdict {
		if !isDelete(call) || again {
			return buckettest.Verdict{}
		}
		again = true
		for _, o := range objectsOf(t, call) {
			w.Remove(store1, o.Key)
		}
		return buckettest.Verdict{Drop: true}
	})
	s := w.run()
	w.wantKeys()
	w.wantResult(s, evidence.ResultKept, 0)
	w.wantFates(0, map[string]string{a: "absent", b: "absent", c: "absent"})
	if n := len(w.deleteCalls()); n != 1 || s.Predicate.Totals.Retries != 0 {
		t.Errorf("%d deletes and %d retries, want 1 and 0", n, s.Predicate.Totals.Retries)
	}
}

func TestALostRequestIsSentAgain(t *testing.T) {
	w := newWorld(t)
	a, _, _ := three(w)
	lost := false
	w.OnRequest(func(call buckettest.Call) buckettest.Verdict {
		if !isDelete(call) || lost {
			return buckettest.Verdict{}
		}
		lost = true
		return buckettest.Verdict{Drop: true}
	})
	s := w.run()
	w.wantKeys()
	w.wantFates(0, map[string]string{a: "deleted"})
	w.wantResult(s, evidence.ResultKept, 0)
}

func TestWhatWasWrittenAfterALostAnswerSurvives(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Layouts = []string{"{team}/{request}"}
	w.put("acme/a", 40*day)
	w.put("acme/b", 40*day)
	dropped := false
	w.OnRequest(func(call buckettest.Call) buckettest.Verdict {
		if !isDelete(call) || dropped {
			return buckettest.Verdict{}
		}
		dropped = true
		w.Remove(store1, "acme/a")
		w.Remove(store1, "acme/b")
		w.put("acme/a", 0) // the very same bytes, but new
		return buckettest.Verdict{Drop: true}
	})
	s := w.run()
	w.wantKeys("acme/a")
	w.wantFates(0, map[string]string{"acme/a": "changed CHANGED_SINCE_LISTED", "acme/b": "absent"})
	w.wantResult(s, evidence.ResultKept, 0, sweep.CodeChanged)
}

func TestWhatWasWrittenAfterAnOldPlanSurvives(t *testing.T) {
	for _, c := range []struct {
		age   time.Duration
		guard string
		looks bool
	}{{59 * time.Second, "relist", false}, {61 * time.Second, "relist", true}, {61 * time.Second, "off", false}} {
		t.Run(fmt.Sprintf("plan of %s, overwrite_guard %s", c.age, c.guard), func(t *testing.T) {
			w := newWorld(t)
			w.spec.Stores[0].Layouts, w.spec.Stores[0].OverwriteGuard = []string{"{team}/{request}"}, c.guard
			w.put("acme/a", 40*day)
			w.put("acme/b", 40*day)
			w.deletes(func(string) string { return "" })
			before := 0
			w.planned(func() {
				w.advance(c.age)
				before = len(w.Calls("ListObjectsV2"))
				if c.looks {
					w.put("acme/a", 0)
					w.Remove(store1, "acme/b")
				}
			})
			s := w.run()
			lookups := 0
			for _, call := range w.Calls("ListObjectsV2")[before:] {
				if call.Query.Get("start-after") != "" {
					lookups++
				}
			}
			if !c.looks {
				w.wantKeys()
				w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 2, Deleted: 2})
				if got := s.Predicate.Totals.WindowSeconds; got != int64(c.age/time.Second) {
					t.Errorf("the window is said to be %d s, want %s", got, c.age)
				}
				return
			}
			w.wantKeys("acme/a")
			w.wantFates(0, map[string]string{"acme/a": "changed CHANGED_SINCE_LISTED", "acme/b": "absent"})
			if len(w.deleteCalls()) != 0 || lookups == 0 || s.Predicate.Totals.WindowSeconds != 0 {
				t.Errorf("%d deletes, %d lookups, window %d", len(w.deleteCalls()), lookups, s.Predicate.Totals.WindowSeconds)
			}
		})
	}
}

func TestEntriesThatCanNotBeLookedUpAgainAreUnconfirmedIfTheyWereSent(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Batch = 2
	a, b, c := three(w)
	var sent atomic.Bool
	w.OnRequest(func(call buckettest.Call) buckettest.Verdict {
		switch {
		case isDelete(call):
			sent.Store(true)
			return buckettest.Verdict{Drop: true}
		case call.Op == "ListObjectsV2" && sent.Load():
			return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
		}
		return buckettest.Verdict{}
	})
	s := w.run()
	w.wantKeys(a, b, c)
	w.wantFates(0, map[string]string{a: "unconfirmed NO_ANSWER", b: "unconfirmed NO_ANSWER", c: "unconfirmed NO_ANSWER"})
	w.wantResult(s, evidence.ResultBroken, 3, sweep.CodeUnconfirmed)
}

func TestEntriesOfAnOldPlanThatCanNotBeLookedUpAreLeft(t *testing.T) {
	w := newWorld(t)
	a, b, _ := three(w)
	w.planned(func() {
		w.advance(time.Hour)
		w.OnRequest(func(call buckettest.Call) buckettest.Verdict {
			if call.Op == "ListObjectsV2" {
				return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
			}
			return buckettest.Verdict{}
		})
	})
	s := w.run()
	w.wantFates(0, map[string]string{a: "left LISTING_INCOMPLETE", b: "left LISTING_INCOMPLETE"})
	w.wantResult(s, evidence.ResultInconclusive, 3, sweep.CodeLeft)
	if n := len(w.deleteCalls()); n != 0 {
		t.Errorf("%d deletes were sent", n)
	}
}

func TestAStoreThatDeniesEverythingIsStoppedEarly(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Batch, w.cut = 2, 3
	var keys []string
	for i := range 8 {
		keys = append(keys, w.seed("acme", 40*day, fmt.Sprint(i)))
	}
	refuse := func(call buckettest.Call) buckettest.Verdict {
		if call.Op == "DeleteObjects" {
			return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
		}
		return buckettest.Verdict{}
	}
	w.planned(func() { w.OnRequest(refuse) }) // the right is taken away after preflight
	s := w.run()
	w.wantKeys(keys...)
	w.wantResult(s, evidence.ResultBroken, 3, sweep.CodeFailed, sweep.CodeLeft)
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 8, Failed: 2, Left: 6})
	w.wantFates(0, map[string]string{keys[0]: "failed ACCESS_DENIED", keys[2]: "left ACCESS_DENIED", keys[7]: "left ACCESS_DENIED"})
	if n := len(w.deleteCalls()); n != 1 {
		t.Errorf("%d deletes were sent, want one", n)
	}
}

func TestKeysThatArePolicyDeniedKeepNoOthersFromGoing(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].Batch = 2
	var keys []string
	for i := range 6 {
		keys = append(keys, w.seed("acme", 40*day, fmt.Sprint(i)))
	}
	w.deletes(func(key string) string {
		if key == keys[0] || key == keys[1] {
			return "AccessDenied"
		}
		return ""
	})
	s := w.run()
	w.wantKeys(keys[0], keys[1])
	w.wantOutcomes(s, evidence.OutcomeCounts{Planned: 6, Deleted: 4, Failed: 2})
}

func TestADeleteNamesTheVersionNull(t *testing.T) {
	w := newWorld(t)
	three(w)
	w.deletes(func(string) string { return "" })
	w.run()
	for _, c := range w.deleteCalls() {
		if slices.ContainsFunc(objectsOf(t, c), func(o object) bool { return o.VersionID != "null" }) {
			t.Errorf("a delete names no version: %s", c.Body)
		}
	}
}
