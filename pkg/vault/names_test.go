package vault

import (
	"bytes"
	"io/fs"
	"strings"
	"testing"
	"time"
	"unsafe"
)

func FuzzCheckNameLetsThroughOnlyNamesThatStayInside(f *testing.F) {
	for _, s := range []string{"a/b-0.json", "", "../x", "a//b", ".sweeper/lock", "a/..", "a\x00"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, name string) {
		if checkName(name) != nil {
			return
		}
		if !fs.ValidPath(name) || strings.HasPrefix(name, ".") || strings.Contains(name, "/.") || len(name) > maxName {
			t.Errorf("%q was let through", name)
		}
		for i := range len(name) + 1 {
			if err := checkPrefix(name[:i]); err != nil {
				t.Errorf("the start of a good name is refused: %v", err)
			}
		}
	})
}

func FuzzParseRecordGivesOnlyRecordsThatAHolderCanHaveWritten(f *testing.F) {
	now := time.Date(2026, 11, 25, 2, 15, 0, 123, time.UTC)
	f.Add(newRecord("0d0d", process{host: "h", boot: "b", namespace: "n", pid: 7, started: "9"}, now, time.Minute).marshal())
	f.Add([]byte(`{"holder":"x","expires":"2026-01-01T00:00:00Z","ttl":"1m"}`))
	f.Add([]byte("null"))
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseRecord(data)
		if err != nil {
			return
		}
		if r.Holder == "" || r.Expires.IsZero() || r.ttl() <= 0 || r.ttl() > maxTTL {
			t.Fatalf("parsed %+v", r)
		}
		again, err := parseRecord(r.marshal())
		if err != nil || !bytes.Equal(again.marshal(), r.marshal()) {
			t.Fatalf("%+v came back as %+v, %v", r, again, err)
		}
	})
}

func TestARecordSaysTheSameAfterARoundTrip(t *testing.T) {
	now := time.Date(2026, 11, 25, 2, 15, 0, 0, time.UTC)
	r := newRecord("id", process{host: "h", boot: "b", namespace: "n", pid: 7, started: "9"}, now, 60*time.Second)
	const want = `{"holder":"id","host":"h","pid":7,"bootId":"b","pidNamespace":"n","startTime":"9",` +
		`"acquired":"2026-11-25T02:15:00Z","expires":"2026-11-25T02:16:00Z","ttl":"1m0s","renewals":0,"released":false}` + "\n"
	if got := string(r.marshal()); got != want {
		t.Errorf("got  %swant %s", got, want)
	}
	back, err := parseRecord(r.marshal())
	if err != nil || back != r {
		t.Errorf("%+v, %v; want %+v", back, err, r)
	}
}

func TestElapsedCountsTheTimeThatAMonotonicClockSleptThrough(t *testing.T) {
	start := time.Now()
	// No call makes a Time whose two clocks disagree; only a suspended machine
	// does. The wall clock's seconds stand from bit 30 of the first word on.
	woken := start
	*(*uint64)(unsafe.Pointer(&woken)) += 3600 << 30
	if woken.Sub(start) != 0 {
		t.Fatal("the monotonic clock moved: time.Time has another layout than this test believes")
	}
	if got := elapsed(start, woken); got != time.Hour {
		t.Errorf("suspended for an hour: %v", got)
	}
	// A wall clock that was set back takes nothing away.
	if got := elapsed(woken, start.Add(time.Second)); got != time.Second {
		t.Errorf("a second, with the wall clock set back: %v", got)
	}
}
