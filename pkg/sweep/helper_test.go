package sweep_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
	"github.com/sweeper-audit/sweeper/pkg/evidence"
	"github.com/sweeper-audit/sweeper/pkg/retention"
	"github.com/sweeper-audit/sweeper/pkg/sweep"
	"github.com/sweeper-audit/sweeper/pkg/vault"
)

const (
	day    = 24 * time.Hour
	layout = "{team}/{yyyy}/{mm}/{dd}/{request}.{part}.json"
	store1 = "exchanges"
)

// noon is when the runs of the tests begin.
var noon = time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)

// world is a server behind a proxy, a vault, a work area and a key: all that a
// run needs. Its clock stands still unless a test moves it; the server's clock
// agrees with it up to a second, and never runs behind.
type world struct {
	patience time.Duration // of listings
	*buckettest.Server
	*buckettest.Gate
	t testing.TB

	vaultDir    string
	vault, work sweep.Area
	lease       *vault.Dir
	signer      evidence.Signer
	trust       evidence.TrustRoot
	ids         *evidence.Identifiers
	spec        sweep.Spec
	req         sweep.Request
	cut         int // entries of a plan segment; 0: the default
	open        func(context.Context, sweep.StoreSpec) (sweep.Bucket, error)
	page        func(evidence.Predicate, []evidence.TeamRow, *sweep.Ages) ([]byte, error)
	logs        *logs

	mu   sync.Mutex
	now  time.Time
	skew time.Duration // of the server, beyond the fraction of a second
}

type logs struct {
	mu sync.Mutex
	bytes.Buffer
}

func (l *logs) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Buffer.Write(p)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	server := buckettest.Embedded(t)
	server.CreateBucket(store1)
	w := newWorldOver(t, buckettest.Proxy(t, server.URL))
	w.Server = server
	return w
}

// newWorldOver is a world over any server behind a proxy.
func newWorldOver(t testing.TB, gate *buckettest.Gate) *world {
	t.Helper()
	w := &world{Gate: gate, t: t, vaultDir: t.TempDir(), logs: new(logs), now: noon, patience: time.Second}
	w.OnResponse(func(_ string, r *http.Response) { w.date(r) })
	w.lease = openDir(t, t.TempDir())
	w.vault, w.work = openDir(t, w.vaultDir), w.lease
	w.keys()
	w.open = func(ctx context.Context, s sweep.StoreSpec) (sweep.Bucket, error) {
		b, err := bucket.Open(ctx, bucket.Config{Name: s.Name, Bucket: s.Bucket, Prefix: s.Prefix, Endpoint: s.Endpoint,
			Region: s.Region, PathStyle: s.PathStyle, CredentialsFile: s.CredentialsFile, Versioning: s.Versioning, Checksum: s.Checksum, OverwriteGuard: s.OverwriteGuard,
			Patience: w.patience})
		return sweep.Bucket{Store: b, Cutter: b, Examiner: b}, err
	}
	w.page = plainPage
	w.spec = sweep.Spec{
		Organization: evidence.Organization{Name: "Example Inc.", Contact: "privacy@example.com"},
		Actor:        evidence.Actor{Tool: "sweeper", Version: "test"},
		MaxAge:       30 * day, MaxAgeText: "30d", AgeSource: retention.AgeEarliest,
		Stores: []sweep.StoreSpec{w.store(store1)},
		Roster: sweep.RosterSpec{Source: "zdr-teams.yaml", SHA256: strings.Repeat("0", 64), MaxAge: day,
			Roster: retention.Roster{AsOf: noon.Add(-time.Hour), Teams: []retention.RosterTeam{{ID: "zdr", Since: noon.Add(-90 * day)}}}},
		Limits: retention.Limits{MaxDeletions: 100000, MaxShare: 1, ShareFloor: 1, MaxKeyDateOnlyShare: 1, MaxKeyDateOnlyFloor: 1,
			MaxClockSkew: time.Minute, MaxPurge: 10},
		Confirm: true, Lock: "none",
	}
	w.req = sweep.Request{Type: evidence.TypeSweep, Trigger: "manual"}
	return w
}

func openDir(t testing.TB, dir string) *vault.Dir {
	t.Helper()
	d, err := vault.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (w *world) keys() {
	w.t.Helper()
	private, _, err := evidence.GenerateKey(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	if w.signer, err = evidence.LoadSigner(private); err != nil {
		w.t.Fatal(err)
	}
	if w.trust, err = evidence.NewTrustRoot("vault-of-the-test", w.signer.Public(), noon.Add(-365*day)); err != nil {
		w.t.Fatal(err)
	}
	secret, err := evidence.NewSecret(rand.Reader)
	if err != nil {
		w.t.Fatal(err)
	}
	w.ids = evidence.NewIdentifiers(secret, "2026")
}

func (w *world) store(name string) sweep.StoreSpec {
	return sweep.StoreSpec{Name: name, Bucket: name, Endpoint: w.Gate.URL, Region: "us-east-1", PathStyle: true,
		Layouts: []string{layout}, KeyDateZone: "UTC", Versioning: "auto", Checksum: "auto", OverwriteGuard: "relist", Batch: 1000}
}

// date makes an answer's Date header that of a server whose clock is right, up
// to a second ahead, plus the world's skew.
func (w *world) date(r *http.Response) {
	w.mu.Lock()
	defer w.mu.Unlock()
	r.Header.Set("Date", time.Now().UTC().Add(time.Second+w.skew).Format(http.TimeFormat))
}

func (w *world) clock() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.now
}

func (w *world) advance(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.now = w.now.Add(d)
}

// put stores an object of the given age.
func (w *world) put(key string, age time.Duration) {
	w.t.Helper()
	w.Put(store1, key, []byte("of "+key), noon.Add(-age))
}

// dated is the key of a request of a team, with its date in it.
func dated(team string, age time.Duration, request string) string {
	return team + "/" + noon.Add(-age).Format("2006/01/02") + "/" + request + ".request.json"
}

// seed stores an object under a key that says its age too, and returns the key.
func (w *world) seed(team string, age time.Duration, request string) string {
	w.t.Helper()
	key := dated(team, age, request)
	w.put(key, age)
	return key
}

func (w *world) sweeper() *sweep.Sweeper {
	s := &sweep.Sweeper{
		Lease: func(ctx context.Context) (*vault.Lease, error) {
			return vault.Acquire(ctx, w.lease, vault.LeaseOptions{TTL: 30 * time.Second})
		},
		Open: w.open, Vault: w.vault, Work: w.work, Signer: w.signer, Trust: w.trust, Identifiers: w.ids,
		Page: w.page,
		Now:  w.clock, Log: zerolog.New(w.logs).Level(zerolog.TraceLevel), Concurrency: 2,
	}
	s.Hasten()
	s.Cut(w.cut)
	return s
}

// config is config.json as far as the evidence reads it.
func (w *world) config() []byte {
	type store struct {
		Name        string   `json:"name"`
		Bucket      string   `json:"bucket"`
		Prefix      string   `json:"prefix"`
		Endpoint    string   `json:"endpoint"`
		Region      string   `json:"region"`
		Layout      []string `json:"layout"`
		KeyDateZone string   `json:"key_date_zone"`
		NoTeam      []string `json:"no_team"`
		Versioning  string   `json:"versioning"`
	}
	var c struct {
		Retention struct {
			MaxAge    string `json:"max_age"`
			AgeSource string `json:"age_source"`
		} `json:"retention"`
		Stores []store `json:"stores"`
		ZDR    struct {
			Purge    bool           `json:"purge_violations"`
			Metadata sweep.Metadata `json:"metadata"`
		} `json:"zdr"`
		Schedule *evidence.Schedule `json:"schedule"`
	}
	c.ZDR.Purge, c.ZDR.Metadata = w.spec.Purge, w.spec.Metadata
	c.Retention.MaxAge, c.Retention.AgeSource, c.Schedule = w.spec.MaxAgeText, string(w.spec.AgeSource), w.spec.Schedule
	for _, s := range w.spec.Stores {
		c.Stores = append(c.Stores, store{s.Name, s.Bucket, s.Prefix, s.Endpoint, s.Region, s.Layouts, s.KeyDateZone, s.NoTeam, s.Versioning})
	}
	data, err := json.Marshal(c)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

func (w *world) try(ctx context.Context) (*sweep.Sealed, error) {
	w.req.Spec = w.spec
	w.req.Spec.Config = w.config()
	return w.sweeper().Run(ctx, w.req)
}

// run makes a run that must seal a report, and verifies the whole vault.
func (w *world) run() *sweep.Sealed {
	w.t.Helper()
	sealed, err := w.try(w.t.Context())
	if err != nil {
		w.t.Fatalf("run: %v\n%s", err, w.logs.String())
	}
	w.verify()
	return sealed
}

func (w *world) verify() evidence.Verification {
	w.t.Helper()
	v, err := evidence.Verify(os.DirFS(w.vaultDir), w.trust, evidence.VerifyOptions{})
	if err != nil {
		w.t.Fatalf("verify: %v", err)
	}
	if !v.Valid {
		w.t.Fatalf("the vault does not verify:\n%s", strings.Join(v.Problems, "\n"))
	}
	return v
}

func (w *world) wantKeys(want ...string) {
	w.t.Helper()
	want = slices.Sorted(slices.Values(want))
	if got := w.Keys(store1); !slices.Equal(got, want) {
		w.t.Errorf("the bucket holds %.500q, want %.500q", got, want)
	}
}

// lines reads the manifest of a report, by keyHmac.
func (w *world) lines(number int64) map[string]evidence.Line {
	w.t.Helper()
	names, err := w.vault.List(w.t.Context(), evidence.ReportDir(number)+"/manifest-")
	if err != nil {
		w.t.Fatal(err)
	}
	lines := map[string]evidence.Line{}
	for _, name := range names {
		data, err := w.vault.Get(w.t.Context(), name)
		if err != nil {
			w.t.Fatal(err)
		}
		if _, err := evidence.ReadPart(name, bytes.NewReader(data), func(_ int64, _ []byte, l evidence.Line) error {
			lines[l.KeyHMAC] = l
			return nil
		}); err != nil {
			w.t.Fatal(err)
		}
	}
	return lines
}

// fate is outcome and code of a key's line in a report: "deleted",
// "failed ACCESS_DENIED"; "" if it has none. The team is the key's first segment.
func (w *world) fate(number int64, key string) string {
	w.t.Helper()
	team, _, _ := strings.Cut(key, "/")
	l := w.lines(number)[w.ids.Team(team).KeyHMAC("object", store1, key, "")]
	return strings.TrimSpace(l.Outcome + " " + l.Code)
}

func (w *world) wantFates(number int64, want map[string]string) {
	w.t.Helper()
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if got := w.fate(number, key); got != want[key] {
			w.t.Errorf("report %d says of %s %q, want %q", number, key, got, want[key])
		}
	}
}

// wantResult checks the result, the exit status that goes with it, and that each
// code stands in the reasons.
func (w *world) wantResult(s *sweep.Sealed, result string, exit int, codes ...string) {
	w.t.Helper()
	if s.Predicate.Result != result || sweep.ExitCode(s.Predicate) != exit {
		w.t.Errorf("report %d: result %s, exit %d, want %s, %d (reasons %v)", s.Number, s.Predicate.Result,
			sweep.ExitCode(s.Predicate), result, exit, s.Predicate.Reasons)
	}
	for _, code := range codes {
		if reason(s, code) == 0 {
			w.t.Errorf("report %d: reasons are %v, want %s among them", s.Number, s.Predicate.Reasons, code)
		}
	}
}

func reason(s *sweep.Sealed, code string) int64 {
	for _, r := range s.Predicate.Reasons {
		if r.Code == code {
			return r.Count
		}
	}
	return 0
}

func (w *world) wantOutcomes(s *sweep.Sealed, want evidence.OutcomeCounts) {
	w.t.Helper()
	got := s.Predicate.Totals.OutcomeCounts
	got.DeletedBytes, got.Retries, got.WindowSeconds = 0, 0, 0
	if got != want {
		w.t.Errorf("report %d: outcomes are %+v, want %+v", s.Number, got, want)
	}
}
