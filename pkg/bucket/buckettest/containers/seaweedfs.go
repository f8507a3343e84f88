package containers

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/testcontainers/testcontainers-go"
	"github.com/testcontainers/testcontainers-go/wait"
)

const (
	seaweedfsPort       = "8333/tcp"
	seaweedfsMasterPort = "9333/tcp"
	seaweedfsFilerPort  = "18888/tcp" // gRPC
)

// Seaweedfs starts a SeaweedFS in one process: master, volume server, filer
// and S3 gateway. It ends, and its data goes, with the test.
func Seaweedfs(t testing.TB) *Server {
	t.Helper()
	engine(t)
	img := server(t, "seaweedfs")
	s := account("seaweedfs")
	data := t.TempDir()
	for _, dir := range []string{"store", "tmp"} {
		if err := os.Mkdir(filepath.Join(data, dir), 0o755); err != nil {
			t.Fatalf("make the server's directory: %v", err)
		}
	}
	if err := os.WriteFile(filepath.Join(data, "s3.json"), identities(t, s), 0o600); err != nil {
		t.Fatalf("write the server's accounts: %v", err)
	}
	s.run(t, img, seaweedfsPort, testcontainers.ContainerRequest{
		// A bucket is a collection of its own, which starts with seven volumes
		// unless told otherwise; tests make many buckets of little data.
		Env: map[string]string{"WEED_MASTER_VOLUME_GROWTH_COPY_1": "1"},
		Cmd: []string{
			"mini", "-dir", "/data/store", "-ip", "127.0.0.1", "-ip.bind", "0.0.0.0", "-s3.config", "/data/s3.json",
			"-master.telemetry=false", "-volume.max", "500",
			"-webdav=false", "-admin.ui=false", "-s3.port.iceberg", "0", "-s3.port.lance", "0",
		},
		ExposedPorts: []string{seaweedfsMasterPort, seaweedfsFilerPort},
		// The gateway answers before there is a volume server to write to.
		WaitingFor: wait.ForAll(answers("/dir/assign", seaweedfsMasterPort), answers("/healthz", seaweedfsPort)),
	}, data+":/data", filepath.Join(data, "tmp")+":/tmp")
	s.past, s.UploadAges = rewritten{filer{s.endpoint(t, seaweedfsFilerPort)}}, true
	return s
}

// identities is the gateway's list of accounts: one that may do everything.
func identities(t testing.TB, s *Server) []byte {
	t.Helper()
	text, err := json.Marshal(map[string]any{"identities": []any{map[string]any{
		"name":        s.AccessKey,
		"credentials": []any{map[string]string{"accessKey": s.AccessKey, "secretKey": s.SecretKey}},
		"actions":     []string{"Admin", "Read", "List", "Tagging", "Write"},
	}}})
	if err != nil {
		t.Fatalf("write the server's accounts: %v", err)
	}
	return text
}
