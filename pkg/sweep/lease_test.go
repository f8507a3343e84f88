package sweep_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A volume that isn't mounted looks like an empty vault. To begin a second
// history there would put the night's deletions into nobody's chain.
func TestAVaultThatLacksTheLastReportIsRefused(t *testing.T) {
	w := newWorld(t)
	w.run()
	w.run()
	report := filepath.Join(w.vaultDir, "reports", "0000000001")
	for name, lose := range map[string]string{"the whole vault": filepath.Join(w.vaultDir, "reports"), "the last report": report} {
		t.Run(name, func(t *testing.T) {
			away := filepath.Join(t.TempDir(), "away")
			if err := os.Rename(lose, away); err != nil {
				t.Fatal(err)
			}
			w.Put(store1, "acme/2026/01/01/r1.request.json", []byte("{}"), noon.Add(-90*day))
			_, err := w.try(t.Context())
			if err == nil || !strings.Contains(err.Error(), "report 1") || !strings.Contains(err.Error(), "not in the vault") {
				t.Errorf("the run ended with %v", err)
			}
			if left := w.Keys(store1); len(left) != 1 {
				t.Errorf("left are %q", left)
			}
			_ = os.RemoveAll(lose) // an empty folder may have been made there
			if err := os.Rename(away, lose); err != nil {
				t.Fatal(err)
			}
		})
	}
	if s := w.run(); s.Number != 2 || s.Predicate.Totals.Deleted != 1 {
		t.Errorf("with the vault back, run %d deleted %d", s.Number, s.Predicate.Totals.Deleted)
	}
}
