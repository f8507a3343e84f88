package bucket

// This file is for servers that list current objects in no order, as S3 Express
// directory buckets do. They know no start-after, and their listings can't be
// cut. That keys come twice can't be told across pages: it would need memory for
// all of them.

import (
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// loop finds out that a sequence of tokens has come round to where it was: by
// Brent, with one token remembered. It notices after a few times as many steps
// as there are tokens before it is round for the first time.
type loop struct {
	token        string
	steps, limit int
}

func (l *loop) closed(token string) bool {
	if l.limit > 0 && token == l.token {
		return true
	}
	if l.steps++; l.steps > l.limit {
		l.token, l.steps, l.limit = token, 0, max(1, 2*l.limit)
	}
	return false
}

// doubled reports whether a key is among entries twice.
func doubled(entries []retention.Entry) bool {
	keys := make(map[string]struct{}, len(entries))
	for _, e := range entries {
		if _, ok := keys[e.Key]; ok && !e.Opaque {
			return true
		}
		keys[e.Key] = struct{}{}
	}
	return false
}

// common narrows the prefix of a listing to the directory that the range lies
// in: a listing in no order shows all that has the prefix.
func (r Range) common(prefix string) string {
	if dir := commonDir(r.After, r.UpTo); strings.HasPrefix(dir, prefix) && carriable(dir) {
		return dir
	}
	return prefix
}

// holds reports whether a key lies in the range, compared as bytes. A key that
// the server can't spell goes by its spelling, so that of ranges that cover all
// exactly one has it.
func (r Range) holds(key string) bool {
	return key > r.After && (r.UpTo == "" || key <= r.UpTo)
}

// open reports whether the range has no ends but its prefix.
func (r Range) open() bool { return r.After == "" && r.UpTo == "" }
