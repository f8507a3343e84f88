package vault_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/vault"
)

const ttl = time.Minute

// faulty is a real area whose Swap can be made to fail before or after its work.
type faulty struct {
	vault.Area
	lost    atomic.Bool // Swap does nothing and fails
	deaf    atomic.Bool // Swap does its work, then fails
	refused atomic.Int32
}

var errFault = errors.New("connection reset")

func (f *faulty) Swap(ctx context.Context, name, old string, data []byte) (string, error) {
	if f.lost.Load() {
		f.refused.Add(1)
		return "", errFault
	}
	tag, err := f.Area.Swap(ctx, name, old, data)
	if f.deaf.Load() {
		return "", errFault
	}
	return tag, err
}

func mustAcquire(t *testing.T, a vault.Area, host string) *vault.Lease {
	t.Helper()
	l, err := vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl, Host: host})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func mustRelease(t *testing.T, l *vault.Lease) {
	t.Helper()
	if err := l.Release(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// edit rewrites the lease's file as another process would have written it.
func edit(t *testing.T, a vault.Area, change func(record map[string]any)) {
	t.Helper()
	data, tag, err := a.Read(t.Context(), vault.LeaseFile)
	if err != nil {
		t.Fatal(err)
	}
	record := map[string]any{}
	if err := json.Unmarshal(data, &record); err != nil {
		t.Fatal(err)
	}
	change(record)
	if data, err = json.Marshal(record); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Swap(t.Context(), vault.LeaseFile, tag, data); err != nil {
		t.Fatal(err)
	}
}

// abandon acquires the lease for host and loses touch with the area, as a host
// does whose network is gone. The returned lease is no longer renewed.
func abandon(t *testing.T, a vault.Area, host string) *vault.Lease {
	t.Helper()
	f := &faulty{Area: a}
	l := mustAcquire(t, f, host)
	f.lost.Store(true)
	return l
}

func TestExpiredLeaseIsTakenOverAfterItsTTLAndThatOfItsRequests(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := openDir(t)
		old := abandon(t, a, "host-a")
		<-old.Context().Done()
		time.Sleep(ttl) // the record's date has passed
		start := time.Now()
		l := mustAcquire(t, a, "host-b")
		if took := time.Since(start); took < 2*ttl || took > 2*ttl+ttl/4 {
			t.Errorf("took %v, want two ttl of %v", took, ttl)
		}
		if !l.TakenOver || l.Previous.ID != old.Holder.ID || l.Previous.Host != "host-a" || l.Previous.PID != os.Getpid() {
			t.Errorf("TakenOver %v from %+v, want true from %+v", l.TakenOver, l.Previous, old.Holder)
		}
		if err := l.Check(ttl / 2); err != nil {
			t.Errorf("the lease was not renewed while it waited: %v", err)
		}
		if err := old.Release(t.Context()); err == nil {
			t.Error("the old holder released a lease that isn't its own")
		}
		mustRelease(t, l)
	})
}

func TestLeaseThatHasNotExpiredIsNotWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := openDir(t)
		old := abandon(t, a, "host-a")
		<-old.Context().Done()
		start := time.Now()
		_, err := vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl, Host: "host-b"})
		if !errors.Is(err, vault.ErrHeld) || time.Since(start) != 0 {
			t.Fatalf("%v after %v, want ErrHeld at once", err, time.Since(start))
		}
		for _, want := range []string{`host "host-a"`, "process ", old.Holder.Expires.UTC().Format(time.RFC3339)} {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%q doesn't say %q", err, want)
			}
		}
	})
}

func TestContextEndsAQuarterOfATTLBeforeTheLeaseDoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{Area: openDir(t)}
		l := mustAcquire(t, f, "")
		time.Sleep(10*ttl + time.Second) // renewed all the while
		if err := l.Check(3 * ttl / 4); err != nil {
			t.Fatal(err)
		}
		f.lost.Store(true)
		start := time.Now()
		<-l.Context().Done()
		// The last renewal was up to ttl/4 before the fault.
		if took := time.Since(start); took < ttl/2 || took > 3*ttl/4+ttl/20 {
			t.Errorf("the context ended %v after the last good renewal or a little later, want 3/4 of %v", took, ttl)
		}
		if cause := context.Cause(l.Context()); !errors.Is(cause, vault.ErrLost) {
			t.Errorf("cause %v, want ErrLost", cause)
		}
		if err := l.Check(0); !errors.Is(err, vault.ErrLost) {
			t.Errorf("Check: %v, want ErrLost", err)
		}
		if f.refused.Load() < 5 {
			t.Errorf("only %d attempts to renew were made", f.refused.Load())
		}
	})
}

func TestCheckRefusesARequestThatCouldOutlastTheLease(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := abandon(t, openDir(t), "")
		time.Sleep(ttl / 2)
		if err := l.Check(ttl / 2); err != nil {
			t.Errorf("a request that ends with the lease: %v", err)
		}
		if err := l.Check(ttl/2 + 1); !errors.Is(err, vault.ErrLost) {
			t.Errorf("a request that ends after the lease: %v", err)
		}
		<-l.Context().Done()
	})
}

func TestShortFaultLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{Area: openDir(t)}
		l := mustAcquire(t, f, "")
		f.lost.Store(true)
		time.Sleep(ttl/2 + time.Second)
		f.lost.Store(false)
		time.Sleep(ttl)
		if err := l.Check(0); err != nil {
			t.Fatal(err)
		}
		mustRelease(t, l)
	})
}

func TestRenewalWhoseAnswerWasLostIsRecognizedAsOurs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &faulty{Area: openDir(t)}
		l := mustAcquire(t, f, "")
		f.deaf.Store(true)
		time.Sleep(ttl/4 + time.Second)
		f.deaf.Store(false)
		time.Sleep(2 * ttl)
		if err := l.Check(0); err != nil {
			t.Fatal(err)
		}
		mustRelease(t, l)
	})
}

func TestClocksThatDisagreeNeverTakeALeaseFromALivingHolder(t *testing.T) {
	for name, offset := range map[string]time.Duration{
		"the-holder's-clock-is-an-hour-behind": -time.Hour,
		"the-holder's-clock-is-a-day-ahead":    24 * time.Hour,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := openDir(t)
				old := abandon(t, a, "host-a")
				<-old.Context().Done()
				ctx, stop := context.WithCancel(t.Context())
				rewrite := func() {
					edit(t, a, func(r map[string]any) { r["expires"] = time.Now().Add(ttl + offset).UTC() })
				}
				rewrite()
				var wg sync.WaitGroup
				wg.Go(func() { // the holder, as it would renew with that clock
					for ctx.Err() == nil {
						time.Sleep(ttl / 4)
						rewrite()
					}
				})
				time.Sleep(time.Second)
				_, err := vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl, Host: "host-b"})
				if !errors.Is(err, vault.ErrHeld) {
					t.Errorf("%v, want ErrHeld", err)
				}
				stop()
				wg.Wait()
				// The holder is gone; its dates still disagree with ours.
				l := mustAcquire(t, a, "host-b")
				if !l.TakenOver {
					t.Error("not taken over")
				}
				mustRelease(t, l)
			})
		})
	}
}

func TestWaitForAnExpiredLeaseEndsWithItsContext(t *testing.T) {
	for name, patience := range map[string]time.Duration{"before-expiry": ttl / 2, "after-takeover": ttl + ttl/2} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				a := openDir(t)
				<-abandon(t, a, "host-a").Context().Done()
				time.Sleep(ttl)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				defer cancel()
				_, err := vault.Acquire(ctx, a, vault.LeaseOptions{TTL: ttl, Host: "host-b"})
				if !errors.Is(err, context.DeadlineExceeded) {
					t.Fatalf("%v, want the context's end", err)
				}
			})
		})
	}
}

func TestReleaseDuringTheWaitGivesTheLeaseWithoutTakeover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := openDir(t)
		<-abandon(t, a, "host-a").Context().Done()
		time.Sleep(ttl)
		var wg sync.WaitGroup
		wg.Go(func() {
			time.Sleep(ttl / 2)
			edit(t, a, func(r map[string]any) { r["released"] = true })
		})
		l := mustAcquire(t, a, "host-b")
		wg.Wait()
		if l.TakenOver {
			t.Error("a lease that its holder released in time counts as taken over")
		}
		mustRelease(t, l)
	})
}

func TestLeaseThatCannotBeReadIsNotAFreeOne(t *testing.T) {
	for name, content := range map[string]string{
		"empty":        "",
		"not-json":     "held by me",
		"null":         "null",
		"no-holder":    `{"expires":"2026-01-01T00:00:00Z","ttl":"1m0s"}`,
		"no-expiry":    `{"holder":"x","ttl":"1m0s"}`,
		"no-ttl":       `{"holder":"x","expires":"2026-01-01T00:00:00Z"}`,
		"negative-ttl": `{"holder":"x","expires":"2026-01-01T00:00:00Z","ttl":"-1m"}`,
		"endless-ttl":  `{"holder":"x","expires":"2026-01-01T00:00:00Z","ttl":"2000h"}`,
	} {
		t.Run(name, func(t *testing.T) {
			a := openDir(t)
			if err := a.Put(t.Context(), vault.LeaseFile, []byte(content)); err != nil {
				t.Fatal(err)
			}
			_, err := vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl})
			if err == nil || errors.Is(err, vault.ErrHeld) || !strings.Contains(err.Error(), "then remove that file") {
				t.Fatalf("%v; want it refused, with the way out", err)
			}
		})
	}
}

func TestAcquireRefusesATTLThatMakesNoSense(t *testing.T) {
	for _, d := range []time.Duration{0, -time.Second, 25 * time.Hour} {
		if _, err := vault.Acquire(t.Context(), openDir(t), vault.LeaseOptions{TTL: d}); err == nil {
			t.Errorf("a ttl of %v was accepted", d)
		}
	}
}

func TestReleaseIsDoneOnce(t *testing.T) {
	a := openDir(t)
	l := mustAcquire(t, a, "")
	mustRelease(t, l)
	next := mustAcquire(t, a, "")
	mustRelease(t, l)
	if err := next.Check(0); err != nil {
		t.Fatalf("releasing twice hurt the next holder: %v", err)
	}
	mustRelease(t, next)
}
