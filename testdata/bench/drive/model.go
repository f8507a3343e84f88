package main

import (
	"fmt"
	"time"
)

// model works out on paper what a nightly run of a very large bucket takes, from
// the CPU time that a key took here. docs/performance.md says what it assumes.
func (r *rig) model(dry sample) table {
	const (
		expiredOf = 30    // a day of thirty
		page      = 1000  // keys
		price     = 0.005 // USD for 1000 LIST requests, S3 Standard, us-east-1
	)
	t := table{name: "model", head: []string{"keys", "expired a night", "LIST requests", "USD a night", "USD a month", "DeleteObjects", "hours, 1 stream", "16", "32", "128", "core hours"},
		note: fmt.Sprintf("Hours are those of waiting for LIST requests, at %s each; core hours are twice the CPU time of a dry run.", r.latency)}
	for _, keys := range []int64{100_000_000, 1_000_000_000, 10_000_000_000} {
		expired := keys / expiredOf
		lists := 2*keys/page + expired/page
		night := float64(lists) / 1000 * price
		row := []string{thousands(keys), thousands(expired), thousands(lists), fmt.Sprintf("%.0f", night), thousands(int64(30 * night)), thousands(expired / page)}
		for _, streams := range []int64{1, 16, 32, 128} {
			row = append(row, hours(time.Duration(lists/streams)*r.latency))
		}
		cpu := time.Duration(2 * float64(dry.cpu) / float64(dry.Keys) * float64(keys))
		t.rows = append(t.rows, append(row, hours(cpu)))
	}
	return t
}

func hours(d time.Duration) string { return fmt.Sprintf("%.2f", d.Hours()) }
