package vaulttest

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// RunArea runs what every erasable Area promises. open returns a new, empty area.
func RunArea(t *testing.T, open func(t *testing.T) vault.Area) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, vault.Area){
		"put-then-get-gives-the-same-bytes":               roundTrip,
		"a-name-that-is-taken-refuses-every-second-put":   putOnce,
		"what-is-absent-is-not-found":                     absent,
		"listing-is-sorted-recursive-and-by-prefix":       list,
		"listing-sees-everything-past-a-page":             listMany,
		"remove-takes-one-name-and-absent-is-success":     remove,
		"swap-creates-once-and-replaces-only-what-it-saw": swap,
		"names-that-could-leave-the-area-are-refused":     names,
		"one-of-many-swaps-of-one-state-wins":             swapRace,
		"one-of-many-puts-of-one-name-wins":               putRace,
		"an-ended-context-ends-the-call":                  ended,
		"probe-passes-and-leaves-nothing":                 probe,
		"probe-vault-passes-as-often-as-it-is-asked":      probeVault,
	} {
		t.Run(name, func(t *testing.T) { test(t, open(t)) })
	}
}

func put(t *testing.T, a vault.Area, name, data string) {
	t.Helper()
	if err := a.Put(t.Context(), name, []byte(data)); err != nil {
		t.Fatalf("Put(%s): %v", name, err)
	}
}

func wantBytes(t *testing.T, a vault.Area, name, want string) {
	t.Helper()
	got, err := a.Get(t.Context(), name)
	if err != nil || string(got) != want {
		t.Fatalf("Get(%s) = %q, %v; want %q", name, got, err, want)
	}
}

func wantErr(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want one that wraps %q", err, want)
	}
}

func wantNames(t *testing.T, a vault.Area, prefix string, want ...string) {
	t.Helper()
	got, err := a.List(t.Context(), prefix)
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("List(%q) = %q, %v; want %q", prefix, got, err, want)
	}
}

func roundTrip(t *testing.T, a vault.Area) {
	for name, data := range map[string]string{
		"text":                       "hello\n",
		"empty":                      "",
		"0000000123/run.json":        `{"a":1}`,
		"deep/er/still/plan.jsonl.z": "\x00\xff\x1f\x8b",
		"large":                      strings.Repeat("0123456789abcdef", 1<<16),
	} {
		put(t, a, name, data)
		wantBytes(t, a, name, data)
		got, tag, err := a.Read(t.Context(), name)
		if err != nil || string(got) != data || tag == "" {
			t.Errorf("Read(%s): %d bytes, tag %q, %v; want the bytes put and a tag", name, len(got), tag, err)
		}
	}
}

func putOnce(t *testing.T, a vault.Area) {
	put(t, a, "reports/1/a.json", "first")
	wantErr(t, a.Put(t.Context(), "reports/1/a.json", []byte("second")), vault.ErrExists)
	wantErr(t, a.Put(t.Context(), "reports/1/a.json", []byte("first")), vault.ErrExists)
	wantBytes(t, a, "reports/1/a.json", "first")
}

func absent(t *testing.T, a vault.Area) {
	put(t, a, "folder/file", "x")
	for _, name := range []string{"file", "folder/fil", "folder/file2", "other/file"} {
		_, err := a.Get(t.Context(), name)
		wantErr(t, err, vault.ErrNotFound)
		_, _, err = a.Read(t.Context(), name)
		wantErr(t, err, vault.ErrNotFound)
	}
}

func list(t *testing.T, a vault.Area) {
	wantNames(t, a, "")
	wantNames(t, a, "none/")
	for _, name := range []string{"b/2", "a.c", "a/b/c", "a/a", "ab", "b/10"} {
		put(t, a, name, name)
	}
	wantNames(t, a, "", "a.c", "a/a", "a/b/c", "ab", "b/10", "b/2")
	wantNames(t, a, "a", "a.c", "a/a", "a/b/c", "ab")
	wantNames(t, a, "a/", "a/a", "a/b/c")
	wantNames(t, a, "a/b", "a/b/c")
	wantNames(t, a, "b/1", "b/10")
	wantNames(t, a, "b/10", "b/10")
	wantNames(t, a, "b/10/")
}

func listMany(t *testing.T, a vault.Area) {
	const n = 1100 // S3 pages hold 1,000
	want := make([]string, n)
	var wg sync.WaitGroup
	for i := range n {
		want[i] = fmt.Sprintf("many/%05d", i)
	}
	for chunk := range slices.Chunk(want, 100) {
		wg.Go(func() {
			for _, name := range chunk {
				if err := a.Put(t.Context(), name, []byte(name)); err != nil {
					t.Errorf("Put(%s): %v", name, err)
				}
			}
		})
	}
	wg.Wait()
	got, err := a.List(t.Context(), "many/")
	if err != nil || !slices.Equal(got, want) {
		t.Fatalf("List gave %d names, %v; want %d", len(got), err, n)
	}
}

func remove(t *testing.T, a vault.Area) {
	put(t, a, "x/plan", "1")
	put(t, a, "x/plan-0000.json", "2")
	for range 2 {
		if err := a.Remove(t.Context(), "x/plan"); err != nil {
			t.Fatalf("Remove: %v", err)
		}
		wantNames(t, a, "", "x/plan-0000.json")
	}
	if err := a.Remove(t.Context(), "never/there"); err != nil {
		t.Fatalf("Remove of what never was: %v", err)
	}
}

func swap(t *testing.T, a vault.Area) {
	ctx := t.Context()
	_, err := a.Swap(ctx, "s/lease.json", "no-such-tag", []byte("0"))
	wantErr(t, err, vault.ErrConflict)
	wantNames(t, a, "")

	one, err := a.Swap(ctx, "s/lease.json", "", []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	_, err = a.Swap(ctx, "s/lease.json", "", []byte("again"))
	wantErr(t, err, vault.ErrConflict)
	wantErr(t, a.Put(ctx, "s/lease.json", []byte("again")), vault.ErrExists)

	_, read, err := a.Read(ctx, "s/lease.json")
	if err != nil || read != one {
		t.Fatalf("Read gave tag %q, %v; Swap gave %q", read, err, one)
	}
	two, err := a.Swap(ctx, "s/lease.json", one, []byte("2"))
	if err != nil || two == one {
		t.Fatalf("Swap gave tag %q after %q, %v", two, one, err)
	}
	_, err = a.Swap(ctx, "s/lease.json", one, []byte("stale"))
	wantErr(t, err, vault.ErrConflict)
	wantBytes(t, a, "s/lease.json", "2")
	wantNames(t, a, "", "s/lease.json")
}

func names(t *testing.T, a vault.Area) {
	for _, name := range []string{
		"", "/", "/a", "a/", "a//b", ".", "..", "../a", "a/../b", "a/..", "./a", "a/./b",
		".hidden", "a/.hidden", "a b", "a\x00b", "a\nb", `a\b`, "a:b", "ä", "\xff", strings.Repeat("n", 801),
	} {
		ctx := t.Context()
		_, getErr := a.Get(ctx, name)
		_, _, readErr := a.Read(ctx, name)
		_, swapErr := a.Swap(ctx, name, "", nil)
		for call, err := range map[string]error{
			"Put": a.Put(ctx, name, nil), "Get": getErr, "Read": readErr, "Swap": swapErr, "Remove": a.Remove(ctx, name),
		} {
			if err == nil || errors.Is(err, vault.ErrNotFound) {
				t.Errorf("%s(%q) = %v; want the name refused", call, name, err)
			}
		}
	}
	for _, prefix := range []string{"/", "../", "a/../b", "a//", ".sweeper", "a b"} {
		if got, err := a.List(t.Context(), prefix); err == nil {
			t.Errorf("List(%q) = %q; want the prefix refused", prefix, got)
		}
	}
	wantNames(t, a, "")
}

func swapRace(t *testing.T, a vault.Area) {
	tag, err := a.Swap(t.Context(), "lease.json", "", []byte("start"))
	if err != nil {
		t.Fatal(err)
	}
	const n = 8
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { _, errs[i] = a.Swap(t.Context(), "lease.json", tag, []byte(strconv.Itoa(i))) })
	}
	wg.Wait()
	winner := onlyWinner(t, errs, vault.ErrConflict)
	wantBytes(t, a, "lease.json", strconv.Itoa(winner))
}

func onlyWinner(t rapid.TB, errs []error, lost error) int {
	t.Helper()
	winner := -1
	for i, err := range errs {
		switch {
		case err == nil && winner >= 0:
			t.Fatalf("writers %d and %d both won", winner, i)
		case err == nil:
			winner = i
		case !errors.Is(err, lost):
			t.Fatalf("writer %d: %v, want nil or %q", i, err, lost)
		}
	}
	if winner < 0 {
		t.Fatalf("no writer won")
	}
	return winner
}

// putRace states the property that all else rests on: whatever the order of
// concurrent puts of one name, exactly one wins, and its bytes stay.
func putRace(t *testing.T, a vault.Area) {
	round := 0
	rapid.Check(t, func(r *rapid.T) {
		round++
		name := fmt.Sprintf("race/%d", round)
		payloads := rapid.SliceOfN(rapid.SliceOfN(rapid.Byte(), 0, 64), 2, 6).Draw(r, "payloads")
		errs := make([]error, len(payloads))
		start := make(chan struct{})
		var wg sync.WaitGroup
		for i, data := range payloads {
			wg.Go(func() {
				<-start
				errs[i] = a.Put(t.Context(), name, data)
			})
		}
		close(start)
		wg.Wait()
		winner := onlyWinner(r, errs, vault.ErrExists)
		for range 2 {
			got, err := a.Get(t.Context(), name)
			if err != nil || !bytes.Equal(got, payloads[winner]) {
				r.Fatalf("Get = %x, %v; writer %d won with %x", got, err, winner, payloads[winner])
			}
			if err := a.Put(t.Context(), name, payloads[0]); !errors.Is(err, vault.ErrExists) {
				r.Fatalf("a late Put: %v, want ErrExists", err)
			}
		}
	})
}

func ended(t *testing.T, a vault.Area) {
	put(t, a, "x", "1")
	ctx, cancel := canceled(t)
	defer cancel()
	_, getErr := a.Get(ctx, "x")
	_, listErr := a.List(ctx, "")
	_, swapErr := a.Swap(ctx, "z", "", nil)
	for call, err := range map[string]error{
		"Put": a.Put(ctx, "y", nil), "Get": getErr, "List": listErr, "Swap": swapErr, "Remove": a.Remove(ctx, "x"),
	} {
		if !errors.Is(err, ctx.Err()) {
			t.Errorf("%s under an ended context: %v", call, err)
		}
	}
	wantNames(t, a, "", "x")
}

func probe(t *testing.T, a vault.Area) {
	put(t, a, "0000000001/run.json", "{}")
	for range 2 {
		if err := vault.Probe(t.Context(), a); err != nil {
			t.Fatal(err)
		}
	}
	wantNames(t, a, "", "0000000001/run.json")
}

func probeVault(t *testing.T, a vault.Area) {
	const name = "trust/trust-root-0000.json"
	for range 2 {
		if err := vault.ProbeVault(t.Context(), a, name, []byte("root")); err != nil {
			t.Fatal(err)
		}
	}
	wantNames(t, a, "", name)
	err := vault.ProbeVault(t.Context(), a, name, []byte("another root"))
	if err == nil || !strings.Contains(err.Error(), "another trust root") {
		t.Fatalf("ProbeVault with other bytes than are stored: %v", err)
	}
	wantBytes(t, a, name, "root")
}
