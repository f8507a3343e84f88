package sweep_test

import (
	"cmp"
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// keyPoints are the points about keys, which are bytes.
func keyPoints() []point {
	return []point{
		{"case-05-awkward-keys", "case 05: awkward but legal keys go, each sent once, and young neighbours that look like them stay", testAwkward},
		{"case-04-keys-beyond-xml", "case 04: a key that XML can't carry goes by a single delete or is `failed`, and its batch goes", testBeyondXML},
	}
}

// awkward is an old key, and a young one that it could be taken for.
type awkward struct {
	what, key, neighbour string

	alone bool // a batch never deletes it
}

func awkwardKeys() []awkward {
	var keys []awkward
	for _, k := range [][3]string{
		{"a space", "acme/a b", "acme/a+b"},
		{"a plus sign", "acme/c+d", "acme/c d"},
		{"nothing but a space", " ", "+"},
		{"a percent sign", "acme/100%.csv", "acme/100%25.csv"},
		{"`%2F` as text", "acme/x%2Fy", "acme/x/y"},
		{"`&` and `<`", "acme/a&<b", "acme/a&amp;&lt;b"},
		{"quotes", `acme/q"'s`, "acme/q&quot;&#39;s"},
		{"a line feed", "acme/line\nfeed", "acme/linefeed"},
		{"a tab", "acme/tab\tbed", "acme/tab bed"},
		{"wildcards", "acme/t[?].zip", "acme/t1.zip"},
		{"a Latin letter with an accent", "acme/\u00e9", "acme/e\u0301"},
		{"a non-Latin name", "acme/日本語-ключ", "acme/日本語"},
		{"an emoji", "acme/emoji 🗝", "acme/emoji"},
		{"a backslash", `acme/b\s`, "acme/b/s"},
		{"an empty segment", "acme/e//f", "acme/e/f"},
		{"a leading slash", "/acme/lead", "acme/lead"},
		{"a `.` segment", "acme/g/./h", "acme/g/h"},
		{"a `..` segment", "acme/i/../j", "acme/j"},
		{"nothing but `.`", ".", "acme/dot"},
		{"nothing but `..`", "..", "acme/dots"},
		{"a trailing slash", "acme/dir/", "acme/dirs"},
		{"1,024 bytes", "acme/" + strings.Repeat(strings.Repeat("s", 200)+"/", 5) + strings.Repeat("e", 14), "acme/" + strings.Repeat("s", 200) + ".json"},
		{"a segment of 255 bytes", "acme/" + strings.Repeat("l", 255), "acme/" + strings.Repeat("l", 254)},
		{"a segment of 1,019 bytes", "acme/" + strings.Repeat("m", 1019), "acme/" + strings.Repeat("m", 18)},
	} {
		keys = append(keys, awkward{what: k[0], key: k[1], neighbour: k[2]})
	}
	return keys
}

func testAwkward(t *testing.T, b *bench) {
	var misfits misfits
	for _, state := range []types.BucketVersioningStatus{"", enabled} {
		t.Run("versioning "+string(state), func(t *testing.T) {
			scratch, r := newReal(t, b.Server, state), newReal(t, b.Server, state)
			keys := scratch.taken(&misfits, awkwardKeys())
			for _, k := range keys {
				r.make(k.key)
			}
			r.split()
			var want []string
			for _, k := range keys {
				if k.neighbour != "" {
					r.make(k.neighbour)
					want = append(want, "object "+k.neighbour)
				}
			}
			s := r.run()
			r.wantThings(want...)
			n := int64(len(keys))
			r.wantOutcomes(s, evidence.OutcomeCounts{Planned: n, Deleted: n})
			sent := r.sent()
			for o, n := range sent {
				at := slices.IndexFunc(keys, func(k awkward) bool { return k.key == o.Key })
				if at < 0 || n != 1 && !(keys[at].alone && n == 3) {
					t.Errorf("%q was sent %d times", o.Key, n)
				}
			}
			if len(sent) != len(keys) {
				t.Errorf("deletes of %d keys were sent, want %d", len(sent), len(keys))
			}
		})
	}
	misfits.gaps(b)
}

// misfits are keys that a server doesn't take as they are: what they hold, by
// what it does with them.
type misfits struct{ refused, renamed, single, unlisted []string }

func (m *misfits) gaps(b *bench) {
	for _, x := range []struct {
		reason string
		keys   []string
	}{
		{"refuses keys with ", m.refused},
		{"stores under another name keys with ", m.renamed},
		{"where versioning is on, deletes by DeleteObject, but not by DeleteObjects, so that they are sent three times, keys with ", m.single},
		{"lists under another name, so that they stay and are reported, keys with ", m.unlisted},
	} {
		slices.Sort(x.keys)
		if keys := slices.Compact(x.keys); len(keys) > 0 {
			b.gap("%s", x.reason+strings.Join(keys, "; "))
		}
	}
}

// taken are the keys that the server stores as they are. A neighbour that it
// doesn't is left out.
func (r *real) taken(m *misfits, all []awkward) (kept []awkward) {
	r.t.Helper()
	for _, k := range all {
		switch took, err := r.takes(k.key); {
		case errors.Is(err, errBatch):
			m.single = append(m.single, k.what)
			k.alone, k.neighbour = true, ""
			kept = append(kept, k)
		case err != nil:
			m.refused = append(m.refused, k.what)
		case !took:
			m.renamed = append(m.renamed, k.what)
		default:
			if took, err := r.takes(k.neighbour); err != nil || !took {
				k.neighbour = ""
			}
			kept = append(kept, k)
		}
	}
	if len(kept) == 0 {
		r.t.Fatal("the server takes none of the keys")
	}
	return kept
}

var errBatch = errors.New("the key can't be deleted in a batch")

// takes puts an object and looks whether the bucket lists just that key. It
// leaves the bucket empty. The error is errBatch where DeleteObjects refuses
// what DeleteObject does.
func (r *real) takes(key string) (took bool, refused error) {
	r.t.Helper()
	if _, err := r.tryMake(key); err != nil {
		return false, err
	}
	took = slices.Equal(r.listed(), []string{key})
	for _, x := range r.rows() {
		out, err := r.client.DeleteObjects(r.t.Context(), &s3.DeleteObjectsInput{Bucket: &r.bucket,
			Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: &x.key, VersionId: &x.id}}}})
		if err == nil && len(out.Errors) == 0 {
			continue
		}
		took, refused = false, errBatch
		if _, err := r.client.DeleteObject(r.t.Context(), &s3.DeleteObjectInput{Bucket: &r.bucket, Key: &x.key, VersionId: &x.id}); err != nil {
			r.t.Fatalf("delete %q: %v", x.key, err)
		}
	}
	return took, refused
}

// listed are the keys of current objects, as they are: in the server's own
// spelling where it has one for what XML can't carry.
func (r *real) listed() (keys []string) {
	r.t.Helper()
	out, err := r.client.ListObjectsV2(r.t.Context(), &s3.ListObjectsV2Input{Bucket: &r.bucket, EncodingType: types.EncodingTypeUrl})
	if err != nil {
		r.t.Fatalf("list %s: %v", r.bucket, err)
	}
	for _, o := range out.Contents {
		key := aws.ToString(o.Key)
		if out.EncodingType == types.EncodingTypeUrl {
			if key, err = url.QueryUnescape(key); err != nil {
				r.t.Fatalf("decode a key of %s: %v", r.bucket, err)
			}
		}
		keys = append(keys, key)
	}
	return keys
}

// beyondXML is a key that XML can't carry, or that stands for one.
type beyondXML struct {
	what, key string
	batch     bool // XML carries it
}

func testBeyondXML(t *testing.T, b *bench) {
	var misfits misfits
	for _, state := range []types.BucketVersioningStatus{"", enabled} {
		for _, odd := range []beyondXML{
			{"a control byte", "acme/b\x01c", false},
			{"U+FFFF", "acme/b\uffffc", false},
			{"U+FFFD", "acme/b\ufffdc", true},
			{"a carriage return", "acme/b\rc", false},
			{"invalid UTF-8", "acme/b\xffc", false},
		} {
			t.Run(odd.what+", versioning "+string(state), func(t *testing.T) {
				newReal(t, b.Server, state).beyondXML(&misfits, odd)
			})
		}
	}
	misfits.gaps(b)
}

// beyondXML sweeps one such key among others.
func (r *real) beyondXML(m *misfits, odd beyondXML) {
	r.t.Helper()
	id, err := r.tryMake(odd.key)
	if err != nil {
		m.refused = append(m.refused, odd.what)
		return
	}
	r.make("acme/a")
	r.make("acme/d")
	r.split()
	s := r.run()
	for _, key := range []string{"acme/a", "acme/d"} {
		if r.readable(key) {
			r.t.Errorf("%s is there still", key)
		}
	}
	t := s.Predicate.Totals
	switch {
	case t.Deleted == 3:
		if r.readable(odd.key) {
			r.t.Error("the report says that the key is gone, and it can be read")
		}
		if n := r.sent()[object{odd.key, cmp.Or(id, "null")}]; n != 1 {
			r.t.Errorf("it was sent %d times, want once: %v", n, r.sent())
		}
		if single := len(r.Calls("DeleteObject")) == 1; single == odd.batch {
			r.t.Errorf("%d single deletes were sent", len(r.Calls("DeleteObject")))
		}
	case t.Deleted == 2 && t.Failed == 1:
		m.unlisted = append(m.unlisted, odd.what)
		if !r.readable(odd.key) || exception(s, bucket.CodeKeyUnrepresentable).Count != 1 {
			r.t.Errorf("the key can be read: %v, the exceptions are %+v", r.readable(odd.key), s.Predicate.Exceptions)
		}
		r.wantResult(s, evidence.ResultBroken, 3, sweep.CodeFailed)
	default:
		r.t.Errorf("outcomes are %+v, want 3 deleted, or 2 and one failed", t.OutcomeCounts)
	}
}
