package config

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// CheckHolds refuses a hold that can match nothing in this config: it would hold
// nothing, and nobody would know. No error shows a key or a prefix of one.
func (c *Config) CheckHolds(holds []retention.Hold) error {
	var found []error
	for _, h := range holds {
		found = append(found, c.checkHold(h))
	}
	return errors.Join(found...)
}

func (c *Config) checkHold(h retention.Hold) error {
	m, scope := h.Match, c.storesOf(h.Match)
	if len(scope) == 0 {
		return fmt.Errorf("hold %s: no store is called %q; name one of the config's stores, or none to mean all", h.ID, m.Store)
	}
	if m.Prefix != "" && !slices.ContainsFunc(scope, func(s Store) bool {
		return strings.HasPrefix(m.Prefix, s.Prefix) || strings.HasPrefix(s.Prefix, m.Prefix)
	}) {
		return fmt.Errorf("hold %s: match.prefix lies outside %s, so it would hold nothing; write the start of whole keys, the store's prefix included", h.ID, where(m))
	}
	if m.Request != "" && !slices.ContainsFunc(scope, readsRequest) {
		return fmt.Errorf("hold %s: match.request would hold nothing, since no layout of %s has {request}; hold the team, a prefix or the keys", h.ID, where(m))
	}
	for i, key := range m.Keys {
		if !slices.ContainsFunc(scope, func(s Store) bool { return strings.HasPrefix(key, s.Prefix) }) {
			return fmt.Errorf("hold %s: match.keys[%d] lies outside %s, so it would hold nothing; write whole keys, the store's prefix included", h.ID, i, where(m))
		}
	}
	return nil
}

// storesOf returns the stores that a hold is on.
func (c *Config) storesOf(m retention.HoldMatch) []Store {
	if m.Store == "" {
		return c.Stores
	}
	var stores []Store
	for _, s := range c.Stores {
		if s.Name == m.Store {
			stores = append(stores, s)
		}
	}
	return stores
}

func where(m retention.HoldMatch) string {
	if m.Store == "" {
		return "any store"
	}
	return "store " + m.Store
}

func readsRequest(s Store) bool { return slices.ContainsFunc(s.Layouts, retention.Layout.ReadsRequest) }
