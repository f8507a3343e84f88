package retention_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

var limits = retention.Limits{
	MaxDeletions: 10_000, MaxShare: 0.2, ShareFloor: 1000, MaxKeyDateOnlyShare: 0.01, MaxKeyDateOnlyFloor: 100,
	MaxClockSkew: time.Minute, MaxPurge: 50,
}

func TestGuardTripsAboveItsLimitAndNotAtIt(t *testing.T) {
	count := func(c retention.StoreCount) []retention.StoreCount {
		c.Store = "b"
		return []retention.StoreCount{{Store: "a", Listed: 100_000}, c}
	}
	for _, c := range []struct {
		name   string
		stores []retention.StoreCount
		want   string
	}{
		{"nothing", nil, ""},
		{"skew at the limit", count(retention.StoreCount{Skew: time.Minute}), ""},
		{"skew over it", count(retention.StoreCount{Skew: time.Minute + 1}), "max_clock_skew"},
		{"skew back at the limit", count(retention.StoreCount{Skew: -time.Minute}), ""},
		{"skew back over it", count(retention.StoreCount{Skew: -time.Minute - 1}), "max_clock_skew"},
		{"the least skew there is", count(retention.StoreCount{Skew: math.MinInt64}), "max_clock_skew"},
		{"deletions at the limit", count(retention.StoreCount{Listed: 1_000_000, Expired: 9_990, Purge: 10}), ""},
		{"deletions over it", count(retention.StoreCount{Listed: 1_000_000, Expired: 9_991, Purge: 10}), "max_deletions"},
		{"deletions that overflow", count(retention.StoreCount{Listed: 1, Expired: math.MaxInt64, Purge: math.MaxInt64}), "max_deletions"},
		{"share at the limit", count(retention.StoreCount{Listed: 10_000, Expired: 2_000}), ""},
		{"share over it", count(retention.StoreCount{Listed: 10_000, Expired: 2_001}), "max_share"},
		{"share over it with purged ones", count(retention.StoreCount{Listed: 10_000, Expired: 1_991, Purge: 10}), "max_share"},
		{"share of all, at the floor", count(retention.StoreCount{Listed: 1_000, Expired: 1_000}), ""},
		{"share of all, over the floor", count(retention.StoreCount{Listed: 1_001, Expired: 1_001}), "max_share"},
		{"key date alone at the share", count(retention.StoreCount{Listed: 100_000, Expired: 2_000, KeyDateAlone: 1_000}), ""},
		{"key date alone over it", count(retention.StoreCount{Listed: 100_000, Expired: 2_000, KeyDateAlone: 1_001}), "max_key_date_only"},
		{"key date alone at its floor", count(retention.StoreCount{Listed: 100, Expired: 100, KeyDateAlone: 100}), ""},
		{"purge at the limit", count(retention.StoreCount{Listed: 1_000, Purge: 50}), ""},
		{"purge over it", count(retention.StoreCount{Listed: 1_000, Purge: 51}), "max_purge"},
	} {
		t.Run(c.name, func(t *testing.T) {
			trip, tripped := retention.Guard(limits, retention.Plan{Stores: c.stores}, nil)
			if trip.Name != c.want || tripped != (c.want != "") {
				t.Errorf("tripped %v: %+v; want %q", tripped, trip, c.want)
			}
		})
	}
}

func TestGuardSumsOverStoresWhereTheLimitDoes(t *testing.T) {
	half := retention.StoreCount{Listed: 1_000_000, Expired: 5_001}
	if trip, _ := retention.Guard(limits, retention.Plan{Stores: []retention.StoreCount{half, half}}, nil); trip.Name != "max_deletions" || trip.Store != "" || trip.Value != "10002" || trip.Limit != "10000" {
		t.Errorf("deletions: %+v", trip)
	}
	purge := retention.StoreCount{Listed: 1000, Purge: 26}
	if trip, _ := retention.Guard(limits, retention.Plan{Stores: []retention.StoreCount{purge, purge}}, nil); trip.Name != "max_purge" || trip.Value != "52" {
		t.Errorf("purge: %+v", trip)
	}
	// One store's share is not excused by another's size.
	if trip, _ := retention.Guard(limits, retention.Plan{Stores: []retention.StoreCount{{Store: "big", Listed: 1e9}, {Store: "small", Listed: 1500, Expired: 1500}}}, nil); trip.Name != "max_share" || trip.Store != "small" {
		t.Errorf("share: %+v", trip)
	}
}

func TestGuardOrderIsFixed(t *testing.T) {
	all := retention.StoreCount{Store: "s", Listed: 20_000, Expired: 20_000, KeyDateAlone: 20_000, Purge: 60, Skew: time.Hour}
	loose := limits
	for _, step := range []struct {
		want   string
		loosen func()
	}{
		{"max_clock_skew", func() { loose.MaxClockSkew = 2 * time.Hour }},
		{"max_deletions", func() { loose.MaxDeletions = 1e9 }},
		{"max_share", func() { loose.ShareFloor = 1e9 }},
		{"max_key_date_only", func() { loose.MaxKeyDateOnlyFloor = 1e9 }},
		{"max_purge", func() { loose.MaxPurge = 1e9 }},
		{"", func() {}},
	} {
		if trip, _ := retention.Guard(loose, retention.Plan{Stores: []retention.StoreCount{all}}, nil); trip.Name != step.want {
			t.Fatalf("tripped %q, want %q", trip.Name, step.want)
		}
		step.loosen()
	}
}

func TestMissingLimitsAllowNothing(t *testing.T) {
	for name, c := range map[string]retention.StoreCount{
		"max_deletions":  {Listed: 1_000, Expired: 1},
		"max_clock_skew": {Skew: 1},
	} {
		if trip, _ := retention.Guard(retention.Limits{}, retention.Plan{Stores: []retention.StoreCount{c}}, nil); trip.Name != name {
			t.Errorf("zero limits let %+v pass (%q)", c, trip.Name)
		}
	}
	for name, share := range map[string]float64{"zero": 0, "negative": -1, "not a number": math.NaN(), "infinite": math.Inf(1)} {
		l := retention.Limits{MaxDeletions: 10, MaxShare: share}
		if trip, _ := retention.Guard(l, retention.Plan{Stores: []retention.StoreCount{{Listed: 100, Expired: 1}}}, nil); trip.Name != "max_share" {
			t.Errorf("a share that is %s lets a deletion pass", name)
		}
	}
}

// 0.07 of 100 is 7.000000000000001 in binary, and 0.29 of 100 is 28.999999999999996.
func TestSharesAreDecimalsAndExact(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		percent := rapid.Int64Range(1, 100).Draw(r, "percent")
		hundreds := rapid.Int64Range(1, math.MaxInt64/100/100).Draw(r, "hundreds")
		l := retention.Limits{MaxDeletions: math.MaxInt64, MaxShare: float64(percent) / 100, MaxKeyDateOnlyShare: 1, MaxPurge: math.MaxInt64}
		at := retention.StoreCount{Listed: hundreds * 100, Expired: hundreds * percent}
		if trip, tripped := retention.Guard(l, retention.Plan{Stores: []retention.StoreCount{at}}, nil); tripped {
			r.Errorf("%d%% of %d trips at the limit: %+v", percent, at.Listed, trip)
		}
		at.Expired++
		if _, tripped := retention.Guard(l, retention.Plan{Stores: []retention.StoreCount{at}}, nil); !tripped {
			r.Errorf("one more than %d%% of %d passes", percent, at.Listed)
		}
	})
}

func TestTripsTellTheOperatorTheWayOn(t *testing.T) {
	for name, c := range map[string]retention.StoreCount{
		"max_clock_skew":    {Store: "s", Skew: -90 * time.Second},
		"max_deletions":     {Store: "s", Listed: 1e9, Expired: 10_001},
		"max_share":         {Store: "s", Listed: 5000, Expired: 2500},
		"max_key_date_only": {Store: "s", Listed: 20_000, Expired: 2_000, KeyDateAlone: 2_000},
		"max_purge":         {Store: "s", Listed: 1000, Purge: 51},
	} {
		trip, _ := retention.Guard(limits, retention.Plan{Stores: []retention.StoreCount{c}}, nil)
		if trip.Name != name || trip.Value == "" || trip.Limit == "" || !strings.Contains(trip.Message, "nothing was deleted") || !strings.Contains(trip.Message, name) {
			t.Errorf("%s: %+v", name, trip)
		}
		way := `look at the plan ("sweeper report show N --plan", with this report's number) and, if it is right, carry it out ("sweeper apply N --reason CODE")`
		if name == "max_clock_skew" {
			way = "set the clock that is wrong (is NTP running on both?) and run again"
		}
		if !strings.HasSuffix(trip.Message, way) || strings.Contains(trip.Message, "\n") {
			t.Errorf("%s: no way on in %q", name, trip.Message)
		}
		t.Log(trip.Message)
	}
	trip, _ := retention.Guard(limits, retention.Plan{Stores: []retention.StoreCount{{Store: "s", Listed: 5000, Expired: 2500}}}, nil)
	if trip.Value != "2500 of 5000" || trip.Limit != "0.2" || trip.Store != "s" {
		t.Errorf("share: %+v", trip)
	}
}
