package sweep

import "time"

// Hasten shortens the pauses between attempts.
func (s *Sweeper) Hasten() { s.firstPause, s.quiet = time.Millisecond, time.Millisecond }

// Cut makes plan segments of at most n entries.
func (s *Sweeper) Cut(n int) { s.segmentMax = n }

// Forge returns a plan segment with one key put in the place of another.
func Forge(segment []byte, old, key string) ([]byte, error) {
	entries, err := decodeSegment("segment", segment)
	if err != nil {
		return nil, err
	}
	for i := range entries {
		if string(entries[i].Key) == old {
			entries[i].Key = []byte(key)
		}
	}
	return encodeSegment(entries)
}
