package vault

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
)

// probeCleanup bounds the removal of a probe file after a probe that failed,
// perhaps because its context ended.
const probeCleanup = 10 * time.Second

// vaultPutTries is how often ProbeVault waits for a refusal: see there.
const vaultPutTries = 3

// Probe finds out whether a work area keeps an Area's promises: that it can be
// written, read and erased, and that conditional writes are not just accepted.
// It leaves nothing behind. An area that fails it must not be used.
func Probe(ctx context.Context, area Area) error {
	name := "probe-" + uuid.NewString()
	if err := area.Put(ctx, name, []byte("probe 1\n")); err != nil {
		return err
	}
	if err := probeConditions(ctx, area, name, []byte("probe 1\n")); err != nil {
		// Best effort: the area is refused already, and the file says nothing.
		clean, cancel := context.WithTimeout(context.WithoutCancel(ctx), probeCleanup)
		defer cancel()
		_ = area.Remove(clean, name)
		return err
	}
	if err := area.Remove(ctx, name); err != nil {
		return err
	}
	_, err := area.Get(ctx, name)
	if err == nil {
		return fmt.Errorf("vault: a file removed from %s is still there: working files must be erasable; use another bucket or a directory", where(area))
	}
	if !errors.Is(err, ErrNotFound) {
		return err
	}
	return nil
}

// probeConditions tries to overwrite the file name, which holds first.
func probeConditions(ctx context.Context, area Area, name string, first []byte) error {
	second, third := []byte("probe 2\n"), []byte("probe 3\n")
	if err := refused(area.Put(ctx, name, second), ErrExists, area, "If-None-Match"); err != nil {
		return err
	}
	data, stale, err := area.Read(ctx, name)
	if err != nil {
		return err
	}
	if !bytes.Equal(data, first) {
		return fmt.Errorf("vault: %s gives back other bytes than were put: it can't be used", where(area))
	}
	if _, err := area.Swap(ctx, name, stale, second); err != nil {
		return err
	}
	_, swapErr := area.Swap(ctx, name, stale, third)
	return refused(swapErr, ErrConflict, area, "If-Match")
}

// refused passes over the error that was to be expected.
func refused(err, want error, area Area, header string) error {
	if errors.Is(err, want) {
		return nil
	}
	if err == nil {
		return fmt.Errorf("vault: %s ignores %s, so nothing in it is safe from being overwritten: use a server that honours conditional writes, or a directory", where(area), header)
	}
	return err
}

// ProbeVault finds out whether a vault is write-once, with a file that belongs
// there anyway, because nothing can be erased from it: it puts name if absent,
// then puts the same bytes again, which must be refused. Stored bytes other
// than data are an error, and are not touched. Where the vault has a Lock, the
// file must be locked: Put sees to that.
func ProbeVault(ctx context.Context, area Area, name string, data []byte) error {
	found, err := area.Get(ctx, name)
	if errors.Is(err, ErrNotFound) {
		if err := area.Put(ctx, name, data); err != nil && !errors.Is(err, ErrExists) {
			return err
		}
		found, err = area.Get(ctx, name)
	}
	if err != nil {
		return err
	}
	if !bytes.Equal(found, data) {
		return fmt.Errorf("vault: %s in %s is not the file given here: this vault belongs to another trust root; "+
			"use the trust root that it was made with, or a new vault", name, where(area))
	}
	// A put that was sent again and finds its own bytes counts as success (see
	// Area), so one success proves nothing yet.
	for range vaultPutTries {
		if err = refused(area.Put(ctx, name, data), ErrExists, area, "If-None-Match"); err == nil {
			break
		}
	}
	return err
}
