// Package used prints what a program for comparison found and used.
package used

import (
	"encoding/json"
	"os"
	"syscall"
	"time"
)

// Print writes one JSON object to stdout: how many keys the listing had, and
// the process's CPU time and the time since start.
func Print(keys int, start time.Time) error {
	var r syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &r); err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(struct {
		Keys        int     `json:"keys"`
		CPUSeconds  float64 `json:"cpuSeconds"`
		WallSeconds float64 `json:"wallSeconds"`
	}{keys, time.Duration(r.Utime.Nano() + r.Stime.Nano()).Seconds(), time.Since(start).Seconds()})
}
