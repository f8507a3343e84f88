package vaulttest

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// RunLease runs what the lease promises on a work area, in real time: ttl must
// be long against one request to it, a second or so.
func RunLease(t *testing.T, ttl time.Duration, open func(t *testing.T) vault.Area) {
	t.Helper()
	for name, test := range map[string]func(*testing.T, time.Duration, vault.Area){
		"one-of-many-acquirers-wins":                  leaseRace,
		"a-held-lease-names-its-holder":               leaseHeld,
		"renewal-keeps-it-past-its-ttl":               leaseRenewed,
		"a-released-lease-is-free-and-its-file-stays": leaseReleased,
		"another-holder-is-a-lost-lease":              leaseLost,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, ttl, open(t))
		})
	}
}

func canceled(t *testing.T) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	return ctx, cancel
}

func acquire(t *testing.T, ttl time.Duration, a vault.Area) *vault.Lease {
	t.Helper()
	l, err := vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl})
	if err != nil {
		t.Fatalf("Acquire: %v", err)
	}
	return l
}

func release(t *testing.T, l *vault.Lease) {
	t.Helper()
	if err := l.Release(context.WithoutCancel(t.Context())); err != nil {
		t.Fatalf("Release: %v", err)
	}
}

func leaseRace(t *testing.T, ttl time.Duration, a vault.Area) {
	const n = 5
	leases, errs := make([]*vault.Lease, n), make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { leases[i], errs[i] = vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl}) })
	}
	wg.Wait()
	release(t, leases[onlyWinner(t, errs, vault.ErrHeld)])
}

func leaseHeld(t *testing.T, ttl time.Duration, a vault.Area) {
	l := acquire(t, ttl, a)
	_, err := vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl, Host: "another-host"})
	wantErr(t, err, vault.ErrHeld)
	for _, want := range []string{l.Holder.Host, "until 20"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error %q doesn't say %q", err, want)
		}
	}
	release(t, l)
}

func leaseRenewed(t *testing.T, ttl time.Duration, a vault.Area) {
	l := acquire(t, ttl, a)
	time.Sleep(ttl + ttl/2)
	if err := l.Check(ttl / 4); err != nil || l.Context().Err() != nil {
		t.Fatalf("after one and a half ttl: %v, %v", err, context.Cause(l.Context()))
	}
	_, err := vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl, Host: "another-host"})
	wantErr(t, err, vault.ErrHeld)
	release(t, l)
}

func leaseReleased(t *testing.T, ttl time.Duration, a vault.Area) {
	for range 3 {
		l := acquire(t, ttl, a)
		if l.TakenOver {
			t.Error("a released lease counts as taken over")
		}
		release(t, l)
		if err := l.Check(0); err == nil || l.Context().Err() == nil {
			t.Error("the context of a released lease goes on")
		}
		wantNames(t, a, "", vault.LeaseFile)
	}
}

func leaseLost(t *testing.T, ttl time.Duration, a vault.Area) {
	l := acquire(t, ttl, a)
	_, tag, err := a.Read(t.Context(), vault.LeaseFile)
	if err != nil {
		t.Fatal(err)
	}
	const other = `{"holder":"someone","host":"elsewhere","pid":7,"acquired":"2026-11-25T00:00:00Z","expires":"2026-11-25T00:01:00Z","ttl":"1m0s"}`
	if _, err := a.Swap(t.Context(), vault.LeaseFile, tag, []byte(other)); err != nil {
		t.Fatal(err)
	}
	select {
	case <-l.Context().Done():
	case <-time.After(2 * ttl):
		t.Fatal("the context goes on, two ttl after the lease was taken away")
	}
	cause := context.Cause(l.Context())
	wantErr(t, cause, vault.ErrLost)
	wantErr(t, l.Check(0), vault.ErrLost)
	if !strings.Contains(cause.Error(), "elsewhere") {
		t.Errorf("cause %q doesn't name the new holder", cause)
	}
	if err := l.Release(t.Context()); !errors.Is(err, vault.ErrLost) {
		t.Errorf("Release: %v, want ErrLost", err)
	}
	wantBytes(t, a, vault.LeaseFile, other)
}
