package listxml

import (
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Room is the memory that an answer is read into. It can be used again, but then
// the answer before is overwritten: only the strings that were copied out of it
// stay. The zero value is ready.
type Room struct {
	Objects []Object // of the last answer to ListObjectsV2

	versions []types.ObjectVersion
	order    []int
	strings  slab[string]
	times    slab[time.Time]
	sizes    slab[int64]
	flags    slab[bool]
}

func (r *Room) reset() {
	r.Objects = r.Objects[:0]
	r.strings.reset()
	r.times.reset()
	r.sizes.reset()
	r.flags.reset()
}
