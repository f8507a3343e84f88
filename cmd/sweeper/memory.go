package main

import "runtime/debug"

const (
	// A run may take memoryBase of memory, and memoryStream more for each listing
	// that goes on beside others.
	memoryBase   = 64 << 20
	memoryStream = 2 << 20
	// memoryProgram is what of it isn't the garbage collector's: the pages of the
	// program itself, and what allocators never fill.
	memoryProgram = 32 << 20
	// garbage is how much of it there may be while memory is plenty, in percent of
	// what is in use: a run makes much and keeps little.
	garbage = 400
)

// memoryLimit is what Go's runtime should stay within. It is a soft limit: a run
// that needs more collects more often, and goes on.
func memoryLimit(streams int) int64 {
	return memoryBase + memoryStream*int64(streams) - memoryProgram
}

// boundMemory makes the garbage collector rare while a run is small, and busy
// before it outgrows what it may take. What the operator set counts instead.
func boundMemory(streams int, getenv func(name string) string) {
	if getenv("GOGC") != "" || getenv("GOMEMLIMIT") != "" {
		return
	}
	debug.SetGCPercent(garbage)
	debug.SetMemoryLimit(memoryLimit(streams))
}
