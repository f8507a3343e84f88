package listxml

import (
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Order says where the versions and the delete markers of an answer stand among
// each other, counted from 1: one number for each, in the order of its list.
type Order struct{ Versions, Markers []int }

// Objects reads the answer to ListObjectsV2. It fills in IsTruncated, KeyCount,
// EncodingType, NextContinuationToken, the prefix of each of CommonPrefixes, and
// of each of Contents Key, LastModified, ETag and Size. An error is an *Error.
func Objects(answer []byte) (*s3.ListObjectsV2Output, error) { return new(Room).Objects(answer) }

// Objects is Objects into the room.
func (r *Room) Objects(answer []byte) (*s3.ListObjectsV2Output, error) {
	d := newDecoder(answer, r)
	out := new(s3.ListObjectsV2Output)
	h := d.answer("ListBucketResult", func(f field) bool {
		if f != contents {
			return false
		}
		e := d.entry(lastModified)
		if out.Contents == nil {
			out.Contents = slices.Grow(d.objects[:0], d.likely())
		}
		// Filled in where it lies: these types are large.
		out.Contents = append(out.Contents, types.Object{})
		o := &out.Contents[len(out.Contents)-1]
		o.Key, o.LastModified, o.ETag, o.Size = e.key, e.modified, e.etag, e.size
		return true
	})
	if h.count != nil && int(*h.count) != len(out.Contents)+len(h.prefixes) {
		d.fail("KeyCount isn't the number of the keys in the answer")
	}
	if d.err != nil {
		return nil, d.err
	}
	r.objects = out.Contents
	out.IsTruncated, out.KeyCount, out.EncodingType, out.CommonPrefixes = h.truncated, h.count, h.encoding, h.prefixes
	out.NextContinuationToken = h.token
	return out, nil
}

// Versions reads the answer to ListObjectVersions. It fills in IsTruncated,
// EncodingType, NextKeyMarker, NextVersionIdMarker, the prefix of each of
// CommonPrefixes, and of each version and each delete marker Key, VersionId,
// IsLatest and LastModified, of a version ETag and Size besides. An error is an
// *Error.
func Versions(answer []byte) (*s3.ListObjectVersionsOutput, Order, error) {
	d := newDecoder(answer, new(Room))
	out, order := new(s3.ListObjectVersionsOutput), Order{}
	h := d.answer("ListVersionsResult", func(f field) bool {
		at := len(out.Versions) + len(out.DeleteMarkers) + 1
		switch f {
		case version:
			e := d.entry(lastModified)
			if out.Versions == nil {
				out.Versions, order.Versions = make([]types.ObjectVersion, 0, d.likely()), make([]int, 0, d.likely())
			}
			out.Versions = append(out.Versions, types.ObjectVersion{})
			v := &out.Versions[len(out.Versions)-1]
			v.Key, v.VersionId, v.IsLatest, v.LastModified, v.ETag, v.Size = e.key, e.version, e.latest, e.modified, e.etag, e.size
			order.Versions = append(order.Versions, at)
		case deleteMarker:
			e := d.entry(lastModified)
			out.DeleteMarkers = append(out.DeleteMarkers, types.DeleteMarkerEntry{Key: e.key, VersionId: e.version, IsLatest: e.latest,
				LastModified: e.modified})
			order.Markers = append(order.Markers, at)
		default:
			return false
		}
		return true
	})
	if d.err != nil {
		return nil, Order{}, d.err
	}
	out.IsTruncated, out.EncodingType, out.CommonPrefixes = h.truncated, h.encoding, h.prefixes
	out.NextKeyMarker, out.NextVersionIdMarker = h.nextKey, h.nextVersion
	return out, order, nil
}

// Uploads reads the answer to ListMultipartUploads. It fills in IsTruncated,
// EncodingType, NextKeyMarker, NextUploadIdMarker, the prefix of each of
// CommonPrefixes, and of each upload Key, UploadId and Initiated. An error is an
// *Error.
func Uploads(answer []byte) (*s3.ListMultipartUploadsOutput, error) {
	d := newDecoder(answer, new(Room))
	out := new(s3.ListMultipartUploadsOutput)
	h := d.answer("ListMultipartUploadsResult", func(f field) bool {
		if f != upload {
			return false
		}
		e := d.entry(initiated)
		out.Uploads = append(out.Uploads, types.MultipartUpload{Key: e.key, UploadId: e.upload, Initiated: e.initiated})
		return true
	})
	if d.err != nil {
		return nil, d.err
	}
	out.IsTruncated, out.EncodingType, out.CommonPrefixes = h.truncated, h.encoding, h.prefixes
	out.NextKeyMarker, out.NextUploadIdMarker = h.nextKey, h.nextUpload
	return out, nil
}

// head is what an answer says besides its entries.
type head struct {
	truncated                               *bool
	count                                   *int32
	encoding                                types.EncodingType
	token, nextKey, nextVersion, nextUpload *string
	prefixes                                []types.CommonPrefix
}

// answer reads a whole answer. entry reads those of its elements that are
// entries and says of any other that it isn't one.
func (d *decoder) answer(root string, entry func(field) bool) (h head) {
	if name := d.root(); d.err == nil && !strings.EqualFold(string(name), root) {
		d.fail("the answer is not of the kind that was asked for")
	}
	for seen := fields(0); ; {
		f, more := d.next(&d.top, nil)
		if !more {
			break
		}
		d.once(&seen, f)
		switch f {
		case isTruncated:
			h.truncated = d.flag()
		case keyCount:
			h.count = d.count()
		case encodingType:
			h.encoding = types.EncodingType(d.value())
		case nextContinuationToken:
			h.token = d.str()
		case nextKeyMarker:
			h.nextKey = d.str()
		case nextVersionIDMarker:
			h.nextVersion = d.str()
		case nextUploadIDMarker:
			h.nextUpload = d.str()
		case commonPrefixes:
			h.prefixes = append(h.prefixes, types.CommonPrefix{Prefix: d.commonPrefix()})
		default:
			if !entry(f) {
				d.skip()
			}
		}
	}
	d.end()
	return h
}
