package listxml_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/bucket/listxml"
)

// full is an answer with a thousand entries, as AWS writes it.
func full(kind string) []byte {
	const entries = 1000
	var b strings.Builder
	fmt.Fprintf(&b, `<?xml version="1.0" encoding="UTF-8"?>`+"\n"+`<%s xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>exchanges</Name><Prefix></Prefix><MaxKeys>1000</MaxKeys><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>`, kind)
	for i := range entries {
		key := fmt.Sprintf("exchanges/team-%03d/2026/11/25/%032x.json.gz", i%200, i*7919)
		date := time.Unix(1.79e9+int64(i), 0).UTC().Format("2006-01-02T15:04:05.000Z")
		etag := fmt.Sprintf("&quot;%032x&quot;", i*104729)
		id, latest := fmt.Sprintf("%032d", i), i%3 == 0
		switch {
		case kind == "ListBucketResult":
			fmt.Fprintf(&b, "<Contents><Key>%s</Key><LastModified>%s</LastModified><ETag>%s</ETag><ChecksumAlgorithm>CRC64NVME</ChecksumAlgorithm><ChecksumType>FULL_OBJECT</ChecksumType><Size>%d</Size><StorageClass>STANDARD</StorageClass></Contents>", key, date, etag, i*1000)
		case kind == "ListMultipartUploadsResult":
			fmt.Fprintf(&b, "<Upload><Key>%s</Key><UploadId>%s</UploadId><Initiator><ID>i</ID></Initiator><Owner><ID>o</ID></Owner><StorageClass>STANDARD</StorageClass><Initiated>%s</Initiated></Upload>", key, id, date)
		case i%4 == 0:
			fmt.Fprintf(&b, "<DeleteMarker><Key>%s</Key><VersionId>%s</VersionId><IsLatest>%t</IsLatest><LastModified>%s</LastModified><Owner><ID>o</ID></Owner></DeleteMarker>", key, id, latest, date)
		default:
			fmt.Fprintf(&b, "<Version><Key>%s</Key><VersionId>%s</VersionId><IsLatest>%t</IsLatest><LastModified>%s</LastModified><ETag>%s</ETag><Size>%d</Size><Owner><ID>o</ID></Owner><StorageClass>STANDARD</StorageClass></Version>", key, id, latest, date, etag, i*1000)
		}
	}
	fmt.Fprintf(&b, "</%s>", kind)
	return []byte(b.String())
}

// BenchmarkDecode reads answers of a thousand entries. With "sdk" the SDK makes
// the request too, against an answer in memory, which is a small part of it.
func BenchmarkDecode(b *testing.B) {
	for kind := range kinds {
		body := full(kind)
		_, order, _ := listxml.Versions(body)
		for name, read := range map[string]func() error{
			"fast": func() error {
				var err error
				switch kind {
				case "ListBucketResult":
					_, err = listxml.Objects(body)
				case "ListVersionsResult":
					_, _, err = listxml.Versions(body)
				default:
					_, err = listxml.Uploads(body)
				}
				return err
			},
			"sdk": func() error { _, err := decodeSDK(b, kind, body, order); return err },
		} {
			b.Run(kind+"/"+name, func(b *testing.B) {
				b.ReportAllocs()
				b.SetBytes(int64(len(body)))
				for b.Loop() {
					if err := read(); err != nil {
						b.Fatal(err)
					}
				}
				b.ReportMetric(b.Elapsed().Seconds()/float64(b.N)*1000, "s/Mkeys")
			})
		}
	}
}
