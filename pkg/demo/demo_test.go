package demo

import (
	"bytes"
	"context"
	"encoding/json"
	"encoding/xml"
	"io"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

func now() time.Time { return time.Date(2026, 11, 25, 13, 14, 15, 678, time.UTC) }

func started(t *testing.T, at time.Time) (*Server, Expectation) {
	t.Helper()
	s, err := Start(t.Context())
	require.NoError(t, err)
	t.Cleanup(func() { _ = s.Close() })
	want, err := s.Seed(at)
	require.NoError(t, err)
	return s, want
}

func call(t *testing.T, method, url, body string) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	require.NoError(t, err)
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	data, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return resp.StatusCode, data
}

// list reads the whole bucket over HTTP, page by page.
func list(t *testing.T, s *Server) []retention.Entry {
	t.Helper()
	var entries []retention.Entry
	token := ""
	for range 20 {
		query := url.Values{"list-type": {"2"}, "max-keys": {"500"}}
		if token != "" {
			query.Set("continuation-token", token)
		}
		status, body := call(t, http.MethodGet, s.Endpoint+"/"+s.Bucket+"?"+query.Encode(), "")
		require.Equal(t, http.StatusOK, status, string(body))
		var page struct {
			Contents []struct {
				Key, ETag    string
				LastModified time.Time
				Size         int64
			}
			IsTruncated           bool
			NextContinuationToken string
		}
		require.NoError(t, xml.Unmarshal(body, &page))
		for _, c := range page.Contents {
			entries = append(entries, retention.Entry{Key: c.Key, Kind: retention.Object, ETag: c.ETag, LastModified: c.LastModified, Size: c.Size, Latest: true})
		}
		if !page.IsTruncated {
			return entries
		}
		token = page.NextContinuationToken
	}
	t.Fatal("the listing does not end")
	return nil
}

func policy(t *testing.T, cfg *config.Config, roster retention.Roster, start time.Time) retention.Policy {
	t.Helper()
	store := cfg.Stores[0]
	return retention.Policy{
		Store: store.Name, MaxAge: cfg.Retention.MaxAge, AgeSource: cfg.Retention.AgeSource,
		Start: start, Cutoff: retention.Cutoff(start, cfg.Retention.MaxAge),
		Layouts: store.Layouts, Zone: store.Zone, Prefix: store.Prefix, Roster: roster,
	}
}

func TestTheRulesFindInTheSeededBucketExactlyWhatIsExpected(t *testing.T) {
	s, want := started(t, now())
	dir := t.TempDir()
	require.NoError(t, WriteConfig(dir, s.Endpoint, now()))
	cfg, err := config.Load(filepath.Join(dir, "sweeper.yaml"))
	require.NoError(t, err)
	text, err := os.ReadFile(cfg.ZDR.Roster)
	require.NoError(t, err)
	roster, err := config.ParseRoster(cfg.ZDR.Roster, text)
	require.NoError(t, err)
	entries := list(t, s)

	for name, start := range map[string]time.Time{"at once": now(), "an hour later": now().Add(time.Hour), "an hour earlier": now().Add(-time.Hour)} {
		t.Run(name, func(t *testing.T) {
			judge := retention.NewJudge(policy(t, cfg, roster, start))
			teams := map[string]TeamCount{ZeroTeam: {Team: ZeroTeam, ZDR: true}}
			var expired, kept []string
			var size int64
			for _, e := range entries {
				v := judge.Judge(e)
				require.Equal(t, retention.Attributed, v.Attribution, e.Key)
				require.Empty(t, v.Anomaly, e.Key)
				require.False(t, v.KeyDateAlone, e.Key)
				count := teams[v.Team]
				count.Team, count.ZDR = v.Team, v.ZDRTeam
				count.Listed++
				size += e.Size
				if v.Expired {
					count.Expired++
					expired = append(expired, e.Key)
				} else {
					kept = append(kept, e.Key)
				}
				teams[v.Team] = count
				if v.Team == ViolationTeam {
					assert.Equal(t, retention.FindingViolation, v.ZDR)
				}
			}
			assert.Equal(t, want.ExpiredKeys, expired)
			assert.Equal(t, want.KeptKeys, kept)
			assert.Equal(t, want.Bytes, size)
			assert.Len(t, want.Teams, len(teams))
			for _, team := range want.Teams {
				assert.Equal(t, team, teams[team.Team])
			}
			_, tripped := retention.Guard(retention.Limits{
				MaxDeletions: cfg.Limits.MaxDeletions, MaxShare: cfg.Limits.MaxShare, ShareFloor: cfg.Limits.ShareFloor,
				MaxKeyDateOnlyShare: cfg.Limits.MaxKeyDateOnly.Share, MaxKeyDateOnlyFloor: cfg.Limits.MaxKeyDateOnly.Floor,
				MaxClockSkew: cfg.Limits.MaxClockSkew, MaxPurge: cfg.ZDR.MaxPurge,
			}, retention.Plan{Stores: []retention.StoreCount{{Store: "exchanges", Listed: want.Listed, Expired: want.Expired}}}, nil)
			assert.False(t, tripped, "the demo must not stop at its own guard")
		})
	}
}

func TestSeedIsAboutTwoThousandObjectsOfSixTeamsAndTwoZDRTeams(t *testing.T) {
	_, want := started(t, now())
	assert.EqualValues(t, 2001, want.Listed)
	assert.Equal(t, want.Listed, want.Expired+want.Kept)
	assert.InDelta(t, 667, want.Expired, 40, "a third is older than 30 of 45 days")
	require.Len(t, want.Teams, 8)
	for _, team := range want.Teams {
		switch team.Team {
		case ZeroTeam:
			assert.Equal(t, TeamCount{Team: ZeroTeam, ZDR: true}, team)
		case ViolationTeam:
			assert.Equal(t, TeamCount{Team: ViolationTeam, ZDR: true, Listed: 1}, team)
		default:
			assert.False(t, team.ZDR)
			assert.Positive(t, team.Expired, team.Team)
			assert.Less(t, team.Expired, team.Listed, team.Team)
		}
	}
}

func TestSeedGivesTheSameObjectsForTheSameNow(t *testing.T) {
	a, wantA := started(t, now())
	b, wantB := started(t, now())
	assert.Equal(t, wantA, wantB)
	assert.Equal(t, list(t, a), list(t, b))
}

func TestSeedTakesLessThanTwoSeconds(t *testing.T) {
	start := time.Now()
	started(t, now())
	assert.Less(t, time.Since(start), 2*time.Second)
}

func TestAgesCoverFortyFiveDaysAndAreNeverInTheFuture(t *testing.T) {
	s, _ := started(t, now())
	days := map[int]bool{}
	for _, e := range list(t, s) {
		age := now().Sub(e.LastModified)
		require.GreaterOrEqual(t, age, time.Duration(0))
		days[int(age/day)] = true
		assert.Equal(t, e.LastModified.UTC().Format("2006/01/02"), strings.Join(strings.Split(e.Key, "/")[1:4], "/"))
	}
	for d := range 45 {
		assert.True(t, days[d], "no object is %d days old", d)
	}
}

func TestNothingIsSeededSoCloseToTheCutoffThatASlowStartWouldJudgeItOtherwise(t *testing.T) {
	for _, c := range []struct{ age, want time.Duration }{
		{0, 0},
		{MaxAge - 2*time.Hour, MaxAge - 2*time.Hour},
		{MaxAge - 2*time.Hour + time.Second, MaxAge - 4*time.Hour + time.Second},
		{MaxAge, MaxAge - 2*time.Hour},
		{MaxAge + time.Second, MaxAge + time.Hour + time.Second},
		{MaxAge + time.Hour, MaxAge + 2*time.Hour},
		{MaxAge + time.Hour + time.Second, MaxAge + time.Hour + time.Second},
	} {
		assert.Equal(t, c.want, clearOfCutoff(c.age), c.age)
	}
}

func TestBodiesAreShapedLikeChatCompletions(t *testing.T) {
	s, want := started(t, now())
	for _, key := range want.KeptKeys {
		if !strings.HasPrefix(key, "aurora/") {
			continue
		}
		status, body := call(t, http.MethodGet, s.Endpoint+"/"+s.Bucket+"/"+key, "")
		require.Equal(t, http.StatusOK, status)
		var got map[string]any
		decoder := json.NewDecoder(bytes.NewReader(body))
		require.NoError(t, decoder.Decode(&got))
		if strings.HasSuffix(key, ".request.json") {
			assert.Contains(t, got, "model")
			assert.Contains(t, got, "messages")
			continue
		}
		for _, field := range []string{"id", "object", "created", "model", "choices", "usage"} {
			assert.Contains(t, got, field)
		}
		return
	}
	t.Fatal("no response of aurora was kept")
}

func TestTheServerSaysThatTheBucketNeverHadVersioningAndDeletesForGood(t *testing.T) {
	s, want := started(t, now())
	bucket := s.Endpoint + "/" + s.Bucket
	status, body := call(t, http.MethodGet, bucket+"?versioning", "")
	require.Equal(t, http.StatusOK, status)
	assert.Contains(t, string(body), "<Status></Status>")

	// A delete that names the version "null" must not be answered and ignored.
	key := want.ExpiredKeys[0]
	status, body = call(t, http.MethodPost, bucket+"?delete",
		"<Delete><Object><Key>"+key+"</Key><VersionId>null</VersionId></Object></Delete>")
	require.Equal(t, http.StatusOK, status, string(body))
	status, _ = call(t, http.MethodHead, bucket+"/"+key, "")
	assert.Equal(t, http.StatusNotFound, status)
	assert.Len(t, list(t, s), int(want.Listed)-1)
}

func TestTheClockIsRealAgainAfterSeeding(t *testing.T) {
	s, _ := started(t, now())
	before := time.Now().Add(-time.Second)
	status, _ := call(t, http.MethodPut, s.Endpoint+"/"+s.Bucket+"/zz-new", "x")
	require.Equal(t, http.StatusOK, status)
	entries := list(t, s)
	assert.True(t, entries[len(entries)-1].LastModified.After(before))
	assert.Less(t, s.clock.Since(time.Now()), time.Second)
}

func TestAClientWithAWrongClockIsAnswered(t *testing.T) {
	s, _ := started(t, now())
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.Endpoint+"/"+s.Bucket+"?versioning", nil)
	require.NoError(t, err)
	req.Header.Set("x-amz-date", time.Now().Add(-48*time.Hour).UTC().Format("20060102T150405Z"))
	resp, err := http.DefaultClient.Do(req)
	require.NoError(t, err)
	defer resp.Body.Close()
	assert.Equal(t, http.StatusOK, resp.StatusCode)
	assert.NotEmpty(t, resp.Header.Get("Date"), "the clock that the client compares with")
}

func TestTheServerStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, err := Start(ctx)
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(s.Endpoint, "http://127.0.0.1:"))
	cancel()
	select {
	case <-s.done:
	case <-time.After(10 * time.Second):
		t.Fatal("still serving")
	}
	require.NoError(t, s.Close(), "closing it again does no harm")
}

func TestStartRefusesACancelledContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Start(ctx)
	require.ErrorIs(t, err, context.Canceled)
}

func TestWriteConfigRefusesToOverwriteAndHidesCredentials(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "new")
	require.NoError(t, WriteConfig(dir, "http://127.0.0.1:1", now()))
	info, err := os.Stat(filepath.Join(dir, "credentials"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
	err = WriteConfig(dir, "http://127.0.0.1:2", now())
	require.ErrorIs(t, err, os.ErrExist)
	text, err := os.ReadFile(filepath.Join(dir, "sweeper.yaml"))
	require.NoError(t, err)
	assert.Contains(t, string(text), "http://127.0.0.1:1")
	assert.NotContains(t, string(text), "@as_of@")
}
