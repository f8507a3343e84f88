package sweep_test

import (
	"fmt"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

func sum(all []int64) (n int64) {
	for _, c := range all {
		n += c
	}
	return n
}

func TestAgesStandOnTheirSideOfTheLine(t *testing.T) {
	w := newWorld(t)
	for i, age := range []time.Duration{0, day - time.Second, day, 30*day - time.Second, 30 * day,
		30*day + time.Second, 31*day - time.Second, 31 * day, 40 * day, 90 * day, 900 * day} {
		w.put(fmt.Sprintf("acme/%02d", i), age)
	}
	ages := w.pageOf(w.run()).Ages
	want := make([]int64, 91)
	want[0], want[1], want[29], want[30], want[31], want[40], want[90] = 2, 1, 2, 2, 1, 1, 2
	if ages == nil || ages.MaxAgeDays != 30 || !slices.Equal(ages.Before, want) {
		t.Fatalf("ages are %+v, want before %v", ages, want)
	}
	clear(want[30:])
	if !slices.Equal(ages.After, want) {
		t.Errorf("after is %v, want %v", ages.After, want)
	}
}

func TestNoAgesWhereTheyWereNotCounted(t *testing.T) {
	for name, set := range map[string]func(*world){
		"max_age has hours": func(w *world) { w.spec.MaxAge, w.spec.MaxAgeText = 36*time.Hour, "36h" },
		"nothing is there":  func(w *world) { w.Remove(store1, "acme/a"); w.Remove(store1, "acme/b") },
		"ZDR teams alone": func(w *world) {
			w.seed("zdr", 5*day, "r")
			w.req.Type, w.req.PrefixOnly = evidence.TypeAttestation, true
		},
		"no listing came": func(w *world) { w.OnRequest(noListing) },
	} {
		w := newWorld(t)
		w.put("acme/a", 40*day)
		w.put("acme/b", day)
		set(w)
		if ages := w.pageOf(w.run()).Ages; ages != nil {
			t.Errorf("%s: ages are %+v", name, ages)
		}
	}
}

func TestNoAgesAfterWithoutASecondListing(t *testing.T) {
	for name, set := range map[string]func(*world){
		"confirm: none": func(w *world) { w.spec.Confirm = false },
		"dry run":       func(w *world) { w.req.Type = evidence.TypeDryRun },
		"attestation":   func(w *world) { w.req.Type = evidence.TypeAttestation },
	} {
		w := newWorld(t)
		w.put("acme/a", 40*day)
		set(w)
		if ages := w.pageOf(w.run()).Ages; ages == nil || sum(ages.Before) != 1 || ages.After != nil {
			t.Errorf("%s: ages are %+v, want one before and none after", name, ages)
		}
	}
}

// Of any entries, as many are past the line as the report says are expired.
func TestAgesAddUpToTheTotals(t *testing.T) {
	w := newWorld(t)
	w.spec.Stores[0].NoTeam = []string{"acme/"}
	for i := range 60 {
		age := time.Duration(i) * 17 * time.Hour
		w.put(fmt.Sprintf("acme/%d", i), age)
		w.put(dated("beta", age, fmt.Sprint(i)), age/2) // a copy: the key is older
	}
	s := w.run()
	ages, totals := w.pageOf(s).Ages, s.Predicate.Totals
	if ages == nil || totals.Expired == 0 || sum(ages.Before[30:]) != totals.Expired || sum(ages.Before) != totals.Listed {
		t.Errorf("ages are %+v, and %d of %d are expired", ages, totals.Expired, totals.Listed)
	}
	if sum(ages.After) != totals.Kept || sum(ages.After[30:]) != s.Predicate.Confirmation.ExpiredRemaining {
		t.Errorf("after is %v, and %d were kept", ages.After, totals.Kept)
	}
}

func noListing(c buckettest.Call) buckettest.Verdict {
	if c.Op == "ListObjectsV2" {
		return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
	}
	return buckettest.Verdict{}
}
