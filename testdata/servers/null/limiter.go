package main

import (
	"sync"
	"time"
)

// limiter lets so many keys through a second. What was let through may overdraw
// it, and is worked off before the next.
type limiter struct {
	rate  int // 0: all
	mu    sync.Mutex
	free  float64
	since time.Time
}

func (l *limiter) admit(keys int, now time.Time) bool {
	if l.rate == 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.since.IsZero() {
		l.since, l.free = now, float64(l.rate)
	}
	l.free = min(l.free+now.Sub(l.since).Seconds()*float64(l.rate), float64(l.rate))
	l.since = now
	if l.free <= 0 {
		return false
	}
	l.free -= float64(keys)
	return true
}
