package bucket

import (
	"context"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// Status is what is known about a deletion.
type Status int

const (
	// Unknown: nothing may be concluded. The request or its answer was lost, the
	// answer doesn't mention the entry or contradicts itself, or the entry was
	// seen after the delete was acknowledged. Look it up. The zero value.
	Unknown Status = iota
	// Deleted: the server acknowledged this entry's delete.
	Deleted
	// Failed: the entry was not deleted: the server refused, or nothing was sent.
	Failed
)

func (s Status) String() string {
	switch s {
	case Deleted:
		return "deleted"
	case Failed:
		return "failed"
	default:
		return "unknown"
	}
}

// Codes of this package's own, beside S3's.
const (
	// CodeVersioningChanged: versioning was switched on since the state was
	// read. The data may still be there, hidden. Stop the store.
	CodeVersioningChanged = "VERSIONING_CHANGED"
	// CodeKeyUnrepresentable: XML can't carry the key, and the server didn't
	// spell it so that it could be deleted, or refused the single delete too.
	CodeKeyUnrepresentable = "KEY_UNREPRESENTABLE"
	CodeNotSent            = "NOT_SENT"                // nothing went out for this entry
	CodeNoAnswer           = "NO_ANSWER"               // request or answer lost
	CodeNotMentioned       = "NOT_MENTIONED"           // in neither list of the answer
	CodeContradiction      = "CONTRADICTORY_ANSWER"    // in both lists of the answer
	CodeStillThere         = "STILL_THERE"             // acknowledged, and yet listed unchanged afterwards
	CodeChanged            = "CHANGED_SINCE_LISTED"    // other bytes have the name now
	CodeGuardIgnored       = "OVERWRITE_GUARD_IGNORED" // deleted, though the ETag that the delete named was a wrong one
	CodeOutsidePrefix      = "OUTSIDE_PREFIX"          // not this store's: refused here
	CodeUnsupportedKind    = "UNSUPPORTED_KIND"        // a version, a marker or an upload without an id: refused here
)

// OwnCode reports whether a Deletion's code is this package's and not S3's.
func OwnCode(code string) bool {
	switch code {
	case CodeVersioningChanged, CodeKeyUnrepresentable, CodeNotSent, CodeNoAnswer, CodeNotMentioned, CodeContradiction, CodeStillThere,
		CodeChanged, CodeGuardIgnored, CodeOutsidePrefix, CodeUnsupportedKind:
		return true
	}
	return false
}

// Deletion is the fate of one entry.
type Deletion struct {
	Status Status
	Code   string // S3's code or one of this package's; "" for a plain success
	// Retryable says that the same may succeed later. A rewritable entry must be
	// listed again before it is sent again.
	Retryable bool
	// MayBeLocked says that the server refuses so for want of a right, or because
	// of Object Lock: ask Lock.
	MayBeLocked bool
}

// Delete deletes the entries, aborts those that are uploads, and returns one
// Deletion for each, in their order, even if everything fails. Object Lock is
// never bypassed. Each request is sent once: neither the SDK nor this
// package sends an entry again, but for one case. Where it turns out that the
// server doesn't take the version id "null", entries of a bucket that never had
// versioning that are listed unchanged afterwards are deleted plainly, once the
// bucket's versioning state was read again and still is "never".
//
// The entries are what Pages gave, with distinct key and id. What has an id, be
// it "null", is deleted by it; an object without one comes from a bucket that
// never had versioning. More than 1,000 go in several requests; versions go
// before uploads.
//
// An upload that isn't there is Unknown with the code NoSuchUpload: it may have
// been aborted, or completed to an object.
func (b *Bucket) Delete(ctx context.Context, entries []retention.Entry) []Deletion {
	if ctx.Err() != nil {
		return alike(len(entries), Deletion{Status: Failed, Code: CodeNotSent, Retryable: true})
	}
	out := make([]Deletion, len(entries))
	var named, unnamed, uploads []int // places of entries with a version id, and without
	for i, e := range entries {
		switch code := b.refuse(e); {
		case code != "":
			out[i] = Deletion{Status: Failed, Code: code}
		case e.Kind == retention.Upload:
			uploads = append(uploads, i)
		case e.ID != "":
			named = append(named, i)
		default:
			unnamed = append(unnamed, i)
		}
	}
	place(out, named, b.send(ctx, pick(entries, named), true))
	place(out, unnamed, b.deleteUnnamed(ctx, pick(entries, unnamed)))
	place(out, uploads, b.abort(ctx, pick(entries, uploads)))
	for i, e := range entries {
		out[i].MayBeLocked = mayBeLocked(e, out[i])
		out[i] = unrepresentable(e.Key, out[i])
	}
	return out
}

// refuse returns the code of an entry that must not be sent, "" if it may. It is
// the last gate before a delete: it holds whatever the caller decided.
func (b *Bucket) refuse(e retention.Entry) string {
	switch {
	case e.Opaque:
		return CodeKeyUnrepresentable
	case e.Key == "" || !strings.HasPrefix(e.Key, b.cfg.Prefix):
		return CodeOutsidePrefix
	case e.Kind == retention.Object:
		return ""
	case (e.Kind == retention.Version || e.Kind == retention.Marker || e.Kind == retention.Upload) && e.ID != "":
		return ""
	}
	return CodeUnsupportedKind
}

// mayBeLocked reports whether a refusal may be due to Object Lock. S3 locks
// neither delete markers nor uploads.
func mayBeLocked(e retention.Entry, d Deletion) bool {
	return d.Status == Failed && lockCode(d.Code) && (e.Kind == retention.Object || e.Kind == retention.Version)
}

// unrepresentable renames the refusal of a key that XML can't carry: whatever
// code the server chose, the key is the reason. Rights and locks are not.
func unrepresentable(key string, d Deletion) Deletion {
	if d.Status != Failed || d.Retryable || d.MayBeLocked || carriable(key) {
		return d
	}
	switch d.Code {
	case "AccessDenied", "NoSuchBucket", CodeVersioningChanged, CodeNotSent, CodeOutsidePrefix, CodeUnsupportedKind:
		return d
	}
	d.Code = CodeKeyUnrepresentable
	return d
}

// pick returns the entries at the given places; place puts their fates back.
// All in their order are the entries themselves: nobody writes to them.
func pick(entries []retention.Entry, places []int) []retention.Entry {
	if len(places) == len(entries) && isIdentity(places) {
		return entries
	}
	picked := make([]retention.Entry, len(places))
	for i, at := range places {
		picked[i] = entries[at]
	}
	return picked
}

func isIdentity(places []int) bool {
	for i, at := range places {
		if i != at {
			return false
		}
	}
	return true
}

func place(out []Deletion, places []int, fates []Deletion) {
	for i, at := range places {
		out[at] = fates[i]
	}
}

// alike returns n times the same fate.
func alike(n int, d Deletion) []Deletion {
	out := make([]Deletion, n)
	for i := range out {
		out[i] = d
	}
	return out
}
