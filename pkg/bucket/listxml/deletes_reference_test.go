package listxml_test

import (
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// referenceDeletes reads the answer to a DeleteObjects.
func referenceDeletes(doc []byte) (*s3.DeleteObjectsOutput, error) {
	root, err := tree(doc)
	if err != nil {
		return nil, err
	}
	if root.prefixed || !strings.EqualFold(root.name, "DeleteResult") {
		return nil, errRefused
	}
	rows, err := root.fields()
	if err != nil {
		return nil, err
	}
	head := root.values("IsTruncated KeyCount EncodingType NextContinuationToken NextKeyMarker NextVersionIdMarker NextUploadIdMarker")
	read(&head, "IsTruncated", strconv.ParseBool)
	read(&head, "KeyCount", count)
	if head.err != nil {
		return nil, head.err
	}
	out := new(s3.DeleteObjectsOutput)
	for _, r := range rows {
		switch r.name {
		case "CommonPrefixes":
			v := r.values("Prefix")
			if _, ok := v.of["Prefix"]; v.err != nil || !ok {
				return nil, errRefused
			}
			continue
		case "Deleted", "Error":
		default:
			continue
		}
		v := r.values("Key VersionId DeleteMarker DeleteMarkerVersionId Code Message")
		key, version, marker := read(&v, "Key", verbatim), read(&v, "VersionId", verbatim), read(&v, "DeleteMarker", strconv.ParseBool)
		markerVersion, code, message := read(&v, "DeleteMarkerVersionId", verbatim), read(&v, "Code", verbatim), read(&v, "Message", verbatim)
		markers := 0
		for _, c := range r.children {
			if c.name == "DeleteMarker" {
				markers++
			}
		}
		if v.err != nil || markers > 1 {
			return nil, errRefused
		}
		if r.name == "Deleted" {
			out.Deleted = append(out.Deleted, types.DeletedObject{Key: key, VersionId: version, DeleteMarker: marker, DeleteMarkerVersionId: markerVersion})
		} else {
			out.Errors = append(out.Errors, types.Error{Key: key, VersionId: version, Code: code, Message: message})
		}
	}
	return out, nil
}
