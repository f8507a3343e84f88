package listxml

import (
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Deletes reads the answer to DeleteObjects. It fills in, of each of Deleted,
// Key, VersionId, DeleteMarker and DeleteMarkerVersionId, and of each of Errors
// Key, VersionId, Code and Message. What a row leaves out is nil: what that means
// is for whoever asked. An error is an *Error.
func Deletes(answer []byte) (*s3.DeleteObjectsOutput, error) {
	d := newDecoder(answer, new(Room))
	out := new(s3.DeleteObjectsOutput)
	d.answer("DeleteResult", func(f field) bool {
		switch f {
		case deleted:
			r := d.fate()
			if out.Deleted == nil {
				out.Deleted = make([]types.DeletedObject, 0, d.likely())
			}
			out.Deleted = append(out.Deleted, types.DeletedObject{Key: r.key, VersionId: r.version, DeleteMarker: r.marker, DeleteMarkerVersionId: r.markerVersion})
		case failed:
			r := d.fate()
			out.Errors = append(out.Errors, types.Error{Key: r.key, VersionId: r.version, Code: r.code, Message: r.message})
		default:
			return false
		}
		return true
	})
	if d.err != nil {
		return nil, d.err
	}
	return out, nil
}

// fate is a Deleted or an Error.
type fate struct {
	key, version, markerVersion, code, message *string
	marker                                     *bool
}

func (d *decoder) fate() (r fate) {
	var seen fields
	for i := 0; ; i++ {
		f, more := d.next(&d.hints[i%len(d.hints)], &d.hints[(i+1)%len(d.hints)])
		if !more {
			return r
		}
		if f == deleteMarker && r.marker != nil { // in a listing there may be many
			d.fail(repeated)
		}
		d.once(&seen, f)
		switch f {
		case key:
			r.key = d.str()
		case versionID:
			r.version = d.str()
		case deleteMarker:
			r.marker = d.flag()
		case markerVersionID:
			r.markerVersion = d.str()
		case code:
			r.code = d.str()
		case message:
			r.message = d.str()
		default:
			d.skip()
		}
	}
}
