package containers

import (
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"
)

const versitygwPort = "7070/tcp"

// Versitygw starts a versitygw over empty directories. It ends, and its data
// goes, with the test.
func Versitygw(t testing.TB) *Server {
	t.Helper()
	engine(t)
	img := server(t, "versitygw")
	data := t.TempDir()
	s := account("versitygw")
	s.Root, s.Versions = filepath.Join(data, "root"), filepath.Join(data, "versions")
	s.past, s.UploadAges = &touched{server: s, given: map[entryID]time.Time{}}, true
	for _, dir := range []string{s.Root, s.Versions, filepath.Join(data, "iam")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatalf("make the server's directory: %v", err)
		}
	}
	s.run(t, img, versitygwPort, testcontainers.ContainerRequest{
		Env: map[string]string{
			"ROOT_ACCESS_KEY": s.AccessKey, "ROOT_SECRET_KEY": s.SecretKey, "VGW_REGION": s.Region,
			// For the admin commands that AddUser runs inside the container.
			"ADMIN_ACCESS_KEY_ID": s.AccessKey, "ADMIN_SECRET_ACCESS_KEY": s.SecretKey,
			"ADMIN_REGION": s.Region, "ADMIN_ENDPOINT_URL": "http://127.0.0.1:7070",
		},
		// No cache of accounts: a user must be known as soon as it is made.
		Cmd: []string{
			"--port", ":7070", "--quiet", "--health", "/health", "--iam-dir", "/data/iam", "--iam-cache-disable",
			"posix", "--versioning-dir", "/data/versions", "/data/root",
		},
		WaitingFor: answers("/health", versitygwPort),
	}, data+":/data")
	return s
}

// AddUser makes an account without any right of its own: what it may do, the
// policies of the buckets say. For a versitygw only.
func (s *Server) AddUser(t testing.TB, accessKey, secretKey string) {
	t.Helper()
	code, out, err := s.container.Exec(t.Context(), []string{
		"/server", "admin", "create-user", "--access", accessKey, "--secret", secretKey, "--role", "user",
	})
	if err != nil {
		t.Fatalf("make user %s: %v", accessKey, err)
	}
	said, err := io.ReadAll(out)
	if code != 0 || err != nil {
		t.Fatalf("make user %s: exit %d, %v\n%s", accessKey, code, err, said)
	}
}
