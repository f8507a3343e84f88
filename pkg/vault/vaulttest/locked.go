package vaulttest

import (
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// RunLocked runs what a write-once vault promises, in a bucket for which Object
// Lock was enabled. open returns a new, empty place in it with that lock. What
// the suite puts stays locked for a day or two: use a server that goes away.
func RunLocked(t *testing.T, open func(t *testing.T, lock vault.Lock) *vault.S3) {
	t.Helper()
	for _, mode := range []string{"compliance", "governance"} {
		t.Run(mode, func(t *testing.T) {
			locked(t, open(t, vault.Lock{Mode: mode, Days: 2, ManifestDays: 1}))
		})
	}
}

func locked(t *testing.T, s *vault.S3) {
	const root = "trust/trust-root-0000.json"
	for range 2 {
		if err := vault.ProbeVault(t.Context(), s, root, []byte("root")); err != nil {
			t.Fatal(err)
		}
	}
	files := []string{"reports/0000000001/manifest-0000-00000.jsonl.gz", "reports/0000000001/parts.jsonl"}
	for _, name := range files {
		put(t, s, name, name)
		wantErr(t, s.Put(t.Context(), name, []byte("other")), vault.ErrExists)
		if err := s.Remove(t.Context(), name); err == nil {
			t.Errorf("Remove(%s) succeeds, though the file is locked", name)
		}
		wantBytes(t, s, name, name)
	}
	wantNames(t, s, "", append(files, root)...)
	if err := s.CheckWork(t.Context()); err == nil {
		t.Error("a bucket with Object Lock passes as a work area")
	}
}
