package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/render"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// showLines prints the manifest of report n, line by line as it is read: one
// part is in memory at a time.
func (a *app) showLines(ctx context.Context, v vault.Area, n int64, r stored, format string) error {
	data, err := v.Get(ctx, evidence.ReportDir(n)+"/"+evidence.FileParts)
	if err != nil {
		return err
	}
	if !r.signed(evidence.FileParts, data) {
		return changed(n, evidence.FileParts)
	}
	parts, err := evidence.ParseParts(data)
	if err != nil {
		return fmt.Errorf("report %d: %w", n, err)
	}
	out := render.NewLines(a.stdout, r.predicate, format)
	for _, part := range parts {
		if err = showPart(ctx, v, n, part, out); err != nil {
			break
		}
	}
	if closed := out.Close(err == nil); err == nil {
		err = closed
	}
	return err
}

func showPart(ctx context.Context, v vault.Area, n int64, part evidence.Part, out *render.Lines) error {
	data, err := v.Get(ctx, evidence.ReportDir(n)+"/"+part.Name)
	if errors.Is(err, vault.ErrNotFound) {
		return fmt.Errorf("report %d: %s is not in the vault: manifest parts may be removed once their stated date has passed", n, part.Name)
	}
	if err != nil {
		return err
	}
	if evidence.SHA256Hex(data) != part.SHA256 { // before any of it is shown
		return changed(n, part.Name)
	}
	_, err = evidence.ReadPart(part.Name, bytes.NewReader(data), func(i int64, raw []byte, l evidence.Line) error {
		if err := out.Add(raw, l); err != nil {
			return fmt.Errorf("line %d: %w", i, err)
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("report %d: %w", n, err)
	}
	return nil
}

// changed is the error of a file that is not the one that was signed.
func changed(n int64, file string) error {
	return &exitError{exitEvidence, fmt.Errorf("report %d: %s is not the file that was signed; \"sweeper verify\" says all that is wrong", n, file)}
}
