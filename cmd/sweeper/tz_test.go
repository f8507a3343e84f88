package main

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// Case 12: the age edge is to the second and the same in every zone. The run's
// start isn't known beforehand, so there is an object for each second around the
// place where the edge will be.
func TestTheAgeEdgeOfTheBuiltBinaryIsTheSameInEveryTimeZone(t *testing.T) {
	t.Parallel()
	for _, zone := range []string{"Pacific/Kiritimati", "America/Los_Angeles", "UTC"} {
		t.Run(zone, func(t *testing.T) {
			t.Parallel()
			server, gate := embedded(t)
			b := install(t, configFor(gate.URL, dirVault), "test", "testtest")
			b.env = append(slices.DeleteFunc(b.env, func(v string) bool { return strings.HasPrefix(v, "TZ=") }), "TZ="+zone)
			const before, after = 30, 120 // seconds
			middle := time.Now().UTC().Truncate(time.Second).Add(-30 * 24 * time.Hour)
			at := map[string]time.Time{}
			for s := -before; s <= after; s++ {
				key := fmt.Sprintf("acme/%04d.request.json", s+before)
				at[key] = middle.Add(time.Duration(s) * time.Second)
				server.Put(scriptBucket, key, []byte("{}"), at[key])
			}
			out, _ := b.run(t, 0, "run", "--json")
			p := report(t, out).Policy
			cutoff, err := evidence.ParseTime(p.Cutoff)
			if err != nil || !strings.HasSuffix(p.Cutoff, "Z") || cutoff.Before(middle.Add(-2*time.Second)) || !cutoff.Before(middle.Add(after*time.Second)) {
				t.Fatalf("the cutoff is %s (%v), which no object here can tell", p.Cutoff, err)
			}
			var want []string
			for key, modified := range at {
				if !modified.Before(cutoff) {
					want = append(want, key)
				}
			}
			slices.Sort(want)
			if got := server.Keys(scriptBucket); !slices.Equal(got, want) {
				t.Errorf("with the cutoff %s %d objects are left, want the %d from %v on", p.Cutoff, len(got), len(want), at[want[0]])
			}
			b.verified(t)
		})
	}
}
