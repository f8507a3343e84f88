package listxml

import (
	"bytes"
	"strings"
)

// field is an element that is read.
type field int

const (
	other field = iota // skipped

	// Of an answer.
	isTruncated
	keyCount
	encodingType
	nextContinuationToken
	nextKeyMarker
	nextVersionIDMarker
	nextUploadIDMarker
	contents
	version
	deleteMarker
	upload
	commonPrefixes
	deleted
	failed

	// Of an entry.
	key
	lastModified
	eTag
	size
	versionID
	isLatest
	uploadID
	initiated
	prefix
	markerVersionID
	code
	message
)

// fields is a set of fields.
type fields uint32

func (s fields) has(f field) bool { return s&(1<<f) != 0 }

// repeatable are the fields that an answer has any number of.
const repeatable = 1<<contents | 1<<version | 1<<deleteMarker | 1<<upload | 1<<commonPrefixes | 1<<deleted | 1<<failed

// exact returns the field of a name as S3 spells it. Names that are common and
// not read are other at once; known is false for what has to be looked at again.
func exact(name []byte) (f field, known bool) {
	switch string(name) {
	case "Key":
		return key, true
	case "LastModified":
		return lastModified, true
	case "ETag":
		return eTag, true
	case "Size":
		return size, true
	case "StorageClass", "Owner", "Initiator", "ChecksumAlgorithm", "ChecksumType":
		return other, true
	case "Contents":
		return contents, true
	case "VersionId":
		return versionID, true
	case "IsLatest":
		return isLatest, true
	case "Version":
		return version, true
	case "DeleteMarker":
		return deleteMarker, true
	case "Upload":
		return upload, true
	case "UploadId":
		return uploadID, true
	case "Initiated":
		return initiated, true
	case "CommonPrefixes":
		return commonPrefixes, true
	case "Prefix":
		return prefix, true
	case "IsTruncated":
		return isTruncated, true
	case "KeyCount":
		return keyCount, true
	case "EncodingType":
		return encodingType, true
	case "NextContinuationToken":
		return nextContinuationToken, true
	case "NextKeyMarker":
		return nextKeyMarker, true
	case "NextVersionIdMarker":
		return nextVersionIDMarker, true
	case "NextUploadIdMarker":
		return nextUploadIDMarker, true
	case "Deleted":
		return deleted, true
	case "Error":
		return failed, true
	case "DeleteMarkerVersionId":
		return markerVersionID, true
	case "Code":
		return code, true
	case "Message":
		return message, true
	}
	return other, false
}

// folded is exact without regard to case.
func folded(name []byte) field {
	for _, spelt := range [...]string{
		"Key", "LastModified", "ETag", "Size", "VersionId", "IsLatest", "UploadId", "Initiated", "Prefix",
		"Contents", "Version", "DeleteMarker", "Upload", "CommonPrefixes", "IsTruncated", "KeyCount", "EncodingType",
		"NextContinuationToken", "NextKeyMarker", "NextVersionIdMarker", "NextUploadIdMarker",
		"Deleted", "Error", "DeleteMarkerVersionId", "Code", "Message",
	} {
		if len(spelt) == len(name) && strings.EqualFold(spelt, string(name)) {
			f, _ := exact([]byte(spelt))
			return f
		}
	}
	return other
}

// next goes on to the next element inside the innermost that is open, as child
// does, and says which it is. What is read has to be of the root's namespace.
func (s *scanner) next() (f field, more bool) {
	name, more := s.child()
	if !more {
		return other, false
	}
	f, known := exact(name)
	if !known || s.foreign {
		f = s.unusual(name)
	}
	return f, true
}

// unusual is the field of a name that S3 doesn't use, or that is of another
// namespace.
func (s *scanner) unusual(name []byte) field {
	at := bytes.IndexByte(name, ':')
	prefixed := at > 0 && at < len(name)-1
	if prefixed {
		name = name[at+1:]
	}
	f := folded(name)
	if f != other && (prefixed || s.foreign) {
		s.fail("an element that matters is of another namespace")
	}
	return f
}
