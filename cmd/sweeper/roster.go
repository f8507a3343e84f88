package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/fetch"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

// readRoster reads the roster from wherever the config says that it is. What
// stands in evidence and errors is its name alone: a URL's query may be a secret.
func readRoster(ctx context.Context, c *config.Config) (sweep.RosterSpec, error) {
	doc, source, err := rosterBytes(ctx, c)
	if err != nil {
		return sweep.RosterSpec{}, fmt.Errorf("read the roster (zdr.roster): %w", err)
	}
	roster, err := config.ParseServedRoster(c.ZDR.Roster, doc.ContentType, doc.Data)
	if err != nil {
		return sweep.RosterSpec{}, err
	}
	return sweep.RosterSpec{Source: source, SHA256: evidence.SHA256Hex(doc.Data),
		MaxAge: c.ZDR.RosterMaxAge, Roster: roster, AllowEmpty: c.ZDR.AllowEmpty}, nil
}

// rosterBytes returns the roster as it came, and the source that evidence names.
// A file that isn't there is a usage error, as any bad setting is; a server that
// doesn't give the roster may do so at the next try.
func rosterBytes(ctx context.Context, c *config.Config) (doc fetch.Document, source string, err error) {
	switch z := c.ZDR; {
	case z.RosterURL != nil:
		if doc, err = (fetch.Client{}).Get(ctx, z.RosterURL.Full()); err != nil {
			err = &exitError{exitFailed, err}
		}
		return doc, z.Roster, err
	case z.RosterS3 != nil:
		if doc.Data, err = vault.ReadObject(ctx, s3Config(z.RosterS3.Place, 0), z.RosterS3.Key, fetch.MaxBytes); err != nil {
			err = &exitError{exitFailed, err}
		}
		return doc, z.Roster, err
	default:
		doc.Data, err = os.ReadFile(z.Roster)
		return doc, filepath.Base(z.Roster), err
	}
}
