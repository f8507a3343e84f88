package bucket_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sweeper-audit/sweeper/pkg/bucket"
	"github.com/sweeper-audit/sweeper/pkg/bucket/buckettest"
)

func write(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "credentials")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestTheIdentityThatIsNamedIsTheOneThatIsUsed(t *testing.T) {
	file := write(t, "[default]\naws_access_key_id = DEFAULTKEY\naws_secret_access_key = x\n[deleter]\naws_access_key_id = DELETERKEY\naws_secret_access_key = x\n")
	for name, c := range map[string]struct {
		set  func(*bucket.Config)
		want string
	}{
		"the environment":         {func(*bucket.Config) {}, "test"},
		"a file":                  {func(c *bucket.Config) { c.CredentialsFile = file }, "DEFAULTKEY"},
		"a file and a profile":    {func(c *bucket.Config) { c.CredentialsFile, c.Profile = file, "deleter" }, "DELETERKEY"},
		"a profile of the config": {func(c *bucket.Config) { c.Profile = "other" }, "OTHERKEY"},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t, "a")
			t.Setenv("AWS_CONFIG_FILE", write(t, "[default]\naws_access_key_id = WRONG\naws_secret_access_key = x\n"+
				"[profile deleter]\naws_access_key_id = WRONG\naws_secret_access_key = x\n[profile other]\naws_access_key_id = OTHERKEY\naws_secret_access_key = x\n"))
			cfg := s.config()
			c.set(&cfg)
			list(t, open(t, cfg))
			if got := s.Calls("")[0].Header.Get("Authorization"); !strings.Contains(got, "Credential="+c.want+"/") {
				t.Errorf("signed by %q, want %s", got, c.want)
			}
		})
	}
}

func TestOpenRefusesWhatCannotWork(t *testing.T) {
	file := write(t, "[default]\naws_access_key_id = K\naws_secret_access_key = x\n")
	base := bucket.Config{Name: "exchanges", Bucket: "api", Endpoint: "http://127.0.0.1:1", Region: "us-east-1"}
	for name, c := range map[string]struct {
		set  func(*bucket.Config)
		want string
	}{
		"no bucket":                 {func(c *bucket.Config) { c.Bucket = "" }, "`bucket`"},
		"an unknown checksum":       {func(c *bucket.Config) { c.Checksum = "sha1" }, "auto, crc32 or md5"},
		"a file that isn't there":   {func(c *bucket.Config) { c.CredentialsFile = file + "-gone" }, "credentials_file"},
		"a profile in no file":      {func(c *bucket.Config) { c.Profile = "nobody" }, `"nobody"`},
		"a profile not in the file": {func(c *bucket.Config) { c.CredentialsFile, c.Profile = file, "nobody" }, `"nobody"`},
		"a profile of another file": {func(c *bucket.Config) { c.CredentialsFile, c.Profile = file, "elsewhere" }, `"elsewhere"`},
		"an unknown list decoder":   {func(c *bucket.Config) { c.ListDecoder = "faster" }, "use fast or sdk"},
		"AWS without a region":      {func(c *bucket.Config) { c.Endpoint, c.Region = "", "" }, "`region`"},
	} {
		t.Run(name, func(t *testing.T) {
			buckettest.Credentials(t)
			t.Setenv("AWS_REGION", "")
			t.Setenv("AWS_DEFAULT_REGION", "")
			t.Setenv("AWS_CONFIG_FILE", write(t, "[profile elsewhere]\naws_access_key_id = K\naws_secret_access_key = x\n"))
			cfg := base
			c.set(&cfg)
			_, err := bucket.Open(t.Context(), cfg)
			wantError(t, err, `store "exchanges"`, c.want)
		})
	}
}

func TestMissingCredentialsAreSaidSo(t *testing.T) {
	s := newStand(t)
	t.Setenv("AWS_ACCESS_KEY_ID", "")
	t.Setenv("AWS_SECRET_ACCESS_KEY", "")
	_, err := s.open().Inspect(t.Context())
	wantError(t, err, "exchanges", "no credentials were found", "`profile`")
}

func TestARegionIsAssumedForAnEndpoint(t *testing.T) {
	s := newStand(t, "a")
	t.Setenv("AWS_REGION", "")
	cfg := s.config()
	cfg.Region = ""
	list(t, open(t, cfg))
	if got := s.Calls("")[0].Header.Get("Authorization"); !strings.Contains(got, "/us-east-1/s3/") {
		t.Errorf("signed for %q", got)
	}
}
