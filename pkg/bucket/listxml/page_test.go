package listxml_test

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// decode reads an answer with the package.
func decode(kind string, doc []byte) (page, error) {
	switch kind {
	case "ListBucketResult":
		out, err := listxml.Objects(doc)
		if err != nil {
			return page{}, err
		}
		return ofObjects(out), nil
	case "ListVersionsResult":
		out, order, err := listxml.Versions(doc)
		if err != nil {
			return page{}, err
		}
		return ofVersions(out, order), nil
	}
	out, err := listxml.Uploads(doc)
	if err != nil {
		return page{}, err
	}
	return ofUploads(out), nil
}

func ofObjects(out *s3.ListObjectsV2Output) page {
	p := page{Truncated: out.IsTruncated, Count: out.KeyCount, Encoding: string(out.EncodingType), Token: out.NextContinuationToken, Prefixes: prefixes(out.CommonPrefixes)}
	for _, o := range out.Contents {
		p.Entries = append(p.Entries, row{Kind: "Contents", Key: aws.ToString(o.Key), Date: aws.ToTime(o.LastModified), ETag: o.ETag, Size: o.Size})
	}
	return p
}

func ofVersions(out *s3.ListObjectVersionsOutput, order listxml.Order) page {
	p := page{Truncated: out.IsTruncated, Encoding: string(out.EncodingType), NextKey: out.NextKeyMarker, NextVersion: out.NextVersionIdMarker, Prefixes: prefixes(out.CommonPrefixes)}
	if n := len(order.Versions) + len(order.Markers); n > 0 {
		p.Entries = make([]row, n)
	}
	for i, v := range out.Versions {
		p.Entries[order.Versions[i]-1] = row{Kind: "Version", Key: aws.ToString(v.Key), Date: aws.ToTime(v.LastModified), ETag: v.ETag, Size: v.Size, VersionID: v.VersionId, Latest: v.IsLatest}
	}
	for i, m := range out.DeleteMarkers {
		p.Entries[order.Markers[i]-1] = row{Kind: "DeleteMarker", Key: aws.ToString(m.Key), Date: aws.ToTime(m.LastModified), VersionID: m.VersionId, Latest: m.IsLatest}
	}
	return p
}

func ofUploads(out *s3.ListMultipartUploadsOutput) page {
	p := page{Truncated: out.IsTruncated, Encoding: string(out.EncodingType), NextKey: out.NextKeyMarker, NextUpload: out.NextUploadIdMarker, Prefixes: prefixes(out.CommonPrefixes)}
	for _, u := range out.Uploads {
		p.Entries = append(p.Entries, row{Kind: "Upload", Key: aws.ToString(u.Key), Date: aws.ToTime(u.Initiated), UploadID: u.UploadId})
	}
	return p
}

func prefixes(of []types.CommonPrefix) (all []string) {
	for _, p := range of {
		all = append(all, aws.ToString(p.Prefix))
	}
	return all
}
