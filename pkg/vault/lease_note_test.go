package vault_test

import (
	"encoding/json"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/vault"
)

func wantNote(t *testing.T, l *vault.Lease, want string) {
	t.Helper()
	if got := l.Note(); got != want {
		t.Errorf("the note is %q, want %q", got, want)
	}
}

// written returns the note in the lease's file.
func written(t *testing.T, a vault.Area) string {
	t.Helper()
	data, err := a.Get(t.Context(), vault.LeaseFile)
	if err != nil {
		t.Fatal(err)
	}
	var r struct{ Note string }
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r.Note
}

func TestTheNoteOfALeaseOutlivesItsRelease(t *testing.T) {
	a := openDir(t)
	l := mustAcquire(t, a, "")
	wantNote(t, l, "")
	l.SetNote("report 1")
	wantNote(t, l, "report 1")
	mustRelease(t, l)
	for range 2 { // a holder that says nothing keeps it
		l = mustAcquire(t, a, "")
		wantNote(t, l, "report 1")
		if got := written(t, a); got != "report 1" { // from the first record on: the holder may die
			t.Errorf("the record says %q", got)
		}
		mustRelease(t, l)
	}
	l = mustAcquire(t, a, "")
	l.SetNote("")
	mustRelease(t, l)
	l = mustAcquire(t, a, "")
	wantNote(t, l, "")
	mustRelease(t, l)
}

func TestTheNoteOfALeaseIsWrittenByItsNextRenewalAndByAllAfter(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := openDir(t)
		l := mustAcquire(t, a, "")
		l.SetNote("report 2")
		if got := written(t, a); got != "" {
			t.Errorf("SetNote wrote %q by itself", got)
		}
		for range 3 {
			time.Sleep(ttl/4 + time.Second)
			synctest.Wait()
			if got := written(t, a); got != "report 2" {
				t.Errorf("after a renewal the record says %q", got)
			}
		}
		mustRelease(t, l)
	})
}

func TestTheNoteOfADeadHolderIsTakenOver(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := openDir(t)
		f := &faulty{Area: a}
		old := mustAcquire(t, f, "host-a")
		old.SetNote("report 3")
		time.Sleep(ttl/4 + time.Second) // renewed once
		f.lost.Store(true)
		old.SetNote("never written")
		<-old.Context().Done()
		time.Sleep(ttl)
		l := mustAcquire(t, a, "host-b")
		if !l.TakenOver {
			t.Error("not taken over")
		}
		wantNote(t, l, "report 3")
		mustRelease(t, l)
		l = mustAcquire(t, a, "host-c")
		wantNote(t, l, "report 3")
		mustRelease(t, l)
	})
}

func TestNotesAreSetWhileTheLeaseIsRenewed(t *testing.T) {
	a := openDir(t)
	l, err := vault.Acquire(t.Context(), a, vault.LeaseOptions{TTL: time.Second})
	if err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for i := range 100 {
				l.SetNote(strconv.Itoa(i))
				_ = l.Note()
				time.Sleep(6 * time.Millisecond) // past two renewals
			}
		})
	}
	wg.Wait()
	l.SetNote("last")
	mustRelease(t, l)
	if got := written(t, a); got != "last" {
		t.Errorf("the record says %q", got)
	}
}
