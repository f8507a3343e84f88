package bucket_test

import (
	"strings"
	"sync/atomic"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

func TestAListingThatCannotBeReadRightlySaysWhy(t *testing.T) {
	for name, c := range map[string]struct{ old, new, want string }{
		"two keys":             {"<Key>k0001</Key>", "<Key>k0001</Key><Key>k0002</Key>", "comes twice"},
		"a key count too high": {"<KeyCount>3<", "<KeyCount>4<", "KeyCount"},
		"a broken reference":   {"<Key>k0001", "<Key>k&0001", "reference"},
		"an end too early":     {"</ListBucketResult>", "", "cut off"},
		"something after it":   {"</ListBucketResult>", "</ListBucketResult>k0009", "text stands"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, numbered(3)...)
			b := s.open()
			s.OnAnswer("ListObjectsV2", func(body string) string { return strings.Replace(body, c.old, c.new, 1) })
			err := listingError(t.Context(), b, bucket.Range{})
			wantError(t, err, `store "store-exchanges"`, `bucket "exchanges"`, "can't be read: ", c.want)
			if strings.Contains(err.Error(), "k000") {
				t.Errorf("a key is in the error: %v", err)
			}
		})
	}
}

// Credentials, retries and errors are the SDK's with either decoder.
func TestAListingIsTriedAgainAndRefusedAlikeWithEitherDecoder(t *testing.T) {
	eitherDecoder(t, func(t *testing.T, decoder string) {
		for _, what := range []bucket.Listing{bucket.Current, bucket.Versions, bucket.Uploads} {
			s := newStand(t)
			s.decoder = decoder
			b := s.open()
			ops := map[bucket.Listing]string{bucket.Current: "ListObjectsV2", bucket.Versions: "ListObjectVersions", bucket.Uploads: "ListMultipartUploads"}
			var asked atomic.Int32
			s.OnRequest(func(c buckettest.Call) buckettest.Verdict {
				if c.Op == ops[what] && asked.Add(1) == 1 {
					return buckettest.Refuse(503, "SlowDown", "")
				}
				return only("ListObjectVersions", xml("<ListVersionsResult><IsTruncated>false</IsTruncated></ListVersionsResult>"))(c)
			})
			if err := listingError(t.Context(), b, bucket.Range{What: what}); err != nil || asked.Load() != 2 {
				t.Errorf("%s: %v after %d requests, want a second one that is answered", ops[what], err, asked.Load())
			}
			s.OnRequest(only(ops[what], buckettest.Refuse(403, "AccessDenied", "")))
			if err := listingError(t.Context(), b, bucket.Range{What: what}); bucket.Code(err) != "AccessDenied" || !bucket.Denied(err) {
				t.Errorf("%s: %v, want AccessDenied", ops[what], err)
			}
		}
	})
}
