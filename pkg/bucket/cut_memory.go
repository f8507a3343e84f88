package bucket

import "sync"

// seenMost is of how many directories what was seen is remembered: a few
// megabytes. More of them than that and it begins afresh.
const seenMost = 128

// seen remembers what searches for cuts saw of directories, so that ranges that
// lie next to each other don't ask the same again. It may be out of date, which
// costs speed alone.
type seen struct {
	mu   sync.Mutex
	dirs map[string]dirSeen
}

// dirSeen is what was seen of one directory.
type dirSeen struct {
	asked bool   // for names after `after`, with this answer
	after string //
	names names
	key   string // a key right in the directory, "" if none was seen
	end   string // the least string known to have nothing of the directory after it, "" if none is
}

func (s *seen) of(dir string) dirSeen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.dirs[dir]
}

func (s *seen) note(dir string, note func(*dirSeen)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	d, known := s.dirs[dir]
	if s.dirs == nil || !known && len(s.dirs) >= seenMost {
		s.dirs = map[string]dirSeen{}
	}
	note(&d)
	s.dirs[dir] = d
}
