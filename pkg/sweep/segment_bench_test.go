package sweep

import (
	"crypto/md5" //nolint:gosec // what S3 calls an ETag
	"fmt"
	"testing"
	"time"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// benchEntries are n expired entries of a bucket, as a listing shows them.
func benchEntries(n int) []Entry {
	entries := make([]Entry, n)
	for i := range entries {
		at := t0.Add(-40*retention.Day + time.Duration(i%86400)*time.Second)
		sum := md5.Sum(fmt.Append(nil, i)) //nolint:gosec // see above
		entries[i] = Entry{Kind: retention.Object, LastModified: at, Latest: true, ETag: fmt.Sprintf("%q", fmt.Sprintf("%x", sum)), Size: int64(i * 37 % 20000),
			Key: fmt.Sprintf("team-%04d/%s/req_%x.response.json", i*200/n, at.Format("2006/01/02"), sum[:12])}
	}
	return entries
}

func benchPlanned(n int) []Planned {
	all := make([]Planned, n)
	for i, e := range benchEntries(n) {
		all[i] = planned(e, retention.Verdict{Expired: true, Created: e.LastModified, Team: e.Key[:9], Attribution: retention.Attributed}, "")
	}
	return all
}

// perEntry reports how many entries a second went through the loop.
func perEntry(b *testing.B, entries int) {
	n := float64(b.N) * float64(entries)
	b.ReportMetric(n/b.Elapsed().Seconds(), "records/s")
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/record")
}

func BenchmarkSegmentEncode(b *testing.B) {
	entries := benchPlanned(8000)
	b.ReportAllocs()
	var size int
	for b.Loop() {
		data, err := encodeSegment(entries)
		if err != nil {
			b.Fatal(err)
		}
		size = len(data)
	}
	perEntry(b, len(entries))
	b.ReportMetric(float64(size)/float64(len(entries)), "bytes/record")
}

func BenchmarkSegmentDecode(b *testing.B) {
	entries := benchPlanned(8000)
	data, err := encodeSegment(entries)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := decodeSegment("segment", data); err != nil {
			b.Fatal(err)
		}
	}
	perEntry(b, len(entries))
}
