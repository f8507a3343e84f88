package containers

import (
	"testing"

	"github.com/testcontainers/testcontainers-go"
)

const minioPort = "9000/tcp"

// Minio starts a MinIO with one empty drive. It ends, and its data goes, with
// the test.
func Minio(t testing.TB) *Server {
	t.Helper()
	engine(t)
	img := server(t, "minio")
	s := account("minio")
	s.past = claimed{}
	s.run(t, img, minioPort, testcontainers.ContainerRequest{
		Env: map[string]string{
			"MINIO_ROOT_USER": s.AccessKey, "MINIO_ROOT_PASSWORD": s.SecretKey,
			"MINIO_SITE_REGION": s.Region,
			// No web page, and no question to the outside whether there is a newer one.
			"MINIO_BROWSER": "off", "MINIO_UPDATE": "off",
		},
		Cmd:        []string{"server", "--address", ":9000", "--certs-dir", "/data/.certs", "/data/drive"},
		WaitingFor: answers("/minio/health/cluster", minioPort),
	}, t.TempDir()+":/data")
	return s
}
