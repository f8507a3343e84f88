package listxml

import (
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Order says where the versions and the delete markers of an answer stand among
// each other, counted from 1: one number for each, in the order of its list.
type Order struct{ Versions, Markers []int }

// Object is a row of the answer to ListObjectsV2. What the answer leaves out is
// zero.
type Object struct {
	Key, ETag    string
	LastModified time.Time // UTC
	Size         int64     // bytes
}

// Objects reads the answer to ListObjectsV2. It fills in IsTruncated, KeyCount,
// EncodingType, NextContinuationToken, the prefix of each of CommonPrefixes, and
// of each of Contents Key, LastModified, ETag and Size, the last two empty or 0
// where they are left out. An error is an *Error.
func Objects(answer []byte) (*s3.ListObjectsV2Output, error) {
	room := new(Room)
	out, err := room.ReadObjects(answer)
	if err != nil {
		return nil, err
	}
	for i := range room.Objects {
		o := &room.Objects[i]
		out.Contents = append(out.Contents, types.Object{Key: &o.Key, LastModified: &o.LastModified, ETag: &o.ETag, Size: &o.Size})
	}
	return out, nil
}

// ReadObjects is Objects, but what would be Contents is in r.Objects: the SDK's
// type, with what it points to, is nearly three times as large, and full of
// pointers.
func (r *Room) ReadObjects(answer []byte) (*s3.ListObjectsV2Output, error) {
	d := newDecoder(answer, r)
	h := d.answer("ListBucketResult", 1<<contents, listed, func(_ field, o *row) {
		object := Object{Key: o.key, LastModified: o.modified}
		if o.seen.has(eTag) {
			object.ETag = o.etag
		}
		if o.seen.has(size) {
			object.Size = o.size
		}
		r.Objects = append(r.Objects, object)
	})
	if h.count != nil && int(*h.count) != len(r.Objects)+len(h.prefixes) {
		d.fail("KeyCount isn't the number of the keys in the answer")
	}
	if d.err != nil {
		return nil, d.err
	}
	return &s3.ListObjectsV2Output{IsTruncated: h.truncated, KeyCount: h.count, EncodingType: h.encoding, CommonPrefixes: h.prefixes,
		NextContinuationToken: h.token}, nil
}

// Versions reads the answer to ListObjectVersions. It fills in IsTruncated,
// EncodingType, NextKeyMarker, NextVersionIdMarker, the prefix of each of
// CommonPrefixes, and of each version and each delete marker Key, VersionId,
// IsLatest and LastModified, of a version ETag and Size besides. An error is an
// *Error.
func Versions(answer []byte) (*s3.ListObjectVersionsOutput, Order, error) {
	return new(Room).ReadVersions(answer)
}

// ReadVersions is Versions into the room.
func (r *Room) ReadVersions(answer []byte) (*s3.ListObjectVersionsOutput, Order, error) {
	d := newDecoder(answer, r)
	out := &s3.ListObjectVersionsOutput{Versions: r.versions[:0]}
	order := Order{Versions: r.order[:0]}
	h := d.answer("ListVersionsResult", 1<<version|1<<deleteMarker, listed, func(kind field, e *row) {
		at := len(out.Versions) + len(out.DeleteMarkers) + 1
		name, id, latest := d.strings.put(e.key), d.given(versionID, e.version), d.said(isLatest, e.latest)
		modified := d.times.put(e.modified)
		if kind == deleteMarker {
			out.DeleteMarkers = append(out.DeleteMarkers, types.DeleteMarkerEntry{Key: name, VersionId: id, IsLatest: latest, LastModified: modified})
			order.Markers = append(order.Markers, at)
			return
		}
		// Filled in where it lies: this type is large.
		out.Versions = append(out.Versions, types.ObjectVersion{})
		v := &out.Versions[len(out.Versions)-1]
		v.Key, v.VersionId, v.IsLatest, v.LastModified, v.ETag = name, id, latest, modified, d.given(eTag, e.etag)
		if e.seen.has(size) {
			v.Size = d.sizes.put(e.size)
		}
		order.Versions = append(order.Versions, at)
	})
	r.versions, r.order = out.Versions, order.Versions
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
	h := d.answer("ListMultipartUploadsResult", 1<<upload, listed, func(_ field, r *row) {
		out.Uploads = append(out.Uploads, types.MultipartUpload{Key: d.strings.put(r.key), UploadId: d.given(uploadID, r.upload),
			Initiated: d.times.put(r.initiated)})
	})
	if d.err != nil {
		return nil, d.err
	}
	out.IsTruncated, out.EncodingType, out.CommonPrefixes = h.truncated, h.encoding, h.prefixes
	out.NextKeyMarker, out.NextUploadIdMarker = h.nextKey, h.nextUpload
	return out, nil
}

// Take puts the objects of an answer that the SDK has read into r.Objects.
func (r *Room) Take(out *s3.ListObjectsV2Output) {
	r.reset()
	for i := range out.Contents {
		o := &out.Contents[i]
		r.Objects = append(r.Objects, Object{Key: aws.ToString(o.Key), ETag: aws.ToString(o.ETag), LastModified: aws.ToTime(o.LastModified),
			Size: aws.ToInt64(o.Size)})
	}
}

// head is what an answer says besides its entries.
type head struct {
	truncated                               *bool
	count                                   *int32
	encoding                                types.EncodingType
	token, nextKey, nextVersion, nextUpload *string
	prefixes                                []types.CommonPrefix
}

// answer reads a whole answer. Elements of which there are rows are given to add,
// good until the next.
func (d *decoder) answer(root string, rows, reads fields, add func(kind field, r *row)) (h head) {
	if name := d.root(); d.err == nil && !strings.EqualFold(string(name), root) {
		d.fail("the answer is not of the kind that was asked for")
	}
	for seen := fields(0); ; {
		if kind, ok := d.again(); ok {
			add(kind, &d.last)
			continue
		}
		f, more := d.next()
		if !more {
			break
		}
		d.once(&seen, f)
		switch f {
		case isTruncated:
			is := d.flag(d.value())
			h.truncated = &is
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
			if !rows.has(f) {
				d.skip()
				continue
			}
			d.row(f, reads)
			add(f, &d.last)
		}
	}
	d.end()
	return h
}
