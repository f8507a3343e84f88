package bucket

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
)

// endless is an HTTP client that answers a listing with a thousand keys, each
// page after the one before.
type endless struct {
	page   []byte
	places []int // of the keys' numbers, the last being the token's
	number int
}

func newEndless(what Listing) *endless {
	const number = "########"
	root, row, id, next := "ListBucketResult", "Contents", "", "NextContinuationToken"
	if what == Versions {
		root, row, next = "ListVersionsResult", "Version", "NextKeyMarker"
		id = "<VersionId>3sL4kqtJlcpXroDTDmJ.rmSpXd3dIbrHY</VersionId><IsLatest>true</IsLatest>"
	}
	c := &endless{page: []byte(`<?xml version="1.0" encoding="UTF-8"?><` + root + ` xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>b</Name><EncodingType>url</EncodingType><IsTruncated>true</IsTruncated>` +
		strings.Repeat("<"+row+"><Key>exchanges/team-001/2026/11/25/0123456789abcdef0123456789abcdef-"+number+".json.gz</Key>"+id+"<LastModified>2026-11-25T09:30:42.000Z</LastModified>"+
			"<ETag>&quot;0123456789abcdef0123456789abcdef&quot;</ETag><Size>1234567</Size><StorageClass>STANDARD</StorageClass></"+row+">", 1000) +
		"<" + next + ">" + number + "</" + next + "></" + root + ">")}
	for at := 0; ; at++ {
		next := bytes.Index(c.page[at:], []byte(number))
		if next < 0 {
			return c
		}
		at += next
		c.places = append(c.places, at)
	}
}

func (c *endless) Do(*http.Request) (*http.Response, error) {
	for _, at := range c.places {
		c.number++
		for i, n := 7, c.number; i >= 0; i, n = i-1, n/10 {
			c.page[at+i] = byte('0' + n%10)
		}
	}
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: int64(len(c.page)), Body: io.NopCloser(bytes.NewReader(c.page))}, nil
}

// BenchmarkPages lists without a network: all that is done per page of a
// thousand keys, signing and checking included.
func BenchmarkPages(b *testing.B) {
	b.Setenv("AWS_ACCESS_KEY_ID", "key")
	b.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	for name, c := range map[string]struct {
		decoder string
		what    Listing
	}{"fast": {decoderFast, Current}, "sdk": {decoderSDK, Current}, "versions": {decoderFast, Versions}} {
		b.Run(name, func(b *testing.B) {
			store, err := Open(b.Context(), Config{Name: "s", Bucket: "b", Endpoint: "http://127.0.0.1:1", PathStyle: true, ListDecoder: c.decoder})
			if err != nil {
				b.Fatal(err)
			}
			options := store.client.Options()
			options.HTTPClient = newEndless(c.what)
			store.client = s3.New(options)
			b.ReportAllocs()
			pages, before := 0, cpu(b)
			b.ResetTimer()
			for page, err := range store.Pages(b.Context(), Range{What: c.what}) {
				if err != nil || len(page.Entries) != 1000 {
					b.Fatalf("%d entries, error %v", len(page.Entries), err)
				}
				if pages++; pages == b.N {
					break
				}
			}
			b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N)*1000, "cpu-s/Mkeys")
		})
	}
}

// cpu is the processor time that this process has used: other processes don't
// bend it much.
func cpu(b *testing.B) time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		b.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
