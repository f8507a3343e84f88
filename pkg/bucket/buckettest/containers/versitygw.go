package containers

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

// Server is a running S3 server. Use path-style addresses.
type Server struct {
	Endpoint  string // http://127.0.0.1:port, as the host sees it
	AccessKey string // of the account that may do everything
	SecretKey string
	Region    string

	// Root holds a directory a bucket, with a file a current object;
	// Versions the older versions of each bucket. Both are host directories.
	Root     string
	Versions string

	container testcontainers.Container
}

const port = "7070/tcp"

// Versitygw starts a versitygw over empty directories. It ends, and its data
// goes, with the test.
func Versitygw(t testing.TB) *Server {
	t.Helper()
	engine(t)
	img := server(t, "versitygw")
	data := t.TempDir()
	s := &Server{
		AccessKey: "sweeper-root", SecretKey: "sweeper-root-secret", Region: "us-east-1",
		Root: filepath.Join(data, "root"), Versions: filepath.Join(data, "versions"),
	}
	for _, dir := range []string{s.Root, s.Versions, filepath.Join(data, "iam")} {
		if err := os.Mkdir(dir, 0o755); err != nil {
			t.Fatalf("make the server's directory: %v", err)
		}
	}
	s.container = start(t, img, testcontainers.ContainerRequest{
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
		ExposedPorts: []string{port},
		WaitingFor: wait.ForHTTP("/health").WithPort(port).
			WithStatusCodeMatcher(func(status int) bool { return status == http.StatusOK }).
			WithStartupTimeout(time.Minute),
	}, data+":/data")
	endpoint, err := s.container.PortEndpoint(t.Context(), port, "http")
	if err != nil {
		t.Fatalf("find the server's published port: %v", err)
	}
	s.Endpoint = endpoint
	return s
}

// SetModified gives the current object at key the LastModified that is given,
// to the second, as if it had been put then.
func (s *Server) SetModified(t testing.TB, bucket, key string, at time.Time) {
	t.Helper()
	// The root keeps an odd key of the test's from reaching another file.
	root, err := os.OpenRoot(s.Root)
	if err != nil {
		t.Fatalf("open the server's data: %v", err)
	}
	defer root.Close()
	if err := root.Chtimes(filepath.Join(bucket, filepath.FromSlash(key)), at, at); err != nil {
		t.Fatalf("set the time of an object in bucket %s: %v", bucket, err)
	}
}

// AddUser makes an account without any right of its own: what it may do, the
// policies of the buckets say.
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
