package vault_test

import (
	"context"
	"errors"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/vault"
)

func TestKilledProcessOfThisHostIsTakenOverAtOnce(t *testing.T) {
	dir := t.TempDir()
	cmd := startChild(t, dir, "lease")
	a, err := vault.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	_, err = vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl})
	if !errors.Is(err, vault.ErrHeld) {
		t.Fatalf("%v, want ErrHeld: the child lives", err)
	}
	// Stopped is not dead, however long.
	if err := cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	_, err = vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl})
	if !errors.Is(err, vault.ErrHeld) {
		t.Fatalf("%v, want ErrHeld: the child is only stopped", err)
	}
	// Killed, and not yet waited for: a zombie runs nothing any more.
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var l *vault.Lease
	for l == nil {
		if l, err = vault.Acquire(ctx, a, vault.LeaseOptions{TTL: ttl}); err != nil && !errors.Is(err, vault.ErrHeld) {
			t.Fatal(err)
		}
	}
	if !l.TakenOver || l.Previous.PID != cmd.Process.Pid {
		t.Errorf("TakenOver %v from process %d, want true from %d", l.TakenOver, l.Previous.PID, cmd.Process.Pid)
	}
	mustRelease(t, l)
}

func TestOnlyAProcessKnownToHaveEndedIsTakenOverAtOnce(t *testing.T) {
	for name, c := range map[string]struct {
		change func(record map[string]any)
		atOnce bool
	}{
		"our-own-process":             {func(map[string]any) {}, false},
		"its-number-was-used-again":   {func(r map[string]any) { r["startTime"] = "1" }, true},
		"its-number-is-free":          {func(r map[string]any) { r["pid"] = 1 << 22 }, true}, // above PID_MAX_LIMIT
		"another-host-of-that-number": {func(r map[string]any) { r["pid"], r["host"] = 1<<22, "elsewhere" }, false},
		"an-earlier-boot":             {func(r map[string]any) { r["pid"], r["bootId"] = 1<<22, "0d0d" }, false},
		"another-container":           {func(r map[string]any) { r["pid"], r["pidNamespace"] = 1<<22, "pid:[1]" }, false},
		"nothing-known-of-its-boot":   {func(r map[string]any) { r["pid"] = 1 << 22; delete(r, "bootId") }, false},
		"nothing-known-of-its-space":  {func(r map[string]any) { r["pid"] = 1 << 22; delete(r, "pidNamespace") }, false},
		"nothing-known-of-its-start":  {func(r map[string]any) { r["pid"] = 1 << 22; delete(r, "startTime") }, false},
		"a-process-group":             {func(r map[string]any) { r["pid"] = -(1 << 22) }, false},
	} {
		t.Run(name, func(t *testing.T) {
			a := openDir(t)
			old := mustAcquire(t, a, "")
			edit(t, a, c.change)
			start := time.Now()
			l, err := vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: ttl})
			if !c.atOnce {
				if !errors.Is(err, vault.ErrHeld) {
					t.Errorf("%v, want ErrHeld", err)
				}
				return
			}
			if err != nil || !l.TakenOver || time.Since(start) > ttl/4 {
				t.Fatalf("%v after %v, want the lease at once", err, time.Since(start))
			}
			mustRelease(t, l)
			if err := old.Release(t.Context()); !errors.Is(err, vault.ErrLost) {
				t.Errorf("the old holder's Release: %v, want ErrLost", err)
			}
		})
	}
}

func TestRecordNamesItsProcess(t *testing.T) {
	a := openDir(t)
	l := mustAcquire(t, a, "")
	edit(t, a, func(r map[string]any) {
		for _, field := range []string{"holder", "host", "pid", "bootId", "pidNamespace", "startTime", "acquired", "expires", "ttl"} {
			if v, ok := r[field]; !ok || v == "" {
				t.Errorf("field %s is missing", field)
			}
		}
		if _, err := strconv.ParseUint(r["startTime"].(string), 10, 64); err != nil {
			t.Errorf("startTime: %v", err)
		}
	})
	_ = l
}
