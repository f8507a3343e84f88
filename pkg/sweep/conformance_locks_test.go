package sweep_test

import (
	"encoding/xml"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// lockPoints are the points about Object Lock, and about missing rights, which
// servers refuse in much the same words.
func lockPoints() []point {
	return []point{
		{"object-lock", "what governance, compliance or a legal hold keeps is `locked`, sent once and never bypassed; the rest goes", testLocks},
		{"many-locked-first", "locked versions that come first in order, more than a few batches, don't stop the store", testManyLocked},
		{"right-to-delete-missing", "a missing right to delete is no lock: the first batch is `failed`, and the store is stopped", testDenied},
		{"right-to-ask-missing", "without the right to ask for locks the refused are `failed`, and the rest and the later batches go", testMayNotAsk},
	}
}

// retained keeps an object until a date, which must lie after the clock of the
// runs.
func retained(mode types.ObjectLockMode, until time.Time) func(*s3.PutObjectInput) {
	return func(in *s3.PutObjectInput) { in.ObjectLockMode, in.ObjectLockRetainUntilDate = mode, &until }
}

func underLegalHold(in *s3.PutObjectInput) {
	in.ObjectLockLegalHoldStatus = types.ObjectLockLegalHoldStatusOn
}

// inDays is a date with whole seconds, so many days after now.
func inDays(n int) time.Time { return time.Now().UTC().Truncate(time.Second).AddDate(0, 0, n) }

func testLocks(t *testing.T, b *bench) {
	r := newReal(t, b.Server, "", locked)
	r.spec.Stores[0].Batch = 2
	last := inDays(91)
	keys := map[string]string{} // the locked ones, with their fate
	ids := map[string]string{}
	for key, lock := range map[string]func(*s3.PutObjectInput){
		"acme/1": retained(types.ObjectLockModeGovernance, inDays(90)),
		"acme/3": retained(types.ObjectLockModeCompliance, last),
		"acme/5": underLegalHold,
	} {
		keys[key], ids[key] = "locked "+evidence.CodeObjectLock, r.make(key, lock)
	}
	keys["acme/5"] = "locked " + evidence.CodeLegalHold
	for _, key := range []string{"acme/0", "acme/2", "acme/4", "acme/6", "acme/7"} {
		r.make(key)
	}
	r.split()
	s := r.run()
	r.wantThings("object acme/1", "object acme/3", "object acme/5")
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 8, Deleted: 5, Locked: 3})
	r.wantResult(s, evidence.ResultKeptWithExceptions, 0, sweep.CodeLocked)
	for key, fate := range keys {
		if got := r.fateOf(s.Number, "object", key, ids[key]); got != fate {
			t.Errorf("the report says %q of %s, want %q", got, key, fate)
		}
		if n := r.sent()[object{key, ids[key]}]; n != 1 {
			t.Errorf("%s was sent %d times, want once", key, n)
		}
	}
	x := exception(s, evidence.CodeObjectLock)
	if x.Count != 2 || x.Until == nil || *x.Until != evidence.FormatTime(last) {
		t.Errorf("the exceptions are %+v, want two retentions, the last until %s", s.Predicate.Exceptions, last)
	}
	if x := exception(s, evidence.CodeLegalHold); x.Count != 1 || x.Until != nil {
		t.Errorf("the exceptions are %+v, want one legal hold without an end", s.Predicate.Exceptions)
	}
	for _, c := range r.Calls("") {
		for name := range c.Header {
			if strings.Contains(strings.ToLower(name), "bypass") {
				t.Errorf("a %s has the header %s", c.Op, name)
			}
		}
	}
}

func testManyLocked(t *testing.T, b *bench) {
	r := newReal(t, b.Server, "", locked)
	r.spec.Stores[0].Batch = 20
	for i := range 60 {
		r.make(fmt.Sprintf("acme/a%02d", i), retained(types.ObjectLockModeGovernance, inDays(90)))
	}
	for i := range 10 {
		r.make(fmt.Sprintf("acme/b%02d", i))
	}
	r.split()
	s := r.run()
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 70, Deleted: 10, Locked: 60})
	if n := len(r.things()); n != 60 {
		t.Errorf("the bucket holds %d entries, want the 60 that are locked", n)
	}
	for o, n := range r.sent() {
		if n != 1 {
			t.Errorf("%s was sent %d times, want once", o.Key, n)
		}
	}
}

func testDenied(t *testing.T, b *bench) {
	t.Run("as S3 answers", func(t *testing.T) {
		r, ids := sixFree(t, b)
		r.OnRequest(func(c buckettest.Call) buckettest.Verdict {
			if !isDelete(c) {
				return buckettest.Verdict{}
			}
			return buckettest.Verdict{Answer: &buckettest.Answer{Status: http.StatusOK, Body: denied(t, c)}}
		})
		r.wantStoppedByDenial(r.run(), ids)
	})
	if b.Root == "" {
		return // only this kind of server can be given a user without the right
	}
	t.Run("by the server itself", func(t *testing.T) {
		r, ids := sixFree(t, b)
		user := *b.Server
		user.AccessKey, user.SecretKey = "mayhide", "mayhide-secret"
		b.AddUser(t, user.AccessKey, user.SecretKey)
		b.Allow(t, r.bucket, user.AccessKey, "s3:ListBucket", "s3:ListBucketVersions", "s3:ListBucketMultipartUploads",
			"s3:GetBucketVersioning", "s3:GetBucketObjectLockConfiguration", "s3:GetObjectRetention", "s3:GetObjectLegalHold",
			"s3:DeleteObject") // which is the right to hide a version, not to delete it
		r.spec.Stores[0].CredentialsFile = credentials(t, &user)
		r.wantStoppedByDenial(r.run(), ids)
	})
}

// sixFree is a bucket with Object Lock and six old objects that nothing locks.
func sixFree(t *testing.T, b *bench) (r *real, ids map[string]string) {
	r, ids = newReal(t, b.Server, "", locked), map[string]string{}
	r.spec.Stores[0].Batch = 2
	for i := range 6 {
		key := fmt.Sprintf("acme/%d", i)
		ids[key] = r.make(key)
	}
	r.split()
	return r, ids
}

func (r *real) wantStoppedByDenial(s *sweep.Sealed, ids map[string]string) {
	r.t.Helper()
	if n := len(r.things()); n != len(ids) {
		r.t.Errorf("the bucket holds %d entries, want all %d", n, len(ids))
	}
	r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeFailed, sweep.CodeLeft)
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 6, Failed: 2, Left: 4})
	for key, want := range map[string]string{"acme/0": "failed ", "acme/1": "failed ", "acme/2": "left ", "acme/5": "left "} {
		if got := r.fateOf(s.Number, "object", key, ids[key]); got != want+sweep.CodeAccessDenied {
			r.t.Errorf("the report says %q of %s, want %q", got, key, want+sweep.CodeAccessDenied)
		}
	}
	if n := len(r.deleteCalls()); n != 1 {
		r.t.Errorf("%d deletes were sent, want one", n)
	}
}

// denied is the answer of a server that denies each entry of a batch.
func denied(t *testing.T, c buckettest.Call) string {
	t.Helper()
	type refusal struct {
		Key, Code, Message string
		ID                 string `xml:"VersionId"`
	}
	var answer struct {
		XMLName xml.Name  `xml:"DeleteResult"`
		Error   []refusal `xml:"Error"`
	}
	for _, o := range objectsOf(t, c) {
		answer.Error = append(answer.Error, refusal{Key: o.Key, ID: o.VersionID, Code: "AccessDenied", Message: "Access Denied"})
	}
	body, err := xml.Marshal(answer)
	if err != nil {
		t.Errorf("write an answer: %v", err)
	}
	return string(body)
}

func testMayNotAsk(t *testing.T, b *bench) {
	r := newReal(t, b.Server, "", locked)
	r.spec.Stores[0].Batch = 2
	ids := map[string]string{}
	for i := range 5 { // two batches of locked ones alone, and one with others
		key := fmt.Sprintf("acme/%d", i)
		ids[key] = r.make(key, underLegalHold)
	}
	for i := range 3 {
		r.make(fmt.Sprintf("acme/z%d", i))
	}
	r.split()
	r.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == "GetObjectRetention" || c.Op == "GetObjectLegalHold" {
			return buckettest.Refuse(http.StatusForbidden, "AccessDenied", "no")
		}
		return buckettest.Verdict{}
	})
	s := r.run()
	r.wantThings("object acme/0", "object acme/1", "object acme/2", "object acme/3", "object acme/4")
	r.wantOutcomes(s, evidence.OutcomeCounts{Planned: 8, Deleted: 3, Failed: 5})
	r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeFailed)
	for key, id := range ids {
		if got, want := r.fateOf(s.Number, "object", key, id), "failed "+sweep.CodeAccessDenied; got != want {
			t.Errorf("the report says %q of %s, want %q", got, key, want)
		}
	}
}
