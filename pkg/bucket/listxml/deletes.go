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
	d.answer("DeleteResult", 1<<deleted|1<<failed, answered, func(kind field, r *row) {
		name, id := d.given(key, r.key), d.given(versionID, r.version)
		if kind == failed {
			out.Errors = append(out.Errors, types.Error{Key: name, VersionId: id, Code: d.given(code, r.code), Message: d.given(message, r.message)})
			return
		}
		if out.Deleted == nil {
			out.Deleted = make([]types.DeletedObject, 0, d.likely())
		}
		out.Deleted = append(out.Deleted, types.DeletedObject{Key: name, VersionId: id, DeleteMarker: d.said(deleteMarker, r.marker),
			DeleteMarkerVersionId: d.given(markerVersionID, r.markerVersion)})
	})
	if d.err != nil {
		return nil, d.err
	}
	return out, nil
}
