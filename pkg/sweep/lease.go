package sweep

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// releaseWithin bounds the last write of a lease. What is not released expires.
const releaseWithin = 10 * time.Second

// release gives the lease back. It goes on after ctx: the report may have been
// sealed because ctx ended.
func release(ctx context.Context, lease *vault.Lease) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), releaseWithin)
	defer cancel()
	if err := lease.Release(ctx); err != nil {
		return fmt.Errorf("release the lease: %w", err)
	}
	return nil
}

// note is what a lease says of the last report that was sealed under it, for
// the run after: the same words as a head that is handed to verify.
func note(s *Sealed) string { return fmt.Sprintf("%d:%s", s.Number, s.StatementSHA256) }

// unreported ends the note of a lease that was taken over by a run which sealed
// no report: the next that does has to say so.
const unreported = " taken-over"

// takeover reports whether the run has a takeover to report: its own, or that
// of a run before it which sealed nothing.
func takeover(l *vault.Lease) bool { return l.TakenOver || strings.HasSuffix(l.Note(), unreported) }

// leaveNote writes into the lease what the next run has to know.
func leaveNote(l *vault.Lease, sealed *Sealed) {
	switch {
	case sealed != nil:
		l.SetNote(note(sealed))
	case takeover(l) && !strings.HasSuffix(l.Note(), unreported):
		l.SetNote(l.Note() + unreported)
	}
}

// checkNote makes sure that the vault holds the report that the last run sealed.
// A vault that is missing (a volume that isn't mounted) would else begin a
// second history, with the deletions of the first in nobody's chain.
func (s *Sweeper) checkNote(ctx context.Context, note string) error {
	note = strings.TrimSuffix(note, unreported)
	if note == "" {
		return nil // no report was sealed with this work area yet
	}
	head, err := evidence.ParseHead(note)
	if err != nil {
		return fmt.Errorf("the lease's note of the last report: %w", err)
	}
	bundle, err := s.Vault.Get(ctx, reportFile(head.Sequence, evidence.FileBundle))
	if errors.Is(err, vault.ErrNotFound) {
		return fmt.Errorf("report %d, which the last run sealed, is not in the vault: nothing was deleted; is it mounted, and the right one? "+
			"If it is gone for good, begin a new vault with a work area of its own", head.Sequence)
	}
	if err != nil {
		return err
	}
	payload, _, _, err := evidence.OpenBundle(bundle)
	if err != nil {
		return fmt.Errorf("vault: report %d: %w", head.Sequence, err)
	}
	if sum := evidence.SHA256Hex(payload); sum != head.StatementSHA256 {
		return fmt.Errorf("vault: report %d is not the one that the last run sealed (statement %s, not %s): nothing was deleted; find out who changed it",
			head.Sequence, sum, head.StatementSHA256)
	}
	return nil
}
