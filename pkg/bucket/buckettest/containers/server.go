package containers

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/testcontainers/testcontainers-go"
)

// Server is a running S3 server. Use path-style addresses.
type Server struct {
	Name      string // of its module under testdata/servers
	Endpoint  string // http://127.0.0.1:port, as the host sees it
	AccessKey string // of the account that may do everything
	SecretKey string
	Region    string

	// Root holds a directory a bucket, with a file a current object;
	// Versions the older versions of each bucket. Both are host directories
	// of a versitygw, and empty for every other server.
	Root     string
	Versions string

	// UploadAges says whether UploadAt can give an upload an age.
	UploadAges bool

	past      past
	container testcontainers.Container
}

// Kind is one of the servers, not yet started.
type Kind struct {
	Name  string
	Start func(testing.TB) *Server
}

// All returns every server, in the order in which results are to be shown.
func All() []Kind {
	return []Kind{{"versitygw", Versitygw}, {"minio", Minio}, {"seaweedfs", Seaweedfs}}
}

// account is who may do everything on a server that is about to be started.
func account(name string) *Server {
	return &Server{Name: name, AccessKey: "sweeper-root", SecretKey: "sweeper-root-secret", Region: "us-east-1"}
}

// run starts the server's container, which serves S3 on port, with the host
// directories in binds mounted.
func (s *Server) run(t testing.TB, img image, port string, req testcontainers.ContainerRequest, binds ...string) {
	t.Helper()
	req.ExposedPorts = append(req.ExposedPorts, port)
	s.container = start(t, img, req, binds...)
	s.Endpoint = s.endpoint(t, port)
}

// endpoint is where the host finds a port of the container.
func (s *Server) endpoint(t testing.TB, port string) string {
	t.Helper()
	endpoint, err := s.container.PortEndpoint(t.Context(), port, "http")
	if err != nil {
		t.Fatalf("find a published port of %s: %v", s.Name, err)
	}
	return endpoint
}

// Client returns an S3 client for the given account, to seed the server and to
// look at what is left. It fails at once: no retries that could hide a fault.
func (s *Server) Client(accessKey, secretKey string) *s3.Client {
	return s3.New(s3.Options{
		BaseEndpoint: aws.String(s.Endpoint),
		Region:       s.Region,
		UsePathStyle: true,
		Credentials:  credentials.NewStaticCredentialsProvider(accessKey, secretKey, ""),
		Retryer:      aws.NopRetryer{},
	})
}

// Admin returns a client for the account that may do everything.
func (s *Server) Admin() *s3.Client { return s.Client(s.AccessKey, s.SecretKey) }
