package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
)

// What is to become of a seeded entry.
const (
	goes  = "goes"  // it is old
	held  = "held"  // it is old, and a hold keeps it
	stays = "stays" // it is young
)

// seeded is one entry that a test put into a store.
type seeded struct{ fate, kind, bucket, team, key, id string }

func (s seeded) String() string { return s.kind + " " + s.bucket + "/" + s.key + " " + s.id }

// killWorld is an installation whose every request goes through a gate, and
// what its stores were filled with.
type killWorld struct {
	*built
	gates   []*buckettest.Gate
	entries []seeded
	// holds lists what is in the stores, past everything under test.
	holds func(t *testing.T) []string
}

// size is how much a world holds and how its deletes are cut.
type size struct{ old, young, batch, concurrency int }

// dozen is the small bucket whose every request is walked: its deletes are
// several, and come one after the other.
var dozen = size{old: 12, young: 4, batch: 3, concurrency: 1}

// place is where vault and work area of a world are.
type place string

const (
	inDir place = "directory"
	inS3  place = "S3"
)

// newKillWorld fills two stores of an embedded server: objects of several teams,
// one that is held, and an old one of a ZDR team.
func newKillWorld(t *testing.T, at place, s size) *killWorld {
	t.Helper()
	server := buckettest.Embedded(scriptTB{t})
	stores := []string{"exchanges", "prompts"}
	for _, name := range append([]string{"evidence", "scratch"}, stores...) {
		server.CreateBucket(name)
	}
	store, own := buckettest.Proxy(t, server.URL), buckettest.Proxy(t, server.URL)
	w := &killWorld{gates: []*buckettest.Gate{store, own}}
	w.built = install(t, killConfig(store.URL, s, vaultAt(at, own.URL), stores...), "test", "testtest")
	w.write(t, "credentials", "[default]\naws_access_key_id = test\naws_secret_access_key = testtest\n")
	w.hold(t, "acme/held.request.json")

	now := time.Now().UTC()
	put := func(fate, bucket, team, request string, modified time.Time) {
		key := team + "/" + request + ".request.json"
		server.Put(bucket, key, []byte("{}"), modified)
		w.entries = append(w.entries, seeded{fate: fate, kind: "object", bucket: bucket, team: team, key: key})
	}
	teams := []string{"acme", "basalt", "cobalt"}
	put(held, stores[0], "acme", "held", now.AddDate(0, 0, -40))
	// Before the team's zdr_since, so that it is no violation.
	put(goes, stores[0], "zeta", "before", time.Date(2019, 5, 6, 7, 8, 9, 0, time.UTC))
	for i := range s.old - 1 {
		put(goes, stores[i%3/2], teams[i%len(teams)], fmt.Sprintf("old%04d", i), now.AddDate(0, 0, -31-i%9))
	}
	for i := range s.young {
		put(stays, stores[i%2], teams[i%len(teams)], fmt.Sprintf("young%04d", i), now.AddDate(0, 0, -i%29))
	}
	w.holds = func(*testing.T) []string {
		var left []string
		for _, bucket := range stores {
			for _, key := range server.Keys(bucket) {
				left = append(left, seeded{kind: "object", bucket: bucket, key: key}.String())
			}
		}
		return left
	}
	return w
}

// newVersionedWorld fills a versioned bucket of a real server with versions,
// markers and uploads.
func newVersionedWorld(t *testing.T, server *containers.Server, bucket string) *killWorld {
	t.Helper()
	client := server.Admin()
	if _, err := client.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: &bucket}); err != nil {
		t.Fatal(err)
	}
	if _, err := client.PutBucketVersioning(t.Context(), &s3.PutBucketVersioningInput{Bucket: &bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: types.BucketVersioningStatusEnabled}}); err != nil {
		t.Fatal(err)
	}
	store := buckettest.Proxy(t, server.Endpoint)
	w := &killWorld{gates: []*buckettest.Gate{store}}
	w.built = install(t, killConfig(store.URL, dozen, dirVault, bucket), server.AccessKey, server.SecretKey)
	w.hold(t, "acme/held.request.json")

	day := func(n int) time.Time { return time.Now().UTC().Truncate(time.Second).AddDate(0, 0, -n) }
	add := func(fate, kind, key, id string) {
		w.entries = append(w.entries, seeded{fate: fate, kind: kind, bucket: bucket, team: filepath.Dir(key), key: key, id: id})
	}
	version := func(fate, key string, age int) {
		add(fate, "version", key, server.PutAt(t, day(age), &s3.PutObjectInput{Bucket: &bucket, Key: &key, Body: strings.NewReader("{}")}))
	}
	version(goes, "acme/gone.request.json", 50)
	version(goes, "acme/gone.request.json", 45)
	add(goes, "marker", "acme/gone.request.json", server.HideAt(t, day(40), bucket, "acme/gone.request.json"))
	version(goes, "acme/mixed.request.json", 35)
	version(stays, "acme/mixed.request.json", 3)
	version(goes, "basalt/hidden.request.json", 60)
	add(stays, "marker", "basalt/hidden.request.json", server.HideAt(t, day(2), bucket, "basalt/hidden.request.json"))
	version(goes, "basalt/old.request.json", 31)
	version(stays, "basalt/new.request.json", 29)
	version(held, "acme/held.request.json", 33)
	version(goes, "zeta/before.request.json", int(time.Since(time.Date(2019, 5, 6, 0, 0, 0, 0, time.UTC)).Hours()/24))
	add(goes, "upload", "cobalt/up.request.json", server.UploadAt(t, day(44), bucket, "cobalt/up.request.json", []byte("part")))
	add(goes, "upload", "acme/up.request.json", server.UploadAt(t, day(31), bucket, "acme/up.request.json"))
	add(stays, "upload", "acme/up.request.json", server.UploadAt(t, day(1), bucket, "acme/up.request.json", []byte("part")))
	w.holds = func(t *testing.T) []string { return versionsAndUploads(t, client, bucket) }
	return w
}

// versionsAndUploads lists a small bucket with a client of our own.
func versionsAndUploads(t *testing.T, client *s3.Client, bucket string) []string {
	t.Helper()
	var left []string
	see := func(kind string, key, id *string) {
		left = append(left, seeded{kind: kind, bucket: bucket, key: aws.ToString(key), id: aws.ToString(id)}.String())
	}
	versions, err := client.ListObjectVersions(t.Context(), &s3.ListObjectVersionsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range versions.Versions {
		see("version", v.Key, v.VersionId)
	}
	for _, m := range versions.DeleteMarkers {
		see("marker", m.Key, m.VersionId)
	}
	uploads, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: &bucket})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range uploads.Uploads {
		see("upload", u.Key, u.UploadId)
	}
	return left
}

// hold keeps one key of whichever store.
func (w *killWorld) hold(t *testing.T, key string) {
	t.Helper()
	w.write(t, "holds.yaml", fmt.Sprintf("holds:\n  - {id: case-17, reason: an inquiry, owner: trust-and-safety, until: %s, match: {keys: [%s]}}\n",
		time.Now().AddDate(1, 0, 0).Format(time.DateOnly), key))
}

// killConfig is a config for stores on one server.
func killConfig(endpoint string, s size, vault string, stores ...string) string {
	text := "organization: {name: Example Inc., contact: privacy@example.com}\nretention: {max_age: 30d}\nstores:\n"
	for _, name := range stores {
		text += fmt.Sprintf("  - {name: %s, bucket: %s, whole_bucket: true, endpoint: \"%s\", region: us-east-1, path_style: true, "+
			"layout: \"{team}/{request}.{part}.json\", delete: {batch: %d}}\n", name, name, endpoint, s.batch)
	}
	return text + fmt.Sprintf("zdr: {roster: zdr-teams.yaml}\nholds: holds.yaml\nlimits: {max_share: 1, concurrency: %d}\nvault:\n%s",
		s.concurrency, vault)
}

func vaultAt(at place, endpoint string) string {
	if at == inDir {
		return dirVault
	}
	in := func(bucket string) string {
		return fmt.Sprintf("{bucket: %s, endpoint: \"%s\", region: us-east-1, path_style: true, credentials_file: credentials}", bucket, endpoint)
	}
	return "  s3: " + in("evidence") + "\n  work: {s3: " + in("scratch") + "}\n"
}

// areas opens vault and work area as they are now.
func (w *killWorld) areas(t *testing.T) storage {
	t.Helper()
	c, err := config.Load(filepath.Join(w.dir, "sweeper.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	s, err := openAreas(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// names gives the seeded entries by the name that manifests have for them.
func (w *killWorld) names(t *testing.T) map[string]seeded {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(w.dir, "keys", "identifiers.secret"))
	if err != nil {
		t.Fatal(err)
	}
	secret, epoch, err := evidence.ParseSecret(text)
	if err != nil {
		t.Fatal(err)
	}
	names, ids := map[string]seeded{}, evidence.NewIdentifiers(secret, epoch)
	for _, e := range w.entries {
		kinds := []string{e.kind}
		if e.kind == "version" {
			kinds = append(kinds, "object") // as long as it is the current one
		}
		for _, kind := range kinds {
			names[ids.Team(e.team).KeyHMAC(kind, e.bucket, e.key, e.id)] = e
		}
	}
	return names
}

// must are the entries that a healthy run leaves.
func (w *killWorld) must() []string {
	var left []string
	for _, e := range w.entries {
		if e.fate != goes {
			left = append(left, e.String())
		}
	}
	slices.Sort(left)
	return left
}

// numbered returns names that nobody else gets.
func numbered(prefix string) func() string {
	var n atomic.Int64
	return func() string { return fmt.Sprintf("%s%d", prefix, n.Add(1)) }
}
