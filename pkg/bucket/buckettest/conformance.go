package buckettest

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/google/uuid"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// AwkwardKeys are legal keys that tools of this kind got wrong (public issues
// of s3cmd and s5cmd), each with a neighbour that it could be taken for.
func AwkwardKeys() []string {
	return []string{
		" ", "line\nfeed", "linefeed", "t[?].zip", "t1.zip", "bonnie++", "bonnie  ", "100%.csv", "100%25.csv",
		"a//b", "a/b", "/lead", "lead", "dir/", "dir", "a&<b", "a&amp;&lt;b", "日本語/ключ", "%2F", "x+y", "x y",
		"quote\"'s", "tab\tbed", "dots/../up", "dots/./same", "emoji 🗝", ".", "..", "~tilde", "é-composed", "e\u0301-composed",
	}
}

// Target is a server for Conformance. The AWS_* variables must hold credentials
// that may do everything on it.
type Target struct {
	URL, Region string
	// ListDecoder is the bucket.Config's.
	ListDecoder string
	// Refuses are the awkward keys that the server is known not to store as
	// they are: it rejects or bends them. Every other one must work.
	Refuses []string
}

// Conformance checks the points that package bucket relies on, on any server.
// It makes buckets of its own and leaves them behind.
func Conformance(t *testing.T, target Target) {
	points := []struct {
		name string
		run  func(*rig, *testing.T)
	}{
		{"a bucket that never had versioning says so", (*rig).neverVersioned},
		{"the clock can be compared", (*rig).clock},
		{"the right to delete can be asked for", (*rig).probe},
		{"more than one page is listed whole and in order", (*rig).pages},
		{"ranges cover the listing", (*rig).ranges},
		{"cuts are found between directories and in flat ones", (*rig).cuts},
		{"a prefix hides the rest", (*rig).prefix},
		{"only what is named goes", (*rig).deletes},
		{"an absent key does no harm", (*rig).absent},
		{"each awkward key goes once and its neighbours stay", (*rig).awkward},
	}
	for _, p := range points {
		t.Run(p.name, func(t *testing.T) { p.run(newRig(t, target), t) })
	}
}

// rig is one fresh bucket on the target, and a plain client to fill it.
type rig struct {
	target Target
	client *s3.Client
	name   string
}

func newRig(t *testing.T, target Target) *rig {
	t.Helper()
	r := &rig{target: target, name: "conformance-" + uuid.NewString(), client: Client(t, target.URL, target.Region)}
	if _, err := r.client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &r.name}); err != nil {
		t.Fatalf("creating a bucket: %v", err)
	}
	return r
}

func (r *rig) put(ctx context.Context, key string) error {
	_, err := r.client.PutObject(ctx, &s3.PutObjectInput{Bucket: &r.name, Key: &key, Body: strings.NewReader("of " + key)})
	return err
}

func (r *rig) fill(t *testing.T, n int) []string {
	t.Helper()
	keys := make([]string, n)
	for i := range keys {
		keys[i] = fmt.Sprintf("team-%d/%05d.json", i%3, i)
		if err := r.put(t.Context(), keys[i]); err != nil {
			t.Fatalf("putting object %d: %v", i, err)
		}
	}
	slices.Sort(keys)
	return keys
}

func (r *rig) open(t *testing.T, prefix string) *bucket.Bucket {
	t.Helper()
	b, err := bucket.Open(t.Context(), bucket.Config{Name: "conformance", Bucket: r.name, Prefix: prefix,
		Endpoint: r.target.URL, Region: r.target.Region, PathStyle: true, ListDecoder: r.target.ListDecoder})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// List returns all entries of a range; an error ends the test.
func List(t testing.TB, b *bucket.Bucket, r bucket.Range) []retention.Entry {
	t.Helper()
	var all []retention.Entry
	for page, err := range b.Pages(t.Context(), r) {
		if err != nil {
			t.Fatalf("listing: %v", err)
		}
		all = append(all, page.Entries...)
	}
	return all
}

// KeysOf returns the keys of entries, in their order.
func KeysOf(entries []retention.Entry) []string {
	keys := make([]string, len(entries))
	for i, e := range entries {
		keys[i] = e.Key
	}
	return keys
}

func same(t *testing.T, what string, got, want []string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %d keys %.600q, want %d keys %.600q", what, len(got), got, len(want), want)
	}
}

func allDeleted(t *testing.T, got []bucket.Deletion) {
	t.Helper()
	for i, d := range got {
		if d != (bucket.Deletion{Status: bucket.Deleted}) {
			t.Errorf("entry %d: %+v, want deleted", i, d)
		}
	}
}

func (r *rig) neverVersioned(t *testing.T) {
	state, err := r.open(t, "").Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if state.Versioning != bucket.StateNever {
		t.Errorf("state is %+v, want never versioned", state)
	}
	if n := len(List(t, r.open(t, ""), bucket.Range{What: bucket.Uploads})); n != 0 {
		t.Errorf("%d uploads are listed, want none", n)
	}
	if state.Provider == "" {
		t.Error("no provider is named")
	}
}

func (r *rig) clock(t *testing.T) {
	state, err := r.open(t, "").Inspect(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if state.Skew.Abs().Minutes() > 1 || state.ServerTime.Sub(state.LocalTime) != state.Skew {
		t.Errorf("skew %v between %v and %v", state.Skew, state.LocalTime, state.ServerTime)
	}
}

func (r *rig) probe(t *testing.T) {
	if err := r.put(t.Context(), "stays"); err != nil {
		t.Fatal(err)
	}
	b := r.open(t, "")
	if err := b.ProbeDelete(t.Context()); err != nil {
		t.Fatal(err)
	}
	same(t, "after the probe", KeysOf(List(t, b, bucket.Range{})), []string{"stays"})
}

func (r *rig) pages(t *testing.T) {
	want := r.fill(t, 1100)
	got := List(t, r.open(t, ""), bucket.Range{})
	same(t, "listing", KeysOf(got), want)
	for _, e := range got {
		if e.Kind != retention.Object || e.ID != "" || !e.Latest || e.ETag == "" || e.Size == 0 || e.LastModified.Location().String() != "UTC" {
			t.Fatalf("an entry is incomplete: %+v", e)
		}
	}
}

func (r *rig) ranges(t *testing.T) {
	want := r.fill(t, 40)
	b := r.open(t, "")
	var got []string
	bounds := []string{"", want[3], want[3] + "!", "team-1", want[30], "zzz", ""}
	for i := range len(bounds) - 1 {
		got = append(got, KeysOf(List(t, b, bucket.Range{After: bounds[i], UpTo: bounds[i+1]}))...)
	}
	same(t, "ranges", got, want)
}

func (r *rig) cuts(t *testing.T) {
	keys := r.fill(t, 90)
	Cuts(t, r.open(t, ""), bucket.Current, keys)
	Cuts(t, r.open(t, "team-1/"), bucket.Current, keys[30:60])
}

// Cuts checks that cuts of a listing are found, without a page and with, and that
// the ranges that they make have all keys, each once. The keys are sorted and
// more than ten.
func Cuts(t *testing.T, b *bucket.Bucket, what bucket.Listing, keys []string) {
	t.Helper()
	for name, c := range map[string]struct {
		within bucket.Range
		hint   bucket.Hint
		want   []string
	}{
		"from the start": {bucket.Range{}, bucket.Hint{}, keys},
		"after a page":   {bucket.Range{After: keys[2]}, bucket.Hint{First: keys[0], Last: keys[2], Pages: 1}, keys[3:]},
		"flat":           {bucket.Range{After: keys[2], UpTo: keys[10]}, bucket.Hint{First: keys[0], Last: keys[2], Pages: 1}, keys[3:11]},
	} {
		c.within.What = what
		cuts, requests, err := b.Cuts(t.Context(), c.within, c.hint, 3)
		if err != nil || len(cuts) > 3 || requests > 8 {
			t.Errorf("%s: cuts %q by %d requests, error %v", name, cuts, requests, err)
		}
		if len(cuts) == 0 && name != "from the start" {
			t.Errorf("%s: no cuts", name)
		}
		var got []string
		after := c.within.After
		for _, upTo := range append(cuts, c.within.UpTo) {
			got = append(got, KeysOf(List(t, b, bucket.Range{After: after, UpTo: upTo, What: what}))...)
			after = upTo
		}
		same(t, name+" cut at "+strings.Join(cuts, " "), got, c.want)
	}
}

func (r *rig) prefix(t *testing.T) {
	r.fill(t, 12)
	b := r.open(t, "team-1/")
	want := []string{"team-1/00001.json", "team-1/00004.json", "team-1/00007.json", "team-1/00010.json"}
	same(t, "prefix", KeysOf(List(t, b, bucket.Range{})), want)
	same(t, "a start before the prefix", KeysOf(List(t, b, bucket.Range{After: "team-0/x"})), want)
	same(t, "a start after the prefix", KeysOf(List(t, b, bucket.Range{After: "team-2"})), []string{})
}

func (r *rig) deletes(t *testing.T) {
	r.fill(t, 60)
	b := r.open(t, "")
	var doomed []retention.Entry
	var stay []string
	for i, e := range List(t, b, bucket.Range{}) {
		if i%2 == 0 {
			doomed = append(doomed, e)
		} else {
			stay = append(stay, e.Key)
		}
	}
	allDeleted(t, b.Delete(t.Context(), doomed[:20]))
	allDeleted(t, b.Delete(t.Context(), doomed[20:]))
	same(t, "what is left", KeysOf(List(t, b, bucket.Range{})), stay)
}

func (r *rig) absent(t *testing.T) {
	want := r.fill(t, 3)
	b := r.open(t, "")
	entry := List(t, b, bucket.Range{})[0]
	entry.Key = "team-0/gone.json"
	b.Delete(t.Context(), []retention.Entry{entry})
	same(t, "what is left", KeysOf(List(t, b, bucket.Range{})), want)
}

func (r *rig) awkward(t *testing.T) {
	var held []string
	for _, key := range AwkwardKeys() {
		if slices.Contains(r.target.Refuses, key) {
			continue
		}
		if err := r.put(t.Context(), key); err != nil {
			t.Errorf("putting %q: %v", key, err)
			continue
		}
		held = append(held, key)
	}
	slices.Sort(held)
	b := r.open(t, "")
	entries := List(t, b, bucket.Range{})
	same(t, "listing", KeysOf(entries), held)
	for i, e := range entries {
		allDeleted(t, b.Delete(t.Context(), []retention.Entry{e}))
		same(t, fmt.Sprintf("after %q", e.Key), KeysOf(List(t, b, bucket.Range{})), KeysOf(entries[i+1:]))
	}
}
