package sweep

import (
	"fmt"

	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// page makes report.html; nil where there is none.
func (s *Sweeper) page(f *facts, p evidence.Predicate, rows []evidence.TeamRow) ([]byte, error) {
	if s.Page == nil {
		return nil, nil
	}
	data, err := s.Page(p, rows, f.ages())
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", evidence.FileHTML, err)
	}
	return data, nil
}

// pageFile is where a page waits to be published. Its name is its digest: two
// sealers, or one that died and one that follows, say two instants at which the
// report was finished, and so make two pages. The payload says which one counts.
func pageFile(sha256 string) string { return sealFile("report-" + sha256 + ".html") }
