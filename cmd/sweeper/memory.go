package main

import "runtime/debug"

const (
	// A run may take 64 MiB of memory, and 2 MiB more for each listing that goes on
	// beside others. These are what of it the garbage collector may fill: the rest is
	// for the pages of the program itself, and for what allocators leave empty. More
	// would be filled as a bucket grows, and save next to no time.
	memoryBase   = 32 << 20
	memoryStream = 5 << 18
	// garbage is how much of it there may be while memory is plenty, in percent of
	// what is in use: a run makes much and keeps little.
	garbage = 400
)

// memoryLimit is what Go's runtime should stay within. It is a soft limit: a run
// that needs more collects more often, and goes on.
func memoryLimit(streams int) int64 { return memoryBase + memoryStream*int64(streams) }

// boundMemory makes the garbage collector rare while a run is small, and busy
// before it outgrows what it may take. What the operator set counts instead.
func boundMemory(streams int, getenv func(name string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(garbage)
	debug.SetMemoryLimit(memoryLimit(streams))
}
