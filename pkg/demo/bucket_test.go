package demo

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/config"
	"github.com/sweeper-audit/sweeper/pkg/retention"
)

// opened is the seeded bucket as `sweeper run` reaches it: by the written config
// and credentials file, on a machine whose environment names none.
func opened(t *testing.T, s *Server) *bucket.Bucket {
	t.Helper()
	for _, name := range []string{"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_REGION"} {
		t.Setenv(name, "")
	}
	for _, name := range []string{"AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"} {
		t.Setenv(name, filepath.Join(t.TempDir(), "absent"))
	}
	t.Setenv("AWS_EC2_METADATA_DISABLED", "true")
	dir := t.TempDir()
	require.NoError(t, WriteConfig(dir, s.Endpoint, now()))
	cfg, err := config.Load(filepath.Join(dir, "sweeper.yaml"))
	require.NoError(t, err)
	require.Len(t, cfg.Stores, 1)
	store := cfg.Stores[0]
	b, err := bucket.Open(t.Context(), bucket.Config{
		Name: store.Name, Bucket: store.Bucket, Prefix: store.Prefix, Endpoint: store.Endpoint, Region: store.Region,
		PathStyle: store.PathStyle, Profile: store.Profile, CredentialsFile: store.CredentialsFile,
		Versioning: store.Versioning, Checksum: store.Delete.Checksum,
	})
	require.NoError(t, err)
	return b
}

func walked(t *testing.T, b *bucket.Bucket) []retention.Entry {
	t.Helper()
	var all []retention.Entry
	for page, err := range b.Pages(t.Context(), bucket.Range{}) {
		require.NoError(t, err)
		all = append(all, page.Entries...)
	}
	return all
}

func TestTheWrittenConfigAndCredentialsAloneReachAllThatWasSeeded(t *testing.T) {
	s, want := started(t, now())
	b := opened(t, s)
	state, err := b.Inspect(t.Context())
	require.NoError(t, err)
	assert.Equal(t, bucket.StateNever, state.Versioning)

	var keys []string
	for _, e := range walked(t, b) {
		assert.Equal(t, retention.Object, e.Kind)
		keys = append(keys, e.Key)
	}
	assert.Equal(t, slices.Sorted(slices.Values(slices.Concat(want.ExpiredKeys, want.KeptKeys))), keys)
}

func TestWhatSweeperDeletesFromTheSeededBucketIsGoneAndNothingElse(t *testing.T) {
	s, want := started(t, now())
	b := opened(t, s)
	require.NoError(t, b.ProbeDelete(t.Context()))
	expired := slices.DeleteFunc(walked(t, b), func(e retention.Entry) bool {
		_, found := slices.BinarySearch(want.ExpiredKeys, e.Key)
		return !found
	})
	require.Len(t, expired, int(want.Expired))
	for i, d := range b.Delete(t.Context(), expired) {
		require.Equal(t, bucket.Deleted, d.Status, "%s: %s", expired[i].Key, d.Code)
	}
	var left []string
	for _, e := range walked(t, b) {
		left = append(left, e.Key)
	}
	assert.Equal(t, want.KeptKeys, left)
}
