package main

import (
	"sync/atomic"
	"syscall"
	"time"
)

// stats counts what was asked, by operation, and what came of it.
type stats struct {
	listObjects, listVersions, listUploads       atomic.Int64
	deleteBatches, deletes, heads, gets          atomic.Int64
	others                                       atomic.Int64
	keysListed, keysDeleted, keysSlowed, refused atomic.Int64
	inFlight, maxInFlight                        atomic.Int64
}

// enter counts a request in; what it returns counts it out.
func (s *stats) enter() func() {
	now := s.inFlight.Add(1)
	for most := s.maxInFlight.Load(); now > most; most = s.maxInFlight.Load() {
		if s.maxInFlight.CompareAndSwap(most, now) {
			break
		}
	}
	return func() { s.inFlight.Add(-1) }
}

// report is the answer of /_/stats.
type report struct {
	Requests struct {
		ListObjects   int64 `json:"listObjects"`
		ListVersions  int64 `json:"listVersions"`
		ListUploads   int64 `json:"listUploads"`
		DeleteObjects int64 `json:"deleteObjects"`
		DeleteObject  int64 `json:"deleteObject"`
		HeadObject    int64 `json:"headObject"`
		GetObject     int64 `json:"getObject"`
		Others        int64 `json:"others"`
		Total         int64 `json:"total"`
	} `json:"requests"`
	Refused     int64   `json:"refused"` // whole requests, by -rate
	KeysListed  int64   `json:"keysListed"`
	KeysDeleted int64   `json:"keysDeleted"` // that were there
	KeysSlowed  int64   `json:"keysSlowed"`  // answered SlowDown, by -slowdown
	MaxInFlight int64   `json:"maxInFlight"`
	Keys        int     `json:"keys"`    // at the start
	Expired     int     `json:"expired"` // of these
	Left        int64   `json:"left"`    // there now
	CPUSeconds  float64 `json:"cpuSeconds"`
}

func (s *server) report() (r report) {
	n, q := &s.stats, &r.Requests
	q.ListObjects, q.ListVersions, q.ListUploads = n.listObjects.Load(), n.listVersions.Load(), n.listUploads.Load()
	q.DeleteObjects, q.DeleteObject = n.deleteBatches.Load(), n.deletes.Load()
	q.HeadObject, q.GetObject, q.Others = n.heads.Load(), n.gets.Load(), n.others.Load()
	q.Total = q.ListObjects + q.ListVersions + q.ListUploads + q.DeleteObjects + q.DeleteObject + q.HeadObject + q.GetObject + q.Others
	r.Refused, r.KeysListed, r.KeysDeleted, r.KeysSlowed = n.refused.Load(), n.keysListed.Load(), n.keysDeleted.Load(), n.keysSlowed.Load()
	r.MaxInFlight = n.maxInFlight.Load()
	r.Keys, r.Expired = s.space.count(), s.space.expired()
	r.Left = int64(r.Keys) - r.KeysDeleted
	var used syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &used) == nil {
		r.CPUSeconds = (time.Duration(used.Utime.Nano()) + time.Duration(used.Stime.Nano())).Seconds()
	}
	return r
}
