package bucket

import (
	"context"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
)

// Hint is what a walk knows of a range that it means to cut. The zero value
// knows nothing.
type Hint struct {
	// First and Last are the first and the last key of a page that was just
	// listed, in the range or right before it: they show how keys are made.
	First, Last string
	// Pages is how many pages of the range, or right before it, were listed. With
	// 0, First and Last are not looked at.
	Pages int
}

// Cuts looks for keys at which the range can be cut into ranges of much the same
// size, most of them at most. They come sorted and lie strictly between After
// and UpTo: a cut c makes (After, c] and (c, UpTo] of a range. requests is how
// many requests were spent, with an error too.
//
// A cut is right whatever bytes it has: where it lies matters to speed alone. So
// a server's answers are believed here; what can't be a cut is dropped. For the
// same reason an error says only that no cuts were found.
//
// Cuts follow the directories of keys ("/"), and their bytes where a directory is
// flat. They are printable and valid as a start-after. There are none where the
// server lists in no order, and none for uploads: versitygw refuses its own
// markers, MinIO has an order of its own.
func (b *Bucket) Cuts(ctx context.Context, r Range, hint Hint, most int) (cuts []string, requests int, err error) {
	prefix := b.cfg.Prefix
	if r.Prefix != "" {
		prefix = r.Prefix
	}
	_, some := r.under(prefix)
	if unordered, _ := b.learned.order(); !some || r.What == Uploads || unordered || !strings.HasPrefix(prefix, b.cfg.Prefix) {
		return nil, 0, nil
	}
	c := newCutter(prefix, r, hint, most, &b.seen, func(q question) (names, error) {
		requests++
		if r.What == Versions {
			return b.versionNames(ctx, q)
		}
		return b.names(ctx, q)
	})
	if cuts, err = c.cuts(); len(cuts) > 0 && !b.learned.giveCuts() {
		cuts = nil
	}
	return cuts, requests, err
}

// question is a request for names: those under prefix and after a string.
type question struct {
	prefix, after string
	folded        bool // what has a "/" after the prefix shows as a directory
	most          int32
}

// names is an answer: names in order, each once, all of them as asked for.
type names struct {
	dirs []string // end in "/"
	keys []string
	more bool // the server has more of them
}

func (q question) delimiter() *string {
	if q.folded {
		return aws.String("/")
	}
	return nil
}

// names asks with ListObjectsV2.
func (b *Bucket) names(ctx context.Context, q question) (names, error) {
	out, err := b.client.ListObjectsV2(ctx, &s3.ListObjectsV2Input{
		Bucket: &b.cfg.Bucket, EncodingType: types.EncodingTypeUrl, MaxKeys: &q.most,
		Prefix: optional(q.prefix), StartAfter: optional(q.after), Delimiter: q.delimiter(),
	}, b.patiently)
	if err != nil {
		return names{}, b.fail(listing, "s3:ListBucket", err)
	}
	keys := make([]*string, 0, len(out.Contents))
	for _, o := range out.Contents {
		keys = append(keys, o.Key)
	}
	return q.read(out.CommonPrefixes, keys, out.IsTruncated, out.EncodingType), nil
}

// versionNames asks with ListObjectVersions.
func (b *Bucket) versionNames(ctx context.Context, q question) (names, error) {
	out, err := b.client.ListObjectVersions(ctx, &s3.ListObjectVersionsInput{
		Bucket: &b.cfg.Bucket, EncodingType: types.EncodingTypeUrl, MaxKeys: &q.most,
		Prefix: optional(q.prefix), KeyMarker: optional(q.after), Delimiter: q.delimiter(),
	}, b.patiently)
	if err != nil {
		return names{}, b.fail(listingVersions, rightVersions, err)
	}
	keys := make([]*string, 0, len(out.Versions)+len(out.DeleteMarkers))
	for _, v := range out.Versions {
		keys = append(keys, v.Key)
	}
	for _, m := range out.DeleteMarkers {
		keys = append(keys, m.Key)
	}
	return q.read(out.CommonPrefixes, keys, out.IsTruncated, out.EncodingType), nil
}

// read takes from an answer what can be of use.
func (q question) read(dirs []types.CommonPrefix, keys []*string, truncated *bool, encoding types.EncodingType) names {
	decode := func(to []string, name *string) []string {
		text, err := decodeName(aws.ToString(name), encoding == types.EncodingTypeUrl)
		if err != nil {
			return to
		}
		return append(to, text)
	}
	n := names{more: aws.ToBool(truncated)}
	for _, d := range dirs {
		n.dirs = decode(n.dirs, d.Prefix)
	}
	for _, k := range keys {
		n.keys = decode(n.keys, k)
	}
	return q.fit(n)
}

// fit drops names that no answer should have, and those that can't be sent.
func (q question) fit(n names) names {
	fit := func(names []string) []string {
		names = only(names, func(name string) bool {
			return strings.HasPrefix(name, q.prefix) && name > q.after && carriable(name)
		})
		slices.Sort(names)
		return slices.Compact(names)
	}
	n.keys = fit(n.keys)
	n.dirs = only(fit(n.dirs), func(name string) bool { return len(name) > len(q.prefix)+1 && strings.HasSuffix(name, "/") })
	return n
}
