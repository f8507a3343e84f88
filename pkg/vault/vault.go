// Package vault stores files that are written once: the evidence in the vault,
// the working files in the work area, and the lease that lets one run at a time
// touch either. An area is a directory or a place in an S3 bucket; both keep the
// same promises, and one conformance suite (package vaulttest) holds them to it.
//
// What it never does: it never overwrites a file except by Swap, which names
// the state that it replaces; it never removes anything but the one name that
// it was given; it never reads, lists or deletes what is under retention; it
// knows nothing of what the files say.
package vault

import (
	"context"
	"errors"
	"fmt"
	"strings"
)

// The errors that a caller branches on. They come wrapped: use errors.Is.
var (
	// ErrExists is returned by Put when the name is taken. Whoever loses such
	// a race reads the file again and goes on with the winner's bytes.
	ErrExists = errors.New("already exists")
	// ErrNotFound is returned by Get and Read when there is no such file.
	ErrNotFound = errors.New("not found")
	// ErrConflict is returned by Swap when the file is not in the state that
	// the caller named. Nothing was written by this call.
	ErrConflict = errors.New("changed by someone else")
	// ErrHeld is returned by Acquire when another run holds the lease.
	ErrHeld = errors.New("the lease is held")
	// ErrLost is the cause of a lease's Context once it can't be relied on.
	ErrLost = errors.New("the lease is lost")
)

// Area is put-once storage for whole, small files. Names are relative,
// slash-separated and made of letters, digits, '.', '_' and '-'; no part of one
// begins with a dot. Every method is safe for concurrent use, by goroutines and
// by processes.
//
// A write that ends in an error other than ErrExists or ErrConflict may or may
// not have taken place: ask again, or read.
type Area interface {
	// Put creates the file and returns once it is durable. If the name is
	// taken, by whatever bytes, the error wraps ErrExists and nothing changes.
	// The file appears whole or not at all.
	//
	// One exception, where an answer got lost: when Put itself had to send the
	// request again, is then told that the name is taken, and finds exactly
	// the caller's bytes under it, that is success. A caller for whom it matters
	// who won puts something unique into data (the run's id does that).
	Put(ctx context.Context, name string, data []byte) error
	// Get returns the file's bytes. The error wraps ErrNotFound if absent.
	Get(ctx context.Context, name string) ([]byte, error)
	// Read is Get plus the tag that Swap takes to replace just this state.
	Read(ctx context.Context, name string) (data []byte, tag string, err error)
	// List returns the names that begin with prefix, at any depth, relative to
	// the area, sorted by bytes. A listing that can't be finished is an error,
	// never a short list. No match is an empty list.
	List(ctx context.Context, prefix string) ([]string, error)
	// Remove removes the file, with every version of it where the bucket keeps
	// versions, and makes sure that it is gone. Absent is success. A removed
	// name is spent: don't put it again. (versitygw 1.8 keeps the ETag of a
	// removed version in its sidecar, and refuses such a put for ever.)
	Remove(ctx context.Context, name string) error
	// Swap replaces the file if its tag is still old, or creates it if old is
	// empty and there is no file; else the error wraps ErrConflict. It returns
	// the new state's tag. As with Put, a request sent again that finds its own
	// bytes in place is success.
	Swap(ctx context.Context, name, old string, data []byte) (tag string, err error)
}

// where names the area in messages, if it has a name. Printing any other value
// would show, and race with, what is inside it.
func where(a Area) string {
	if s, ok := a.(fmt.Stringer); ok {
		return s.String()
	}
	return "the area"
}

// maxName is the longest name in bytes. S3 allows keys of 1,024; the rest is
// left to the prefix.
const maxName = 800

// reserved is where a directory keeps its own files (the lock, what is being
// written). It begins with a dot, so that no name can reach it.
const reserved = ".sweeper"

// checkName refuses names that could leave the area, or that some file system
// or S3 server would normalise into another name.
func checkName(name string) error {
	if name == "" {
		return errors.New("vault: an empty file name")
	}
	if len(name) > maxName {
		return fmt.Errorf("vault: file name of %d bytes, %d at most", len(name), maxName)
	}
	for part := range strings.SplitSeq(name, "/") {
		if part == "" || part[0] == '.' {
			return fmt.Errorf("vault: file name %q: no part of a name may be empty or begin with a dot", name)
		}
	}
	return checkAlphabet("file name", name)
}

// checkPrefix is checkName for the start of a name: it may be empty, and may
// end anywhere.
func checkPrefix(prefix string) error {
	if len(prefix) > maxName {
		return fmt.Errorf("vault: prefix of %d bytes, %d at most", len(prefix), maxName)
	}
	for part := range strings.SplitSeq(strings.TrimSuffix(prefix, "/"), "/") {
		if prefix != "" && (part == "" || part[0] == '.') {
			return fmt.Errorf("vault: prefix %q: no part of a name may be empty or begin with a dot", prefix)
		}
	}
	return checkAlphabet("prefix", prefix)
}

func checkAlphabet(what, s string) error {
	for i := range len(s) {
		c := s[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9':
		case c == '.', c == '_', c == '-', c == '/':
		default:
			return fmt.Errorf("vault: %s %q: byte 0x%02x: only letters, digits, '.', '_', '-' and '/' are allowed", what, s, c)
		}
	}
	return nil
}
