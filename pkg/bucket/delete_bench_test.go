package bucket

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// obliging is an HTTP client that acknowledges every delete.
type obliging struct{}

func (obliging) Do(request *http.Request) (*http.Response, error) {
	body, err := io.ReadAll(request.Body)
	if err != nil {
		return nil, err
	}
	body = bytes.ReplaceAll(body, []byte("Object>"), []byte("Deleted>"))
	body = bytes.ReplaceAll(body, []byte("Delete xmlns"), []byte("DeleteResult xmlns"))
	body = bytes.ReplaceAll(body, []byte("</Delete>"), []byte("</DeleteResult>"))
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, ContentLength: int64(len(body)), Body: io.NopCloser(bytes.NewReader(body))}, nil
}

// BenchmarkDelete deletes without a network: all that is done per batch of a
// thousand keys, signing and checking included.
func BenchmarkDelete(b *testing.B) {
	b.Setenv("AWS_ACCESS_KEY_ID", "key")
	b.Setenv("AWS_SECRET_ACCESS_KEY", "secret")
	entries := make([]retention.Entry, maxBatch)
	for i := range entries {
		entries[i] = retention.Entry{Kind: retention.Object, Key: fmt.Sprintf("exchanges/team-001/2026/11/25/0123456789abcdef0123456789abcdef-%08d.json.gz", i)}
	}
	for _, decoder := range []string{decoderFast, decoderSDK} {
		b.Run(decoder, func(b *testing.B) {
			store, err := Open(b.Context(), Config{Name: "s", Bucket: "b", Endpoint: "http://127.0.0.1:1", PathStyle: true, ListDecoder: decoder})
			if err != nil {
				b.Fatal(err)
			}
			options := store.client.Options()
			options.HTTPClient = obliging{}
			store.client = s3.New(options)
			store.learned.setNull(nullTaken)
			b.ReportAllocs()
			before := cpu(b)
			for range b.N {
				for _, d := range store.Delete(b.Context(), entries) {
					if d.Status != Deleted {
						b.Fatal(d)
					}
				}
			}
			b.ReportMetric((cpu(b)-before).Seconds()/float64(b.N)*1000, "cpu-s/Mkeys")
		})
	}
}
