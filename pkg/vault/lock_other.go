//go:build !unix

package vault

import (
	"errors"
	"os"
)

// tryLock has no implementation here: a directory can't be a safe area.
func tryLock(f *os.File) (bool, error) {
	return false, &os.PathError{Op: "lock", Path: f.Name(), Err: errors.ErrUnsupported}
}
