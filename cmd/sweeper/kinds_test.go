package main

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
)

// The servers that can be given entries of a true age. MinIO can't be given an
// old upload.
func agedServers() map[string]func(testing.TB) *containers.Server {
	return map[string]func(testing.TB) *containers.Server{"versitygw": containers.Versitygw, "minio": containers.Minio}
}

func (g *gateway) versioned(t *testing.T) {
	t.Helper()
	if _, err := g.client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: aws.String("exchanges"),
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
}

// aged is an entry of a bucket as the server lists it: its kind, key and id.
type aged struct{ kind, key, id string }

// seedKinds puts entries of all kinds under a folder of the team, and returns
// those that are older than 30 days and those that are not.
func (g *gateway) seedKinds(t *testing.T, folder string) (old, young []aged) {
	t.Helper()
	now := time.Now()
	days := func(n int) time.Time { return now.Add(-time.Duration(n) * 24 * time.Hour) }
	key := func(name string) string { return "acme/" + folder + "-" + name + ".request.json" }
	put := func(at time.Time, name string) aged {
		in := &s3.PutObjectInput{Bucket: aws.String("exchanges"), Key: aws.String(key(name)), Body: strings.NewReader(`{"messages":[]}`)}
		return aged{"version", key(name), g.PutAt(t, at, in)}
	}
	hide := func(at time.Time, name string) aged {
		return aged{"marker", key(name), g.HideAt(t, at, "exchanges", key(name))}
	}
	upload := func(at time.Time, name string) aged {
		return aged{"upload", key(name), g.UploadAt(t, at, "exchanges", key(name), []byte("part"))}
	}
	old = append(old, put(days(31), "current"))
	// A version ages by its own time, not by when it was overwritten.
	old = append(old, put(days(60), "versions"), put(days(31), "versions"))
	young = append(young, put(days(29), "versions"), put(days(1), "versions"))
	// A delete marker goes with what it hides, or after it.
	old = append(old, put(days(60), "hidden"), hide(days(40), "hidden"))
	old = append(old, put(days(60), "hidden-lately"))
	young = append(young, hide(days(2), "hidden-lately"))
	if g.UploadAges {
		old, young = append(old, upload(days(40), "upload")), append(young, upload(days(3), "young-upload"))
		return old, young
	}
	out, err := g.client.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: aws.String("exchanges"), Key: aws.String(key("young-upload"))})
	if err != nil {
		t.Fatal(err)
	}
	return old, append(young, aged{"upload", key("young-upload"), aws.ToString(out.UploadId)})
}

// wantEntries compares what the server itself lists with what should be there.
func (g *gateway) wantEntries(t *testing.T, want ...aged) {
	t.Helper()
	have := map[aged]bool{}
	for pages := s3.NewListObjectVersionsPaginator(g.client, &s3.ListObjectVersionsInput{Bucket: aws.String("exchanges")}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, v := range page.Versions {
			have[aged{"version", aws.ToString(v.Key), aws.ToString(v.VersionId)}] = true
		}
		for _, m := range page.DeleteMarkers {
			have[aged{"marker", aws.ToString(m.Key), aws.ToString(m.VersionId)}] = true
		}
	}
	for _, w := range want {
		// MinIO lists uploads of one exact key only.
		out, err := g.client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("exchanges"), Prefix: aws.String(w.key)})
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range out.Uploads {
			have[aged{"upload", aws.ToString(u.Key), aws.ToString(u.UploadId)}] = true
		}
	}
	missing := slices.DeleteFunc(slices.Clone(want), func(w aged) bool { return have[w] })
	for _, w := range want {
		delete(have, w)
	}
	if len(missing) > 0 || len(have) > 0 {
		t.Errorf("gone, though it should be there: %v\nthere, though it should be gone: %v", missing, slices.Collect(maps.Keys(have)))
	}
}

// uploads counts the uploads among entries.
func uploads(all []aged) (n int64) {
	for _, e := range all {
		if e.kind == "upload" {
			n++
		}
	}
	return n
}

func TestOnARealServerAllFourKindsGoWhenTheyAreOld(t *testing.T) {
	t.Parallel()
	for name, start := range agedServers() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startServer(t, start)
			g.versioned(t)
			old, young := g.seedKinds(t, "a")
			b := install(t, configFor(g.Endpoint, dirVault), g.AccessKey, g.SecretKey)

			// A dry run, its plan, and the plan carried out.
			out, _ := b.run(t, 0, "run", "--dry-run", "--json")
			if p := report(t, out); p.Totals.Planned != int64(len(old)) || p.Totals.Left != int64(len(old)) || p.Stores[0].Versioning != "enabled" {
				t.Errorf("dry run: store %+v, totals %+v", p.Stores[0], p.Totals)
			}
			g.wantEntries(t, slices.Concat(old, young)...)
			out, _ = b.run(t, 0, "report", "show", "0", "--plan", "--format", "json", "--show-keys")
			wantPlan(t, out, old)
			out, _ = b.run(t, 0, "apply", "0", "--reason", "BACKLOG_REVIEWED", "--json")
			wantSwept(t, report(t, out), old, young)
			g.wantEntries(t, young...)

			// And at once, beside what stayed.
			more, stay := g.seedKinds(t, "b")
			out, _ = b.run(t, 0, "run", "--json")
			young = append(young, stay...)
			wantSwept(t, report(t, out), more, young)
			g.wantEntries(t, young...)
			if v := b.verified(t); len(v.Reports) != 3 || v.Reports[1].Lines != int64(len(old)) || v.Reports[2].Lines != int64(len(more)) {
				t.Errorf("verified: %+v", v.Reports)
			}
		})
	}
}

// wantPlan compares the lines of a plan with the entries that should go.
func wantPlan(t *testing.T, out string, old []aged) {
	t.Helper()
	var have, want []aged
	for line := range strings.Lines(out) {
		var e struct{ Kind, Key string }
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatalf("%v in %q", err, line)
		}
		kind := e.Kind
		if kind == "object" { // a current version
			kind = "version"
		}
		have = append(have, aged{kind: kind, key: e.Key})
	}
	for _, e := range old {
		want = append(want, aged{kind: e.kind, key: e.key})
	}
	order := func(a, b aged) int { return strings.Compare(a.key+a.kind, b.key+b.kind) }
	slices.SortFunc(have, order)
	slices.SortFunc(want, order)
	if !slices.Equal(have, want) {
		t.Errorf("the plan names %v, want %v", have, want)
	}
}

// wantSwept checks a report over entries that went and others that stayed.
func wantSwept(t *testing.T, p printed, gone, stay []aged) {
	t.Helper()
	tt, n, aborted := p.Totals, int64(len(gone)), uploads(gone)
	if p.Result != "kept" || tt.Planned != n || tt.Deleted != n-aborted || tt.Aborted != aborted || tt.Listed != n+int64(len(stay)) {
		t.Errorf("result %s, totals %+v: want %d gone, %d of them uploads, and %d to stay", p.Result, tt, n, aborted, len(stay))
	}
	if c := p.Confirmation; !c.Complete || c.ExpiredRemaining != 0 || p.ZDR.Zero != 1 {
		t.Errorf("confirmation %+v, zdr %+v", c, p.ZDR)
	}
}

// In a bucket without versioning uploads are what no listing of objects shows.
func TestOnARealServerOldUploadsOfAPlainBucketAreAborted(t *testing.T) {
	t.Parallel()
	g := startGateway(t)
	now := time.Now()
	g.put(t, "acme/d31.request.json", now.Add(-31*24*time.Hour))
	g.UploadAt(t, now.Add(-31*24*time.Hour), "exchanges", "acme/old.request.json", []byte("part"))
	young := g.UploadAt(t, now.Add(-29*24*time.Hour), "exchanges", "acme/young.request.json", []byte("part"))
	b := install(t, configFor(g.Endpoint, dirVault), g.AccessKey, g.SecretKey)
	out, _ := b.run(t, 0, "run", "--json")
	if p := report(t, out); p.Result != "kept" || p.Totals.Deleted != 1 || p.Totals.Aborted != 1 || p.Totals.Uploads != 2 {
		t.Errorf("result %s, totals %+v", p.Result, p.Totals)
	}
	g.wantEntries(t, aged{"upload", "acme/young.request.json", young})
	b.verified(t)
}
