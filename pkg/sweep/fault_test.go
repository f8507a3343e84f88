package sweep_test

import (
	"context"
	"encoding/xml"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// deletes puts a hand on every DeleteObjects that is not a probe. For each key
// fate says what the server does: "" deletes it, "-" deletes it and doesn't
// mention it, "~" doesn't even delete it, and anything else is an error code.
func (w *world) deletes(fate func(key string) string) {
	w.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if !isDelete(c) {
			return buckettest.Verdict{}
		}
		var body strings.Builder
		body.WriteString(`<?xml version="1.0" encoding="UTF-8"?><DeleteResult>`)
		for _, o := range objectsOf(w.t, c) {
			switch code := fate(o.Key); code {
			case "~":
			case "-":
				w.Remove(store1, o.Key)
			case "":
				w.Remove(store1, o.Key)
				fmt.Fprintf(&body, "<Deleted><Key>%s</Key><VersionId>%s</VersionId></Deleted>", o.Key, o.VersionID)
			default:
				fmt.Fprintf(&body, "<Error><Key>%s</Key><VersionId>%s</VersionId><Code>%s</Code></Error>", o.Key, o.VersionID, code)
			}
		}
		body.WriteString("</DeleteResult>")
		return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: body.String()}}
	})
}

// isDelete reports whether the call deletes what a plan names.
func isDelete(c buckettest.Call) bool {
	return c.Op == "DeleteObject" || c.Op == "DeleteObjects" && !strings.Contains(c.Body, ".sweeper-probe-")
}

type object struct {
	Key       string
	VersionID string `xml:"VersionId"`
}

func objectsOf(t testing.TB, c buckettest.Call) []object {
	var d struct{ Object []object }
	if err := xml.Unmarshal([]byte(c.Body), &d); err != nil {
		t.Errorf("a DeleteObjects that is no XML: %v", err)
	}
	return d.Object
}

// deleteCalls are the deletes so far, but for probes.
func (w *world) deleteCalls() (calls []buckettest.Call) {
	for _, c := range w.Calls("") {
		if isDelete(c) {
			calls = append(calls, c)
		}
	}
	return calls
}

// faulty is an Area whose writes fail when the test says so, before they are
// made or after.
type faulty struct {
	sweep.Area
	fail  func(name string) bool
	after bool // the write is made, and its answer lost
}

var errDisk = errors.New("the disk is on fire")

func (f *faulty) Put(ctx context.Context, name string, data []byte) error {
	if !f.fail(name) {
		return f.Area.Put(ctx, name, data)
	}
	if f.after {
		if err := f.Area.Put(ctx, name, data); err != nil {
			return err
		}
	}
	return errDisk
}

func (f *faulty) Remove(ctx context.Context, name string) error {
	if !f.fail(name) {
		return f.Area.Remove(ctx, name)
	}
	if f.after {
		if err := f.Area.Remove(ctx, name); err != nil {
			return err
		}
	}
	return errDisk
}

// sabotage makes writes to vault and work area fail from now on when fail says so;
// the function that it returns makes both whole again.
func (w *world) sabotage(after bool, fail func(name string) bool) (repair func()) {
	v, k := w.vault, w.work
	w.vault, w.work = &faulty{Area: v, fail: fail, after: after}, &faulty{Area: k, fail: fail, after: after}
	return func() { w.vault, w.work = v, k }
}

// from counts writes and fails each from the k-th on.
func from(k int64, count *atomic.Int64) func(string) bool {
	return func(string) bool { return count.Add(1) >= k }
}

// planned calls do once, when the plan is made and nothing is deleted yet.
func (w *world) planned(do func()) {
	var once sync.Once
	w.work = &faulty{Area: w.work, fail: func(name string) bool {
		if strings.HasSuffix(name, "/guard.json") {
			once.Do(do)
		}
		return false
	}}
}
