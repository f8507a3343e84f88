package sweep_test

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest/containers"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
)

// real is a bucket of a real server, and a world to sweep it in. Every server
// dates entries itself, so age comes from the clock that is passed in: what was
// made before split is older than 30 days for the runs that follow, what is made
// after it is young.
type real struct {
	*world
	server *containers.Server
	client *s3.Client
	bucket string
}

// thing is an entry as the server lists it, independent of the code under test.
type thing struct{ kind, key, id string }

// newReal makes an empty bucket. versioning is "", Enabled or Suspended.
func newReal(t testing.TB, server *containers.Server, versioning types.BucketVersioningStatus, options ...func(*s3.CreateBucketInput)) *real {
	t.Helper()
	r := &real{server: server, client: server.Admin(), bucket: bucketName(t)}
	in := &s3.CreateBucketInput{Bucket: &r.bucket}
	for _, o := range options {
		o(in)
	}
	if _, err := r.client.CreateBucket(t.Context(), in); err != nil {
		t.Fatalf("make bucket %s: %v", r.bucket, err)
	}
	r.world = newWorldOver(t, buckettest.Proxy(t, server.Endpoint))
	store := r.store("store")
	store.Bucket, store.Layouts, store.CredentialsFile = r.bucket, []string{"{team}/{request}", "{team}/{rest}"}, credentials(t, server)
	r.spec.Stores = []sweep.StoreSpec{store}
	if versioning != "" {
		r.version(types.BucketVersioningStatusEnabled)
		r.version(versioning)
	}
	return r
}

// locked makes a bucket with Object Lock.
func locked(in *s3.CreateBucketInput) { in.ObjectLockEnabledForBucket = aws.Bool(true) }

func bucketName(t testing.TB) string {
	name := strings.ToLower(strings.Map(func(r rune) rune {
		if r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' {
			return r
		}
		return '-'
	}, t.Name()))
	return strings.Trim(name[max(0, len(name)-40):], "-") + fmt.Sprintf("-%d", time.Now().UnixNano()%1_000_000)
}

func credentials(t testing.TB, server *containers.Server) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "credentials")
	text := fmt.Sprintf("[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n", server.AccessKey, server.SecretKey)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func (r *real) version(status types.BucketVersioningStatus) {
	r.t.Helper()
	_, err := r.client.PutBucketVersioning(r.t.Context(), &s3.PutBucketVersioningInput{Bucket: &r.bucket,
		VersioningConfiguration: &types.VersioningConfiguration{Status: status}})
	if err != nil {
		r.t.Fatalf("set versioning of %s to %s: %v", r.bucket, status, err)
	}
}

// make stores an object and returns its version id.
func (r *real) make(key string, options ...func(*s3.PutObjectInput)) string {
	r.t.Helper()
	id, err := r.tryMake(key, options...)
	if err != nil {
		r.t.Fatalf("put %q: %v", key, err)
	}
	return id
}

func (r *real) tryMake(key string, options ...func(*s3.PutObjectInput)) (string, error) {
	in := &s3.PutObjectInput{Bucket: &r.bucket, Key: &key, Body: strings.NewReader("of " + key)}
	for _, o := range options {
		o(in)
	}
	out, err := r.client.PutObject(r.t.Context(), in)
	if err != nil {
		return "", err
	}
	return aws.ToString(out.VersionId), nil
}

// hide puts a delete marker on a key and returns its id.
func (r *real) hide(key string) string {
	r.t.Helper()
	out, err := r.client.DeleteObject(r.t.Context(), &s3.DeleteObjectInput{Bucket: &r.bucket, Key: &key})
	if err != nil {
		r.t.Fatalf("delete %q: %v", key, err)
	}
	return aws.ToString(out.VersionId)
}

// lone leaves a delete marker with nothing under it. Some servers make none for a
// key that never was.
func (r *real) lone(key string) string {
	r.t.Helper()
	id, marker := r.make(key), r.hide(key)
	_, err := r.client.DeleteObject(r.t.Context(), &s3.DeleteObjectInput{Bucket: &r.bucket, Key: &key, VersionId: &id})
	if err != nil {
		r.t.Fatalf("delete version %s of %q: %v", id, key, err)
	}
	return marker
}

// begin begins an upload with one part and returns its id.
func (r *real) begin(key string) string {
	r.t.Helper()
	out, err := r.client.CreateMultipartUpload(r.t.Context(), &s3.CreateMultipartUploadInput{Bucket: &r.bucket, Key: &key})
	if err != nil {
		r.t.Fatalf("begin an upload of %q: %v", key, err)
	}
	_, err = r.client.UploadPart(r.t.Context(), &s3.UploadPartInput{Bucket: &r.bucket, Key: &key, UploadId: out.UploadId,
		PartNumber: aws.Int32(1), Body: strings.NewReader("part")})
	if err != nil {
		r.t.Fatalf("upload a part of %q: %v", key, err)
	}
	return aws.ToString(out.UploadId)
}

// split ends the old days: all that is there is older than 30 days for the runs
// to come, and what is made from now on is young.
func (r *real) split() {
	r.t.Helper()
	edge := time.Now().Truncate(time.Second).Add(time.Second)
	time.Sleep(time.Until(edge.Add(50 * time.Millisecond)))
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = edge.UTC().Add(r.spec.MaxAge)
	r.spec.Roster.Roster.AsOf = r.now.Add(-time.Hour)
}

// things lists all that the bucket holds, sorted.
func (r *real) things() []thing {
	r.t.Helper()
	seen := map[thing]bool{}
	for p := s3.NewListObjectVersionsPaginator(r.client, &s3.ListObjectVersionsInput{Bucket: &r.bucket}); p.HasMorePages(); {
		out, err := p.NextPage(r.t.Context())
		if err != nil {
			r.t.Fatalf("list the versions of %s: %v", r.bucket, err)
		}
		for _, v := range out.Versions {
			kind := "version"
			if aws.ToBool(v.IsLatest) {
				kind = "object"
			}
			seen[thing{kind, aws.ToString(v.Key), aws.ToString(v.VersionId)}] = true
		}
		for _, m := range out.DeleteMarkers {
			seen[thing{"marker", aws.ToString(m.Key), aws.ToString(m.VersionId)}] = true
		}
	}
	uploads, err := r.client.ListMultipartUploads(r.t.Context(), &s3.ListMultipartUploadsInput{Bucket: &r.bucket})
	if err != nil && errorCode(err) != "NoSuchUpload" {
		r.t.Fatalf("list the uploads of %s: %v", r.bucket, err)
	}
	if err == nil {
		for _, u := range uploads.Uploads {
			seen[thing{"upload", aws.ToString(u.Key), aws.ToString(u.UploadId)}] = true
		}
	}
	var all []thing
	for t := range seen {
		all = append(all, t)
	}
	slices.SortFunc(all, func(a, b thing) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.kind, b.kind), cmp.Compare(a.id, b.id))
	})
	return all
}

// keys are the kinds and keys of all that the bucket holds: "object acme/a".
func (r *real) keys() []string {
	var keys []string
	for _, t := range r.things() {
		keys = append(keys, t.kind+" "+t.key)
	}
	return keys
}

func (r *real) wantThings(want ...string) {
	r.t.Helper()
	slices.Sort(want)
	got := r.keys()
	slices.Sort(got)
	if !slices.Equal(got, want) {
		r.t.Errorf("the bucket holds %.1000q, want %.1000q", got, want)
	}
}

// readable reports whether a plain GET finds something.
func (r *real) readable(key string) bool {
	r.t.Helper()
	out, err := r.client.GetObject(r.t.Context(), &s3.GetObjectInput{Bucket: &r.bucket, Key: &key})
	if err == nil {
		out.Body.Close()
		return true
	}
	if code := errorCode(err); code != "NoSuchKey" && code != "MethodNotAllowed" {
		r.t.Fatalf("get %q: %v", key, err)
	}
	return false
}

// fateOf is outcome and code of an entry's line in a report.
func (r *real) fateOf(number int64, kind, key, id string) string {
	r.t.Helper()
	team, _, _ := strings.Cut(key, "/")
	l := r.lines(number)[r.ids.Team(team).KeyHMAC(kind, r.bucket, key, id)]
	return strings.TrimSpace(l.Outcome + " " + l.Code)
}

func (r *real) wantPopulation(s *sweep.Sealed, want evidence.PopulationCounts) {
	r.t.Helper()
	got := s.Predicate.Totals.PopulationCounts
	got.Bytes, got.Pages, want.Listed = 0, 0, want.Objects+want.NoncurrentVersions+want.DeleteMarkers+want.Uploads
	if got != want {
		r.t.Errorf("report %d: population is %+v, want %+v", s.Number, got, want)
	}
}

func errorCode(err error) string {
	if api := smithy.APIError(nil); errors.As(err, &api) {
		return api.ErrorCode()
	}
	return ""
}

// four makes an entry of each kind under one key: a current object over a delete
// marker over an older version, and an upload.
func (r *real) four(key string) {
	r.t.Helper()
	r.make(key)
	r.hide(key)
	r.make(key)
	r.begin(key)
}

// fourOf is what four makes, as keys lists it.
func fourOf(keys ...string) []string {
	var all []string
	for _, key := range keys {
		all = append(all, "marker "+key, "object "+key, "upload "+key, "version "+key)
	}
	return all
}

// later moves the clock on, and the roster with it.
func (r *real) later(d time.Duration) {
	r.advance(d)
	r.spec.Roster.Roster.AsOf = r.clock().Add(-time.Hour)
}

// roster makes these the ZDR teams.
func (r *real) roster(teams ...retention.RosterTeam) { r.spec.Roster.Roster.Teams = teams }

// since is a ZDR team and from when on nothing of it may be stored: so long before
// (or, if negative, after) this moment.
func since(team string, ago time.Duration) retention.RosterTeam {
	return retention.RosterTeam{ID: team, Since: time.Now().UTC().Truncate(time.Second).Add(-ago)}
}

// wantRow compares the row of a ZDR team in a store with one that leaves out
// what the roster and the secret say.
func (r *real) wantRow(s *sweep.Sealed, want evidence.TeamRow) {
	r.t.Helper()
	want.ZDR = true
	for _, row := range s.Teams {
		if row.Team == want.Team && row.Store == want.Store {
			if row.ZDRSince, row.TeamKeyCommit = "", ""; row != want {
				r.t.Errorf("report %d: the row is %+v, want %+v", s.Number, row, want)
			}
			return
		}
	}
	r.t.Errorf("report %d: team %s has no row in store %s", s.Number, want.Team, want.Store)
}

// changing are the requests so far that could have changed something.
func (r *real) changing() (ops []string) {
	for _, c := range r.Calls("") {
		switch c.Op {
		case "DeleteObjects", "DeleteObject", "AbortMultipartUpload", "POST", "PUT":
			ops = append(ops, c.Op)
		}
	}
	return ops
}

// today sets the clock to the present, where all that is there is young.
func (r *real) today() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.now = time.Now().UTC().Truncate(time.Second)
	r.spec.Roster.Roster.AsOf = r.now.Add(-time.Hour)
}

// refuse makes the server refuse an operation from now on.
func (r *real) refuse(op string, status int, code string) {
	r.OnRequest(func(c buckettest.Call) buckettest.Verdict {
		if c.Op == op {
			return buckettest.Refuse(status, code, "no")
		}
		return buckettest.Verdict{}
	})
}

// of are the entries of a key.
func (r *real) of(key string) []thing {
	r.t.Helper()
	return slices.DeleteFunc(r.things(), func(t thing) bool { return t.key != key })
}

// object is what a Put of the key sends.
func (r *real) object(key string) *s3.PutObjectInput {
	return &s3.PutObjectInput{Bucket: &r.bucket, Key: &key, Body: strings.NewReader("of " + key)}
}
