package sweep

import "time"

// Hasten shortens the pauses between attempts.
func (s *Sweeper) Hasten() { s.firstPause = time.Millisecond }

// Cut makes plan segments of at most n entries.
func (s *Sweeper) Cut(n int) { s.segmentMax = n }
