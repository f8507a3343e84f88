package containers

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithyhttp "github.com/aws/smithy-go/transport/http"
)

// claimed is the past of a MinIO: the request says when the entry was made, as
// one from another MinIO that replicates to it does. It lists uploads from a
// memory of when they were begun by its own clock, so these can't be old.
type claimed struct{}

func (claimed) request(at time.Time) []func(*s3.Options) {
	return []func(*s3.Options){func(o *s3.Options) {
		o.APIOptions = append(o.APIOptions,
			smithyhttp.AddHeaderValue("x-minio-source-mtime", at.UTC().Format(time.RFC3339Nano)),
			smithyhttp.AddHeaderValue("x-minio-source-replication-request", "true"),
		)
	}}
}

func (claimed) entry(testing.TB, string, string, string, time.Time) {}

func (claimed) begun(testing.TB, string, string, string, time.Time) {}

func (claimed) uploaded(testing.TB, string, string, string, time.Time) {}
