package sweep

import (
	"context"
	"iter"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
)

// Store is a bucket, or a prefix of one, under retention. Its methods are safe
// for concurrent use.
type Store interface {
	// Inspect asks for versioning and lock state and for the server's clock.
	Inspect(ctx context.Context) (bucket.State, error)
	// ProbeDelete asks whether deletes are allowed, without deleting anything.
	ProbeDelete(ctx context.Context) error
	// Pages lists a range. Only an iteration that ends without an error saw all
	// of it. Versions and markers of a key come newest first.
	Pages(ctx context.Context, r bucket.Range) iter.Seq2[bucket.Page, error]
	// Delete makes one attempt and returns one Deletion an entry, in order. The
	// entries are uploads, which are aborted, or none of them is.
	Delete(ctx context.Context, entries []Entry) []bucket.Deletion
	// Unasked returns, and forgets, how many answers about keys that were never
	// asked for came back from deletes.
	Unasked() int64
}

// Cutter finds places to cut a listing at. Its methods are safe for concurrent
// use.
type Cutter interface {
	// Cuts looks for keys at which what is left of a range falls into parts of much
	// the same size, and says how many requests that took.
	Cuts(ctx context.Context, r bucket.Range, hint bucket.Hint, most int) (cuts []string, requests int, err error)
}

// Examiner looks closely at one entry. Its methods are safe for concurrent use.
type Examiner interface {
	// Lock asks for retention and legal hold. The error wraps bucket.ErrGone if
	// the entry isn't there any more; any other says that nobody knows.
	Lock(ctx context.Context, e Entry) (bucket.Lock, error)
	// LastPart returns when the newest part of an upload came, zero without any.
	LastPart(ctx context.Context, e Entry) (time.Time, error)
	// Metadata returns a user metadata header. The error wraps bucket.ErrGone if
	// the entry isn't there any more.
	Metadata(ctx context.Context, e Entry, name string) (value string, ok bool, err error)
}

// Bucket is an opened store.
type Bucket struct {
	Store
	Cutter
	Examiner
}

// Area is put-once storage for small files: the vault, or the work area.
type Area interface {
	// Put creates the file, durably. The error wraps vault.ErrExists if it is there.
	Put(ctx context.Context, name string, data []byte) error
	// Get returns the file. The error wraps vault.ErrNotFound if it isn't there.
	Get(ctx context.Context, name string) ([]byte, error)
	// List returns the names that begin with prefix, sorted.
	List(ctx context.Context, prefix string) ([]string, error)
	// Remove removes the file. Absent is success. Never called on a vault.
	Remove(ctx context.Context, name string) error
}

// Progress is told how far a run is. Calls come from many goroutines.
type Progress interface {
	// Step begins a step of the run: "plan", "sweep" or, where nothing is deleted,
	// "manifest", then "confirm", "seal".
	Step(name string)
	// Expect says how many entries this step will list, if it is as last time.
	Expect(entries int64)
	// Listed adds to the pages and entries looked at in this step, and to the
	// expired ones.
	Listed(pages, entries, expired int)
	// Done adds to the entries that have an outcome.
	Done(entries int)
}

type silent struct{}

func (silent) Step(string)          {}
func (silent) Expect(int64)         {}
func (silent) Listed(int, int, int) {}
func (silent) Done(int)             {}
