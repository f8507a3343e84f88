package main

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 25, 12, 30, 0, 0, time.UTC)

func space(t *testing.T, keys, teams, every int, layout string) *keyspace {
	t.Helper()
	k, err := newKeyspace(keys, teams, every, layout, noon)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func allKeys(k *keyspace) (keys []string) {
	for i := range k.count() {
		p := k.place(i)
		keys = append(keys, string(p.key(k, nil)))
	}
	return keys
}

// eachSpace runs a test over shapes with and without remainders.
func eachSpace(t *testing.T, test func(*testing.T, *keyspace)) {
	for _, layout := range []string{layoutEven, layoutSkewed} {
		for _, keys := range []int{0, 1, 7, 1000, 9973} {
			for _, teams := range []int{1, 2, 3, 40} {
				for _, every := range []int{0, 1, 2, 30} {
					t.Run(fmt.Sprintf("%s %d keys of %d teams, 1 of %d old", layout, keys, teams, every), func(t *testing.T) {
						test(t, space(t, keys, teams, every, layout))
					})
				}
			}
		}
	}
}

func TestNumbersAreInTheOrderOfTheirKeysAndEachKeyIsFoundAgain(t *testing.T) {
	eachSpace(t, func(t *testing.T, k *keyspace) {
		keys := allKeys(k)
		if !slices.IsSorted(keys) || len(slices.Compact(slices.Clone(keys))) != len(keys) {
			t.Fatal("keys are out of order, or one is there twice")
		}
		for i, key := range keys {
			if at, ok := k.find(key); !ok || at != i {
				t.Fatalf("key %d is found as %d, %v", i, at, ok)
			}
			if _, ok := k.find(key + "x"); ok {
				t.Fatal("a key that doesn't exist is found")
			}
		}
	})
}

// The cutoff moves with the clock, so an expired key is so all day and the next,
// and a young one stays young, by its date as by LastModified.
func TestAgesAreClearOfTheCutoff(t *testing.T) {
	const month = 30 * 24 * time.Hour
	eachSpace(t, func(t *testing.T, k *keyspace) {
		old := 0
		for i := range k.count() {
			p := k.place(i)
			at, err := time.Parse(time.RFC3339, string(p.modified(k, nil)))
			if err != nil {
				t.Fatal(err)
			}
			day := at.Truncate(24 * time.Hour)
			if want := day.Format("/2006/01/02/"); string(p.key(k, nil))[len("team-00000"):][:len(want)] != want {
				t.Fatalf("key %s was modified on %s", p.key(k, nil), at)
			}
			if p.old {
				old++
			}
			if expired := day.Add(24 * time.Hour).Before(noon.Truncate(24 * time.Hour).Add(-month)); expired != p.old {
				t.Fatalf("modified %s: expired is %v, counted as %v", at, expired, p.old)
			}
			if !p.old && (at.Before(noon.Add(24*time.Hour-month)) || at.After(noon)) {
				t.Fatalf("a young key was modified %s", at)
			}
		}
		if k.expired() != old {
			t.Fatalf("%d keys are said to be expired, %d are", k.expired(), old)
		}
	})
}

func TestTheShareOfExpiredKeysIsWhatWasAskedFor(t *testing.T) {
	for every, want := range map[int]int{0: 0, 1: 120_000, 2: 60_000, 30: 4000} {
		if got := space(t, 120_000, 100, every, layoutEven).expired(); got != want {
			t.Errorf("1 of %d: %d keys of 120000 are expired, want %d", every, got, want)
		}
	}
}

func TestOneTeamOfASkewedLayoutHasNineTenths(t *testing.T) {
	k := space(t, 10_000, 5, 30, layoutSkewed)
	if want := []int{0, 250, 500, 9500, 9750, 10_000}; !slices.Equal(k.starts, want) {
		t.Errorf("teams start at %v, want %v", k.starts, want)
	}
}

func TestTheNextClearBitIsFound(t *testing.T) {
	b := newBitmap(300)
	for _, i := range []int{0, 1, 63, 64, 130, 131} {
		if !b.set(i) || b.set(i) || !b.has(i) {
			t.Fatalf("bit %d isn't set once", i)
		}
	}
	for i := 132; i < 300; i++ {
		b.set(i)
	}
	for from, want := range map[int]int{0: 2, 2: 2, 63: 65, 130: 300, 299: 300, 300: 300} {
		if got := b.clear(from, 300); got != want {
			t.Errorf("after %d comes %d, want %d", from, got, want)
		}
	}
	if got := b.clear(130, 140); got != 140 {
		t.Errorf("within 140 comes %d", got)
	}
}
