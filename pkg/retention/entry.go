// Package retention holds the rules: what an entry is, how old it is, whose it
// is, and whether it has to go. Every rule is a pure function over values.
//
// It never reads a clock, a file or the network, and never logs.
package retention

import "time"

// Kind is what an Entry is, in the words of a manifest line.
type Kind string

// The four kinds of thing that a bucket holds. Each holds data or metadata, so
// each expires.
const (
	Object  Kind = "object"  // a current object
	Version Kind = "version" // a noncurrent version
	Marker  Kind = "marker"  // a delete marker
	Upload  Kind = "upload"  // an incomplete multipart upload
)

// Entry is one thing that a bucket holds, as a listing showed it.
type Entry struct {
	// Key is the object's key: bytes, not necessarily UTF-8.
	Key  string
	Kind Kind
	// ID is the version id ("null" included) or the upload id; empty where
	// versioning was never on.
	ID string
	// LastModified is the server's date in UTC with a resolution of one second
	// (for an upload: Initiated). Never zero: a listing without it is refused.
	LastModified time.Time
	// ETag as listed, quotes included; empty for markers and uploads.
	ETag string
	// Size in bytes; 0 for markers and uploads.
	Size int64
	// Opaque says that the server could not spell the key: Key is only how it was
	// shown, with U+FFFD for what was lost, and ID tells apart those of one
	// listing. Such an entry is counted and reported; nobody can be sure whose it
	// is, and a delete of that spelling would name another key.
	Opaque bool
	// Latest says that this is what a plain GET of the key would find.
	Latest bool
}

// Rewritable reports whether the entry's name can be given to other bytes: a
// key of a bucket that never had versioning, or a "null" version. Deleting
// such a name twice may delete what was written in between.
func (e Entry) Rewritable() bool {
	switch e.Kind {
	case Object, Version:
		return e.ID == "" || e.ID == "null"
	case Marker:
		return e.ID == "null"
	default:
		return false
	}
}

// SameBytes reports whether e and o are the same entry with the same content,
// as far as a listing can tell: ETag, LastModified and Size are all equal. A
// current version that has become a noncurrent one, or the other way round, is
// still the same.
func (e Entry) SameBytes(o Entry) bool {
	return e.Key == o.Key && e.Kind.content() == o.Kind.content() && e.ID == o.ID &&
		e.ETag == o.ETag && e.LastModified.Equal(o.LastModified) && e.Size == o.Size
}

// content is the kind without the difference between current and noncurrent.
func (k Kind) content() Kind {
	if k == Version {
		return Object
	}
	return k
}
