package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// noSuchStore says that neither the config nor any report knows the store that was
// asked for, and which they know. It is nil if one does, or if a report can't be
// looked into that may: then that nothing was found is all that can be said.
func (s *search) noSuchStore() error {
	if s.known || len(s.reports.missing()) > 0 {
		return nil
	}
	names := slices.Clone(s.configured)
	for _, n := range s.reports.numbers {
		bundle, err := s.reports.read(evidence.ReportDir(n) + "/" + evidence.FileBundle)
		if err != nil {
			return nil //nolint:nilerr // it may know the store: see above
		}
		st, err := evidence.OpenSigned(bundle, s.trust)
		if err != nil {
			return nil //nolint:nilerr // likewise
		}
		for _, store := range st.Predicate.Stores {
			names = append(names, store.Name)
		}
	}
	slices.Sort(names)
	names = slices.Compact(names)
	if slices.Contains(names, s.flags.store) {
		return nil
	}
	if len(names) == 0 {
		names = []string{"none"}
	}
	return usage(fmt.Errorf("prove: --store: no report knows a store %q; those that there are: %s", s.flags.store, strings.Join(names, ", ")))
}
