package listxml

import "time"

// Room is the memory that an answer is read into. It can be used again, but then
// the answer before is overwritten: only the strings that were copied out of it
// stay. The zero value is ready.
type Room struct {
	Objects []Object // of the last answer to ListObjectsV2

	strings slab[string]
	times   slab[time.Time]
	sizes   slab[int64]
	flags   slab[bool]
}

func (r *Room) reset() {
	r.Objects = r.Objects[:0]
	r.strings.reset()
	r.times.reset()
	r.sizes.reset()
	r.flags.reset()
}
